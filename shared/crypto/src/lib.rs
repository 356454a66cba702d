//! Cryptography: pure functions over keys and bytes; where keys come from is the store's matter.
//!
//! | module | what it makes |
//! |---|---|
//! | [`field`], [`document`] | ciphertexts of personal fields and of documents |
//! | [`wrap`] | keys wrapped by keys, and the cache of unwrapped ones |
//! | [`index`] | blind indexes and keyed digests |
//! | [`password`] | password hashes |
//! | [`access`], [`refresh`], [`mailed`] | tokens |
//! | [`cursor`] | list cursors |

pub mod access;
pub mod cursor;
pub mod document;
pub mod field;
mod gcm;
pub mod index;
pub mod jwk;
pub mod key;
mod mac;
pub mod mailed;
pub mod password;
mod provider;
pub mod random;
pub mod refresh;
pub mod signing;
mod siv;
#[cfg(test)]
mod vectors;
pub mod wrap;
#[cfg(test)]
mod wycheproof;

pub use key::{DataKey, LongKey};

/// Why a cryptographic step failed; on purpose it tells no more than its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The bytes are not of the format expected: too short, or of another version.
    #[error("malformed ciphertext")]
    Malformed,
    /// Wrong key, another place, or altered bytes: which of them cannot be told.
    #[error("ciphertext does not open")]
    DoesNotOpen,
    /// The text or bytes are no key of the kind asked for.
    #[error("malformed key")]
    Key,
    /// The input is longer than this format takes.
    #[error("input too long")]
    TooLong,
    /// A stored password hash is not one of ours, or Argon2 refused its parameters.
    #[error("password hash unusable")]
    PasswordHash,
    /// The signature could not be made.
    #[error("signing failed")]
    Signing,
}
