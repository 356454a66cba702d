//! Identity providers: the common interface, one directory per wire format, one file per signature scheme of callbacks.
//!
//! A provider is called in two steps, since a result may take days: [`Provider::submit`] creates a task and returns its [`Reference`];
//! [`Provider::fetch`] reads the state of the task. A callback only states which reference to fetch.

use std::{fmt, str::FromStr, time::Duration};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::{id::CheckId, secret::Masked, time::Timestamp};

pub mod idfy;
pub mod oauth;
pub mod registry;
pub mod signature;
pub mod transport;

/// An identity provider. `remaining` limits the time of a call, including retries.
pub trait Provider: Send + Sync + fmt::Debug {
    /// Creates a task. A repeated call with the same [`TaskKey`] returns the same task.
    fn submit<'a>(
        &'a self,
        submission: &'a Submission,
        remaining: Duration,
    ) -> BoxFuture<'a, Result<Submitted, ProviderError>>;

    /// Reads the state of a task.
    fn fetch<'a>(
        &'a self,
        reference: &'a Reference,
        remaining: Duration,
    ) -> BoxFuture<'a, Result<TaskProgress, ProviderError>>;

    /// Parses the body of a callback, after its signature was verified. The outcome in it is not used.
    fn parse_callback(&self, body: &[u8]) -> Result<Callback, MalformedCallback>;

    /// How the provider signs its callbacks; `None` if it does not sign them.
    fn signature_scheme(&self) -> Option<signature::Scheme>;
}

/// Identifies a task of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskKey {
    pub check: CheckId,
    /// Name of the step in the policy, such as `document`.
    pub step: String,
    /// Number of the task for this step, from 0. It rises only after [`TaskProgress::Failed`], not when a message is delivered again or
    /// a call is retried.
    pub attempt: u32,
}

impl TaskKey {
    /// The id of the task at the provider: a UUID (version 8) made of the SHA-256 of check, step and attempt. So a call that is repeated
    /// after a lost response, even by another process, names the same task.
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

/// The data that a provider gets to verify a document.
#[derive(Debug, Clone)]
pub struct Submission {
    pub key: TaskKey,
    /// As in the API, such as `passport`.
    pub document_type: String,
    pub document_number: Option<Masked<String>>,
    /// SHA-256 of the content of the document, in hex.
    pub document_sha256: String,
    pub name: Masked<String>,
    /// `YYYY-MM-DD`.
    pub date_of_birth: Option<Masked<String>>,
    /// URL for the callback when the task is done.
    pub callback_url: String,
}

/// A created task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    pub reference: Reference,
    /// Usually [`TaskProgress::Pending`]; some providers respond with the result.
    pub progress: TaskProgress,
}

/// The state of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskProgress {
    Pending,
    Done(ProviderResult),
    /// The provider has no result, for example because a source was down. A new attempt may succeed.
    Failed,
}

/// The result of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ProviderResult {
    Approve,
    /// With at least one reason.
    Reject {
        reasons: Vec<String>,
    },
    /// The provider cannot decide: a reviewer must. With at least one reason.
    Review {
        reasons: Vec<String>,
    },
}

/// The provider's id of a task: 1 to 128 characters of `[A-Za-z0-9_-]`, safe in keys and query strings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// The text is not a [`Reference`].
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

/// The content of a callback that is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    pub reference: Reference,
    /// When the reported event happened, if the provider states it.
    pub event_time: Option<Timestamp>,
}

/// The body is not a callback of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed callback")]
pub struct MalformedCallback;

/// Why a call to a provider failed. It contains nothing of the request or the response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider could not be reached, or responded 5xx.
    #[error("the provider is unavailable")]
    Unavailable { retry_after: Option<Duration> },
    /// The provider responded 429.
    #[error("the provider limits our calls")]
    RateLimited { retry_after: Option<Duration> },
    /// No response in time.
    #[error("the provider did not respond in time")]
    Timeout,
    /// The provider refuses the request. Repeating the call does not help.
    #[error("the provider refuses: {0}")]
    Refused(ProviderRefusal),
    /// The response does not have the format of the provider: too large, not JSON, a redirect, missing fields.
    #[error("the response of the provider is malformed: {0}")]
    Malformed(&'static str),
    /// The provider does not know the task, perhaps not yet.
    #[error("the provider does not know the task")]
    UnknownReference,
}

/// What the provider refuses.
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
    /// Whether the same call may succeed later. A malformed response may come from a proxy.
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }

    /// Whether the breaker counts the call as failed. A provider that refuses, limits or does not know a task is available.
    pub fn is_provider_failure(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout | Self::Malformed(_))
    }

    /// The wait that the provider requested, limited to [`transport::CallLimits::max_retry_after`].
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
    fn a_task_key_always_has_the_same_id() {
        assert_eq!(key("document", 0).task_id(), key("document", 0).task_id());
        // Fixed, since a release that changed ids would submit pending tasks again.
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
    fn references_are_limited_in_length_and_characters() {
        assert!("a1B2-c_3".parse::<Reference>().is_ok());
        for text in ["", "a#b", "a b", "../x", "é", &"x".repeat(129)] {
            assert_eq!(text.parse::<Reference>(), Err(MalformedReference), "{text}");
        }
    }

    #[test]
    fn a_submission_is_masked_in_logs() {
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
