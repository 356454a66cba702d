//! Machine clients: made by staff, with tokens of their own.

use serde_json::{Value, json};
use verinym_tests::{ApiResponse, Client, Stack, people::tag};

const TOKEN: &str = "/v1/oauth/token";
const FORM: &str = "application/x-www-form-urlencoded";

/// A new machine client: its id and its secret.
async fn made(admin: &Client, scopes: &[&str]) -> (String, String) {
    let form = json!({"name": format!("test {}", tag()), "scopes": scopes});
    let made = admin.post("/v1/admin/clients").json(&form).send().await.expect(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["client"]["id"]), text(&made["secret"]))
}

async fn asked(stack: &Stack, id: &str, secret: &str, form: &str) -> ApiResponse {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    stack.client().post(TOKEN).header("authorization", &basic).body(FORM, form.to_owned()).send().await
}

const GRANT: &str = "grant_type=client_credentials";

async fn signed_in(stack: &Stack, id: &str, secret: &str) -> Client {
    let token = asked(stack, id, secret, GRANT).await.expect(200).json();
    stack.client().bearing(token["access_token"].as_str().unwrap())
}

#[track_caller]
fn oauth_refusal(answer: &ApiResponse, status: u16, error: &str) {
    assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{answer}");
}

#[tokio::test]
async fn a_client_calls_what_its_scopes_permit_until_it_is_deleted() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let (id, secret) = made(&admin, &["audit:read", "clients:read"]).await;
    let client = signed_in(&stack, &id, &secret).await;
    let events = client.all(&format!("/v1/admin/audit-logs?subject={id}")).await;
    assert_eq!(events[0]["type"], "client.created");
    let clients = client.all("/v1/admin/clients").await;
    assert!(clients.iter().any(|one| one["id"] == id.as_str()));
    assert!(!json!(clients).to_string().contains(&secret));
    client.get("/v1/admin/kyc/checks").send().await.refused(403, "forbidden");
    client.get("/v1/auth/me").send().await.refused(403, "person_required");
    admin.delete(&format!("/v1/admin/clients/{id}")).send().await.expect(204);
    client.get("/v1/admin/clients").send().await.refused(401, "unauthenticated");
    oauth_refusal(&asked(&stack, &id, &secret, GRANT).await, 401, "invalid_client");
}

#[tokio::test]
async fn what_a_token_request_lacks_is_answered_as_rfc_6749_states() {
    let stack = Stack::get();
    let (id, secret) = made(&stack.admin().await, &["audit:read"]).await;
    let answer = asked(&stack, &id, "vnsec_wrong", GRANT).await;
    oauth_refusal(&answer, 401, "invalid_client");
    assert!(answer.header("www-authenticate").or(answer.header("x-amzn-remapped-www-authenticate")).is_some());
    let nobody = "cli_01h2xcejqtf2nbrexx3vqjhp41";
    oauth_refusal(&asked(&stack, nobody, &secret, GRANT).await, 401, "invalid_client");
    let beyond = format!("{GRANT}&scope=audit:read+kyc:read");
    oauth_refusal(&asked(&stack, &id, &secret, &beyond).await, 400, "invalid_scope");
    oauth_refusal(&asked(&stack, &id, &secret, "grant_type=password").await, 400, "unsupported_grant_type");
    oauth_refusal(&asked(&stack, &id, &secret, "").await, 400, "invalid_request");
    let twice = format!("{GRANT}&{GRANT}");
    oauth_refusal(&asked(&stack, &id, &secret, &twice).await, 400, "invalid_request");
    let narrow = asked(&stack, &id, &secret, &format!("{GRANT}&scope=audit:read")).await.expect(200).json();
    assert_eq!((narrow["token_type"].as_str(), narrow["scope"].as_str()), (Some("Bearer"), Some("audit:read")));
}

#[tokio::test]
async fn a_rotated_secret_works_beside_the_new_one() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let (id, first) = made(&admin, &["audit:read"]).await;
    let rotate = format!("/v1/admin/clients/{id}/rotate-secret");
    let second = admin.post(&rotate).send().await.expect(200).json()["secret"].as_str().unwrap().to_owned();
    for secret in [&first, &second] {
        asked(&stack, &id, secret, GRANT).await.expect(200);
    }
    admin.post(&rotate).send().await.expect(200);
    oauth_refusal(&asked(&stack, &id, &first, GRANT).await, 401, "invalid_client");
    asked(&stack, &id, &second, GRANT).await.expect(200);
}

#[tokio::test]
async fn a_secret_is_shown_once_also_to_who_repeats_the_call() {
    let admin = Stack::get().admin().await;
    let (key, form) = (tag(), json!({"name": "repeated", "scopes": ["audit:read"]}));
    admin.post("/v1/admin/clients").key(&key).json(&form).send().await.expect(201);
    admin.post("/v1/admin/clients").key(&key).json(&form).send().await.refused(409, "already_done");
}
