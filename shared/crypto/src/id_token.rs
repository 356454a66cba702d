//! ID tokens of other identity providers (OpenID Connect Core 1.0 §2), verified with the provider's keys.
//!
//! Which algorithm a provider signs with is configuration. The header of a token never chooses it, and no key comes from a
//! header: `jwk`, `jku`, `x5c` and `x5u` are not read, and a critical extension is refused.

use std::fmt;

use aws_lc_rs::{
    rsa::PublicKeyComponents,
    signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use verinym_domain::time::Timestamp;

use super::CryptoError;

/// Longest token looked at, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;

/// Most keys of a set that are parsed.
const MOST_KEYS: usize = 64;

/// Seconds by which the provider's clock may be ahead of ours.
const LEEWAY: i64 = 60;

/// A token was issued for this very sign-in, so an older one belongs to another. Seconds.
const OLDEST: i64 = 10 * 60;

/// Where an issuer of several tenants has the tenant's id, as Microsoft's discovery document states it.
pub const TENANT: &str = "{tenantid}";

/// A signature algorithm of RFC 7518 §3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SignatureAlgorithm {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
}

impl SignatureAlgorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// What a token must be for.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedIdToken<'a> {
    /// Exactly as the provider writes it; with [`TENANT`] it stands for all tenants.
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    pub algorithm: SignatureAlgorithm,
    pub now: Timestamp,
}

/// Why an ID token is not taken. For the log only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenRefusal {
    #[error("not an ID token")]
    Malformed,
    #[error("signed by another algorithm than configured")]
    Algorithm,
    #[error("has a critical extension")]
    Critical,
    /// The provider may have a new key: the caller reads the key set again, once.
    #[error("signed by a key that is not in the provider's set")]
    UnknownKey,
    #[error("signature does not verify")]
    Signature,
    #[error("from another issuer")]
    Issuer,
    #[error("for another client")]
    Audience,
    #[error("expired, or issued for an earlier sign-in")]
    Expired,
    #[error("not yet valid")]
    NotYetValid,
    #[error("of another sign-in")]
    Nonce,
}

/// The claims of an ID token that are used. `Debug` shows nothing of the person.
#[derive(Clone, Deserialize)]
pub struct IdTokenClaims {
    pub iss: String,
    pub sub: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    exp: f64,
    iat: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    nonce: Option<String>,
    /// Microsoft's id of the tenant.
    #[serde(default)]
    tid: Option<String>,
    /// All claims, also those above.
    #[serde(flatten)]
    pub profile: serde_json::Map<String, Value>,
}

impl fmt::Debug for IdTokenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenClaims").field("iss", &self.iss).finish_non_exhaustive()
    }
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
    /// RFC 7797: an unencoded payload would be another text than the one we decode.
    #[serde(default)]
    b64: Option<Value>,
}

/// The signature keys of a provider.
pub struct ProviderKeys(Vec<ProviderKey>);

struct ProviderKey {
    kid: Option<String>,
    algorithm: SignatureAlgorithm,
    key: ParsedPublicKey,
}

impl fmt::Debug for ProviderKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| key.kid.as_deref().unwrap_or("-"))).finish()
    }
}

impl ProviderKeys {
    /// The keys of a JWK set (RFC 7517 §5). Keys for other uses, of other types or too weak are left out.
    ///
    /// # Errors
    /// [`CryptoError::Key`] if it is not a JWK set.
    pub fn parse(jwks: &[u8]) -> Result<Self, CryptoError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(jwks).map_err(|_| CryptoError::Key)?;
        Ok(Self(set.keys.iter().take(MOST_KEYS).filter_map(ProviderKey::parse).collect()))
    }

    /// The claims of a token of this provider, for this client, sign-in and time.
    pub fn verify(&self, token: &str, expected: &ExpectedIdToken<'_>) -> Result<IdTokenClaims, IdTokenRefusal> {
        if token.len() > MAX_BYTES {
            return Err(IdTokenRefusal::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(IdTokenRefusal::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(IdTokenRefusal::Malformed)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| IdTokenRefusal::Malformed)?;
        if header.alg != expected.algorithm.name() {
            return Err(IdTokenRefusal::Algorithm);
        }
        if header.crit.is_some() || header.b64.is_some() {
            return Err(IdTokenRefusal::Critical);
        }
        let key = self.key(header.kid.as_deref(), expected.algorithm)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        key.verify_sig(message.as_bytes(), &signature).map_err(|_| IdTokenRefusal::Signature)?;
        let claims: IdTokenClaims = serde_json::from_slice(&payload).map_err(|_| IdTokenRefusal::Malformed)?;
        claims.check(expected)?;
        Ok(claims)
    }

    /// The key that the header names, or the only key if it names none. A name that two keys of one algorithm have names
    /// none of them.
    fn key(&self, kid: Option<&str>, algorithm: SignatureAlgorithm) -> Result<&ParsedPublicKey, IdTokenRefusal> {
        let named = |key: &&ProviderKey| kid.is_none_or(|kid| key.kid.as_deref() == Some(kid));
        let mut keys = self.0.iter().filter(|key| key.algorithm == algorithm).filter(named);
        match (keys.next(), keys.next()) {
            (Some(only), None) => Ok(&only.key),
            _ => Err(IdTokenRefusal::UnknownKey),
        }
    }
}

impl ProviderKey {
    fn parse(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        if text("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        let (algorithm, key) = match text("kty")? {
            "RSA" => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                // aws-lc-rs does not check the size of a key that is parsed from its components.
                if !(256..=1024).contains(&n.len()) || *n.first()? < 0x80 || e != [1, 0, 1] {
                    return None;
                }
                let key = PublicKeyComponents { n: &n, e: &e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
                (SignatureAlgorithm::Rs256, key.ok()?)
            }
            "EC" if text("crv") == Some("P-256") => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                let point = [&[4], &x[..], &y].concat();
                (SignatureAlgorithm::Es256, ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()?)
            }
            _ => return None,
        };
        let other = text("alg").is_some_and(|stated| stated != algorithm.name());
        (!other).then(|| Self { kid: text("kid").map(str::to_owned), algorithm, key })
    }
}

impl IdTokenClaims {
    /// OpenID Connect Core §3.1.3.7.
    fn check(&self, expected: &ExpectedIdToken<'_>) -> Result<(), IdTokenRefusal> {
        if !self.is_from(expected.issuer) || self.sub.is_empty() || self.sub.len() > 255 {
            return Err(IdTokenRefusal::Issuer);
        }
        let azp = self.azp.as_deref();
        let only_us = match &self.aud {
            Audience::One(one) => one == expected.client_id,
            Audience::Several(all) => {
                all.iter().any(|one| one == expected.client_id) && (all.len() == 1 || azp.is_some())
            }
        };
        if !only_us || azp.is_some_and(|azp| azp != expected.client_id) {
            return Err(IdTokenRefusal::Audience);
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
        let (now, leeway, oldest) = (expected.now.unix_seconds() as f64, LEEWAY as f64, OLDEST as f64);
        if now >= self.exp || now > self.iat + oldest {
            return Err(IdTokenRefusal::Expired);
        }
        if now + leeway < self.iat.max(self.nbf.unwrap_or(self.iat)) {
            return Err(IdTokenRefusal::NotYetValid);
        }
        if self.nonce.as_deref() == Some(expected.nonce) { Ok(()) } else { Err(IdTokenRefusal::Nonce) }
    }

    fn is_from(&self, issuer: &str) -> bool {
        let Some((before, after)) = issuer.split_once(TENANT) else { return self.iss == issuer };
        let tenant = self.tid.as_deref().filter(|tid| uuid::Uuid::try_parse(tid).is_ok());
        tenant.is_some_and(|tid| self.iss == format!("{before}{tid}{after}"))
    }
}

fn decode(text: &str) -> Result<Vec<u8>, IdTokenRefusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| IdTokenRefusal::Malformed)
}

#[cfg(test)]
mod tests;
