//! Each provider against its wire format, with a local server; failures too.

use serde_json::{Value, json};

use super::*;
use crate::{
    crypto::es256::Es256Key,
    store::secrets::SocialSettings,
    test_server::{ServerReply, TestServer},
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
const CALLBACK: &str = "https://id.example/v1/oauth/company/callback";
const ISSUER: &str = "https://accounts.example";
const REMAINING: Duration = Duration::from_secs(5);

/// Made for these tests.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/BNTgsg6sdpzLzqA
od0KSWcvrhS678KTwbOnKL/G5dihRANCAATypHygOycFECAH97WJh210FHDRRC54
/A852+8XOGJyjtWg4hkJXpNZDqwPNlvTr6xvegLLXY3oim9DC/+Om5QZ
-----END PRIVATE KEY-----";

fn jwks(kid: &str) -> ServerReply {
    let key = json!({"kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "use": "sig",
                     "x": "8qR8oDsnBRAgB_e1iYdtdBRw0UQuePwPOdvvFzhico4",
                     "y": "1aDiGQlek1kOrA82W9OvrG96AstdjeiKb0ML_46blBk"});
    ServerReply::json(200, &json!({"keys": [key]}).to_string())
}

fn proof() -> BrowserProof {
    let text = |text: &str| text.repeat(26);
    BrowserProof { proof: text("P0"), verifier: text("V0"), nonce: text("N0") }
}

fn id_token(kid: &str, more: Value) -> String {
    let mut claims = json!({"iss": ISSUER, "sub": "248289761001", "aud": "our-client", "nonce": proof().nonce,
                            "iat": NOW.unix_seconds(), "exp": NOW.unix_seconds() + 300});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Es256Key::from_pem(KEY).unwrap().sign_jwt(kid, &claims).unwrap()
}

fn tokens(id_token: &str) -> ServerReply {
    ServerReply::json(200, &json!({"access_token": "at", "token_type": "Bearer", "id_token": id_token}).to_string())
}

fn provider_of(name: &str, server: &TestServer, more: Value) -> Result<OAuthProvider, &'static str> {
    let at = |path: &str| format!("{}{path}", server.url);
    let mut settings = json!({"client_id": "our-client", "client_secret": "s:e/c",
                              "authorization_endpoint": at("authorize"), "token_endpoint": at("token")});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let settings: SocialSettings = serde_json::from_value(settings).unwrap();
    presets::provider(name, &settings, true)
}

fn company(server: &TestServer, more: Value) -> OAuthProvider {
    let mut all = json!({"kind": "oidc", "issuer": ISSUER, "algorithm": "ES256",
                         "jwks_uri": format!("{}jwks", server.url)});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    provider_of("company", server, all).unwrap()
}

async fn identify(provider: &OAuthProvider) -> Result<SocialIdentity, OAuthError> {
    provider.identify("the code", &proof(), CALLBACK, NOW, REMAINING).await
}

#[test]
fn the_authorization_url_carries_pkce_state_and_nonce() {
    let server = TestServer::start(vec![]);
    let url = company(&server, json!({})).authorization_url("the state", &proof(), CALLBACK);
    let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    let of = |name: &str| query.get(name).map(String::as_str);
    assert_eq!((of("response_type"), of("client_id")), (Some("code"), Some("our-client")));
    assert_eq!((of("redirect_uri"), of("state")), (Some(CALLBACK), Some("the state")));
    assert_eq!((of("code_challenge_method"), of("nonce")), (Some("S256"), Some(proof().nonce.as_str())));
    assert_eq!(of("code_challenge"), Some(token::challenge(&proof().verifier).as_str()));
    assert!(!url.as_str().contains(&proof().verifier) && !url.as_str().contains("s%3Ae"));
    // RFC 7636, appendix B.
    assert_eq!(
        token::challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}

#[tokio::test]
async fn a_code_is_redeemed_with_its_verifier_and_the_id_token_tells_who_it_is() {
    let claims = json!({"email": "Ada@Example.org", "email_verified": true, "given_name": "Ada", "family_name": "Lovelace",
                        "picture": "javascript:alert(1)", "locale": "en_GB"});
    let server = TestServer::start(vec![tokens(&id_token("k", claims)), jwks("k")]);
    let person = identify(&company(&server, json!({}))).await.unwrap();
    assert_eq!((person.issuer.as_str(), person.subject.as_str()), (ISSUER, "248289761001"));
    assert_eq!((person.vouched_email().unwrap().as_str(), person.vouched), ("ada@example.org", true));
    assert_eq!(person.offered.given_name.unwrap().as_str(), "Ada");
    assert_eq!(person.offered.locale.unwrap().as_str(), "en-GB");
    assert_eq!(person.offered.picture_url, None, "not an https address");
    let sent = &server.requests()[0];
    assert!(sent.head[0].starts_with("POST /base/token"));
    let form: std::collections::BTreeMap<_, _> =
        url::form_urlencoded::parse(sent.body.as_bytes()).into_owned().collect();
    assert_eq!(form["code"], "the code");
    assert_eq!(form["code_verifier"], proof().verifier);
    assert_eq!(form["redirect_uri"], CALLBACK);
    assert!(!form.contains_key("client_secret"));
    // our-client:s%3Ae%2Fc
    assert!(sent.has("authorization: Basic b3VyLWNsaWVudDpzJTNBZSUyRmM="), "{:?}", sent.head);
}

#[tokio::test]
async fn the_key_set_is_kept_and_read_again_once_for_a_new_key() {
    let token = |kid| tokens(&id_token(kid, json!({})));
    let server = TestServer::start(vec![token("old"), jwks("old"), token("old"), token("new"), token("new")]);
    let provider = company(&server, json!({}));
    identify(&provider).await.unwrap();
    identify(&provider).await.unwrap();
    // Read a moment ago, so a token with an unknown key does not make us ask again.
    let refused = identify(&provider).await.unwrap_err();
    assert!(matches!(refused, OAuthError::IdToken(IdTokenRefusal::UnknownKey)), "{refused}");
    assert_eq!(server.requests().len(), 4);

    let server = TestServer::start(vec![jwks("old"), tokens(&id_token("new", json!({"iat": later()}))), jwks("new")]);
    let provider = company(&server, json!({}));
    let uri = provider.jwks_uri.clone().unwrap();
    provider.keys.get(&provider.transport, &uri, keys::Freshness::Cached, NOW, REMAINING).await.unwrap();
    let now = Timestamp::from_unix_seconds(later());
    provider.identify("c", &proof(), CALLBACK, now, REMAINING).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

fn later() -> i64 {
    NOW.unix_seconds() + 60
}

#[tokio::test]
async fn a_token_that_is_not_of_this_sign_in_is_refused() {
    for (claims, refusal) in [
        (json!({"nonce": "another"}), IdTokenRefusal::Nonce),
        (json!({"nonce": null}), IdTokenRefusal::Nonce),
        (json!({"aud": "another"}), IdTokenRefusal::Audience),
        (json!({"iss": "https://another.example"}), IdTokenRefusal::Issuer),
        (json!({"exp": NOW.unix_seconds()}), IdTokenRefusal::Expired),
    ] {
        let server = TestServer::start(vec![tokens(&id_token("k", claims)), jwks("k")]);
        let error = identify(&company(&server, json!({}))).await.unwrap_err();
        assert!(matches!(&error, OAuthError::IdToken(found) if *found == refusal), "{error}");
    }
}

#[tokio::test]
async fn an_address_is_vouched_for_only_as_configured() {
    let vouched = async |claims: Value, settings: Value| {
        let server = TestServer::start(vec![tokens(&id_token("k", claims)), jwks("k")]);
        identify(&company(&server, settings)).await.unwrap().vouched
    };
    let with = |verified: Value| json!({"email": "ada@example.org", "email_verified": verified});
    assert!(vouched(with(json!(true)), json!({})).await);
    assert!(vouched(with(json!("true")), json!({})).await, "Apple writes a text");
    for verified in [json!(false), json!("false"), json!(1), json!(null), json!("yes")] {
        assert!(!vouched(with(verified), json!({})).await);
    }
    assert!(!vouched(json!({"email": "ada@example.org"}), json!({})).await, "not stated");
    assert!(!vouched(json!({"email_verified": true}), json!({})).await, "no address");
    assert!(!vouched(json!({"email": "not an address", "email_verified": true}), json!({})).await);
    assert!(!vouched(with(json!(true)), json!({"vouches": "never"})).await);
    assert!(vouched(json!({"email": "ada@example.org"}), json!({"vouches": "always"})).await);
}

#[tokio::test]
async fn claims_of_userinfo_count_for_the_same_subject_alone() {
    let user = |sub: &str| json!({"sub": sub, "email": "ada@example.org", "email_verified": true}).to_string();
    for (sub, known) in [("248289761001", true), ("another", false)] {
        let replies = vec![tokens(&id_token("k", json!({}))), jwks("k"), ServerReply::json(200, &user(sub))];
        let server = TestServer::start(replies);
        let endpoint = format!("{}userinfo", server.url);
        let found = identify(&company(&server, json!({"user_endpoint": endpoint}))).await;
        assert_eq!(found.is_ok_and(|person| person.vouched), known, "{sub}");
        assert!(server.requests()[2].has("authorization: Bearer at"));
    }
}

#[tokio::test]
async fn refusals_and_failures_of_the_token_endpoint_are_told_apart() {
    let error = |code: &str| json!({"error": code, "error_description": "secret"}).to_string();
    for (reply, expected) in [
        (ServerReply::json(400, &error("invalid_grant")), "the provider refuses the code"),
        // GitHub's way.
        (ServerReply::json(200, &error("bad_verification_code")), "the provider refuses the code"),
        // Facebook's way.
        (ServerReply::json(400, r#"{"error":{"message":"m","code":100}}"#), "the provider refuses the code"),
        (
            ServerReply::json(401, &error("invalid_client")),
            "the configuration of the provider is wrong: the provider refuses our credentials",
        ),
        (ServerReply::json(200, "{}"), "the answer lacks id_token"),
        (ServerReply::json(200, "<html>"), "the response of the provider is malformed: no token answer"),
        (ServerReply::Endless, "the response of the provider is malformed: too large"),
        (
            ServerReply::Response(302, "location: http://169.254.169.254/\r\n", String::new()),
            "the response of the provider is malformed: a redirect",
        ),
    ] {
        let server = TestServer::start(vec![reply]);
        let found = identify(&company(&server, json!({}))).await.unwrap_err();
        assert_eq!(found.to_string(), expected);
    }
}

#[tokio::test]
async fn a_provider_that_is_down_or_slow_fails_in_time() {
    let server = TestServer::start(vec![]);
    let down = identify(&company(&server, json!({}))).await.unwrap_err();
    assert!(down.is_provider_failure(), "{down}");
    let server = TestServer::start(vec![ServerReply::Hang(Duration::from_secs(20))]);
    let provider = company(&server, json!({}));
    let began = std::time::Instant::now();
    let slow = provider.identify("c", &proof(), CALLBACK, NOW, Duration::from_millis(300)).await.unwrap_err();
    assert!(slow.is_provider_failure() && began.elapsed() < Duration::from_secs(3), "{slow}");
    // A failed attempt is repeated.
    let replies = vec![ServerReply::json(503, ""), tokens(&id_token("k", json!({}))), jwks("k")];
    let server = TestServer::start(replies);
    assert!(identify(&company(&server, json!({}))).await.is_ok());
}

#[tokio::test]
async fn github_is_known_by_number_and_primary_verified_address() {
    let addresses = |verified: bool| {
        json!([{"email": "other@example.org", "primary": false, "verified": true},
               {"email": "ada@example.org", "primary": true, "verified": verified}])
    };
    for verified in [true, false] {
        let user = json!({"id": 583_231, "login": "ada", "avatar_url": "https://cdn.example/1.png", "email": "x@y.z"});
        // Both calls are made at the same time, so that either may come first.
        let server = TestServer::start(vec![
            ServerReply::json(200, r#"{"access_token":"gho_1","token_type":"bearer","scope":"user:email"}"#),
            ServerReply::json(200, &user.to_string()),
            ServerReply::json(200, &addresses(verified).to_string()),
        ]);
        let endpoint = format!("{}user", server.url);
        let provider = provider_of("github", &server, json!({"user_endpoint": endpoint})).unwrap();
        let person = identify(&provider).await.unwrap();
        assert_eq!((person.issuer.as_str(), person.subject.as_str()), ("https://github.com", "583231"));
        assert_eq!((person.email.unwrap().as_str(), person.vouched), ("ada@example.org", verified));
        let requests = server.requests();
        assert!(requests.iter().all(|one| one.head.iter().any(|line| line.starts_with("user-agent: verinym/"))));
        assert!(requests[0].body.contains("client_secret=s%3Ae%2Fc") && requests[0].has("accept: application/json"));
    }
}

#[tokio::test]
async fn facebook_is_known_by_id_and_never_vouches() {
    let user = json!({"id": "10158", "email": "ada@example.org", "first_name": "Ada", "last_name": "Lovelace"});
    let server = TestServer::start(vec![
        ServerReply::json(200, r#"{"access_token":"EAAB","token_type":"bearer","expires_in":5183944}"#),
        ServerReply::json(200, &user.to_string()),
    ]);
    let endpoint = format!("{}me", server.url);
    let provider = provider_of("facebook", &server, json!({"user_endpoint": endpoint})).unwrap();
    let person = identify(&provider).await.unwrap();
    assert_eq!((person.subject.as_str(), person.vouched), ("10158", false));
    assert_eq!(person.offered.family_name.unwrap().as_str(), "Lovelace");
    let asked = &server.requests()[1].head[0];
    // HMAC-SHA-256 of the token by the secret.
    let proof = "appsecret_proof=";
    assert!(asked.contains("fields=id%2Cemail%2Cfirst_name%2Clast_name") && asked.contains(proof), "{asked}");
}

#[tokio::test]
async fn apple_gets_a_client_secret_that_we_sign() {
    let claims = json!({"iss": ISSUER, "email": "ada@example.org", "email_verified": "true"});
    let server = TestServer::start(vec![tokens(&id_token("k", claims)), jwks("k")]);
    let settings = json!({"apple": {"team_id": "TEAM", "key_id": "KID", "private_key": KEY}, "client_secret": null,
                          "issuer": ISSUER, "jwks_uri": format!("{}jwks", server.url), "algorithm": "ES256"});
    let provider = provider_of("apple", &server, settings).unwrap();
    let url = provider.authorization_url("s", &proof(), CALLBACK);
    assert!(url.query().unwrap().contains("response_mode=form_post"));
    assert!(identify(&provider).await.unwrap().vouched);
    let form: std::collections::BTreeMap<_, _> =
        url::form_urlencoded::parse(server.requests()[0].body.as_bytes()).into_owned().collect();
    let parts: Vec<_> = form["client_secret"].split('.').collect();
    let json = |part: &str| -> Value {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(json(parts[0]), json!({"alg": "ES256", "kid": "KID"}));
    let claims = json(parts[1]);
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("TEAM"), Some("our-client")));
    assert_eq!(claims["aud"], "https://appleid.apple.com");
    assert_eq!(claims["exp"], NOW.unix_seconds() + 300);
}

#[test]
fn settings_that_would_let_a_stranger_in_are_refused() {
    let server = TestServer::start(vec![]);
    let fault = |name: &str, more: Value| provider_of(name, &server, more).map(|_| ()).unwrap_err();
    assert!(fault("microsoft", json!({"vouches": "verified"})).contains("several tenants"));
    assert!(fault("microsoft", json!({"vouches": "always"})).contains("several tenants"));
    let tenant = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    assert!(provider_of("microsoft", &server, json!({"issuer": tenant, "vouches": "always"})).is_ok());
    assert!(fault("company", json!({})).contains("kind"));
    assert!(fault("company", json!({"kind": "oidc"})).contains("jwks_uri"));
    assert!(fault("company", json!({"kind": "oidc", "jwks_uri": "https://a.example/k"})).contains("issuer"));
    assert!(fault("github", json!({"jwks_uri": "https://a.example/k"})).contains("jwks_uri"));
    assert!(fault("github", json!({"client_secret": ""})).contains("client_secret"));
    assert!(fault("github", json!({"client_secret": null})).contains("client_secret"));
    assert!(fault("github", json!({"token_endpoint": "ftp://a.example"})).contains("token_endpoint"));
    assert!(fault("github", json!({"token_endpoint": "https://u:p@a.example"})).contains("token_endpoint"));
    assert!(fault("apple", json!({})).contains("apple"));
    for name in ["", "token", "accounts", "introspect", "a/b", "Google", "é", &"x".repeat(33)] {
        assert!(fault(name, json!({"kind": "google"})).contains("name"), "{name}");
    }
    // Without TLS only on the local stack.
    let settings = json!({"client_id": "a", "client_secret": "b", "token_endpoint": "http://a.example/"});
    let settings: SocialSettings = serde_json::from_value(settings).unwrap();
    assert!(presets::provider("google", &settings, false).is_err());
    assert!(presets::provider("google", &settings, true).is_ok());
    assert!(serde_json::from_value::<SocialSettings>(json!({"client_id": "a", "scopes": "typo"})).is_err());
}
