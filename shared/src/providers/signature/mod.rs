//! Signatures of webhooks, one file per scheme.

use http::HeaderMap;

use crate::domain::{secret::Secret, time::Timestamp};

pub mod standard_webhooks;

/// How a sender signs its webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    StandardWebhooks,
}

/// A signing key, read from the text form of its scheme.
#[derive(Debug, Clone)]
pub struct Key(Secret<Vec<u8>>);

/// The text is not a key of the scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed signing key")]
pub struct MalformedKey;

/// What a good signature vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The sender's id of the message, the same whenever it is sent again.
    pub id: String,
    /// When this delivery was signed.
    pub sent_at: Timestamp,
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    #[error("a signature header is missing")]
    Missing,
    #[error("a signature header is malformed")]
    Malformed,
    /// Truly signed, but too long ago or too far ahead: a replay, or a clock that is wrong.
    #[error("signed too long ago or in the future")]
    TimeOff,
    #[error("no signature matches")]
    Mismatch,
}

impl Scheme {
    /// Reads a key in the scheme's text form.
    pub fn key(self, text: &Secret<String>) -> Result<Key, MalformedKey> {
        match self {
            Self::StandardWebhooks => standard_webhooks::key(text),
        }
    }

    /// Checks a webhook's signature against each of `keys` (several while a secret rotates), in constant time, and
    /// that it was signed no more than five minutes from `now`.
    pub fn verify(
        self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
        keys: &[Key],
    ) -> Result<Verified, SignatureRefusal> {
        match self {
            Self::StandardWebhooks => standard_webhooks::verify(headers, body, now, keys),
        }
    }
}

/// The one value of a header; a header given twice is malformed, since two readers might choose differently.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, SignatureRefusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(SignatureRefusal::Missing)?;
    if values.next().is_some() {
        return Err(SignatureRefusal::Malformed);
    }
    value.to_str().map_err(|_| SignatureRefusal::Malformed)
}
