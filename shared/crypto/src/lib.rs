//! Cryptography: pure functions over keys and bytes. The store loads and keeps the keys.
//!
//! | module | contents |
//! |---|---|
//! | [`field`], [`document`] | ciphertexts of personal fields and of documents |
//! | [`wrap`] | keys wrapped by keys, and the cache of unwrapped ones |
//! | [`ring`] | keys that rotate |
//! | [`index`] | blind indexes and keyed digests |
//! | [`password`] | password hashes |
//! | [`totp`], [`backup_code`] | codes of second factors |
//! | [`client`] | secrets and assertions of machine clients |
//! | [`access`], [`refresh`], [`mailed`] | tokens |
//! | [`id_token`], [`es256`] | tokens of other identity providers, and those that we sign for them |
//! | [`cursor`] | list cursors |

pub mod access;
pub mod backup_code;
pub mod client;
pub mod cursor;
pub mod document;
pub mod es256;
pub mod field;
mod gcm;
pub mod id_token;
pub mod index;
pub mod jwk;
pub mod key;
mod mac;
pub mod mailed;
pub mod password;
mod provider;
pub mod random;
pub mod refresh;
pub mod ring;
pub mod signing;
mod siv;
pub mod totp;
#[cfg(test)]
mod vectors;
pub mod wrap;
#[cfg(test)]
mod wycheproof;

pub use key::{DataKey, LongKey};

/// Why a cryptographic operation failed. It reveals no details on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The bytes do not have the expected format: too short, or of another version.
    #[error("malformed ciphertext")]
    Malformed,
    /// The key or the place is wrong, or the bytes were altered.
    #[error("ciphertext does not open")]
    DoesNotOpen,
    /// The text or the bytes are not a key of the expected size.
    #[error("malformed key")]
    Key,
    /// The input is longer than the format allows.
    #[error("input too long")]
    TooLong,
    /// The stored password hash has another format, or Argon2 refused its parameters.
    #[error("password hash unusable")]
    PasswordHash,
    /// The signature could not be computed.
    #[error("signing failed")]
    Signing,
}
