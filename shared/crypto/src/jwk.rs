//! Public RSA keys as JSON Web Keys (RFC 7517), named by their thumbprint (RFC 7638).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{CryptoError, provider};

/// A public key for RS256 signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwk {
    /// The key's RFC 7638 thumbprint.
    #[schema(example = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")]
    pub kid: String,
    /// Always `RSA`.
    #[schema(example = "RSA")]
    pub kty: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub usage: String,
    /// Always `RS256`.
    #[schema(example = "RS256")]
    pub alg: String,
    /// The modulus, base64url.
    #[schema(example = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc")]
    pub n: String,
    /// The public exponent, base64url.
    #[schema(example = "AQAB")]
    pub e: String,
}

/// A JWK set, as `/.well-known/jwks.json` serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}

impl Jwk {
    /// From big-endian modulus and exponent without leading zeros.
    pub fn from_components(n: &[u8], e: &[u8]) -> Self {
        let (n, e) = (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e));
        let kid = thumbprint(&n, &e);
        Self { kid, kty: "RSA".into(), usage: "sig".into(), alg: "RS256".into(), n, e }
    }

    /// The key, ready to verify; [`CryptoError::Key`] unless it is an RS256 signature key under its own thumbprint.
    pub fn parse(&self) -> Result<DecodingKey, CryptoError> {
        let stated = (self.kty.as_str(), self.usage.as_str(), self.alg.as_str());
        if stated != ("RSA", "sig", "RS256") || self.kid != thumbprint(&self.n, &self.e) {
            return Err(CryptoError::Key);
        }
        // The exponent of every key we make; a tiny one would make signatures forgeable.
        if self.e != "AQAB" {
            return Err(CryptoError::Key);
        }
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| CryptoError::Key);
        let (n, e) = (decode(&self.n)?, decode(&self.e)?);
        // aws-lc-rs does not check the size of a key that is parsed from its components.
        if !(256..=512).contains(&n.len()) || n.first().is_none_or(|byte| *byte < 0x80) {
            return Err(CryptoError::Key);
        }
        provider::public_key(&n, &e)?;
        Ok(DecodingKey::from_rsa_raw_components(&n, &e))
    }
}

/// RFC 7638 §3: SHA-256 over the required members in lexicographic order, without white space.
fn thumbprint(n: &str, e: &str) -> String {
    // Both are base64url of our own making or compared with a name of our own: no character needs JSON's escapes.
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprint_agrees_with_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV\
                 4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0\
                 zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-cs\
                 FCur-kEgU8awapJzKnqDKgw";
        assert_eq!(thumbprint(n, "AQAB"), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert!(Jwk::from_components(&URL_SAFE_NO_PAD.decode(n).unwrap(), &[1, 0, 1]).parse().is_ok());
    }

    #[test]
    fn a_key_under_another_name_or_for_another_use_is_refused() {
        let good = Jwk::from_components(&[0xc5; 256], &[1, 0, 1]);
        assert!(good.parse().is_ok());
        for bad in [
            Jwk { kid: "mine".into(), ..good.clone() },
            Jwk { usage: "enc".into(), ..good.clone() },
            Jwk { alg: "HS256".into(), ..good.clone() },
            Jwk { kty: "oct".into(), ..good.clone() },
            Jwk::from_components(&[0xc5; 128], &[1, 0, 1]),
            Jwk::from_components(&[0xc5; 256], &[1]),
            Jwk::from_components(&[0xc5; 256], &[3]),
        ] {
            assert_eq!(bad.parse().unwrap_err(), CryptoError::Key);
        }
    }
}
