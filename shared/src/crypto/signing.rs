//! The ring of keys that sign access tokens.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    CryptoError,
    jwk::{Jwk, Jwks},
};
use crate::domain::time::Timestamp;

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
    parsed: Arc<OnceLock<Result<RsaKeyPair, CryptoError>>>,
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

    /// RS256 over the message.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let pair = self.parsed.get_or_init(|| self.parse()).as_ref().map_err(|error| *error)?;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| CryptoError::Signing)?;
        Ok(signature)
    }

    /// [`CryptoError::Key`] also if the public half beside it is another key's: what it signs would verify nowhere.
    fn parse(&self) -> Result<RsaKeyPair, CryptoError> {
        let der = Zeroizing::new(STANDARD.decode(self.private.as_bytes()).map_err(|_| CryptoError::Key)?);
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(|_| CryptoError::Key)?;
        if public_jwk(&pair) == self.public { Ok(pair) } else { Err(CryptoError::Key) }
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
