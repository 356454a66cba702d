//! Refresh tokens, used in order and out of order, and the ends of sessions.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{ApiResponse, Client, Stack, people::tag};

async fn refresh(client: &Client, token: &str) -> ApiResponse {
    client.stranger().post("/v1/auth/refresh").json(&json!({"refresh_token": token})).send().await
}

#[tokio::test]
async fn a_refresh_turns_the_token_and_keeps_the_session() {
    let person = Stack::get().person().await.api;
    let next = person.holding(refresh(&person, person.refresh_token()).await.expect(200).json());
    assert_ne!(next.refresh_token(), person.refresh_token());
    assert_eq!(next.session_id(), person.session_id());
    next.get("/v1/auth/me").send().await.expect(200);
    let (before, after) = (verinym_tests::tokens::claims(person.token()), verinym_tests::tokens::claims(next.token()));
    assert_eq!(before.auth_time, after.auth_time, "auth_time never moves");
    assert_ne!(before.jti, after.jti);
}

/// A page that opens twenty tabs: one successor, nobody is logged out.
#[tokio::test]
async fn twenty_refreshes_at_once_have_one_successor() {
    let person = Stack::get().person().await.api;
    let answers = join_all((0..20).map(|_| refresh(&person, person.refresh_token()))).await;
    let tokens: Vec<Value> = answers.into_iter().map(|answer| answer.expect(200).json()).collect();
    let successor = &tokens[0]["refresh_token"];
    assert!(tokens.iter().all(|one| one["refresh_token"] == *successor), "several successors");
    for one in &tokens {
        person.holding(one.clone()).get("/v1/auth/me").send().await.expect(200);
    }
    let last = person.holding(refresh(&person, successor.as_str().unwrap()).await.expect(200).json());
    last.get("/v1/auth/me").send().await.expect(200);
}

/// The response was lost, so the client repeats the request with its old token.
#[tokio::test]
async fn a_lost_answer_can_be_requested_again() {
    let person = Stack::get().person().await.api;
    let lost = refresh(&person, person.refresh_token()).await.expect(200).json();
    let again = refresh(&person, person.refresh_token()).await.expect(200).json();
    assert_eq!(lost["refresh_token"], again["refresh_token"]);
    refresh(&person, again["refresh_token"].as_str().unwrap()).await.expect(200);
}

#[tokio::test]
async fn an_old_refresh_token_ends_the_session() {
    let stack = Stack::get();
    let person = stack.person().await;
    let client = &person.api;
    let elsewhere = stack.client().login(&person.draft.email, &person.draft.password).await;
    let first = client.refresh_token().to_owned();
    let second = client.holding(refresh(client, &first).await.expect(200).json());
    let third = second.holding(refresh(client, second.refresh_token()).await.expect(200).json());
    refresh(client, &first).await.refused(401, "refresh_token_reused");
    third.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    assert_eq!(refresh(client, third.refresh_token()).await.status, 401);
    elsewhere.get("/v1/auth/me").send().await.expect(200);
    stack
        .mail(&person.draft.email, "a security notice", |mail| {
            mail.page().is_none() && mail.text.contains("signed you out")
        })
        .await;
    let events = stack.auditor().await.all(&format!("/v1/admin/audit-logs?person={}", person.id)).await;
    assert_eq!(events.iter().filter(|event| event["type"] == "session.refresh_reused").count(), 1);
}

#[tokio::test]
async fn a_forged_refresh_token_changes_nothing() {
    let person = Stack::get().person().await.api;
    let good = person.refresh_token();
    let mut altered = good.to_owned().into_bytes();
    let at = altered.len() / 2;
    altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    for bad in ["x", &altered, &good[..good.len() - 4], person.token(), &"A".repeat(4000)] {
        refresh(&person, bad).await.refused(401, "invalid_refresh_token");
    }
    person.get("/v1/auth/me").send().await.expect(200);
    refresh(&person, good).await.expect(200);
}

#[tokio::test]
async fn a_sign_out_ends_access_at_once() {
    let person = Stack::get().person().await.api;
    person.post("/v1/auth/logout").send().await.expect(204);
    person.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    refresh(&person, person.refresh_token()).await.refused(401, "invalid_refresh_token");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (email, password) = (&person.draft.email, &person.draft.password);
    let (second, third) = (stack.client().login(email, password).await, stack.client().login(email, password).await);
    let sessions = person.api.all("/v1/sessions").await;
    assert_eq!(sessions.len(), 3);
    let current: Vec<_> = sessions.iter().filter(|session| session["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["id"], person.api.session_id());
    assert_eq!(current[0]["amr"], json!(["pwd"]));

    person.api.delete(&format!("/v1/sessions/{}", second.session_id())).send().await.expect(204);
    second.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    person.api.delete(&format!("/v1/sessions/{}", second.session_id())).send().await.refused(404, "not_found");
    let answer = person.api.delete("/v1/sessions").send().await.expect(200).json();
    assert_eq!(answer["revoked"], 1);
    third.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    person.api.get("/v1/auth/me").send().await.expect(200);
    assert_eq!(person.api.all("/v1/sessions").await.len(), 1);
}

#[tokio::test]
async fn a_change_of_password_ends_the_other_sessions() {
    let stack = Stack::get();
    let person = stack.person().await;
    let other = stack.client().login(&person.draft.email, &person.draft.password).await;
    let new = format!("a new password {}", tag());
    let change = async |current: &str, new: &str| {
        let form = json!({"current_password": current, "new_password": new});
        person.api.post("/v1/users/password/change").json(&form).send().await
    };
    // Already signed in, so no 401: clients must not drop the session.
    change("not the password at all", &new).await.refused(400, "invalid_credentials");
    change(&person.draft.password, "short").await.refused(400, "validation_failed");
    change(&person.draft.password, &new).await.expect(204);
    person.api.get("/v1/auth/me").send().await.expect(200);
    other.get("/v1/auth/me").send().await.refused(401, "unauthenticated");
    stack.client().login(&person.draft.email, &new).await;
    stack
        .mail(&person.draft.email, "a security notice", |mail| {
            mail.page().is_none() && mail.text.to_lowercase().contains("password")
        })
        .await;
}

/// Calls that were under way when their session was revoked leave nothing behind.
#[tokio::test]
async fn a_revoked_session_commits_nothing_more() {
    let stack = Stack::get();
    let person = stack.person().await;
    let stolen = stack.client().login(&person.draft.email, &person.draft.password).await;
    let form = json!({"url": "http://127.0.0.1:9/hooks", "events": ["*"]});
    let calls = join_all((0..9).map(|_| async { stolen.post("/v1/webhooks").json(&form).send().await }));
    let revoked = async {
        person.api.delete(&format!("/v1/sessions/{}", stolen.session_id())).send().await.expect(204);
        person.api.all("/v1/webhooks").await.len()
    };
    let (answers, made_before) = futures::future::join(calls, revoked).await;
    assert_eq!(person.api.all("/v1/webhooks").await.len(), made_before);
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 401 | 409)), "{answers:?}");
}
