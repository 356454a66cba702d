//! Machine clients, from the access token to the response.

use std::sync::{Arc, LazyLock, Mutex};

use super::*;
use crate::{
    crypto::{
        access::{self, ClientClaims},
        random::RandomId,
        signing::SigningRing,
    },
    domain::{
        client::{Client, Credentials},
        id::ClientId,
        role::{AuditRead, KycRead},
        time::Timestamp,
    },
    scripted::{AwsReply, ScriptedAws},
    store::client::client_key,
};

static RING: LazyLock<SigningRing> = LazyLock::new(|| SigningRing::generate(Timestamp::now()).unwrap());

/// A client in a table that a script answers for.
struct Scripted {
    id: ClientId,
    stored: Arc<Mutex<Option<Client>>>,
    script: ScriptedAws,
}

impl Scripted {
    fn new(scopes: &[&str]) -> Self {
        let now = Timestamp::now();
        let id = ClientId::new(now);
        let client = Client {
            id,
            name: "billing".into(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            credentials: Credentials::Secrets(vec![]),
            created_by: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let stored = Arc::new(Mutex::new(Some(client)));
        let jwks = serde_json::to_string(&RING.jwks()).unwrap();
        let read = stored.clone();
        let script = ScriptedAws::new(move |call| match call.operation.as_str() {
            "GetSecretValue" => AwsReply::Ok(json!({ "SecretString": jwks })),
            "BatchGetItem" => {
                let client = read.lock().unwrap().clone();
                let items: Vec<_> = client.iter().map(|client| recent::item(&client_key(&client.id), client)).collect();
                AwsReply::Ok(json!({ "Responses": { "value-identity": items }, "UnprocessedKeys": {} }))
            }
            other => panic!("{other} is not expected"),
        });
        Self { id, stored, script }
    }

    /// Calls with a token of this scope, issued this many seconds ago: the status, and the code of a problem.
    async fn call(&self, endpoint: &Endpoint, scope: &str, seconds_ago: i64) -> (u16, String) {
        let issued = Timestamp::now().unix_seconds() - seconds_ago;
        let tokens = self.script.app().config.tokens().unwrap();
        let claims = ClientClaims {
            iss: tokens.issuer.clone(),
            sub: self.id,
            aud: tokens.audience.clone(),
            client_id: self.id,
            exp: issued + 900,
            iat: issued,
            nbf: issued,
            jti: "c7a1".into(),
            scope: scope.into(),
        };
        let token = access::issue_to_client(&RING, &claims).unwrap();
        let mut request = post("");
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let response = respond(self.script.app(), endpoint, request).await;
        let Body::Text(text) = response.body() else { return (response.status().as_u16(), String::new()) };
        let body: Value = serde_json::from_str(text).unwrap();
        (response.status().as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
    }
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn of_checks() -> Endpoint {
    Route::post("test-checks", "/v1/test")
        .limited_by_gateway()
        .handled_by(|_: Call<Can<KycRead>>, ()| async { Ok(NoContent) })
}

#[tokio::test]
async fn a_client_passes_with_the_permission_in_its_token_and_its_grants() {
    let client = Scripted::new(&["kyc:read", "audit:read"]);
    assert_eq!(client.call(&of_checks(), "kyc:read", 0).await, (204, String::new()));
    assert_eq!(client.call(&of_checks(), "audit:read kyc:read", 0).await, (204, String::new()));
    assert_eq!(client.call(&of_checks(), "audit:read", 0).await, refused(403, "forbidden"));
    let events = Route::post("test-events", "/v1/test")
        .limited_by_gateway()
        .handled_by(|_: Call<Can<AuditRead>>, ()| async { Ok(NoContent) });
    assert_eq!(client.call(&events, "kyc:read", 0).await, refused(403, "forbidden"));
}

#[tokio::test]
async fn a_scope_that_was_taken_from_the_client_ends_at_the_next_call() {
    let client = Scripted::new(&["kyc:read"]);
    client.stored.lock().unwrap().as_mut().unwrap().scopes.clear();
    assert_eq!(client.call(&of_checks(), "kyc:read", 0).await, refused(403, "forbidden"));
}

#[tokio::test]
async fn the_token_of_a_deleted_client_is_refused_at_the_next_call() {
    let client = Scripted::new(&["kyc:read"]);
    assert_eq!(client.call(&of_checks(), "kyc:read", 0).await.0, 204);
    *client.stored.lock().unwrap() = None;
    assert_eq!(client.call(&of_checks(), "kyc:read", 0).await, refused(401, "unauthenticated"));
}

#[tokio::test]
async fn a_route_on_ones_own_person_refuses_a_client() {
    let client = Scripted::new(&["kyc:read"]);
    let own = Route::post("test-own", "/v1/test")
        .limited_by_gateway()
        .handled_by(|_: Call<Signed>, ()| async { Ok(NoContent) });
    assert_eq!(client.call(&own, "kyc:read", 0).await, refused(403, "person_required"));
}

#[tokio::test]
async fn recent_authentication_of_a_client_is_a_new_token() {
    let client = Scripted::new(&["kyc:read"]);
    let recent = Route::post("test-recent", "/v1/test")
        .limited_by_gateway()
        .handled_by(|_: Call<Recent<Can<KycRead>>>, ()| async { Ok(NoContent) });
    assert_eq!(client.call(&recent, "kyc:read", 10).await.0, 204);
    assert_eq!(client.call(&recent, "kyc:read", 320).await, refused(403, "reauthentication_required"));
}
