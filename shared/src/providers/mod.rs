//! Identity providers: what every one of them does for a check, one file per wire format, one per signature scheme.
//!
//! A provider is asked in two steps, since answers may take days: [`Provider::submit`] hands a task over and gets a
//! [`Reference`]; [`Provider::fetch`] reads how the task stands. A callback only says which reference to read again.

use std::{fmt, str::FromStr, time::Duration};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::{id::CheckId, secret::Masked, time::Timestamp};

pub mod idfy;
pub mod registry;
pub mod signature;
#[cfg(test)]
pub(crate) mod test_server;
pub mod transport;

/// One identity provider. `remaining` is the time the caller has left: each call is back within it, retries included.
pub trait Provider: Send + Sync + fmt::Debug {
    /// Hands a task over. Doing so again for the same [`TaskKey`] yields the same task, so it may be repeated.
    fn submit<'a>(
        &'a self,
        submission: &'a Submission,
        remaining: Duration,
    ) -> BoxFuture<'a, Result<Submitted, ProviderError>>;

    /// Reads how a task stands.
    fn fetch<'a>(
        &'a self,
        reference: &'a Reference,
        remaining: Duration,
    ) -> BoxFuture<'a, Result<TaskProgress, ProviderError>>;

    /// Reads a callback's body, after its signature was checked; what it says of the outcome is not believed.
    fn parse_callback(&self, body: &[u8]) -> Result<Callback, MalformedCallback>;

    /// How the provider signs its callbacks; `None` if it does not.
    fn signature_scheme(&self) -> Option<signature::Scheme>;
}

/// Names one task of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskKey {
    pub check: CheckId,
    /// The policy's name of the step, as `document`.
    pub step: String,
    /// Counts the tasks made on purpose for this step, from 0: one more after [`TaskProgress::Failed`]. A message that is
    /// delivered again, or a call that is retried, keeps its number.
    pub attempt: u32,
}

impl TaskKey {
    /// The id under which the provider knows the task: a UUID (version 8) of the SHA-256 of check, step and attempt,
    /// so that whoever repeats the call after a lost answer, in whatever process, names the same task.
    pub fn task_id(&self) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(b"verinym.provider-task.v1\0");
        hash.update(self.check.uuid().as_bytes());
        hash.update(self.attempt.to_be_bytes());
        hash.update(self.step.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// What a provider is given to check a document.
#[derive(Debug, Clone)]
pub struct Submission {
    pub key: TaskKey,
    /// As in the API, `passport`.
    pub document_type: String,
    pub document_number: Option<Masked<String>>,
    /// Hex SHA-256 of the document's content.
    pub document_sha256: String,
    pub name: Masked<String>,
    /// `YYYY-MM-DD`.
    pub date_of_birth: Option<Masked<String>>,
    /// Where the provider reports that the task is done.
    pub callback_url: String,
}

/// A task that a provider has taken on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    pub reference: Reference,
    /// Usually [`TaskProgress::Pending`]; some answer at once.
    pub progress: TaskProgress,
}

/// How a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskProgress {
    Pending,
    Done(ProviderResult),
    /// The provider gave up without a result (a source was down). It says nothing about the person; a new attempt may
    /// succeed.
    Failed,
}

/// What a provider found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ProviderResult {
    Approve,
    /// With at least one reason.
    Reject {
        reasons: Vec<String>,
    },
    /// The provider is unsure: a person must look. With at least one reason.
    Review {
        reasons: Vec<String>,
    },
}

/// A provider's own id of a task: 1 to 128 of `[A-Za-z0-9_-]`, so that it can stand in a key and in a query.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// The text cannot be a [`Reference`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed provider reference")]
pub struct MalformedReference;

impl Reference {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reference {
    type Error = MalformedReference;
    fn try_from(text: String) -> Result<Self, MalformedReference> {
        let fits = (1..=128).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits && plain { Ok(Self(text)) } else { Err(MalformedReference) }
    }
}

impl FromStr for Reference {
    type Err = MalformedReference;
    fn from_str(text: &str) -> Result<Self, MalformedReference> {
        text.to_owned().try_into()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is taken from a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    pub reference: Reference,
    /// When the thing reported happened, if the provider says.
    pub event_time: Option<Timestamp>,
}

/// The body is not a callback of this provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed callback")]
pub struct MalformedCallback;

/// Why a provider gave no answer to work with. Carries nothing of what was sent or received.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It could not be reached, or it answered 5xx.
    #[error("the provider is unavailable")]
    Unavailable { retry_after: Option<Duration> },
    /// It answered 429.
    #[error("the provider limits our calls")]
    RateLimited { retry_after: Option<Duration> },
    /// No answer in time.
    #[error("the provider did not answer in time")]
    Timeout,
    /// It understood and refuses; repeating the call changes nothing.
    #[error("the provider refuses: {0}")]
    Refused(ProviderRefusal),
    /// An answer that is not the provider's format: too large, not JSON, a redirect, missing fields.
    #[error("the provider's answer is malformed: {0}")]
    Malformed(&'static str),
    /// It does not know the task, perhaps not yet.
    #[error("the provider does not know the task")]
    UnknownReference,
}

/// What a provider refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderRefusal {
    #[error("our credentials")]
    Credentials,
    #[error("a product that is not enabled for the account")]
    Product,
    #[error("the request")]
    Request,
}

impl ProviderError {
    /// Whether the same call may succeed later. A malformed answer may come from something in between (a proxy's page).
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }

    /// Whether it counts as a failed call for the breaker: a provider that refuses, limits or does not know is alive.
    pub fn is_provider_failure(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout | Self::Malformed(_))
    }

    /// The wait that the provider asked for, already bounded.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after } | Self::RateLimited { retry_after } => *retry_after,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(step: &str, attempt: u32) -> TaskKey {
        TaskKey { check: CheckId::from_parts(Timestamp::from_unix_millis(5), [7; 10]), step: step.into(), attempt }
    }

    #[test]
    fn a_task_has_the_same_id_however_often_it_is_asked_for() {
        assert_eq!(key("document", 0).task_id(), key("document", 0).task_id());
        // Fixed: an id that changed with a release would submit again what is under way.
        assert_eq!(key("document", 0).task_id().to_string(), "a16cbb04-715d-8535-9a3d-2199dcc4e27f");
    }

    #[test]
    fn another_check_step_or_attempt_is_another_task() {
        let other =
            TaskKey { check: CheckId::from_parts(Timestamp::from_unix_millis(6), [7; 10]), ..key("document", 0) };
        let ids = [key("document", 0), key("document", 1), key("selfie", 0), other].map(|key| key.task_id());
        for (i, id) in ids.iter().enumerate() {
            assert!(!ids[..i].contains(id));
        }
    }

    #[test]
    fn references_are_bounded_and_fit_into_keys() {
        assert!("a1B2-c_3".parse::<Reference>().is_ok());
        for text in ["", "a#b", "a b", "../x", "é", &"x".repeat(129)] {
            assert_eq!(text.parse::<Reference>(), Err(MalformedReference), "{text}");
        }
    }

    #[test]
    fn a_submission_does_not_show_the_person() {
        let submission = Submission {
            key: key("document", 0),
            document_type: "passport".into(),
            document_number: Some(Masked("OK123456".into())),
            document_sha256: String::new(),
            name: Masked("Ada Lovelace".into()),
            date_of_birth: Some(Masked("1815-12-10".into())),
            callback_url: String::new(),
        };
        let shown = format!("{submission:?}");
        for secret in ["OK123456", "Ada", "1815"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
