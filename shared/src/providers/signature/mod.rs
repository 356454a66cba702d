//! Signatures of webhooks, with one file per scheme.

use http::HeaderMap;

use crate::domain::{secret::Secret, time::Timestamp};

pub mod standard_webhooks;

/// A signature scheme of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    StandardWebhooks,
}

/// A signing key.
#[derive(Debug, Clone)]
pub struct WebhookKey(Secret<Vec<u8>>);

/// The text is not a key in the format of the scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed signing key")]
pub struct MalformedKey;

/// The signed facts about a verified webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedWebhook {
    /// The sender's id of the message; the same in repeated deliveries.
    pub id: String,
    /// When this delivery was signed.
    pub sent_at: Timestamp,
}

/// Why the signature of a webhook was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    #[error("a signature header is missing")]
    Missing,
    #[error("a signature header is malformed")]
    Malformed,
    /// The signature is valid, but its time is too far from now: a replay, or a wrong clock.
    #[error("signed too long ago or in the future")]
    TimeOff,
    #[error("no signature matches")]
    Mismatch,
}

impl Scheme {
    /// Parses a key in the format of the scheme.
    pub fn key(self, text: &Secret<String>) -> Result<WebhookKey, MalformedKey> {
        match self {
            Self::StandardWebhooks => standard_webhooks::key(text),
        }
    }

    /// Verifies the signature of a webhook with each of `keys` (several during a rotation) in constant time, and that it was signed at
    /// most five minutes before or after `now`.
    pub fn verify(
        self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
        keys: &[WebhookKey],
    ) -> Result<VerifiedWebhook, SignatureRefusal> {
        match self {
            Self::StandardWebhooks => standard_webhooks::verify(headers, body, now, keys),
        }
    }
}

/// The only value of a header. A repeated header is malformed, since it is ambiguous.
fn only_value<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, SignatureRefusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(SignatureRefusal::Missing)?;
    if values.next().is_some() {
        return Err(SignatureRefusal::Malformed);
    }
    value.to_str().map_err(|_| SignatureRefusal::Malformed)
}
