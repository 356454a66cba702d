//! The cryptography behind `jsonwebtoken`: RS256 by aws-lc-rs, with parsed keys kept between calls.
//!
//! `jsonwebtoken` asks its provider for a signer or verifier at every call and hands it the key as bytes. The providers
//! that come with it parse the key each time. This one looks it up, and knows no algorithm but RS256, so that no token
//! is verified by another one whatever its header says.

use std::sync::{Arc, Mutex, Once, PoisonError};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind, new_error},
    signature::{self, Signer, Verifier},
};
use sha2::{Digest, Sha256};

use super::CryptoError;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // Converts keys to and from JWKs, which `jwk.rs` does.
    key_utils: KeyUtils::new_unimplemented(),
};

/// One key signs at a time.
static PRIVATE: ParsedKeys<RsaKeyPair> = ParsedKeys::new(1);

/// The next, the current and the retired keys of a ring.
static PUBLIC: ParsedKeys<ParsedPublicKey> = ParsedKeys::new(8);

/// Makes `jsonwebtoken` use this provider. It has to be called before every use of `jsonwebtoken`; only the first call
/// does something.
pub(super) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Fails only if a provider is installed already, and nothing else installs one.
        let _ = PROVIDER.install_default();
    });
}

/// The key pair of a PKCS#8 document.
pub(super) fn key_pair(pkcs8: &[u8]) -> Result<Arc<RsaKeyPair>, CryptoError> {
    PRIVATE.get(&[pkcs8], || RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| CryptoError::Key))
}

/// The public key with this modulus and exponent, both big-endian. Their sizes are not checked here.
pub(super) fn public_key(n: &[u8], e: &[u8]) -> Result<Arc<ParsedPublicKey>, CryptoError> {
    PUBLIC.get(&[n, e], || {
        let parsed = PublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
        parsed.map_err(|_| CryptoError::Key)
    })
}

struct Rs256Signer(Arc<RsaKeyPair>);

impl Signer<Vec<u8>> for Rs256Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(signature::Error::from_source)?;
        Ok(signature)
    }
}

impl JwtSigner for Rs256Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    require_rs256(*algorithm)?;
    let pair = key_pair(key.as_bytes()).map_err(|_| new_error(ErrorKind::InvalidKeyFormat))?;
    Ok(Box::new(Rs256Signer(pair)))
}

struct Rs256Verifier(Arc<ParsedPublicKey>);

impl Verifier<Vec<u8>> for Rs256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0.verify_sig(message, signature).map_err(signature::Error::from_source)
    }
}

impl JwtVerifier for Rs256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    require_rs256(*algorithm)?;
    let key = match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, e } => public_key(n, e).ok(),
        DecodingKeyKind::SecretOrDer(_) => None,
    };
    Ok(Box::new(Rs256Verifier(key.ok_or_else(|| new_error(ErrorKind::InvalidKeyFormat))?)))
}

fn require_rs256(algorithm: Algorithm) -> Result<(), Error> {
    if algorithm == Algorithm::RS256 { Ok(()) } else { Err(new_error(ErrorKind::InvalidAlgorithm)) }
}

/// Parsed keys by the SHA-256 of their bytes, the oldest first.
struct ParsedKeys<K> {
    capacity: usize,
    keys: Mutex<Vec<([u8; 32], Arc<K>)>>,
}

impl<K> ParsedKeys<K> {
    const fn new(capacity: usize) -> Self {
        Self { capacity, keys: Mutex::new(Vec::new()) }
    }

    /// The parsed key of these bytes. Beyond the capacity, the oldest key is forgotten.
    fn get<E>(&self, bytes: &[&[u8]], parse: impl FnOnce() -> Result<K, E>) -> Result<Arc<K>, E> {
        // With their lengths, so that modulus and exponent cannot be confused.
        let hash = |hash: Sha256, part: &&[u8]| hash.chain_update(part.len().to_be_bytes()).chain_update(part);
        let digest = bytes.iter().fold(Sha256::new(), hash).finalize().into();
        // A panic while the lock is held leaves the list whole: nothing in between can panic.
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = keys.iter().find(|(held, _)| *held == digest) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(parse()?);
        if keys.len() == self.capacity {
            keys.remove(0);
        }
        keys.push((digest, Arc::clone(&key)));
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_parsed_once_until_newer_ones_take_its_place() {
        let keys = ParsedKeys::<u8>::new(2);
        let parsed = |byte: u8, value: u8| *keys.get(&[&[byte]], || Ok::<_, ()>(value)).unwrap();
        assert_eq!([parsed(1, 1), parsed(1, 7), parsed(2, 2), parsed(1, 7)], [1, 1, 2, 1]);
        assert_eq!([parsed(3, 3), parsed(2, 7), parsed(1, 7)], [3, 2, 7]);
    }

    #[test]
    fn a_key_that_does_not_parse_is_not_kept() {
        let keys = ParsedKeys::<u8>::new(2);
        assert_eq!(keys.get(&[&[1]], || Err("no key")), Err("no key"));
        assert_eq!(keys.get(&[&[1]], || Ok::<_, ()>(1)).as_deref(), Ok(&1));
    }

    #[test]
    fn no_algorithm_but_rs256_has_a_signer_or_verifier() {
        let secret = (EncodingKey::from_secret(b"secret"), DecodingKey::from_secret(b"secret"));
        for algorithm in [Algorithm::HS256, Algorithm::RS384, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA] {
            assert!(signer(&algorithm, &secret.0).is_err());
            assert!(verifier(&algorithm, &secret.1).is_err());
        }
        assert!(signer(&Algorithm::RS256, &secret.0).is_err());
        assert!(verifier(&Algorithm::RS256, &secret.1).is_err());
    }
}
