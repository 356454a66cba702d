//! Addresses that machine clients hand on, from the request to the handler.

use std::sync::{Arc, LazyLock, Mutex};

use super::*;
use crate::{
    crypto::{
        access::{self, AccessClaims, ClientClaims},
        index::blind_index,
        key::DataKey,
        random::RandomId,
        refresh::Kid,
        signing::SigningRing,
    },
    domain::{
        account::{Account, NewAccount, PasswordHash},
        client::{Client, Credentials},
        id::{ClientId, UserId},
        limit,
        time::Timestamp,
    },
    scripted::{AwsReply, ScriptedAws},
    store::{author::CallOrigin, client::client_key, person_key::PersonKey, session::SessionItem, user::account_key},
};

static RING: LazyLock<SigningRing> = LazyLock::new(|| SigningRing::generate(Timestamp::now()).unwrap());

const PERMISSION: &str = "clients:forward_address";
const SENT: &str = "198.51.100.7";
/// Calls of these tests come without a gateway.
const OWN: &str = "unknown";

#[derive(Debug, Serialize, ToSchema)]
struct Seen {
    ip: String,
}

fn anonymous() -> Endpoint {
    Route::post("test-address", "/v1/test")
        .limited(&[Limited { limit: &limit::ANONYMOUS, by: By::IpBeside }])
        .handled_by(|call: Call<Anonymous>, ()| async move { Ok(Plain(Seen { ip: call.meta.ip.clone() })) })
}

fn signed() -> Endpoint {
    Route::post("test-signed", "/v1/test")
        .limited(&[Limited { limit: &limit::ANONYMOUS, by: By::IpBeside }])
        .handled_by(|call: Call<Signed>, ()| async move { Ok(Plain(Seen { ip: call.meta.ip.clone() })) })
}

/// A client and a person in a table that a script answers for.
struct Scripted {
    client: ClientId,
    account: Account,
    session: SessionItem,
    stored: Arc<Mutex<Option<Client>>>,
    script: ScriptedAws,
}

impl Scripted {
    fn new(scopes: &[&str]) -> Self {
        let now = Timestamp::now();
        let client = Client {
            id: ClientId::new(now),
            name: "shop".into(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            credentials: Credentials::Secrets(vec![]),
            created_by: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let new = NewAccount {
            user: UserId::new(now),
            email_index: blind_index(&DataKey::from_bytes([1; 32]), 1, "email", "ada@example.com"),
            username_index: None,
            password: PasswordHash("hash".into()),
        };
        let account = Account::register(new, now).0;
        let origin = CallOrigin { ip: "192.0.2.7".into(), user_agent: "Browser".into() };
        let key = PersonKey::from_key("user_ada", DataKey::from_bytes([7; 32]));
        let session = SessionItem::begin(&account, &["pwd"], Kid(1), &origin, &key, now).unwrap();
        let person = [
            recent::item(&account_key(&account.user), &account),
            recent::item(&SessionItem::key(&account.user, &session.session), &session),
        ];
        let jwks = serde_json::to_string(&RING.jwks()).unwrap();
        let id = client.id;
        let stored = Arc::new(Mutex::new(Some(client)));
        let read = stored.clone();
        let script = ScriptedAws::new(move |call| match call.operation.as_str() {
            "GetSecretValue" => AwsReply::Ok(json!({ "SecretString": jwks })),
            "BatchGetItem" => {
                let client = read.lock().unwrap().clone();
                let asked = call.body["RequestItems"]["value-identity"]["Keys"].to_string();
                let client = client.iter().map(|client| recent::item(&client_key(&client.id), client));
                let found: Vec<_> = client
                    .chain(person.iter().cloned())
                    .filter(|item| asked.contains(item["pk"]["S"].as_str().unwrap()))
                    .collect();
                AwsReply::Ok(json!({ "Responses": { "value-identity": found }, "UnprocessedKeys": {} }))
            }
            other => panic!("{other} is not expected"),
        });
        Self { client: id, account, session, stored, script }
    }

    fn token(&self, scope: &str, seconds_ago: i64) -> String {
        let issued = Timestamp::now().unix_seconds() - seconds_ago;
        let tokens = self.script.app().config.tokens().unwrap();
        let claims = ClientClaims {
            iss: tokens.issuer.clone(),
            sub: self.client,
            aud: tokens.audience.clone(),
            client_id: self.client,
            exp: issued + 900,
            iat: issued,
            nbf: issued,
            jti: "c7a1".into(),
            scope: scope.into(),
        };
        format!("Bearer {}", access::issue_to_client(&RING, &claims).unwrap())
    }

    fn person(&self) -> String {
        let now = Timestamp::now().unix_seconds();
        let tokens = self.script.app().config.tokens().unwrap();
        let claims = AccessClaims {
            iss: tokens.issuer.clone(),
            sub: self.account.user,
            aud: tokens.audience.clone(),
            client_id: tokens.audience.clone(),
            exp: now + 900,
            iat: now,
            nbf: now,
            jti: "a1".into(),
            sid: self.session.session,
            roles: vec![],
            kyc_status: "none".into(),
            amr: vec!["pwd".into()],
            auth_time: now,
        };
        format!("Bearer {}", access::issue(&RING, &claims).unwrap())
    }

    /// The address that the handler sees, or the status of the refusal.
    async fn call(&self, endpoint: &Endpoint, headers: &[(&'static str, &str)]) -> Result<String, (u16, Value)> {
        let mut request = post("");
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let response = respond(self.script.app(), endpoint, request).await;
        let Body::Text(text) = response.body() else { panic!("no text") };
        let body: Value = serde_json::from_str(text).unwrap();
        match response.status().as_u16() {
            200 => Ok(body["ip"].as_str().unwrap().to_owned()),
            status => Err((status, body)),
        }
    }
}

#[tokio::test]
async fn a_client_with_the_permission_hands_on_the_address_of_a_person() {
    let scripted = Scripted::new(&[PERMISSION]);
    let token = scripted.token(PERMISSION, 0);
    let seen = scripted.call(&anonymous(), &[("authorization", &token), ("x-client-address", SENT)]).await;
    assert_eq!(seen.unwrap(), SENT);
    let seen = scripted.call(&anonymous(), &[("x-client-authorization", &token), ("x-client-address", SENT)]).await;
    assert_eq!(seen.unwrap(), SENT);
    let seen = scripted.call(&anonymous(), &[("authorization", &token)]).await;
    assert_eq!(seen.unwrap(), OWN);
}

#[tokio::test]
async fn beside_a_person_the_client_is_read_with_the_session() {
    let scripted = Scripted::new(&[PERMISSION]);
    let (person, token) = (scripted.person(), scripted.token(PERMISSION, 0));
    let headers = [("authorization", &*person), ("x-client-authorization", &*token), ("x-client-address", SENT)];
    assert_eq!(scripted.call(&signed(), &headers).await.unwrap(), SENT);
    assert_eq!(scripted.script.calls_of("BatchGetItem").len(), 1);
    // Not by the token of the person alone.
    assert_eq!(scripted.call(&signed(), &[headers[0], headers[2]]).await.unwrap(), OWN);
    // A client calls in its own name: there is no person.
    let refused = scripted.call(&signed(), &[("authorization", &token), ("x-client-address", SENT)]).await;
    assert_eq!(refused.unwrap_err().0, 403);
}

#[tokio::test]
async fn from_anybody_else_the_address_is_ignored() {
    let scripted = Scripted::new(&[PERMISSION, "kyc:read"]);
    let person = scripted.person();
    let (other_scope, expired) = (scripted.token("kyc:read", 0), scripted.token(PERMISSION, 1_000));
    for (what, token) in [
        ("a person", person.as_str()),
        ("a token without the scope", &other_scope),
        ("an expired token", &expired),
        ("no token", "Bearer abc"),
        ("a secret", "Basic YTpi"),
    ] {
        let seen = scripted.call(&anonymous(), &[("authorization", token), ("x-client-address", SENT)]).await;
        assert_eq!(seen.unwrap(), OWN, "{what}");
    }
    let seen = scripted.call(&anonymous(), &[("x-client-address", SENT), ("x-forwarded-for", SENT)]).await;
    assert_eq!(seen.unwrap(), OWN);
    assert!(scripted.script.calls_of("BatchGetItem").is_empty(), "a stranger causes no read");
}

#[tokio::test]
async fn a_client_that_lost_the_permission_hands_on_nothing_from_the_next_call_on() {
    let scripted = Scripted::new(&[PERMISSION]);
    let token = scripted.token(PERMISSION, 0);
    let headers = [("authorization", &*token), ("x-client-address", SENT)];
    scripted.stored.lock().unwrap().as_mut().unwrap().scopes.clear();
    assert_eq!(scripted.call(&anonymous(), &headers).await.unwrap(), OWN);
    *scripted.stored.lock().unwrap() = None;
    assert_eq!(scripted.call(&anonymous(), &headers).await.unwrap(), OWN);
    let beside =
        [("authorization", &*scripted.person()), ("x-client-authorization", &*token), ("x-client-address", SENT)];
    assert_eq!(scripted.call(&signed(), &beside).await.unwrap(), OWN);
}

#[tokio::test]
async fn a_malformed_address_of_a_client_with_the_permission_is_refused() {
    let scripted = Scripted::new(&[PERMISSION]);
    let token = scripted.token(PERMISSION, 0);
    for addresses in [&["198.51.100.7, 203.0.113.1"][..], &["198.51.100.7", "203.0.113.1"], &["unknown"], &[""]] {
        let mut headers = vec![("authorization", &*token)];
        headers.extend(addresses.iter().map(|address| ("x-client-address", *address)));
        let (status, body) = scripted.call(&anonymous(), &headers).await.unwrap_err();
        assert_eq!((status, &body["errors"][0]["field"]), (400, &json!("X-Client-Address")), "{addresses:?}");
        let stranger = scripted.call(&anonymous(), &headers[1..]).await;
        assert_eq!(stranger.unwrap(), OWN, "{addresses:?}");
    }
}
