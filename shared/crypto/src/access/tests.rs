use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{super::mac, *};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
const EXPECTED: Expected<'_> =
    Expected { issuer: "https://id.example.org", audience: "https://api.example.org", now: NOW, leeway: 0 };

/// Generated once: two RSA keys take a while.
pub static RING: LazyLock<SigningRing> = LazyLock::new(|| SigningRing::generate(NOW).unwrap());
static KEYS: LazyLock<VerificationKeys> = LazyLock::new(|| (&RING.jwks()).try_into().unwrap());

fn claims() -> AccessClaims {
    AccessClaims {
        iss: EXPECTED.issuer.into(),
        sub: UserId::from_parts(NOW, [1; 10]),
        aud: EXPECTED.audience.into(),
        client_id: "web".into(),
        exp: NOW.unix_seconds() + 900,
        iat: NOW.unix_seconds(),
        nbf: NOW.unix_seconds(),
        jti: "c7a1".into(),
        sid: SessionId::from_parts(NOW, [2; 10]),
        roles: vec!["user".into()],
        kyc_status: "none".into(),
        amr: vec!["pwd".into()],
        auth_time: NOW.unix_seconds(),
    }
}

fn part(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_vec(value).map(|json| URL_SAFE_NO_PAD.encode(json))
}

fn token() -> String {
    issue(&RING, &claims()).unwrap()
}

/// A token of any header and payload, rightly signed by our current key.
fn signed(header: &Value, payload: &Value) -> String {
    let message = format!("{}.{}", part(header).unwrap(), part(payload).unwrap());
    let signature = RING.current.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header() -> Value {
    json!({ "alg": "RS256", "typ": "at+jwt", "kid": RING.current.kid() })
}

fn header_with(name: &str, value: Value) -> Value {
    let mut header = header();
    header[name] = value;
    header
}

fn refusal(token: &str) -> TokenRefusal {
    KEYS.verify(token, &EXPECTED).unwrap_err()
}

#[test]
fn what_was_issued_verifies() {
    assert_eq!(KEYS.verify(&token(), &EXPECTED), Ok(claims()));
    assert_eq!(token().split('.').count(), 3);
    assert_eq!(signed(&header(), &serde_json::to_value(claims()).unwrap()).split('.').count(), 3);
    let read: Value = serde_json::from_slice(&decode(token().split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(read, header());
}

#[test]
fn tokens_of_next_and_previous_keys_verify() {
    let ahead = SigningRing { current: RING.next.clone(), ..RING.clone() };
    assert!(KEYS.verify(&issue(&ahead, &claims()).unwrap(), &EXPECTED).is_ok());
    let retired = RetiredKey { public: RING.current.public().clone(), retired_at: NOW };
    let behind = SigningRing { current: RING.next.clone(), previous: vec![retired], ..RING.clone() };
    let keys = VerificationKeys::try_from(&behind.jwks()).unwrap();
    assert!(keys.verify(&token(), &EXPECTED).is_ok());
}

#[test]
fn other_algorithms_are_refused() {
    let payload = serde_json::to_value(claims()).unwrap();
    for alg in ["none", "None", "RS512", "PS256", "rs256", "ES256", ""] {
        assert_eq!(refusal(&signed(&header_with("alg", json!(alg)), &payload)), TokenRefusal::Algorithm, "{alg}");
    }
    let unsigned = format!("{}.{}.", part(&header_with("alg", json!("none"))).unwrap(), part(&payload).unwrap());
    assert_eq!(refusal(&unsigned), TokenRefusal::Algorithm);
}

#[test]
fn the_public_key_is_no_hmac_key() {
    let public = RING.current.public();
    let as_json = serde_json::to_vec(public).unwrap();
    let modulus = decode(&public.n).unwrap();
    let message = format!("{}.{}", part(&header_with("alg", json!("HS256"))).unwrap(), part(&claims()).unwrap());
    for secret in [as_json.as_slice(), &modulus, public.n.as_bytes()] {
        use hmac::Mac;
        let tag = mac::hmac(secret).chain_update(&message).finalize().into_bytes();
        assert_eq!(refusal(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))), TokenRefusal::Algorithm);
    }
}

#[test]
fn other_types_keys_and_header_members_are_refused() {
    let payload = serde_json::to_value(claims()).unwrap();
    for typ in [json!("JWT"), json!("AT+JWT"), json!(null)] {
        assert_eq!(refusal(&signed(&header_with("typ", typ), &payload)), TokenRefusal::Type);
    }
    for kid in [json!("another"), json!(""), json!(null), json!("../../dev/null")] {
        assert_eq!(refusal(&signed(&header_with("kid", kid), &payload)), TokenRefusal::UnknownKey);
    }
    for (name, value) in [
        ("jwk", serde_json::to_value(RING.current.public()).unwrap()),
        ("jku", json!("https://attacker.example")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ] {
        assert_eq!(refusal(&signed(&header_with(name, value), &payload)), TokenRefusal::Malformed, "{name}");
    }
}

#[test]
fn a_foreign_key_under_our_name_is_refused() {
    // The other key of the ring, so that no third one need be made: it signs under the current one's name.
    let message = format!("{}.{}", part(&header()).unwrap(), part(&claims()).unwrap());
    let signature = RING.next.sign(message.as_bytes()).unwrap();
    assert_eq!(refusal(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))), TokenRefusal::Signature);
}

#[test]
fn an_altered_token_is_refused() {
    let token = token();
    let mut raised = claims();
    raised.roles.push("admin".into());
    let [header, _, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let altered = format!("{header}.{}.{signature}", part(&raised).unwrap());
    assert_eq!(refusal(&altered), TokenRefusal::Signature);
    for at in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(KEYS.verify(std::str::from_utf8(&bytes).unwrap(), &EXPECTED).is_err(), "{at}");
        assert!(KEYS.verify(&token[..at], &EXPECTED).is_err(), "{at}");
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    let token = token();
    let payload = serde_json::to_value(claims()).unwrap();
    for bad in [
        String::new(),
        "..".into(),
        "a.b.c".into(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}="),
        format!("{token}\n"),
        token.replacen('.', "..", 1),
        "a".repeat(MAX_BYTES + 1),
        signed(&header(), &json!({})),
        signed(&header(), &json!([])),
        signed(&json!("RS256"), &payload),
    ] {
        assert_eq!(refusal(&bad), TokenRefusal::Malformed, "{bad}");
    }
    let twice = serde_json::to_string(&header()).unwrap().replace('}', r#","alg":"RS256"}"#);
    let twice = format!("{}.{}", URL_SAFE_NO_PAD.encode(twice), token.split_once('.').unwrap().1);
    assert_eq!(refusal(&twice), TokenRefusal::Malformed);
}

#[test]
fn a_token_without_one_of_its_claims_is_malformed() {
    let payload = serde_json::to_value(claims()).unwrap();
    for name in payload.as_object().unwrap().keys() {
        let mut without = payload.clone();
        without.as_object_mut().unwrap().remove(name);
        assert_eq!(refusal(&signed(&header(), &without)), TokenRefusal::Malformed, "{name}");
    }
}

#[test]
fn a_token_is_valid_from_nbf_until_before_exp() {
    let token = token();
    let at = |seconds: i64, leeway| {
        let now = Timestamp::from_unix_seconds(NOW.unix_seconds() + seconds);
        KEYS.verify(&token, &Expected { now, leeway, ..EXPECTED }).map(|_| ())
    };
    assert_eq!(at(-1, 0), Err(TokenRefusal::NotYetValid));
    assert_eq!(at(-5, 5), Ok(()));
    assert_eq!(at(-6, 5), Err(TokenRefusal::NotYetValid));
    assert_eq!(at(0, 0), Ok(()));
    assert_eq!(at(899, 0), Ok(()));
    assert_eq!(at(900, 0), Err(TokenRefusal::Expired));
    assert_eq!(at(899, 5), Ok(()));
    assert_eq!(at(900, 5), Err(TokenRefusal::Expired));
}

#[test]
fn a_token_from_the_future_is_refused_and_times_beyond_reach_do_not_overflow() {
    let ahead = AccessClaims { nbf: i64::MIN, iat: NOW.unix_seconds() + 6, ..claims() };
    let verify = |claims: &AccessClaims, leeway| {
        KEYS.verify(&issue(&RING, claims).unwrap(), &Expected { leeway, ..EXPECTED }).map(|_| ())
    };
    assert_eq!(verify(&ahead, 5), Err(TokenRefusal::NotYetValid));
    assert_eq!(verify(&ahead, 6), Ok(()));
    let extreme = AccessClaims { exp: i64::MAX, nbf: i64::MIN, iat: i64::MAX, ..claims() };
    assert_eq!(verify(&extreme, u32::MAX), Err(TokenRefusal::NotYetValid));
    let extreme = AccessClaims { exp: i64::MAX, nbf: i64::MIN, ..claims() };
    let token = issue(&RING, &extreme).unwrap();
    assert!(KEYS.verify(&token, &Expected { leeway: u32::MAX, ..EXPECTED }).is_ok());
}

#[test]
fn another_issuer_or_audience_is_refused() {
    let token = token();
    let other = Expected { issuer: "https://id.example.org/", ..EXPECTED };
    assert_eq!(KEYS.verify(&token, &other), Err(TokenRefusal::Issuer));
    let other = Expected { audience: "https://id.example.org", ..EXPECTED };
    assert_eq!(KEYS.verify(&token, &other), Err(TokenRefusal::Audience));
}
