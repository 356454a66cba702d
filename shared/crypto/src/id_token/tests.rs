use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;

use super::*;
use crate::{
    access::tests::RING,
    es256::{self, Es256Key},
    signing::SigningKey,
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
const EXPECTED: ExpectedIdToken<'static> = ExpectedIdToken {
    issuer: "https://accounts.example",
    client_id: "our-client",
    nonce: "n-0S6_WzA2Mj",
    algorithm: SignatureAlgorithm::Rs256,
    now: NOW,
};

fn claims() -> Value {
    json!({"iss": EXPECTED.issuer, "sub": "248289761001", "aud": "our-client", "nonce": EXPECTED.nonce,
           "iat": NOW.unix_seconds(), "exp": NOW.unix_seconds() + 300, "email": "ada@example.com"})
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).unwrap()))
}

fn rs256() -> Value {
    json!({"alg": "RS256", "typ": "JWT", "kid": RING.current.kid()})
}

fn keys() -> ProviderKeys {
    ProviderKeys::parse(&serde_json::to_vec(&RING.jwks()).unwrap()).unwrap()
}

fn verify(header: &Value, claims: &Value) -> Result<IdTokenClaims, IdTokenRefusal> {
    keys().verify(&signed(&RING.current, header, claims), &EXPECTED)
}

#[track_caller]
fn refused(claims: &Value, refusal: IdTokenRefusal) {
    assert_eq!(verify(&rs256(), claims).unwrap_err(), refusal, "{claims}");
}

#[test]
fn a_right_token_gives_its_claims() {
    let claims = verify(&rs256(), &claims()).unwrap();
    assert_eq!((claims.sub.as_str(), claims.profile["email"].as_str()), ("248289761001", Some("ada@example.com")));
    assert!(!format!("{claims:?}").contains("ada@"));
}

#[test]
fn headers_of_microsoft_with_other_members_are_taken() {
    let header = json!({"alg": "RS256", "kid": RING.current.kid(), "x5t": "abc", "typ": "JWT"});
    assert!(verify(&header, &claims()).is_ok());
}

#[test]
fn alg_none_is_refused() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let token = format!("{}.{}.", part(&json!({"alg": alg})), part(&claims()));
        assert_eq!(keys().verify(&token, &EXPECTED).unwrap_err(), IdTokenRefusal::Algorithm, "{alg}");
    }
}

#[test]
fn a_token_signed_with_the_public_key_as_hmac_secret_is_refused() {
    use hmac::{Hmac, KeyInit, Mac};
    let secret = serde_json::to_vec(RING.current.public()).unwrap();
    for alg in ["HS256", "RS256"] {
        let message = format!("{}.{}", part(&json!({"alg": alg, "kid": RING.current.kid()})), part(&claims()));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&secret).unwrap();
        mac.update(message.as_bytes());
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        assert!(keys().verify(&token, &EXPECTED).is_err(), "{alg}");
    }
}

#[test]
fn the_algorithm_of_the_configuration_counts_and_not_that_of_the_header() {
    let es256 = ExpectedIdToken { algorithm: SignatureAlgorithm::Es256, ..EXPECTED };
    let token = signed(&RING.current, &rs256(), &claims());
    assert_eq!(keys().verify(&token, &es256).unwrap_err(), IdTokenRefusal::Algorithm);
    let header = json!({"alg": "ES256", "kid": RING.current.kid()});
    let token = signed(&RING.current, &header, &claims());
    assert_eq!(keys().verify(&token, &es256).unwrap_err(), IdTokenRefusal::UnknownKey);
}

#[test]
fn an_unknown_key_and_a_wrong_signature_are_told_apart() {
    let header = json!({"alg": "RS256", "kid": "another"});
    assert_eq!(verify(&header, &claims()).unwrap_err(), IdTokenRefusal::UnknownKey);
    let token = signed(&RING.next, &rs256(), &claims());
    assert_eq!(keys().verify(&token, &EXPECTED).unwrap_err(), IdTokenRefusal::Signature);
    let good = signed(&RING.current, &rs256(), &claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let forged = format!("{header}.{}.{signature}", part(&with(json!({"sub": "1"}))));
    assert_eq!(keys().verify(&forged, &EXPECTED).unwrap_err(), IdTokenRefusal::Signature);
}

#[test]
fn a_key_in_the_header_is_not_used() {
    let attacker = SigningKey::generate().unwrap();
    let jwk = serde_json::to_value(attacker.public()).unwrap();
    for header in [
        json!({"alg": "RS256", "jwk": jwk}),
        json!({"alg": "RS256", "kid": RING.current.kid(), "jwk": jwk}),
        json!({"alg": "RS256", "kid": attacker.kid(), "jku": "https://attacker.example/jwks"}),
        json!({"alg": "RS256", "kid": attacker.kid(), "x5u": "https://attacker.example/x", "x5c": ["AAAA"]}),
    ] {
        assert!(keys().verify(&signed(&attacker, &header, &claims()), &EXPECTED).is_err(), "{header}");
    }
}

#[test]
fn critical_extensions_are_refused() {
    for extension in [json!({"crit": ["b64"], "b64": false}), json!({"crit": []}), json!({"b64": true})] {
        let mut header = rs256();
        header.as_object_mut().unwrap().extend(extension.as_object().unwrap().clone());
        assert_eq!(verify(&header, &claims()).unwrap_err(), IdTokenRefusal::Critical, "{header}");
    }
}

#[test]
fn without_a_kid_only_the_key_of_a_set_with_one_key_is_used() {
    let header = json!({"alg": "RS256"});
    assert_eq!(verify(&header, &claims()).unwrap_err(), IdTokenRefusal::UnknownKey);
    let one = ProviderKeys::parse(&serde_json::to_vec(&json!({"keys": [RING.current.public()]})).unwrap()).unwrap();
    assert!(one.verify(&signed(&RING.current, &header, &claims()), &EXPECTED).is_ok());
}

#[test]
fn a_kid_that_two_keys_have_names_none() {
    let mut other = serde_json::to_value(RING.next.public()).unwrap();
    other["kid"] = RING.current.kid().into();
    let set = json!({"keys": [other, RING.current.public()]});
    let keys = ProviderKeys::parse(&serde_json::to_vec(&set).unwrap()).unwrap();
    let token = signed(&RING.current, &rs256(), &claims());
    assert_eq!(keys.verify(&token, &EXPECTED).unwrap_err(), IdTokenRefusal::UnknownKey);
}

#[test]
fn keys_for_encryption_and_weak_keys_are_left_out() {
    let good = serde_json::to_value(RING.current.public()).unwrap();
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        key
    };
    let set = json!({"keys": [
        with("use", json!("enc")), with("alg", json!("PS256")), with("n", json!(URL_SAFE_NO_PAD.encode([0xc5; 128]))),
        with("e", json!("AQ")), with("kty", json!("oct")), json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}), json!(1),
    ]});
    assert_eq!(ProviderKeys::parse(&serde_json::to_vec(&set).unwrap()).unwrap().0.len(), 0);
    // Keys of Azure have neither `alg` nor, in older sets, `use`.
    let mut bare = good.clone();
    bare.as_object_mut().unwrap().remove("alg");
    bare.as_object_mut().unwrap().remove("use");
    let set = serde_json::to_vec(&json!({"keys": [bare]})).unwrap();
    assert_eq!(ProviderKeys::parse(&set).unwrap().0.len(), 1);
    for wrong in ["", "[]", "{}", r#"{"keys": 1}"#, "<html>"] {
        assert!(ProviderKeys::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn issuer_audience_and_nonce_must_be_ours() {
    refused(&with(json!({"iss": "https://accounts.example/"})), IdTokenRefusal::Issuer);
    refused(&with(json!({"iss": "https://accounts.example.attacker.net"})), IdTokenRefusal::Issuer);
    refused(&with(json!({"sub": ""})), IdTokenRefusal::Issuer);
    refused(&with(json!({"aud": "another"})), IdTokenRefusal::Audience);
    refused(&with(json!({"aud": []})), IdTokenRefusal::Audience);
    refused(&with(json!({"azp": "another"})), IdTokenRefusal::Audience);
    refused(&with(json!({"aud": ["our-client", "another"]})), IdTokenRefusal::Audience);
    refused(&with(json!({"aud": ["our-client", "another"], "azp": "another"})), IdTokenRefusal::Audience);
    refused(&with(json!({"aud": ["another", "third"], "azp": "our-client"})), IdTokenRefusal::Audience);
    refused(&with(json!({"nonce": null})), IdTokenRefusal::Nonce);
    refused(&with(json!({"nonce": "another"})), IdTokenRefusal::Nonce);
    for taken in [
        json!({"aud": ["our-client"]}),
        json!({"azp": "our-client"}),
        json!({"aud": ["project", "our-client"], "azp": "our-client"}),
    ] {
        assert!(verify(&rs256(), &with(taken)).is_ok());
    }
}

#[test]
fn times_bound_a_token_to_this_sign_in() {
    let now = NOW.unix_seconds();
    refused(&with(json!({"exp": now})), IdTokenRefusal::Expired);
    refused(&with(json!({"iat": now - OLDEST - 1})), IdTokenRefusal::Expired);
    refused(&with(json!({"iat": now + LEEWAY + 1})), IdTokenRefusal::NotYetValid);
    refused(&with(json!({"nbf": now + LEEWAY + 1})), IdTokenRefusal::NotYetValid);
    for missing in ["iss", "sub", "aud", "exp", "iat"] {
        refused(&with(json!({ missing: null })), IdTokenRefusal::Malformed);
    }
    refused(&with(json!({"exp": (now + 300).to_string()})), IdTokenRefusal::Malformed);
    assert!(verify(&rs256(), &with(json!({"iat": now + LEEWAY, "exp": now + 1}))).is_ok());
    assert!(verify(&rs256(), &with(json!({"iat": 1_772_357_399.5, "exp": 1_772_357_700.25}))).is_ok());
}

#[test]
fn an_issuer_of_several_tenants_is_that_of_the_token_s_tenant() {
    let issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let expected = ExpectedIdToken { issuer, ..EXPECTED };
    let check = |iss: &str, tid: Value| {
        keys().verify(&signed(&RING.current, &rs256(), &with(json!({"iss": iss, "tid": tid}))), &expected)
    };
    let tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let of_tenant = format!("https://login.microsoftonline.com/{tenant}/v2.0");
    assert!(check(&of_tenant, json!(tenant)).is_ok());
    for (iss, tid) in [
        (of_tenant.as_str(), Value::Null),
        (&of_tenant, json!("9188040d-6c67-4c5b-b112-36a304b66dae")),
        (issuer, json!("{tenantid}")),
        ("https://login.microsoftonline.com/a/../b/v2.0", json!("a/../b")),
        ("https://login.microsoftonline.com//v2.0", json!("")),
    ] {
        assert_eq!(check(iss, tid).unwrap_err(), IdTokenRefusal::Issuer, "{iss}");
    }
}

#[test]
fn text_that_is_no_token_is_refused() {
    let token = signed(&RING.current, &rs256(), &claims());
    for bad in ["", "a", "a.b", "a.b.c", "....", &format!("{token}."), &format!("{token}="), &"a".repeat(MAX_BYTES + 1)]
    {
        assert_eq!(keys().verify(bad, &EXPECTED).unwrap_err(), IdTokenRefusal::Malformed, "{bad:.20}");
    }
}

#[test]
fn es256_verifies_with_its_own_key_only() {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    let point = pair.public_key().as_ref();
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256",
                     "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..])});
    let keys = ProviderKeys::parse(&serde_json::to_vec(&json!({"keys": [jwk]})).unwrap()).unwrap();
    let expected = ExpectedIdToken { algorithm: SignatureAlgorithm::Es256, ..EXPECTED };
    let key = Es256Key::from_pem(&es256::tests::pem(pkcs8.as_ref())).unwrap();
    let token = key.sign_jwt("ec", &claims()).unwrap();
    assert!(keys.verify(&token, &expected).is_ok());
    let other = Es256Key::from_pem(&es256::tests::generated()).unwrap().sign_jwt("ec", &claims()).unwrap();
    assert_eq!(keys.verify(&other, &expected).unwrap_err(), IdTokenRefusal::Signature);
}
