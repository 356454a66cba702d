//! Token introspection (RFC 7662): what a service learns of an access token, as of now.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use verinym_tests::{ApiResponse, Client, Stack, tokens};

use crate::clients::{asked, made, oauth_refusal};

const INTROSPECT: &str = "/v1/oauth/introspect";
const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "grant_type=client_credentials";

/// A service that asks by its access token.
async fn service(stack: &Stack, scopes: &[&str]) -> Client {
    let (id, secret) = made(&stack.admin().await, scopes).await;
    let token = asked(stack, &id, &secret, GRANT).await.expect(200).json();
    stack.client().bearing(token["access_token"].as_str().unwrap())
}

async fn introspected(service: &Client, token: &str) -> ApiResponse {
    service.post(INTROSPECT).body(FORM, format!("token={token}")).send().await
}

async fn active(service: &Client, token: &str) -> Value {
    let answer = introspected(service, token).await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body["active"], true, "{body}");
    body
}

/// What a service learns of an active token.
pub async fn told(stack: &Stack, token: &str) -> Value {
    active(&service(stack, &["tokens:introspect"]).await, token).await
}

#[track_caller]
fn is_inactive(answer: ApiResponse) {
    // Nothing tells why, or whose token it was.
    assert_eq!(answer.expect(200).json(), json!({"active": false}));
}

#[tokio::test]
async fn a_token_is_active_while_its_session_lives() {
    let stack = Stack::get();
    let service = service(&stack, &["tokens:introspect"]).await;
    let person = stack.person().await;
    let token = person.api.token().to_owned();
    let told = active(&service, &token).await;
    let claims = tokens::claims(&token);
    assert_eq!(told["sub"], person.id.as_str());
    assert_eq!((&told["sid"], &told["exp"]), (&json!(claims.sid), &json!(claims.exp)));
    assert_eq!((&told["kyc_status"], &told["roles"]), (&json!("none"), &json!(["user"])));
    assert_eq!((&told["token_type"], &told["iss"]), (&json!("Bearer"), &json!(stack.var("API_URL"))));
    assert_eq!(told.get("scope"), None, "{told}");
    for secret in [&person.draft.email, &person.draft.family_name] {
        assert!(!told.to_string().contains(secret.as_str()), "{told}");
    }
    is_inactive(introspected(&service, person.api.refresh_token()).await);
    person.api.post("/v1/auth/logout").send().await.expect(204);
    is_inactive(introspected(&service, &token).await);
}

#[tokio::test]
async fn a_new_password_makes_tokens_of_all_sessions_inactive() {
    let stack = Stack::get();
    let service = service(&stack, &["tokens:introspect"]).await;
    let person = stack.person().await;
    let other = stack.client().login(&person.draft.email, &person.draft.password).await;
    active(&service, other.token()).await;
    let form = json!({"current_password": person.draft.password, "new_password": "quite another phrase 71"});
    person.api.post("/v1/users/password/change").json(&form).send().await.expect(204);
    is_inactive(introspected(&service, other.token()).await);
}

#[tokio::test]
async fn a_token_of_staff_tells_the_permissions_of_now() {
    let stack = Stack::get();
    let service = service(&stack, &["tokens:introspect"]).await;
    let auditor = stack.auditor().await;
    let told = active(&service, auditor.token()).await;
    let scope: Vec<_> = told["scope"].as_str().unwrap().split(' ').collect();
    assert!(scope.contains(&"audit:read") && !scope.contains(&"users:read_pii"), "{told}");
}

#[tokio::test]
async fn a_token_of_a_client_is_active_until_the_client_is_deleted() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let service = service(&stack, &["tokens:introspect"]).await;
    let (id, secret) = made(&admin, &["audit:read", "kyc:read"]).await;
    let token = asked(&stack, &id, &secret, &format!("{GRANT}&scope=kyc:read")).await.expect(200).json();
    let token = token["access_token"].as_str().unwrap();
    let told = active(&service, token).await;
    assert_eq!((&told["sub"], &told["client_id"]), (&json!(id), &json!(id)));
    assert_eq!((&told["scope"], told.get("sid")), (&json!("kyc:read"), None));
    admin.delete(&format!("/v1/admin/clients/{id}")).send().await.expect(204);
    is_inactive(introspected(&service, token).await);
    // It may ask about its own token.
    active(&service, service.token()).await;
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_inactive() {
    let stack = Stack::get();
    let service = service(&stack, &["tokens:introspect"]).await;
    let person = stack.person().await;
    let good = person.api.token();
    let long = "x".repeat(9_000);
    let mut cases = vec![("no token", "abc".to_owned()), ("long", long), ("with a blank", format!("{good}+"))];
    cases.extend(tokens::bad_tokens(&stack, good).await);
    for (what, token) in cases {
        let answer = introspected(&service, &token).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"active": false})), "{what}: {answer}");
    }
    let hinted = format!("token={good}&token_type_hint=refresh_token");
    let hinted = service.post(INTROSPECT).body(FORM, hinted).send().await.expect(200).json();
    assert_eq!(hinted["active"], true, "a hint is no condition (RFC 7662 §2.1)");
}

#[tokio::test]
async fn only_a_client_with_the_permission_asks() {
    let stack = Stack::get();
    let person = stack.person().await;
    let token = person.api.token();
    let (id, secret) = made(&stack.admin().await, &["tokens:introspect", "kyc:read"]).await;
    let basic = async |secret: &str| {
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let form = format!("token={token}");
        stack.client().post(INTROSPECT).header("authorization", &basic).body(FORM, form).send().await
    };
    assert_eq!(basic(&secret).await.expect(200).json()["active"], true);
    oauth_refusal(&basic("vnsec_wrong").await, 401, "invalid_client");
    oauth_refusal(&introspected(&stack.client(), token).await, 401, "invalid_client");
    // A person cannot ask, not even about their own token.
    let answer = introspected(&person.api, token).await;
    oauth_refusal(&answer, 401, "invalid_token");
    assert_eq!(challenge(&answer), Some("Bearer error=\"invalid_token\""));
    oauth_refusal(&introspected(&stack.admin().await, token).await, 401, "invalid_token");
    // The scope of the token decides, and the client's own scopes.
    let narrow = asked(&stack, &id, &secret, &format!("{GRANT}&scope=kyc:read")).await.expect(200).json();
    let narrow = stack.client().bearing(narrow["access_token"].as_str().unwrap());
    oauth_refusal(&introspected(&narrow, token).await, 403, "insufficient_scope");
    let without = service(&stack, &["audit:read"]).await;
    oauth_refusal(&introspected(&without, token).await, 403, "insufficient_scope");
}

#[tokio::test]
async fn a_malformed_question_is_answered_as_rfc_6749_states() {
    let stack = Stack::get();
    let service = service(&stack, &["tokens:introspect"]).await;
    for form in ["", "token=", "token_type_hint=access_token", "token=a&token=b"] {
        let answer = service.post(INTROSPECT).body(FORM, form.to_owned()).send().await;
        oauth_refusal(&answer, 400, "invalid_request");
    }
    let json = service.post(INTROSPECT).json(&json!({"token": "abc"})).send().await;
    oauth_refusal(&json, 400, "invalid_request");
}

fn challenge(answer: &ApiResponse) -> Option<&str> {
    answer.header("www-authenticate").or(answer.header("x-amzn-remapped-www-authenticate"))
}
