//! Sign-in by a mailed link: bound to whoever asked for it, once, and never around the second factor.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{
    ApiResponse, Draft, Person, Stack,
    people::tag,
    second_factor::{challenge_of, enroll},
};

/// Asks for a link; the nonce of the answer.
async fn ask(stack: &Stack, email: &str) -> String {
    let answer = stack.client().post("/v1/auth/magic-link").json(&json!({"email": email})).send().await.expect(202);
    answer.json()["nonce"].as_str().unwrap().to_owned()
}

/// Asks for a link and opens the mail: nonce and token.
async fn asked(stack: &Stack, person: &Person) -> (String, String) {
    let nonce = ask(stack, &person.draft.email).await;
    (nonce, stack.link(&person.draft.email, "magic-link", None).await.token().unwrap())
}

async fn verify(stack: &Stack, nonce: &str, token: &str) -> ApiResponse {
    let form = json!({"nonce": nonce, "token": token});
    stack.client().post("/v1/auth/magic-link/verify").json(&form).send().await
}

#[tokio::test]
async fn a_link_signs_in_once_and_only_with_the_nonce_of_whoever_asked() {
    let stack = Stack::get();
    let (person, other) = (stack.person().await, stack.person().await);
    let (nonce, token) = asked(&stack, &person).await;
    // A stranger asks for a link to the owner's address, or for one to their own, and opens the owner's.
    let strangers = ask(&stack, &person.draft.email).await;
    let (foreign, own) = asked(&stack, &other).await;
    for wrong in [strangers.as_str(), &foreign, "", "x", &token] {
        verify(&stack, wrong, &token).await.refused(400, "invalid_token");
    }
    verify(&stack, &nonce, &own).await.refused(400, "invalid_token");
    let tokens = verify(&stack, &nonce, &token).await.expect(200).json();
    assert_eq!((&tokens["user"]["id"], &tokens["session"]["amr"]), (&json!(person.id), &json!(["email"])));
    stack.client().holding(tokens).get("/v1/auth/me").send().await.expect(200);
    verify(&stack, &nonce, &token).await.refused(400, "invalid_token");
    // A mailed token for something else does not sign in.
    stack
        .client()
        .post("/v1/auth/password/forgot")
        .json(&json!({"email": person.draft.email}))
        .send()
        .await
        .expect(202);
    let reset = stack.link(&person.draft.email, "reset-password", None).await.token().unwrap();
    verify(&stack, &nonce, &reset).await.refused(400, "invalid_token");
}

#[tokio::test]
async fn a_link_that_is_used_at_the_same_time_makes_one_session() {
    let stack = Stack::get();
    let person = stack.person().await;
    let (nonce, token) = asked(&stack, &person).await;
    let before = person.api.all("/v1/sessions").await.len();
    let answers = join_all((0..4).map(|_| verify(&stack, &nonce, &token))).await;
    let right = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((right, person.api.all("/v1/sessions").await.len()), (1, before + 1));
}

#[tokio::test]
async fn a_link_leads_to_the_second_factor_where_there_is_one() {
    let stack = Stack::get();
    let person = stack.person().await;
    let factor = enroll(&person.api).await;
    let (nonce, token) = asked(&stack, &person).await;
    let challenge = challenge_of(&verify(&stack, &nonce, &token).await.expect(200).json());
    verify(&stack, &nonce, &token).await.refused(400, "invalid_token");
    let answer = stack.client().verify(&challenge, "totp", &factor.app.code().await).await.expect(200).json();
    assert_eq!(answer["session"]["amr"], json!(["email", "otp", "mfa"]));
}

#[tokio::test]
async fn a_new_password_voids_links_and_a_lock_refuses_them() {
    let stack = Stack::get();
    let (admin, person) = (stack.admin().await, stack.person().await);
    let (nonce, token) = asked(&stack, &person).await;
    let change = json!({"current_password": person.draft.password, "new_password": format!("another horse {}", tag())});
    person.api.post("/v1/users/password/change").json(&change).send().await.expect(204);
    verify(&stack, &nonce, &token).await.refused(400, "invalid_token");

    let person = stack.person().await;
    let (nonce, token) = asked(&stack, &person).await;
    let lock = format!("/v1/admin/users/{}/lock", person.id);
    admin.put(&lock).json(&json!({"reason": "other"})).send().await.expect(204);
    verify(&stack, &nonce, &token).await.refused(403, "account_locked");
}

/// A stranger registered the address. Its owner asks for a link, and nothing of the stranger's survives.
#[tokio::test]
async fn an_unconfirmed_account_gets_a_link_to_set_a_password_instead() {
    let stack = Stack::get();
    let draft = Draft::new();
    stack.registered(&draft).await;
    let nonce = ask(&stack, &draft.email).await;
    let reset = stack.link(&draft.email, "reset-password", None).await.token().unwrap();
    verify(&stack, &nonce, &reset).await.refused(400, "invalid_token");
    let new = format!("of the owner {}", tag());
    let form = json!({"token": reset, "password": new});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await.expect(204);
    let owner = stack.client().login(&draft.email, &new).await;
    let me = owner.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["user"]["family_name"], Value::Null, "the stranger's");
    let stranger = json!({"email": draft.email, "password": draft.password});
    stack.client().post("/v1/auth/login").json(&stranger).send().await.refused(401, "invalid_credentials");
}
