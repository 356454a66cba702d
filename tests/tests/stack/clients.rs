//! Machine clients: made by staff, with tokens of their own.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use verinym::domain::time::Timestamp;
use verinym_tests::{ApiResponse, Client, Stack, people::tag};

const TOKEN: &str = "/v1/oauth/token";
const FORM: &str = "application/x-www-form-urlencoded";

/// A new machine client: its id and its secret.
pub async fn made(admin: &Client, scopes: &[&str]) -> (String, String) {
    let form = json!({"name": format!("test {}", tag()), "scopes": scopes});
    let made = admin.post("/v1/admin/clients").json(&form).send().await.expect(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["client"]["id"]), text(&made["secret"]))
}

pub async fn asked(stack: &Stack, id: &str, secret: &str, form: &str) -> ApiResponse {
    use base64::engine::general_purpose::STANDARD;
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    stack.client().post(TOKEN).header("authorization", &basic).body(FORM, form.to_owned()).send().await
}

const GRANT: &str = "grant_type=client_credentials";

pub async fn signed_in(stack: &Stack, id: &str, secret: &str) -> Client {
    let token = asked(stack, id, secret, GRANT).await.expect(200).json();
    stack.client().bearing(token["access_token"].as_str().unwrap())
}

#[track_caller]
pub fn oauth_refusal(answer: &ApiResponse, status: u16, error: &str) {
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
    let clients = client.all("/v1/admin/clients?limit=1").await;
    assert!(clients.iter().any(|one| one["id"] == id.as_str()));
    assert!(!json!(clients).to_string().contains(&secret));
    client.get("/v1/admin/kyc/checks").send().await.refused(403, "forbidden");
    client.get("/v1/auth/me").send().await.refused(403, "person_required");
    admin.delete(&format!("/v1/admin/clients/{id}")).send().await.expect(204);
    client.get("/v1/admin/clients").send().await.refused(401, "unauthenticated");
    oauth_refusal(&asked(&stack, &id, &secret, GRANT).await, 401, "invalid_client");
}

#[tokio::test]
async fn a_client_that_the_operator_makes_does_its_work_and_deletes_itself() {
    let stack = Stack::get();
    let form = json!({"name": format!("operator {}", tag()), "scopes": ["aml:read", "clients:manage"]});
    let made = stack.aws().invoke("admin-make-client", &form).await;
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let client = signed_in(&stack, id, secret).await;
    client.get("/v1/aml/lists").send().await.expect(200);
    client.get("/v1/admin/audit-logs").send().await.refused(403, "forbidden");
    client.delete(&format!("/v1/admin/clients/{id}")).send().await.expect(204);
    client.get("/v1/aml/lists").send().await.refused(401, "unauthenticated");
    oauth_refusal(&asked(&stack, id, secret, GRANT).await, 401, "invalid_client");
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

/// The RSA key of a client.
struct Key(KeyPair);

impl Key {
    fn new() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn public(&self) -> Value {
        let n = self.0.public_key().modulus().big_endian_without_leading_zero().to_vec();
        json!({"n": URL_SAFE_NO_PAD.encode(n), "e": "AQAB"})
    }

    fn sign(&self, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(&json!({"alg": "RS256"})), encode(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

#[tokio::test]
async fn an_assertion_works_once_and_only_for_its_client_audience_and_time() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let key = Key::new();
    let form = json!({"name": "asserting", "scopes": ["audit:read"], "keys": [key.public()]});
    let created = admin.post("/v1/admin/clients").json(&form).send().await.expect(201).json();
    assert_eq!(created["secret"], Value::Null, "{created}");
    let id = created["client"]["id"].as_str().unwrap();
    let now = Timestamp::now().unix_seconds();
    let audience = format!("{}{TOKEN}", stack.var("API_URL"));
    let claims = |changed: Value| {
        let mut claims = json!({"iss": id, "sub": id, "aud": audience, "exp": now + 300, "jti": tag()});
        claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        claims
    };
    let ask = async |assertion: &str| {
        let form = format!(
            "{GRANT}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
        );
        stack.client().post(TOKEN).body(FORM, form).send().await
    };
    let good = key.sign(&claims(json!({})));
    let (first, second) = tokio::join!(ask(&good), ask(&good));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "{first} {second}");
    let token = if first.status == 200 { first.json() } else { second.json() };
    stack
        .client()
        .bearing(token["access_token"].as_str().unwrap())
        .get("/v1/admin/audit-logs?subject=lists")
        .send()
        .await
        .expect(200);

    let (other, _) = made(&admin, &["audit:read"]).await;
    for (what, assertion) in [
        ("used again", good),
        ("expired", key.sign(&claims(json!({"exp": now - 1})))),
        ("valid for a day", key.sign(&claims(json!({"exp": now + 86_400})))),
        ("for another service", key.sign(&claims(json!({"aud": "https://other.example/token"})))),
        ("for another service too", key.sign(&claims(json!({"aud": [audience, "https://other.example/token"]})))),
        ("of another client", key.sign(&claims(json!({"iss": other, "sub": other})))),
        ("without an id", key.sign(&claims(json!({"jti": ""})))),
        ("by another key", Key::new().sign(&claims(json!({})))),
        ("no token", "x.y.z".to_owned()),
    ] {
        let answer = ask(&assertion).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (401, Some("invalid_client")), "{what}: {answer}");
    }
}

/// A client is no way around the rule that nobody acts on themselves.
#[tokio::test]
async fn a_client_does_nothing_to_the_account_of_whoever_made_it() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let person = stack.person().await;
    let roles = format!("/v1/admin/users/{}/roles", person.id);
    let set = async |by: &Client, roles_wanted: &[&str]| {
        let etag = admin.get(&roles).send().await.expect(200).header("etag").unwrap().to_owned();
        by.put(&roles).header("if-match", &etag).json(&json!({"roles": roles_wanted})).send().await
    };
    set(&admin, &["user", "admin"]).await.expect(200);
    let scopes = ["clients:manage", "users:manage", "users:read", "kyc:read"];
    let (id, secret) = made(&person.api, &scopes).await;
    let client = signed_in(&stack, &id, &secret).await;
    let (child, child_secret) = made(&client, &scopes).await;
    let child = signed_in(&stack, &child, &child_secret).await;
    set(&admin, &["user"]).await.expect(200);
    for by in [&client, &child] {
        set(by, &["user", "moderator"]).await.refused(403, "own_roles");
        for act in ["lock", "unlock"] {
            let path = format!("/v1/admin/users/{}/{act}", person.id);
            let call = by.put(&path);
            let call = if act == "lock" { call.json(&json!({"reason": "compromised"})) } else { call };
            call.send().await.refused(403, "own_account");
        }
    }
}

#[tokio::test]
async fn nobody_deletes_a_client_that_may_do_more_than_they_may() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let (clerk, clerk_secret) = made(&admin, &["clients:manage"]).await;
    let clerk = signed_in(&stack, &clerk, &clerk_secret).await;
    let (other, secret) = made(&admin, &["kyc:read"]).await;
    let path = format!("/v1/admin/clients/{other}");
    clerk.delete(&path).send().await.refused(403, "beyond_own_permissions");
    signed_in(&stack, &other, &secret).await;
    admin.delete(&path).send().await.expect(204);
}
