//! Changes of the address of an account, and their undoing.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{
    ApiResponse, Client, Draft, Person, Stack,
    people::tag,
    world::{EndpointReply, World},
};

async fn ask(client: &Client, email: &str) -> ApiResponse {
    client.post("/v1/users/email/change").json(&json!({"email": email})).send().await
}

async fn confirm(client: &Client, token: &str) -> ApiResponse {
    client.post("/v1/users/email/confirm").json(&json!({"token": token})).send().await
}

async fn undo(client: &Client, token: &str) -> ApiResponse {
    client.stranger().post("/v1/users/email/undo").json(&json!({"token": token})).send().await
}

/// The token that confirms this address.
async fn asked(stack: &Stack, person: &Person, email: &str) -> String {
    ask(&person.api, email).await.expect(202);
    stack.link(email, "confirm-email", None).await.token().unwrap()
}

/// Moves a person to another address; the token that undoes it.
async fn moved(stack: &Stack, person: &Person, from: &str, to: &str) -> String {
    let token = asked(stack, person, to).await;
    confirm(&person.api, &token).await.expect(200);
    stack.link(from, "undo-email-change", None).await.token().unwrap()
}

async fn login(stack: &Stack, email: &str, password: &str) -> ApiResponse {
    stack.client().post("/v1/auth/login").json(&json!({"email": email, "password": password})).send().await
}

#[tokio::test]
async fn a_confirmed_address_takes_the_place_of_the_old_one() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (old, new) = (person.draft.email.clone(), Draft::new().email);
    stack.client().post("/v1/auth/password/forgot").json(&json!({"email": old})).send().await.expect(202);
    let reset = stack.link(&old, "reset", None).await.token().unwrap();
    let token = asked(&stack, &person, &new).await;
    assert_eq!(person.api.get("/v1/users/profile").send().await.expect(200).json()["email"], old);
    let user = confirm(&person.api, &token).await.expect(200).json();
    assert_eq!((&user["email"], &user["email_verified"]), (&json!(new), &json!(true)));

    person.api.get("/v1/auth/me").send().await.expect(200);
    login(&stack, &new, &person.draft.password).await.expect(200);
    login(&stack, &old, &person.draft.password).await.refused(401, "invalid_credentials");
    confirm(&person.api, &token).await.refused(400, "invalid_token");
    let form = json!({"token": reset, "password": "another horse, another staple"});
    let answer = stack.client().post("/v1/auth/password/reset").json(&form).send().await;
    answer.refused(400, "invalid_token");
    // The old address is kept for its holder.
    let mut again = Draft::new().form();
    again["email"] = json!(old);
    stack.client().post("/v1/auth/register").json(&again).send().await.refused(409, "email_taken");
    let events = stack.auditor().await.all(&format!("/v1/admin/audit-logs?person={}", person.id)).await;
    let changed = events.iter().find(|event| event["type"] == "user.email_changed").unwrap();
    assert_eq!(changed["changes"][0]["field"], "email");
    assert!(!changed.to_string().contains(&new) && !changed.to_string().contains(&old), "{changed}");
}

#[tokio::test]
async fn the_holder_of_the_old_address_undoes_a_change() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (old, new) = (person.draft.email.clone(), Draft::new().email);
    let token = moved(&stack, &person, &old, &new).await;
    undo(&person.api, &token).await.expect(200);
    person.api.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    // Whoever made the change may know the password.
    for address in [&old, &new] {
        login(&stack, address, &person.draft.password).await.refused(401, "invalid_credentials");
    }
    undo(&person.api, &token).await.refused(400, "invalid_token");
    let reset = stack.link(&old, "reset-password", None).await.token().unwrap();
    let form = json!({"token": reset, "password": "another horse, another staple"});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    let back = stack.client().login(&old, "another horse, another staple").await;
    assert_eq!(back.get("/v1/users/profile").send().await.expect(200).json()["email"], old);
    // The other address is free again.
    let mut free = Draft::new().form();
    free["email"] = json!(new);
    stack.client().post("/v1/auth/register").json(&free).send().await.expect(201);
}

/// Somebody who took over an account changes its address twice, so that the first link to undo it would be out of date.
#[tokio::test]
async fn a_second_change_does_not_void_the_link_of_the_first_address() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (first, second, third) = (person.draft.email.clone(), Draft::new().email, Draft::new().email);
    let of_first = moved(&stack, &person, &first, &second).await;
    let of_second = moved(&stack, &person, &second, &third).await;
    undo(&person.api, &of_first).await.expect(200);
    undo(&person.api, &of_second).await.refused(400, "invalid_token");
    let reset = stack.link(&first, "reset-password", None).await.token().unwrap();
    let form = json!({"token": reset, "password": "another horse, another staple"});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    login(&stack, &first, "another horse, another staple").await.expect(200);
}

/// The owner goes back to their address in a session instead of by the link. Whoever took the account must not undo that.
#[tokio::test]
async fn a_return_to_a_former_address_cannot_be_undone_by_whoever_has_the_other_one() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (first, other) = (person.draft.email.clone(), Draft::new().email);
    let of_first = moved(&stack, &person, &first, &other).await;
    let back = stack.client();
    let back = back.login(&other, &person.draft.password).await;
    ask(&back, &first).await.expect(202);
    let token = stack.link(&first, "confirm-email", None).await.token().unwrap();
    confirm(&back, &token).await.expect(200);
    // The account has the address again, so its link is of no use either.
    undo(&person.api, &of_first).await.refused(400, "invalid_token");
    login(&stack, &first, &person.draft.password).await.expect(200);
    login(&stack, &other, &person.draft.password).await.refused(401, "invalid_credentials");
    // The address that was left is free again, and no link to restore it was mailed there.
    let mut free = Draft::new().form();
    free["email"] = json!(other);
    stack.client().post("/v1/auth/register").json(&free).send().await.expect(201);
    assert!(stack.mails(&other).await.iter().all(|mail| !mail.text.contains("undo-email-change")));
}

#[tokio::test]
async fn a_fourth_change_within_three_days_is_refused() {
    let stack = Stack::get();
    let person = stack.person().await;
    let mut address = person.draft.email.clone();
    for _ in 0..3 {
        let next = Draft::new().email;
        moved(&stack, &person, &address, &next).await;
        address = next;
    }
    ask(&person.api, &Draft::new().email).await.refused(409, "too_many_email_changes");
}

#[tokio::test]
async fn a_taken_address_is_refused_and_an_unconfirmed_one_is_not_taken() {
    let stack = Stack::get();
    let (person, other) = (stack.person().await, stack.person().await);
    ask(&person.api, &other.draft.email).await.refused(409, "email_taken");
    ask(&person.api, &other.draft.email.to_uppercase()).await.refused(409, "email_taken");
    let answer = ask(&person.api, &person.draft.email).await.refused(400, "validation_failed");
    assert_eq!(answer.faults(), ["email unchanged"]);
    ask(&person.api, "nobody").await.refused(400, "validation_failed");
    // A stranger registered the address and cannot confirm it.
    let squatter = Draft::new();
    stack.registered(&squatter).await;
    let registration = stack.link(&squatter.email, "verify", None).await.token().unwrap();
    let token = asked(&stack, &person, &squatter.email).await;
    confirm(&person.api, &token).await.expect(200);
    let form = json!({"token": registration, "password": squatter.password});
    stack.client().post("/v1/auth/verify-email").json(&form).send().await.refused(400, "invalid_token");
}

#[tokio::test]
async fn a_link_works_for_who_asked_and_until_a_newer_one() {
    let stack = Stack::get();
    let (person, other) = (stack.person().await, stack.person().await);
    let new = Draft::new().email;
    let token = asked(&stack, &person, &new).await;
    confirm(&other.api, &token).await.refused(400, "invalid_token");
    confirm(&person.api.stranger(), &token).await.refused(401, "unauthenticated");
    undo(&person.api, &token).await.refused(400, "invalid_token");
    for bad in ["", "x", &format!("{}x", &token[..token.len() - 1])] {
        confirm(&person.api, bad).await.refused(400, "invalid_token");
    }
    let newer = asked(&stack, &person, &Draft::new().email).await;
    confirm(&person.api, &token).await.refused(400, "invalid_token");
    confirm(&person.api, &newer).await.expect(200);
}

#[tokio::test]
async fn of_two_confirmations_at_once_one_wins() {
    let stack = Stack::get();
    let (one, two) = (stack.person().await, stack.person().await);
    let new = Draft::new().email;
    let first = asked(&stack, &one, &new).await;
    ask(&two.api, &new).await.expect(202);
    let second = stack.link(&new, "confirm-email", Some(&first)).await.token().unwrap();
    let answers = join_all([confirm(&one.api, &first), confirm(&two.api, &second)]).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{}", answers.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.refused(409, "email_taken");
    }
    // The same token at once: once.
    let person = stack.person().await;
    let token = asked(&stack, &person, &Draft::new().email).await;
    let answers = join_all((0..4).map(|_| confirm(&person.api, &token))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

/// A person in a world, signed in.
async fn confirmed(world: &World) -> (Draft, String) {
    let draft = Draft::new();
    world.call("auth-register", None, &[], &draft.form()).await;
    world.settle(None).await;
    let token = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
    let form = json!({"token": token, "password": draft.password});
    world.call("auth-verify-email", None, &[], &form).await.expect(200);
    let form = json!({"email": draft.email, "password": draft.password});
    let tokens = world.call("auth-login", None, &[], &form).await.expect(200);
    world.settle(None).await;
    (draft, tokens["access_token"].as_str().unwrap().to_owned())
}

async fn change(world: &World, access: &str, email: &str) -> EndpointReply {
    let headers = [("content-type", "application/json".to_owned()), ("idempotency-key", format!("key-{}", tag()))];
    let body = json!({"email": email}).to_string().into_bytes();
    world.send("account-change-email", Some(access), &[], &headers, body).await
}

/// With enumeration protection, the answer and the AWS calls are the same, and only the holder learns that the address is taken.
#[tokio::test]
async fn the_answer_does_not_tell_whether_an_address_is_taken() {
    let stack = Stack::get();
    let world = World::new(&stack, &[("ENUMERATION_PROTECTION", "true")]).await;
    let (holder, _) = confirmed(&world).await;
    let (_, access) = confirmed(&world).await;
    // The first call reads secrets.
    change(&world, &access, &Draft::new().email).await;
    let seen = async |email: &str| -> (u16, Value, Vec<String>) {
        // The caller's limits count in one write again: soon after another call they need two.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        world.faults.set(None);
        let reply = change(&world, &access, email).await;
        let mut calls = world.faults.calls();
        calls.sort();
        (reply.status, reply.body, calls)
    };
    let free = Draft::new().email;
    let taken = seen(&holder.email).await;
    // A further request would void this one before the worker handles it.
    world.settle(None).await;
    assert_eq!(taken, seen(&free).await);
    world.settle(None).await;
    let to_holder = stack.mails(&holder.email).await;
    assert!(to_holder.iter().any(|mail| mail.subject == "Somebody tried to use your address"), "{to_holder:?}");
    assert!(to_holder.iter().all(|mail| mail.page().is_none_or(|page| !page.contains("confirm-email"))));
    assert!(stack.mails(&free).await.iter().any(|mail| mail.page().is_some_and(|page| page.contains("confirm-email"))));
}
