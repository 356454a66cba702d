//! Deactivation of accounts, and the sign-in that ends it; the idle and the absolute end of sessions.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym::domain::time::Timestamp;
use verinym_tests::{ApiResponse, Client, Draft, Stack, people::tag, sign_in::Identity, world::World};

async fn deactivate(client: &Client) -> ApiResponse {
    client.post("/v1/users/account/deactivate").send().await
}

async fn refresh(client: &Client) -> ApiResponse {
    let form = json!({"refresh_token": client.refresh_token()});
    client.stranger().post("/v1/auth/refresh").json(&form).send().await
}

async fn types_of_events(stack: &Stack, person: &str) -> Vec<String> {
    let events = stack.auditor().await.all(&format!("/v1/admin/audit-logs?person={person}")).await;
    events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn deactivating_ends_every_session_and_a_sign_in_reactivates() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (email, password) = (&person.draft.email, &person.draft.password);
    let other = stack.client().login(email, password).await;
    deactivate(&person.api.stranger()).await.refused(401, "unauthenticated");
    deactivate(&person.api).await.expect(204);
    for session in [&person.api, &other] {
        session.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
        refresh(session).await.refused(401, "invalid_refresh_token");
    }
    deactivate(&other).await.refused(401, "unauthenticated");
    // A wrong password learns nothing.
    let wrong = json!({"email": email, "password": "not the password at all"});
    stack.client().post("/v1/auth/login").json(&wrong).send().await.refused(401, "invalid_credentials");
    stack.mail(email, "of the deactivation", |mail| mail.subject == "Your account was deactivated").await;

    let back = stack.client().login(email, password).await;
    let me = back.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["user"]["status"], "active");
    // What was signed in before stays signed out.
    refresh(&other).await.refused(401, "invalid_refresh_token");
    assert_eq!(back.all("/v1/sessions").await.len(), 1);
    stack.mail(email, "of the reactivation", |mail| mail.subject == "Your account is active again").await;
    let events = types_of_events(&stack, &person.id).await;
    for (kind, times) in [("user.deactivated", 1), ("user.reactivated", 1)] {
        assert_eq!(events.iter().filter(|event| *event == kind).count(), times, "{kind}: {events:?}");
    }
}

#[tokio::test]
async fn a_reset_leaves_a_deactivated_account_closed_until_its_person_signs_in() {
    let stack = Stack::get();
    let person = stack.person().await;
    let email = &person.draft.email;
    deactivate(&person.api).await.expect(204);
    stack.client().post("/v1/auth/password/forgot").json(&json!({"email": email})).send().await.expect(202);
    let token = stack.link(email, "reset", None).await.token().unwrap();
    let form = json!({"token": token, "password": "another horse, another staple"});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    assert!(!types_of_events(&stack, &person.id).await.contains(&"user.reactivated".to_owned()));
    stack.client().login(email, "another horse, another staple").await;
    assert!(types_of_events(&stack, &person.id).await.contains(&"user.reactivated".to_owned()));
}

#[tokio::test]
async fn a_sign_in_through_a_provider_reactivates() {
    let stack = Stack::get();
    if stack.lacks("localstack", "its functions do not reach the identity providers") {
        return;
    }
    let who = Identity::new();
    let first = stack.client().holding(stack.signed_in_by("google", &who).await.expect(200).json());
    deactivate(&first).await.expect(204);
    let back = stack.client().holding(stack.signed_in_by("google", &who).await.expect(200).json());
    assert_eq!(back.tokens["user"]["id"], first.tokens["user"]["id"]);
    let me = back.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["user"]["status"], "active");
}

/// Refreshes race the deactivation: whatever they answered, nothing of it works afterwards.
#[tokio::test]
async fn no_refresh_outlives_a_deactivation_at_the_same_time() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (closed, answers) =
        tokio::join!(deactivate(&person.api), join_all((0..8).map(async |_| refresh(&person.api).await)));
    closed.expect(204);
    for answer in answers.into_iter().filter(|answer| answer.status == 200) {
        let client = person.api.holding(answer.json());
        client.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
        refresh(&client).await.refused(401, "invalid_refresh_token");
    }
}

/// Someone who signed up and confirmed in a world.
async fn confirmed(world: &World) -> Draft {
    let draft = Draft::new();
    world.call("auth-register", None, &[], &draft.form()).await;
    world.settle(None).await;
    let token = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
    let form = json!({"token": token, "password": draft.password});
    world.call("auth-verify-email", None, &[], &form).await.expect(200);
    world.settle(None).await;
    draft
}

async fn login(world: &World, draft: &Draft) -> Value {
    let form = json!({"email": draft.email, "password": draft.password});
    world.call("auth-login", None, &[], &form).await.expect(200)
}

async fn close(world: &World, tokens: &Value) -> u16 {
    let headers = [("idempotency-key", format!("key-{}", tag()))];
    world.send("account-deactivate", tokens["access_token"].as_str(), &[], &headers, Vec::new()).await.status
}

/// Puts the deactivation of an account so many days into the past.
async fn age(world: &World, user: &Value, days: i64) {
    let at = Timestamp::from_unix_seconds(Timestamp::now().unix_seconds() - days * 86_400);
    let body = json!({
        "TableName": world.table("identity"),
        "Key": {"pk": {"S": format!("U#{}", user.as_str().unwrap())}, "sk": {"S": "AUTH"}},
        "UpdateExpression": "SET deactivated_at = :at",
        "ExpressionAttributeValues": {":at": {"S": at.to_string()}},
    });
    world.aws.call("dynamodb", "DynamoDB_20120810.UpdateItem", &body).await;
}

/// Puts a time of a session into the past.
async fn age_session(world: &World, tokens: &Value, time: &str, hours: i64) {
    let at = Timestamp::from_unix_seconds(Timestamp::now().unix_seconds() - hours * 3600);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let body = json!({
        "TableName": world.table("identity"),
        "Key": {
            "pk": {"S": format!("U#{}", text(&tokens["user"]["id"]))},
            "sk": {"S": format!("S#{}", text(&tokens["session"]["id"]))},
        },
        "UpdateExpression": "SET #time = :at",
        "ExpressionAttributeNames": {"#time": time},
        "ExpressionAttributeValues": {":at": {"S": at.to_string()}},
    });
    world.aws.call("dynamodb", "DynamoDB_20120810.UpdateItem", &body).await;
}

#[tokio::test]
async fn an_idle_and_an_old_session_are_refused_at_the_next_call_and_not_refreshed() {
    let world = World::new(&Stack::get(), &[]).await;
    let draft = confirmed(&world).await;
    for (time, lasts, over) in [("last_turn", 23, 24), ("created_at", 7 * 24 - 1, 7 * 24)] {
        let tokens = login(&world, &draft).await;
        let me = async || world.call("auth-me", tokens["access_token"].as_str(), &[], &Value::Null).await;
        age_session(&world, &tokens, time, lasts).await;
        me().await.expect(200);
        age_session(&world, &tokens, time, over).await;
        me().await.expect(401);
        let form = json!({"refresh_token": tokens["refresh_token"]});
        let refused = world.call("auth-refresh", None, &[], &form).await.expect(401);
        assert_eq!(refused["code"], "invalid_refresh_token", "{time}");
    }
}

#[tokio::test]
async fn after_thirty_days_nobody_comes_back() {
    let world = World::new(&Stack::get(), &[]).await;
    let draft = confirmed(&world).await;
    let tokens = login(&world, &draft).await;
    let user = &tokens["user"]["id"];
    world.call("auth-forgot-password", None, &[], &json!({"email": draft.email})).await.expect(202);
    world.settle(None).await;
    let reset = world.stack.link(&draft.email, "reset", None).await.token().unwrap();
    assert_eq!(close(&world, &tokens).await, 204);
    age(&world, user, 29).await;
    let tokens = login(&world, &draft).await;
    assert_eq!(close(&world, &tokens).await, 204);
    age(&world, user, 31).await;
    let form = json!({"email": draft.email, "password": draft.password});
    let refused = world.call("auth-login", None, &[], &form).await.expect(403);
    assert_eq!(refused["code"], "account_deactivated");
    let form = json!({"token": reset, "password": "another horse, another staple"});
    let refused = world.call("auth-reset-password", None, &[], &form).await.expect(403);
    assert_eq!(refused["code"], "account_deactivated");
    let mails = async || world.stack.mails(&draft.email).await.iter().filter(|mail| mail.token().is_some()).count();
    let before = mails().await;
    world.call("auth-forgot-password", None, &[], &json!({"email": draft.email})).await.expect(202);
    world.settle(None).await;
    assert_eq!(mails().await, before);
}

/// Eight sign-ins at once: each gets a session, and the account is reactivated once.
#[tokio::test]
async fn sign_ins_at_once_reactivate_once() {
    let world = World::new(&Stack::get(), &[]).await;
    let draft = confirmed(&world).await;
    let tokens = login(&world, &draft).await;
    assert_eq!(close(&world, &tokens).await, 204);
    let all = join_all((0..4).map(|_| login(&world, &draft))).await;
    for tokens in &all {
        world.call("auth-me", tokens["access_token"].as_str(), &[], &Value::Null).await.expect(200);
    }
    let events = world.events(tokens["user"]["id"].as_str().unwrap()).await;
    assert_eq!(events.iter().filter(|kind| *kind == "user.reactivated").count(), 1, "{events:?}");
}

#[tokio::test]
async fn one_of_two_administrators_who_deactivate_at_once_stays() {
    let world = World::new(&Stack::get(), &[]).await;
    let mut admins = Vec::new();
    for _ in 0..2 {
        let draft = confirmed(&world).await;
        world.invoke("admin-bootstrap", json!({"email": draft.email, "role": "admin"})).await.expect("a role");
        admins.push(login(&world, &draft).await);
    }
    let mut answers = join_all(admins.iter().map(|tokens| close(&world, tokens))).await;
    answers.sort_unstable();
    assert_eq!(answers, [204, 409]);
    // The one who stays is still refused, and somebody without the role is not.
    let stays = join_all(admins.iter().map(|tokens| close(&world, tokens))).await;
    assert!(stays.contains(&409) && stays.contains(&401), "{stays:?}");
    let draft = confirmed(&world).await;
    let tokens = login(&world, &draft).await;
    assert_eq!(close(&world, &tokens).await, 204);
}
