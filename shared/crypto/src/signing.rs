//! The ring of keys that sign access tokens.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::{KeyPair, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::EncodingKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    CryptoError,
    jwk::{Jwk, Jwks},
    provider,
};
use verinym_domain::time::Timestamp;

/// How long a retired key stays in the JWKS: far beyond the 15 minutes of a token and the age of any cached ring.
pub const RETIRED_FOR: Duration = Duration::from_hours(24);

/// An RSA-2048 key. The private half is kept as text and parsed at its first signature, since most processes that
/// hold a ring never sign.
#[derive(Clone, Serialize, Deserialize)]
pub struct SigningKey {
    public: Jwk,
    /// PKCS#8, base64.
    private: Zeroizing<String>,
    #[serde(skip)]
    parsed: Arc<OnceLock<Result<EncodingKey, CryptoError>>>,
}

impl SigningKey {
    pub fn generate() -> Result<Self, CryptoError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| CryptoError::Key)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| CryptoError::Key)?;
        Ok(Self {
            public: public_jwk(&pair),
            private: Zeroizing::new(STANDARD.encode(der.as_ref())),
            parsed: Arc::default(),
        })
    }

    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    pub fn public(&self) -> &Jwk {
        &self.public
    }

    /// The private half, ready to sign.
    pub(super) fn encoding(&self) -> Result<&EncodingKey, CryptoError> {
        self.parsed.get_or_init(|| self.parse()).as_ref().map_err(|error| *error)
    }

    /// [`CryptoError::Key`] also if the public half beside it is another key's: what it signs would verify nowhere.
    fn parse(&self) -> Result<EncodingKey, CryptoError> {
        let der = Zeroizing::new(STANDARD.decode(self.private.as_bytes()).map_err(|_| CryptoError::Key)?);
        let pair = provider::key_pair(&der)?;
        if public_jwk(&pair) == self.public { Ok(EncodingKey::from_rsa_der(&der)) } else { Err(CryptoError::Key) }
    }

    /// RS256 over the message, for tokens that [`super::access::issue`] does not write.
    #[cfg(test)]
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        provider::install();
        let signature = jsonwebtoken::crypto::sign(message, self.encoding()?, jsonwebtoken::Algorithm::RS256);
        let signature = signature.map_err(|_| CryptoError::Signing)?;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).map_err(|_| CryptoError::Signing)
    }
}

fn public_jwk(pair: &RsaKeyPair) -> Jwk {
    let public = pair.public_key();
    Jwk::from_components(
        public.modulus().big_endian_without_leading_zero(),
        public.exponent().big_endian_without_leading_zero(),
    )
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.public.kid).finish_non_exhaustive()
    }
}

/// A key that signs no more, but whose tokens may still be about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredKey {
    pub public: Jwk,
    pub retired_at: Timestamp,
}

/// The keys in use; JSON in a secret. `next` is published before it signs, so that everybody knows it by then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SigningRing {
    pub next: SigningKey,
    pub current: SigningKey,
    pub previous: Vec<RetiredKey>,
    /// When `current` began to sign.
    pub rotated_at: Timestamp,
}

impl SigningRing {
    /// Two new keys.
    pub fn generate(now: Timestamp) -> Result<Self, CryptoError> {
        Ok(Self {
            next: SigningKey::generate()?,
            current: SigningKey::generate()?,
            previous: Vec::new(),
            rotated_at: now,
        })
    }

    /// The ring one step on: `next` signs, `current` retires, what retired longer than [`RETIRED_FOR`] ago is dropped.
    pub fn rotated(&self, now: Timestamp) -> Result<Self, CryptoError> {
        let retired = RetiredKey { public: self.current.public.clone(), retired_at: now };
        let previous = self.previous.iter().filter(|key| now.since(key.retired_at) <= RETIRED_FOR).cloned();
        Ok(Self {
            next: SigningKey::generate()?,
            current: self.next.clone(),
            previous: std::iter::once(retired).chain(previous).collect(),
            rotated_at: now,
        })
    }

    /// The public keys: next, current, previous.
    pub fn jwks(&self) -> Jwks {
        let live = [self.next.public.clone(), self.current.public.clone()];
        Jwks { keys: live.into_iter().chain(self.previous.iter().map(|key| key.public.clone())).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn kids(ring: &SigningRing) -> Vec<String> {
        ring.jwks().keys.into_iter().map(|key| key.kid).collect()
    }

    #[test]
    fn rotation_moves_every_key_one_step() {
        let ring = SigningRing::generate(NOW).unwrap();
        let (next, current) = (ring.next.kid().to_owned(), ring.current.kid().to_owned());
        assert_eq!(kids(&ring), [next.clone(), current.clone()]);

        let rotated = ring.rotated(NOW + RETIRED_FOR).unwrap();
        assert_eq!(rotated.rotated_at, NOW + RETIRED_FOR);
        assert_eq!(kids(&rotated)[1..], [next.clone(), current.clone()]);
        assert_ne!(rotated.next.kid(), next);

        // At its term a retired key is still there, a second later it is gone.
        let kept = SigningRing { next: ring.next.clone(), ..rotated.clone() };
        assert!(kids(&kept.rotated(NOW + RETIRED_FOR * 2).unwrap()).contains(&current));
        let late = kept.rotated(NOW + RETIRED_FOR * 2 + Duration::from_secs(1)).unwrap();
        assert!(!kids(&late).contains(&current));
        assert_eq!(late.previous.len(), 1);
    }

    #[test]
    fn a_ring_round_trips_as_json_signs_and_hides_in_debug() {
        let ring = crate::access::tests::RING.clone();
        let json = serde_json::to_string(&ring).unwrap();
        let read: SigningRing = serde_json::from_str(&json).unwrap();
        assert_eq!(read.jwks(), ring.jwks());
        let signature = read.current.sign(b"message").unwrap();
        let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(signature);
        let public = ring.current.public().parse().unwrap();
        assert_eq!(
            jsonwebtoken::crypto::verify(&signature, b"message", &public, jsonwebtoken::Algorithm::RS256),
            Ok(true)
        );
        assert!(!format!("{ring:?}").contains(&ring.current.private[100..150]));
    }

    #[test]
    fn a_key_whose_public_half_is_another_s_does_not_sign() {
        let ring = &crate::access::tests::RING;
        let mixed = SigningKey { public: ring.next.public.clone(), parsed: Arc::default(), ..ring.current.clone() };
        assert_eq!(mixed.sign(b"message"), Err(CryptoError::Key));
        let broken =
            SigningKey { private: Zeroizing::new("AAAA".into()), parsed: Arc::default(), ..ring.current.clone() };
        assert_eq!(broken.sign(b"message"), Err(CryptoError::Key));
    }

    #[test]
    fn no_private_part_is_published() {
        let jwks = serde_json::to_value(crate::access::tests::RING.jwks()).unwrap();
        for key in jwks["keys"].as_array().unwrap() {
            let names: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
        }
    }
}
