//! Access tokens that must be refused.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use verinym::{
    crypto::{
        access::{self, AccessClaims},
        signing::SigningRing,
    },
    domain::time::Timestamp,
};

use crate::Stack;

/// A bad token and what is bad about it.
pub type Bad = (&'static str, String);

/// Every kind of token that must be refused, made from a valid one.
pub async fn bad_tokens(stack: &Stack, good: &str) -> Vec<Bad> {
    let ring: SigningRing =
        serde_json::from_value(stack.aws().secret("signing").await).expect("the signing ring reads");
    let foreign = SigningRing::generate(Timestamp::now()).expect("a ring of somebody else's");
    let claims = claims(good);
    let signed = |ring: &SigningRing, claims: &AccessClaims| access::issue(ring, claims).expect("a token");
    let now = Timestamp::now().unix_seconds();

    // Our own key over the same claims must do, or the others prove nothing.
    let expired = AccessClaims { iat: now - 1000, nbf: now - 1000, exp: now - 100, ..claims.clone() };
    let future = AccessClaims { nbf: now + 600, ..claims.clone() };
    vec![
        ("garbage", "garbage".to_owned()),
        ("three dots", "a.b.c".to_owned()),
        ("expired", signed(&ring, &expired)),
        ("not yet valid", signed(&ring, &future)),
        ("another issuer", signed(&ring, &AccessClaims { iss: "https://id.example".into(), ..claims.clone() })),
        ("another audience", signed(&ring, &AccessClaims { aud: "else".into(), ..claims.clone() })),
        ("a key id that is not ours", signed(&foreign, &claims)),
        ("our key id over another's signature", under_key_id(&signed(&foreign, &claims), ring.current.kid())),
        ("altered claims", altered(good)),
        ("altered signature", altered_signature(good)),
        ("no signature", format!("{}.", good.rsplit_once('.').expect("a token").0)),
        ("alg none", with_header(good, &json!({"alg": "none", "typ": "at+jwt", "kid": ring.current.kid()}), "")),
        ("alg HS256", with_header(good, &json!({"alg": "HS256", "typ": "at+jwt", "kid": ring.current.kid()}), "AAAA")),
    ]
}

/// A token with the claims of `good`, signed by our own key now.
pub async fn reissued(stack: &Stack, good: &str) -> String {
    let ring: SigningRing =
        serde_json::from_value(stack.aws().secret("signing").await).expect("the signing ring reads");
    access::issue(&ring, &claims(good)).expect("a token")
}

/// The claims of a token.
pub fn claims(token: &str) -> AccessClaims {
    serde_json::from_value(part(token, 1)).expect("claims")
}

/// Header (0) or claims (1).
pub fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("a token has three parts");
    serde_json::from_slice(&BASE64.decode(text).expect("base64url")).expect("JSON")
}

fn encoded(value: &Value) -> String {
    BASE64.encode(value.to_string())
}

fn altered(token: &str) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    let mut claims = part(token, 1);
    claims["roles"] = json!(["admin"]);
    parts[1] = encoded(&claims);
    parts.join(".")
}

fn altered_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("a token");
    let mut bytes = BASE64.decode(signature).expect("base64url");
    bytes[0] ^= 1;
    format!("{signed}.{}", BASE64.encode(bytes))
}

fn under_key_id(token: &str, kid: &str) -> String {
    let mut header = part(token, 0);
    header["kid"] = json!(kid);
    let (_, rest) = token.split_once('.').expect("a token");
    format!("{}.{rest}", encoded(&header))
}

fn with_header(token: &str, header: &Value, signature: &str) -> String {
    let claims = token.split('.').nth(1).expect("a token");
    format!("{}.{claims}.{signature}", encoded(header))
}
