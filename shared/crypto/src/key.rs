//! Symmetric keys. They are wiped on drop, print as `***`, and leave memory as text only by `to_base64`.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use zeroize::{Zeroize, Zeroizing};

use super::{CryptoError, random};

/// A key of `N` bytes. It has no `Serialize` of its own, so that no struct that holds one is written by accident;
/// a key ring names [`as_base64`] at its field.
#[derive(Clone)]
pub struct SymmetricKey<const N: usize>(Zeroizing<[u8; N]>);

/// 256 bits: AES-256-GCM and HMAC-SHA-256.
pub type DataKey = SymmetricKey<32>;

/// 512 bits: AES-256-SIV, whose two halves are a MAC key and an encryption key (RFC 5297).
pub type LongKey = SymmetricKey<64>;

impl<const N: usize> SymmetricKey<N> {
    /// A new random key.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random::bytes()))
    }

    pub fn from_bytes(bytes: [u8; N]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Standard base64 with padding, the form keys have in secrets.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.expose()))
    }

    /// [`CryptoError::Key`] unless it is base64 of exactly `N` bytes.
    pub fn from_base64(text: &str) -> Result<Self, CryptoError> {
        // Decoded into place: no copy of the key stays behind in a freed buffer. The estimate of the decoder rounds up
        // to three bytes per four characters, hence the slack.
        if text.len() != N.div_ceil(3) * 4 {
            return Err(CryptoError::Key);
        }
        let mut buffer = Zeroizing::new([0u8; 66]);
        let space = buffer.get_mut(..N.div_ceil(3) * 3).ok_or(CryptoError::Key)?;
        let read = STANDARD.decode_slice(text, space).map_err(|_| CryptoError::Key)?;
        Self::try_from(&space[..read])
    }
}

impl<const N: usize> TryFrom<&[u8]> for SymmetricKey<N> {
    type Error = CryptoError;

    fn try_from(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() != N {
            return Err(CryptoError::Key);
        }
        let mut key = Zeroizing::new([0; N]);
        key.copy_from_slice(bytes);
        Ok(Self(key))
    }
}

impl<const N: usize> fmt::Debug for SymmetricKey<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de, const N: usize> Deserialize<'de> for SymmetricKey<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = String::deserialize(deserializer)?;
        let key = Self::from_base64(&text).map_err(D::Error::custom);
        text.zeroize();
        key
    }
}

/// `#[serde(serialize_with = "as_base64")]`: the stated wish to write a key into a secret.
pub fn as_base64<S: Serializer, const N: usize>(key: &SymmetricKey<N>, serializer: S) -> Result<S::Ok, S::Error> {
    key.to_base64().as_str().serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_key() {
        assert_eq!(format!("{:?}", DataKey::from_bytes([7; 32])), "***");
    }

    #[test]
    fn text_form_round_trips() {
        let key = LongKey::generate();
        assert_eq!(LongKey::from_base64(&key.to_base64()).unwrap().expose(), key.expose());
        let json = serde_json::to_string(key.to_base64().as_str()).unwrap();
        assert_eq!(serde_json::from_str::<LongKey>(&json).unwrap().expose(), key.expose());
        let short = DataKey::generate();
        assert_eq!(DataKey::from_base64(&short.to_base64()).unwrap().expose(), short.expose());
    }

    #[test]
    fn another_length_or_alphabet_is_no_key() {
        for text in [
            String::new(),
            STANDARD.encode([1; 31]),
            STANDARD.encode([1; 33]),
            STANDARD.encode([1; 64]),
            STANDARD.encode([255; 32]).replace('/', "_"),
            STANDARD.encode([1; 32]).replace('=', "A"),
        ] {
            assert_eq!(DataKey::from_base64(&text).unwrap_err(), CryptoError::Key, "{text}");
        }
    }
}
