//! Access tokens: JSON Web Tokens of type `at+jwt` (RFC 9068), signed RS256 (RFC 7515, RFC 7518 §3.3).
//!
//! The compact form is read here and not by `jsonwebtoken`, which parses the RSA key anew at every call and asks the
//! clock itself. Only the one form that [`issue`] writes is taken: any header member beyond `alg`, `typ` and `kid`
//! (an embedded key, `crit`, `b64`) is refused unread.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::signature::ParsedPublicKey;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::CryptoError;
pub use super::{
    jwk::{Jwk, Jwks},
    signing::{RETIRED_FOR, RetiredKey, SigningKey, SigningRing},
};
use crate::domain::{
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
    /// Seconds by which clocks may differ, for `exp` and `nbf`.
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
}

/// A signed token, by the ring's current key.
pub fn issue(ring: &SigningRing, claims: &AccessClaims) -> Result<String, CryptoError> {
    let key = &ring.current;
    let header = Header { alg: ALGORITHM.into(), typ: Some(TYPE.into()), kid: Some(key.kid().into()) };
    let mut token = part(&header)?;
    token.push('.');
    token.push_str(&part(claims)?);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

fn part(value: &impl Serialize) -> Result<String, CryptoError> {
    serde_json::to_vec(value).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| CryptoError::Signing)
}

/// The public keys of a ring by name, parsed once.
#[derive(Clone)]
pub struct VerificationKeys(BTreeMap<String, ParsedPublicKey>);

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
    /// The claims of a token that is ours, for this issuer and audience, at this time. `nbf` and `exp` bound
    /// `[nbf, exp)`, widened by the leeway at both ends.
    pub fn verify(&self, token: &str, expected: &Expected<'_>) -> Result<AccessClaims, TokenRefusal> {
        let compact = Compact::parse(token)?;
        if compact.header.alg != ALGORITHM {
            return Err(TokenRefusal::Algorithm);
        }
        if compact.header.typ.as_deref() != Some(TYPE) {
            return Err(TokenRefusal::Type);
        }
        let key = compact.header.kid.as_ref().and_then(|kid| self.0.get(kid)).ok_or(TokenRefusal::UnknownKey)?;
        let payload = compact.payload(key)?;
        let claims: AccessClaims = serde_json::from_slice(&payload).map_err(|_| TokenRefusal::Malformed)?;
        check(&claims, expected)?;
        Ok(claims)
    }
}

fn check(claims: &AccessClaims, expected: &Expected<'_>) -> Result<(), TokenRefusal> {
    let (now, leeway) = (expected.now.unix_seconds(), i64::from(expected.leeway));
    if claims.iss != expected.issuer {
        Err(TokenRefusal::Issuer)
    } else if claims.aud != expected.audience {
        Err(TokenRefusal::Audience)
    } else if now >= claims.exp.saturating_add(leeway) {
        Err(TokenRefusal::Expired)
    } else if now.saturating_add(leeway) < claims.nbf {
        Err(TokenRefusal::NotYetValid)
    } else {
        Ok(())
    }
}

/// A JWS in compact form (RFC 7515 §7.1), its header read, nothing verified.
struct Compact<'a> {
    header: Header,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Compact<'a> {
    fn parse(token: &'a str) -> Result<Self, TokenRefusal> {
        if token.len() > MAX_BYTES {
            return Err(TokenRefusal::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenRefusal::Malformed)?;
        if payload.contains('.') {
            return Err(TokenRefusal::Malformed);
        }
        let header = serde_json::from_slice(&decode(header)?).map_err(|_| TokenRefusal::Malformed)?;
        Ok(Self { header, signed, payload, signature })
    }

    /// The payload, once the signature verifies.
    fn payload(&self, key: &ParsedPublicKey) -> Result<Vec<u8>, TokenRefusal> {
        let signature = decode(self.signature)?;
        key.verify_sig(self.signed.as_bytes(), &signature).map_err(|_| TokenRefusal::Signature)?;
        decode(self.payload)
    }
}

fn decode(text: &str) -> Result<Vec<u8>, TokenRefusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenRefusal::Malformed)
}

/// Whether a compact JWS is RS256 by this key, whatever its type: for vectors that are not access tokens.
#[cfg(test)]
pub(super) fn verifies(jws: &str, key: &ParsedPublicKey) -> bool {
    Compact::parse(jws).is_ok_and(|compact| compact.header.alg == ALGORITHM && compact.payload(key).is_ok())
}
