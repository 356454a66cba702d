//! Access tokens: JSON Web Tokens of type `at+jwt` (RFC 9068), signed RS256 (RFC 7515, RFC 7518 §3.3).
//!
//! `jsonwebtoken` writes and verifies them. In front of it stands a strict check of the header, since `jsonwebtoken`
//! takes any header member: only the form that [`issue`] writes is taken, and a token with any member beyond `alg`,
//! `typ` and `kid` (an embedded key, `crit`, `b64`) is refused before its signature is looked at.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{CryptoError, provider};
pub use super::{
    jwk::{Jwk, Jwks},
    signing::{RETIRED_FOR, RetiredKey, SigningKey, SigningRing},
};
use verinym_domain::{
    id::{ClientId, SessionId, UserId},
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

/// What the access token of a machine client says (RFC 9068 §2.2); times are seconds since 1970. It has no session: the client
/// itself must still live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientClaims {
    pub iss: String,
    pub sub: ClientId,
    pub aud: String,
    pub client_id: ClientId,
    pub exp: i64,
    pub iat: i64,
    pub nbf: i64,
    pub jti: String,
    /// Permissions, separated by spaces (RFC 6749 §3.3).
    pub scope: String,
}

/// The claims of an access token, by whose token it is. The prefix of `sub` tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum TokenClaims {
    Person(AccessClaims),
    Client(ClientClaims),
}

impl TokenClaims {
    /// The id of the person or the machine client.
    pub fn subject(&self) -> String {
        match self {
            Self::Person(claims) => claims.sub.to_string(),
            Self::Client(claims) => claims.sub.to_string(),
        }
    }
}

/// Claims that this module signs and verifies: `exp`, `nbf` and `iat`.
trait Timed {
    fn times(&self) -> (i64, i64, i64);
}

impl Timed for AccessClaims {
    fn times(&self) -> (i64, i64, i64) {
        (self.exp, self.nbf, self.iat)
    }
}

impl Timed for TokenClaims {
    fn times(&self) -> (i64, i64, i64) {
        match self {
            Self::Person(claims) => claims.times(),
            Self::Client(claims) => (claims.exp, claims.nbf, claims.iat),
        }
    }
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

/// A signed token of a person, by the ring's current key.
pub fn issue(ring: &SigningRing, claims: &AccessClaims) -> Result<String, CryptoError> {
    sign(ring, claims)
}

/// A signed token of a machine client, by the ring's current key.
pub fn issue_to_client(ring: &SigningRing, claims: &ClientClaims) -> Result<String, CryptoError> {
    sign(ring, claims)
}

fn sign(ring: &SigningRing, claims: &impl Serialize) -> Result<String, CryptoError> {
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
    /// The claims of a person's token that is ours, for this issuer and audience, at this time. It is valid in
    /// `[nbf, exp)`, and not issued in the future; `nbf` and `iat` may be ahead by the leeway.
    pub fn verify(&self, token: &str, expected: &Expected<'_>) -> Result<AccessClaims, TokenRefusal> {
        self.claims(token, expected)
    }

    /// The same for the token of a person or of a machine client.
    pub fn verify_any(&self, token: &str, expected: &Expected<'_>) -> Result<TokenClaims, TokenRefusal> {
        self.claims(token, expected)
    }

    fn claims<C: Timed + DeserializeOwned>(&self, token: &str, expected: &Expected<'_>) -> Result<C, TokenRefusal> {
        provider::install();
        let header = Header::of(token)?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(TokenRefusal::Type);
        }
        let key = header.kid.as_ref().and_then(|kid| self.0.get(kid)).ok_or(TokenRefusal::UnknownKey)?;
        let decoded = jsonwebtoken::decode(token, key, &validation(expected));
        let claims: C = decoded.map_err(|error| refusal(error.kind()))?.claims;
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

fn check_times(claims: &impl Timed, expected: &Expected<'_>) -> Result<(), TokenRefusal> {
    let (now, leeway) = (expected.now.unix_seconds(), i64::from(expected.leeway));
    let (exp, nbf, iat) = claims.times();
    if now >= exp {
        Err(TokenRefusal::Expired)
    } else if now.saturating_add(leeway) < nbf.max(iat) {
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
pub(super) mod tests;
