//! Codes that are sent to a person: six digits, for five minutes, each once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CodeDigest, FactorMethod};
use crate::{id::EventId, time::Timestamp};

/// How long a code is accepted.
pub const CODE_LIFE: Duration = Duration::from_mins(5);

/// How often a code may be wrong.
pub const CODE_TRIES: u32 = 5;

/// How many codes may be sent for one challenge.
pub const CHALLENGE_SENDS: u32 = 3;

/// A code that was sent and is awaited. Only a keyed digest of it is stored, which also depends on where it was sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCode {
    pub method: FactorMethod,
    pub digest: CodeDigest,
    /// The event that the message follows from.
    pub event: EventId,
    pub expires_at: Timestamp,
    /// Wrong codes so far. A challenge counts those of its codes itself.
    #[serde(default)]
    pub wrong: u32,
}

impl SentCode {
    pub fn new(method: FactorMethod, digest: CodeDigest, event: EventId, now: Timestamp) -> Self {
        Self { method, digest, event, expires_at: now + CODE_LIFE, wrong: 0 }
    }

    /// Whether a submitted code is this one.
    pub fn is(&self, method: FactorMethod, digest: &CodeDigest, now: Timestamp) -> bool {
        self.method == method && self.is_awaited(now) && self.digest == *digest
    }

    /// Whether it is still accepted.
    pub fn is_awaited(&self, now: Timestamp) -> bool {
        now < self.expires_at && self.wrong < CODE_TRIES
    }
}
