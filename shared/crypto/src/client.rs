//! What machine clients prove themselves with: secrets, and assertions that they sign (RFC 7523).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{CryptoError, access::MAX_BYTES, jwk::Jwk, provider, random};
use verinym_domain::{
    client::{ClientKey, SecretHash},
    id::ClientId,
    secret::SecretText,
};

/// The algorithm of assertions (RFC 7518 §3.3).
pub const ALGORITHM: &str = "RS256";

/// Marks a secret of a client, so that scanners of source code find one.
const PREFIX: &str = "vnsec_";

/// A new secret with 256 random bits.
pub fn new_secret() -> SecretText {
    SecretText::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random::bytes::<32>())))
}

/// SHA-256 of a secret: a secret of 256 random bits needs no slow hash.
pub fn hash(secret: &str) -> SecretHash {
    SecretHash(URL_SAFE_NO_PAD.encode(Sha256::digest(secret)))
}

/// Whether a secret has one of these hashes, in constant time for each.
pub fn matches<'a>(secret: &str, hashes: impl Iterator<Item = &'a SecretHash>) -> bool {
    let given = hash(secret);
    hashes.fold(false, |found, stored| found | bool::from(stored.0.as_bytes().ct_eq(given.0.as_bytes())))
}

/// The public key of a client, from its modulus and exponent: RSA of 2,048 to 4,096 bits with the exponent 65537.
pub fn key(n: &str, e: &str) -> Result<ClientKey, CryptoError> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| CryptoError::Key);
    let jwk = Jwk::from_components(&decode(n)?, &decode(e)?);
    jwk.parse()?;
    Ok(ClientKey { kid: jwk.kid, n: jwk.n, e: jwk.e })
}

/// The claims of an assertion (RFC 7523 §3); times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AssertionClaims {
    pub iss: ClientId,
    pub sub: ClientId,
    pub aud: Audience,
    pub exp: i64,
    #[serde(default)]
    pub nbf: Option<i64>,
    #[serde(default)]
    pub iat: Option<i64>,
    pub jti: String,
}

/// One audience or several (RFC 7519 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// Whether this is the only audience. An assertion that is meant for others as well could be used here by one of them.
    pub fn is(&self, expected: &str) -> bool {
        match self {
            Self::One(one) => one == expected,
            Self::Several(several) => matches!(&several[..], [only] if only == expected),
        }
    }
}

/// The members that the header of an assertion may have. A key in the header would be chosen by whoever signs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
}

/// A signed assertion that is not verified yet.
#[derive(Debug)]
pub struct Assertion<'a> {
    text: &'a str,
    kid: Option<String>,
    /// The client that the assertion names, to find its keys by.
    pub client: ClientId,
}

#[derive(Deserialize)]
struct Named {
    sub: ClientId,
}

impl<'a> Assertion<'a> {
    /// Reads header and subject of a compact JWS (RFC 7515 §7.1). `None` unless it is RS256, without other header members than
    /// `alg`, `typ` and `kid`.
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        let typed = header
            .typ
            .as_deref()
            .is_none_or(|typ| typ.eq_ignore_ascii_case("jwt") || typ == "client-authentication+jwt");
        if header.alg != ALGORITHM || !typed {
            return None;
        }
        let named: Named = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        Some(Self { text, kid: header.kid, client: named.sub })
    }

    /// The claims, if one of the client's keys signed them. A `kid` chooses the key; without one each key is tried.
    pub fn verify(&self, keys: &[ClientKey]) -> Option<AssertionClaims> {
        provider::install();
        let candidates = keys.iter().filter(|key| self.kid.as_ref().is_none_or(|kid| *kid == key.kid));
        // Times and audience are checked by the caller, who knows the clock and the endpoint.
        let mut validation = Validation::new(Algorithm::RS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let mut verified = candidates.filter_map(|key| {
            let (n, e) = (URL_SAFE_NO_PAD.decode(&key.n).ok()?, URL_SAFE_NO_PAD.decode(&key.e).ok()?);
            let key = Jwk::from_components(&n, &e).parse().ok()?;
            jsonwebtoken::decode::<AssertionClaims>(self.text, &key, &validation).ok().map(|decoded| decoded.claims)
        });
        verified.next().filter(|claims| claims.iss == claims.sub && claims.sub == self.client)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{random::RandomId, signing::SigningRing};
    use verinym_domain::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn signed(ring: &SigningRing, header: &Value, claims: &Value) -> String {
        provider::install();
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), ring.current.encoding().unwrap(), Algorithm::RS256).unwrap();
        format!("{message}.{signature}")
    }

    fn keys(ring: &SigningRing) -> Vec<ClientKey> {
        ring.jwks().keys.iter().map(|jwk| key(&jwk.n, &jwk.e).unwrap()).collect()
    }

    fn claims(client: ClientId) -> Value {
        json!({"iss": client, "sub": client, "aud": "https://id.example/v1/oauth/token", "exp": 1, "jti": "a"})
    }

    #[test]
    fn a_secret_matches_its_hash_and_no_other_secret_does() {
        let (secret, other) = (new_secret(), new_secret());
        let hashes = [hash(secret.expose())];
        assert!(matches(secret.expose(), hashes.iter()));
        assert!(!matches(other.expose(), hashes.iter()));
        assert!(!matches(secret.expose(), [].iter()));
        assert!(secret.expose().starts_with(PREFIX));
    }

    #[test]
    fn an_assertion_is_verified_by_the_keys_of_the_client_alone() {
        let (ring, stranger) = (SigningRing::generate(NOW).unwrap(), SigningRing::generate(NOW).unwrap());
        let client = ClientId::new(NOW);
        let text = signed(&ring, &json!({"alg": "RS256"}), &claims(client));
        let assertion = Assertion::parse(&text).unwrap();
        assert_eq!(assertion.client, client);
        assert!(
            assertion.verify(&keys(&ring)).is_some_and(|claims| claims.aud.is("https://id.example/v1/oauth/token"))
        );
        assert!(assertion.verify(&keys(&stranger)).is_none());
        let kid = ring.current.kid();
        let text = signed(&ring, &json!({"alg": "RS256", "kid": kid}), &claims(client));
        assert!(Assertion::parse(&text).unwrap().verify(&keys(&ring)).is_some());
        let text = signed(&ring, &json!({"alg": "RS256", "kid": "another"}), &claims(client));
        assert!(Assertion::parse(&text).unwrap().verify(&keys(&ring)).is_none());
    }

    #[test]
    fn an_assertion_has_exactly_one_audience() {
        let audience = |value: Value| serde_json::from_value::<Audience>(value).unwrap();
        for (value, only) in [
            (json!("https://id.example"), true),
            (json!(["https://id.example"]), true),
            (json!(["https://id.example", "https://other.example"]), false),
            (json!(["https://id.example", "https://id.example"]), false),
            (json!([]), false),
            (json!("https://id.example/"), false),
            (json!("https://id.example https://other.example"), false),
        ] {
            assert_eq!(audience(value.clone()).is("https://id.example"), only, "{value}");
        }
    }

    #[test]
    fn an_assertion_in_the_name_of_another_client_is_refused() {
        let ring = SigningRing::generate(NOW).unwrap();
        let mut forged = claims(ClientId::new(NOW));
        forged["iss"] = json!(ClientId::new(NOW));
        let text = signed(&ring, &json!({"alg": "RS256"}), &forged);
        assert!(Assertion::parse(&text).unwrap().verify(&keys(&ring)).is_none());
    }

    #[test]
    fn headers_that_choose_the_algorithm_or_the_key_are_refused() {
        let ring = SigningRing::generate(NOW).unwrap();
        let client = ClientId::new(NOW);
        for header in [
            json!({"alg": "none"}),
            json!({"alg": "HS256"}),
            json!({"alg": "RS512"}),
            json!({"alg": "RS256", "jwk": {}}),
            json!({"alg": "RS256", "jku": "https://evil.example"}),
            json!({"alg": "RS256", "crit": ["exp"]}),
            json!({"alg": "RS256", "typ": "at+jwt"}),
        ] {
            assert!(Assertion::parse(&signed(&ring, &header, &claims(client))).is_none(), "{header}");
        }
        assert!(Assertion::parse("a.b").is_none());
        assert!(Assertion::parse(&"a".repeat(MAX_BYTES + 1)).is_none());
    }

    #[test]
    fn a_short_key_and_a_small_exponent_are_refused() {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        assert!(key(&encode(&[0xc5; 256]), "AQAB").is_ok());
        assert!(key(&encode(&[0xc5; 128]), "AQAB").is_err());
        assert!(key(&encode(&[0xc5; 256]), "Aw").is_err());
        assert!(key("not base64!", "AQAB").is_err());
    }
}
