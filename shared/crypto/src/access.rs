//! Access tokens: JSON Web Tokens of type `at+jwt` (RFC 9068), signed RS256 (RFC 7515, RFC 7518 §3.3).
//!
//! `jsonwebtoken` writes and verifies them. In front of it stands a strict check of the header, since `jsonwebtoken`
//! takes any header member: only the form that [`issue`] writes is taken, and a token with any member beyond `alg`,
//! `typ` and `kid` (an embedded key, `crit`, `b64`) is refused before its signature is looked at.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};

use super::{CryptoError, provider};
pub use super::{
    jwk::{Jwk, Jwks},
    signing::{RETIRED_FOR, RetiredKey, SigningKey, SigningRing},
};
use verinym_domain::{
    id::{SessionId, UserId},
    time::Timestamp,
};

/// Longest token looked at, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;

const ALGORITHM: &str = "RS256";
const TYPE: &str = "at+jwt";

/// What an access token says (API §1); times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    pub iss: String,
    pub sub: UserId,
    pub aud: String,
    pub client_id: String,
    pub exp: i64,
    pub iat: i64,
    pub nbf: i64,
    pub jti: String,
    pub sid: SessionId,
    pub roles: Vec<String>,
    pub kyc_status: String,
    /// How the person proved who they are (RFC 8176).
    pub amr: Vec<String>,
    pub auth_time: i64,
}

/// What a token must be for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub audience: &'a str,
    pub now: Timestamp,
    /// Seconds by which the issuer's clock may be ahead, for `nbf` and `iat`. A token that has expired has expired.
    pub leeway: u32,
}

/// Why a token is not taken. For logs and metrics; a caller is told no more than 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    #[error("not an access token")]
    Malformed,
    #[error("signed by another algorithm")]
    Algorithm,
    #[error("a token of another type")]
    Type,
    #[error("signed by a key that is not ours")]
    UnknownKey,
    #[error("signature does not verify")]
    Signature,
    #[error("expired")]
    Expired,
    #[error("not yet valid")]
    NotYetValid,
    #[error("from another issuer")]
    Issuer,
    #[error("for another audience")]
    Audience,
}

/// The members that a header may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
}

impl Header {
    /// The header of a JWS in compact form (RFC 7515 §7.1). Nothing is verified.
    fn of(token: &str) -> Result<Self, TokenRefusal> {
        if token.len() > MAX_BYTES {
            return Err(TokenRefusal::Malformed);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(TokenRefusal::Malformed);
        };
        let header: Self = serde_json::from_slice(&decode(header)?).map_err(|_| TokenRefusal::Malformed)?;
        if header.alg == ALGORITHM { Ok(header) } else { Err(TokenRefusal::Algorithm) }
    }
}

/// A signed token, by the ring's current key.
pub fn issue(ring: &SigningRing, claims: &AccessClaims) -> Result<String, CryptoError> {
    provider::install();
    let key = &ring.current;
    let mut header = jsonwebtoken::Header::new(Algorithm::RS256);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(key.kid().to_owned());
    jsonwebtoken::encode(&header, claims, key.encoding()?).map_err(|_| CryptoError::Signing)
}

/// The public keys of a ring by name, ready to verify.
#[derive(Clone)]
pub struct VerificationKeys(BTreeMap<String, DecodingKey>);

impl fmt::Debug for VerificationKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl TryFrom<&Jwks> for VerificationKeys {
    type Error = CryptoError;

    fn try_from(jwks: &Jwks) -> Result<Self, CryptoError> {
        jwks.keys.iter().map(|key| Ok((key.kid.clone(), key.parse()?))).collect::<Result<_, _>>().map(Self)
    }
}

impl VerificationKeys {
    /// The claims of a token that is ours, for this issuer and audience, at this time. It is valid in
    /// `[nbf, exp)`, and not issued in the future; `nbf` and `iat` may be ahead by the leeway.
    pub fn verify(&self, token: &str, expected: &Expected<'_>) -> Result<AccessClaims, TokenRefusal> {
        provider::install();
        let header = Header::of(token)?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(TokenRefusal::Type);
        }
        let key = header.kid.as_ref().and_then(|kid| self.0.get(kid)).ok_or(TokenRefusal::UnknownKey)?;
        let decoded = jsonwebtoken::decode(token, key, &validation(expected));
        let claims = decoded.map_err(|error| refusal(error.kind()))?.claims;
        check_times(&claims, expected)?;
        Ok(claims)
    }
}

/// What `jsonwebtoken` checks beside the signature. Times are left to [`check_times`]: `jsonwebtoken` asks the clock
/// itself, knows no `iat`, and would give `exp` the leeway too. [`AccessClaims`] requires every claim.
fn validation(expected: &Expected<'_>) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.audience]);
    validation
}

fn refusal(error: &ErrorKind) -> TokenRefusal {
    match error {
        ErrorKind::InvalidSignature => TokenRefusal::Signature,
        ErrorKind::InvalidIssuer => TokenRefusal::Issuer,
        ErrorKind::InvalidAudience => TokenRefusal::Audience,
        ErrorKind::InvalidAlgorithm => TokenRefusal::Algorithm,
        // The enum is open; what remains is text that is not base64url, JSON or these claims.
        _ => TokenRefusal::Malformed,
    }
}

fn check_times(claims: &AccessClaims, expected: &Expected<'_>) -> Result<(), TokenRefusal> {
    let (now, leeway) = (expected.now.unix_seconds(), i64::from(expected.leeway));
    if now >= claims.exp {
        Err(TokenRefusal::Expired)
    } else if now.saturating_add(leeway) < claims.nbf.max(claims.iat) {
        Err(TokenRefusal::NotYetValid)
    } else {
        Ok(())
    }
}

fn decode(text: &str) -> Result<Vec<u8>, TokenRefusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenRefusal::Malformed)
}

/// Whether a compact JWS is RS256 by this key, whatever its type and payload: for vectors that are not access tokens.
#[cfg(test)]
pub(super) fn verifies(jws: &str, key: &DecodingKey) -> bool {
    provider::install();
    let Some((message, signature)) = jws.rsplit_once('.') else { return false };
    Header::of(jws).is_ok()
        && decode(message.rsplit('.').next().unwrap_or_default()).is_ok()
        && jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, Algorithm::RS256).unwrap_or(false)
}

#[cfg(test)]
pub(super) mod tests {
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
}
