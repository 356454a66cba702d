//! Codes that are sent to a person: six digits, for five minutes, each once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CodeDigest, FactorMethod};
use crate::{id::EventId, time::Timestamp};

/// How long a code is accepted.
pub const CODE_LIFE: Duration = Duration::from_mins(5);

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
}

impl SentCode {
    pub fn new(method: FactorMethod, digest: CodeDigest, event: EventId, now: Timestamp) -> Self {
        Self { method, digest, event, expires_at: now + CODE_LIFE }
    }

    /// Whether a submitted code is this one.
    pub fn is(&self, method: FactorMethod, digest: &CodeDigest, now: Timestamp) -> bool {
        self.method == method && now < self.expires_at && self.digest == *digest
    }
}
