//! What administrators do to the accounts of others: read, lock, sign out, reset; and what they cannot do.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{ApiResponse, Client, Person, Stack, people::tag, second_factor::enroll};

async fn act(by: &Client, person: &str, act: &str) -> ApiResponse {
    let path = format!("/v1/admin/users/{person}/{act}");
    match act {
        "lock" => by.put(&path).json(&json!({"reason": "compromised"})).send().await,
        "unlock" => by.put(&path).send().await,
        _ => by.post(&path).send().await,
    }
}

const ACTS: [&str; 5] = ["lock", "unlock", "sessions/revoke", "mfa/reset", "password/reset"];

async fn login(stack: &Stack, person: &Person) -> ApiResponse {
    let form = json!({"email": person.draft.email, "password": person.draft.password});
    stack.client().post("/v1/auth/login").json(&form).send().await
}

async fn refreshed(stack: &Stack, client: &Client) -> ApiResponse {
    stack.client().post("/v1/auth/refresh").json(&json!({"refresh_token": client.refresh_token()})).send().await
}

/// The newest event of a type about a person, as the audit log has it.
pub async fn event(stack: &Stack, person: &str, kind: &str) -> Value {
    let auditor = stack.auditor().await;
    let events = auditor.all(&format!("/v1/admin/audit-logs?person={person}&type={kind}")).await;
    events.into_iter().next().unwrap_or_else(|| panic!("no {kind}"))
}

pub async fn with_role(stack: &Stack, admin: &Client, role: &str) -> Person {
    let person = stack.person().await;
    let path = format!("/v1/admin/users/{}/roles", person.id);
    let etag = admin.get(&path).send().await.expect(200).header("etag").unwrap().to_owned();
    let form = json!({"roles": ["user", role]});
    admin.put(&path).header("if-match", &etag).json(&form).send().await.expect(200);
    person
}

#[tokio::test]
async fn a_locked_account_is_out_at_once_by_every_way_and_comes_back_unlocked() {
    let stack = Stack::get();
    let (admin, person) = (stack.admin().await, stack.person().await);
    let reset = json!({"email": person.draft.email});
    stack.client().post("/v1/auth/password/forgot").json(&reset).send().await.expect(202);
    let reset = stack.link(&person.draft.email, "reset-password", None).await.token().unwrap();
    act(&admin, &person.id, "lock").await.expect(204);
    act(&admin, &person.id, "lock").await.expect(204);
    person.api.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    refreshed(&stack, &person.api).await.refused(401, "invalid_refresh_token");
    login(&stack, &person).await.refused(403, "account_locked");
    // A new password does not end the lock.
    let new = "another horse, another staple";
    let form = json!({"token": reset, "password": new});
    let answer = stack.client().post("/v1/auth/password/reset").json(&form).send().await;
    assert!(answer.status == 204 || answer.status == 400 || answer.status == 403, "{answer}");
    for password in [new, person.draft.password.as_str()] {
        let form = json!({"email": person.draft.email, "password": password});
        let answer = stack.client().post("/v1/auth/login").json(&form).send().await;
        assert!([401, 403].contains(&answer.status), "{answer}");
    }
    let locked = event(&stack, &person.id, "user.locked").await;
    assert_eq!(locked["data"]["reason"], "compromised");
    let mail = stack.mail_about(&person.draft.email, "locked").await;
    assert!(!mail.text.contains("compromised"), "{}", mail.text);
    let shown = admin.get(&format!("/v1/admin/users/{}", person.id)).send().await.expect(200).json();
    assert_eq!(shown["status"], "locked");

    act(&admin, &person.id, "unlock").await.expect(204);
    act(&admin, &person.id, "unlock").await.expect(204);
    person.api.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    let password = if answer.status == 204 { new } else { &person.draft.password };
    stack.client().login(&person.draft.email, password).await;
}

/// A lock beside logins and refreshes: none of them leaves a session that lives.
#[tokio::test]
async fn no_sign_in_outlives_a_lock_at_the_same_time() {
    let stack = Stack::get();
    let (admin, person) = (stack.admin().await, stack.person().await);
    let (locked, sign_ins, refreshed) = futures::join!(
        act(&admin, &person.id, "lock"),
        join_all((0..4).map(|_| login(&stack, &person))),
        refreshed(&stack, &person.api),
    );
    locked.expect(204);
    for answer in sign_ins.into_iter().chain([refreshed]).filter(|answer| answer.status == 200) {
        let client = stack.client().holding(answer.json());
        client.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn staff_find_accounts_masked_and_read_them_in_full_only_with_an_event() {
    let stack = Stack::get();
    let (admin, auditor, person) = (stack.admin().await, stack.auditor().await, stack.person().await);
    let draft = &person.draft;
    let email = draft.email.replace('@', "%40");
    let found = auditor.all(&format!("/v1/admin/users?email={email}")).await;
    assert_eq!((found.len(), &found[0]["id"], &found[0]["masked"]), (1, &json!(person.id), &json!(true)));
    let path = format!("/v1/admin/users/{}", person.id);
    let masked = auditor.get(&path).send().await.expect(200);
    for text in [masked.text(), json!(found).to_string()] {
        for personal in [&draft.email, &draft.family_name, &draft.date_of_birth] {
            assert!(!text.contains(personal.as_str()), "{personal} in {text}");
        }
    }
    let full = format!("{path}?unmasked=true");
    auditor.get(&full).send().await.refused(403, "forbidden");
    let shown = admin.get(&full).send().await.expect(200).json();
    assert_eq!((&shown["email"], &shown["family_name"]), (&json!(draft.email), &json!(draft.family_name)));
    assert_eq!((&shown["masked"], &shown["date_of_birth"]), (&json!(false), &json!(draft.date_of_birth)));
    let me = admin.get("/v1/auth/me").send().await.expect(200).json();
    let read = event(&stack, &person.id, "user.read").await;
    assert_eq!(read["actor"]["id"], me["user"]["id"], "{read}");
    let known = masked.header("etag").unwrap();
    auditor.get(&path).header("if-none-match", known).send().await.expect(304);

    assert!(auditor.all("/v1/admin/users?email=nobody%40example.org").await.is_empty());
    for query in ["?email=x", "?email=a%40example.org&username=ada", "?unknown=1"] {
        auditor.get(&format!("/v1/admin/users{query}")).send().await.expect(400);
    }
    person.api.get(&path).send().await.refused(403, "forbidden");
}

#[tokio::test]
async fn nobody_administers_themselves_or_somebody_who_may_do_more() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let own = admin.get("/v1/auth/me").send().await.json()["user"]["id"].as_str().unwrap().to_owned();
    let name = format!("h{}", &tag()[..12]);
    let form = json!({"name": name, "permissions": ["users:manage", "users:read"], "inherits": []});
    admin.post("/v1/admin/roles").json(&form).send().await.expect(201);
    let helper = with_role(&stack, &admin, &name).await;
    let (moderator, person) = (with_role(&stack, &admin, "moderator").await, stack.person().await);
    for of in ACTS {
        act(&admin, &own, of).await.refused(403, "own_account");
        act(&helper.api, &helper.id, of).await.refused(403, "own_account");
        act(&helper.api, &own, of).await.refused(403, "more_permitted");
        act(&helper.api, &moderator.id, of).await.refused(403, "more_permitted");
        act(&moderator.api, &person.id, of).await.refused(403, "forbidden");
        act(&admin, "usr_01h2xcejqtf2nbrexx3vqjhp41", of).await.refused(404, "not_found");
    }
    for api in [&moderator.api, &admin, &helper.api] {
        api.get("/v1/auth/me").send().await.expect(200);
    }
    act(&helper.api, &person.id, "sessions/revoke").await.expect(204);
    person.api.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    // What the helper may do ends with the role, at the next call.
    let path = format!("/v1/admin/users/{}/roles", helper.id);
    let etag = admin.get(&path).send().await.expect(200).header("etag").unwrap().to_owned();
    admin.put(&path).header("if-match", &etag).json(&json!({"roles": ["user"]})).send().await.expect(200);
    act(&helper.api, &person.id, "lock").await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_person_without_their_second_factor_gets_back_in_by_an_administrator() {
    let stack = Stack::get();
    let (admin, person) = (stack.admin().await, stack.person().await);
    act(&admin, &person.id, "mfa/reset").await.refused(409, "mfa_not_enabled");
    let factor = enroll(&person.api).await;
    let challenge = stack.client().challenged(&person.draft.email, &person.draft.password).await;
    let name = json!({"name": format!("reset {}", tag()), "scopes": ["users:manage"]});
    let made = admin.post("/v1/admin/clients").json(&name).send().await.expect(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let machine = crate::clients::signed_in(&stack, &text(&made["client"]["id"]), &text(&made["secret"])).await;
    act(&machine, &person.id, "mfa/reset").await.refused(403, "person_required");
    act(&admin, &person.id, "mfa/reset").await.expect(204);
    person.api.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    let client = stack.client();
    client.verify(&challenge, "backup_code", &factor.backup_codes[0]).await.refused(401, "challenge_expired");
    stack.mail_about(&person.draft.email, "second factor was removed").await;
    let back = client.login(&person.draft.email, &person.draft.password).await;
    enroll(&back).await;
}

#[tokio::test]
async fn a_required_reset_voids_the_password_and_mails_a_link() {
    let stack = Stack::get();
    let (admin, person) = (stack.admin().await, stack.person().await);
    act(&admin, &person.id, "password/reset").await.expect(204);
    person.api.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    login(&stack, &person).await.refused(401, "invalid_credentials");
    let token = stack.link(&person.draft.email, "reset-password", None).await.token().unwrap();
    let new = "another horse, another staple";
    let form = json!({"token": token, "password": new});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    stack.client().login(&person.draft.email, new).await;
}

/// Two administrators lock each other: one is left, and can undo it.
#[tokio::test]
async fn two_administrators_who_lock_each_other_at_once_are_not_both_out() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let (one, two) = (with_role(&stack, &admin, "admin").await, with_role(&stack, &admin, "admin").await);
    let (first, second) = futures::join!(act(&one.api, &two.id, "lock"), act(&two.api, &one.id, "lock"));
    assert!(first.status == 204 || second.status == 204, "{first} {second}");
    assert!(first.status != 204 || second.status != 204, "both are locked");
}
