//! Recent authentication, from the access token to the response.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

use super::*;
use crate::{
    crypto::{
        access::{self, AccessClaims},
        index::blind_index,
        key::DataKey,
        random::RandomId,
        refresh::Kid,
        signing::SigningRing,
    },
    domain::{
        account::{Account, NewAccount, PasswordHash},
        id::UserId,
        role::{KycReview, PermissionSet},
        time::Timestamp,
    },
    scripted::{AwsReply, ScriptedAws},
    store::{
        admission::Loaded,
        author::CallOrigin,
        item::{Item, Key, keyed},
        person_key::PersonKey,
        session::SessionItem,
        user::account_key,
    },
};

static RING: LazyLock<SigningRing> = LazyLock::new(|| SigningRing::generate(Timestamp::now()).unwrap());

/// How long each read takes.
const REPLY_TIME: Duration = Duration::from_millis(20);

/// A person with a session, in tables that a script answers for.
struct SignedIn {
    account: Account,
    session: SessionItem,
    script: ScriptedAws,
}

impl SignedIn {
    fn new() -> Self {
        let now = Timestamp::now();
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
        let items = json!([
            item(&account_key(&account.user), &account),
            item(&SessionItem::key(&account.user, &session.session), &session),
        ]);
        let jwks = serde_json::to_string(&RING.jwks()).unwrap();
        let script = ScriptedAws::new(move |call| match call.operation.as_str() {
            "GetSecretValue" => AwsReply::Ok(json!({ "SecretString": jwks })),
            "BatchGetItem" => {
                let found = json!({ "Responses": { "value-identity": items }, "UnprocessedKeys": {} });
                AwsReply::After(REPLY_TIME, found)
            }
            "Query" => AwsReply::After(REPLY_TIME, json!({ "Items": [] })),
            other => panic!("{other} is not expected"),
        });
        Self { account, session, script }
    }

    /// The claims of a token whose person authenticated this many seconds ago.
    fn claims(&self, seconds_ago: i64) -> AccessClaims {
        let now = Timestamp::now().unix_seconds();
        let tokens = self.script.app().config.tokens().unwrap();
        AccessClaims {
            iss: tokens.issuer.clone(),
            sub: self.account.user,
            aud: tokens.audience.clone(),
            client_id: "web".into(),
            exp: now + 900,
            iat: now,
            nbf: now,
            jti: "c7a1".into(),
            sid: self.session.session,
            roles: vec![],
            kyc_status: "none".into(),
            amr: vec!["pwd".into()],
            auth_time: now - seconds_ago,
        }
    }

    /// Calls with a token whose person authenticated this many seconds ago: the status, and the code of a problem.
    async fn call(&self, endpoint: &Endpoint, seconds_ago: i64) -> (u16, String) {
        let token = access::issue(&RING, &self.claims(seconds_ago)).unwrap();
        let mut request = post("");
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let response = respond(self.script.app(), endpoint, request).await;
        let Body::Text(text) = response.body() else { return (response.status().as_u16(), String::new()) };
        let body: Value = serde_json::from_str(text).unwrap();
        (response.status().as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
    }

    /// A call at a known time, after authentication.
    fn incoming(&self, seconds_ago: i64) -> call::Incoming {
        let now = Timestamp::from_unix_seconds(1_772_357_400);
        let route = recent().route;
        call::Incoming {
            method: Method::POST,
            resource: String::new(),
            meta: Meta {
                function: route.function,
                now,
                correlation_id: "order-0042".into(),
                ip: "192.0.2.7".into(),
                user_agent: String::new(),
            },
            route,
            headers: http::HeaderMap::new(),
            path: std::collections::HashMap::new(),
            query: String::new(),
            body: bytes::Bytes::new(),
            caller: Some(Principal::Person(Arc::new(Person {
                user: self.account.user,
                session: self.session.session,
                auth: self.account.clone(),
                session_item: self.session.clone(),
                auth_time: Timestamp::from_unix_seconds(now.unix_seconds() - seconds_ago),
                permissions: PermissionSet::default(),
            }))),
            loaded: Loaded::default(),
            reports: limit_report::LimitReports::default(),
        }
    }
}

pub(super) fn item(key: &Key, value: &impl Serialize) -> Value {
    fn object(item: Item) -> Value {
        item.into_iter().map(|(name, value)| (name, wire(value))).collect::<serde_json::Map<_, _>>().into()
    }
    fn wire(value: AttributeValue) -> Value {
        match value {
            AttributeValue::S(text) => json!({ "S": text }),
            AttributeValue::N(number) => json!({ "N": number }),
            AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
            AttributeValue::Null(_) => json!({ "NULL": true }),
            AttributeValue::B(bytes) => json!({ "B": BASE64.encode(bytes) }),
            AttributeValue::L(list) => json!({ "L": list.into_iter().map(wire).collect::<Vec<_>>() }),
            AttributeValue::M(map) => json!({ "M": object(map) }),
            other => panic!("{other:?}"),
        }
    }
    object(keyed(key, value).unwrap())
}

fn recent() -> Endpoint {
    Route::post("test-recent", "/v1/recent")
        .limited_by_gateway()
        .handled_by(|_: Call<Recent>, ()| async { Ok(NoContent) })
}

#[tokio::test]
async fn a_person_who_authenticated_long_ago_is_asked_to_do_so_again() {
    let person = SignedIn::new();
    assert_eq!(person.call(&recent(), 290).await, (204, String::new()));
    assert_eq!(person.call(&recent(), 301).await, (403, "reauthentication_required".into()));
    // Another route takes the same token.
    let signed = Route::post("test-signed", "/v1/signed")
        .limited_by_gateway()
        .handled_by(|_: Call<Signed>, ()| async { Ok(NoContent) });
    assert_eq!(person.call(&signed, 301).await.0, 204);
}

#[tokio::test(start_paused = true)]
async fn state_of_the_process_is_looked_up_in_parallel_to_the_admission() {
    let person = SignedIn::new();
    let endpoint = Route::post("test-preload", "/v1/preload")
        .limited_by_gateway()
        .preloads(|app| Box::pin(async { drop(app.store().await.lists_state().await) }))
        .handled_by(|_: Call<Signed>, ()| async { Ok(NoContent) });
    assert_eq!(person.call(&endpoint, 0).await.0, 204);
    let at = |operation| person.script.calls_of(operation)[0].at;
    assert_eq!(at("Query"), at("BatchGetItem"));
}

#[test]
fn a_token_of_4_59_is_recent_and_one_of_5_01_is_not() {
    let person = SignedIn::new();
    // Negative: the clock that issued the token is ahead.
    for (seconds_ago, refused) in [(299, false), (300, false), (301, true), (-5, false), (-6, true)] {
        let outcome = <Recent as authority::Authority>::permit(&person.incoming(seconds_ago));
        assert_eq!(outcome.is_err(), refused, "{seconds_ago}");
    }
}

#[tokio::test]
async fn a_missing_permission_is_refused_before_an_old_authentication() {
    let reviewers = Route::post("test-reviewers", "/v1/reviewers")
        .limited_by_gateway()
        .handled_by(|_: Call<Recent<Can<KycReview>>>, ()| async { Ok(NoContent) });
    let person = SignedIn::new();
    assert_eq!(person.call(&reviewers, 301).await, (403, "forbidden".into()));
    assert_eq!(person.call(&reviewers, 0).await, (403, "forbidden".into()));
}

#[test]
fn the_document_names_the_age_and_the_problem() {
    let document = serde_json::to_value(openapi::document(&[recent()])).unwrap();
    let operation = &document["paths"]["/v1/recent"]["post"];
    assert_eq!(operation["x-authentication-max-age"], 300);
    let description = operation["responses"]["403"]["description"].as_str().unwrap();
    assert!(description.contains("`reauthentication_required`"), "{description}");
    assert!(operation["responses"]["401"].is_object());
}
