//! JSON Web Tokens that we sign for another service with the ES256 key it gave us: Apple's client secret.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::CryptoError;

/// A private P-256 key.
pub struct Es256Key(EcdsaKeyPair);

impl fmt::Debug for Es256Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Es256Key {
    /// From PKCS#8 in PEM form (RFC 7468), as Apple's `.p8` file has it.
    pub fn from_pem(pem: &str) -> Result<Self, CryptoError> {
        let body = pem
            .trim()
            .strip_prefix("-----BEGIN PRIVATE KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END PRIVATE KEY-----"))
            .ok_or(CryptoError::Key)?;
        let text: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        let der = Zeroizing::new(STANDARD.decode(text.as_bytes()).map_err(|_| CryptoError::Key)?);
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        pair.map(Self).map_err(|_| CryptoError::Key)
    }

    /// A signed token with these claims.
    pub fn sign_jwt(&self, kid: &str, claims: &impl Serialize) -> Result<String, CryptoError> {
        let header = json!({"alg": "ES256", "kid": kid}).to_string();
        let claims = serde_json::to_vec(claims).map_err(|_| CryptoError::Signing)?;
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).map_err(|_| CryptoError::Signing)?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn pem(pkcs8: &[u8]) -> String {
        let text = STANDARD.encode(pkcs8);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    pub fn generated() -> String {
        pem(EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap().as_ref())
    }

    #[test]
    fn a_pem_file_with_any_line_ends_is_read_and_hides_in_debug() {
        let key = generated();
        for text in [key.clone(), key.replace('\n', "\r\n"), format!("  {key} ")] {
            assert_eq!(format!("{:?}", Es256Key::from_pem(&text).unwrap()), "***");
        }
        for wrong in ["", "AAAA", &key[10..], &key.replace("PRIVATE", "EC PRIVATE"), &key.replace('M', "!")] {
            assert!(Es256Key::from_pem(wrong).is_err());
        }
    }
}
