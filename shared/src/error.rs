//! The one error type that handlers and workers return.
//!
//! It knows nothing of HTTP: areas have their own enums in `domain`, and [`crate::http::problem`] maps each variant to
//! status, code and words for the caller in one exhaustive place. What is for us alone stands in [`Internal`], which no
//! answer ever shows.

use crate::domain::{
    account::AccountError, aml::AmlError, auth::AuthError, callback::CallbackError, check::CheckError,
    document::DocumentError, field::Invalid,
};

/// What went wrong, by area.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Callback(#[from] CallbackError),
    #[error(transparent)]
    Aml(#[from] AmlError),
    #[error(transparent)]
    Internal(#[from] Internal),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Refusals that any route may give, whatever it does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("body or parameter is not well formed: {0}")]
    Malformed(&'static str),
    #[error("unknown field")]
    UnknownField(String),
    #[error("{} invalid fields", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("cursor does not belong to this list")]
    InvalidCursor,
    #[error("not authenticated")]
    Unauthenticated,
    #[error("lacks permission {0}")]
    Forbidden(&'static str),
    #[error("authentication is not recent")]
    ReauthenticationRequired,
    #[error("no such thing, or not the caller's")]
    NotFound,
    #[error("body too large")]
    TooLarge,
    #[error("content type not supported here")]
    UnsupportedMediaType,
    #[error("If-Match does not match")]
    StaleVersion,
    #[error("If-Match is required")]
    VersionRequired,
    #[error("limit reached, retry after {retry_after} s")]
    RateLimited { retry_after: u64 },
    #[error("idempotency key used with another body")]
    IdempotencyKeyReused,
    #[error("the first call with this key is still undecided")]
    IdempotencyInProgress,
    #[error("already done, and its answer was not kept")]
    AlreadyDone,
    /// The idempotency record appeared between the read and the commit; the harness answers with the stored answer.
    #[error("the idempotency key was answered meanwhile")]
    AnsweredMeanwhile,
    #[error("changed by somebody else meanwhile, tries used up")]
    Contended,
    #[error("range outside of the document")]
    RangeNotSatisfiable { size: u64 },
}

/// Something on our side. The text is for our logs only; the caller gets a correlation id.
#[derive(Debug, thiserror::Error)]
pub enum Internal {
    /// An AWS service or a provider did not do what was asked and may do it later: the caller may try again.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Stored data does not read: a wrong key, a tampered ciphertext, an item of a shape that is not ours.
    #[error("corrupt: {0}")]
    Corrupt(String),
    /// A fault of the program or its set-up.
    #[error("bug: {0}")]
    Bug(String),
}

impl Internal {
    pub fn unavailable(what: impl std::fmt::Display) -> Self {
        Self::Unavailable(what.to_string())
    }

    pub fn corrupt(what: impl std::fmt::Display) -> Self {
        Self::Corrupt(what.to_string())
    }

    pub fn bug(what: impl std::fmt::Display) -> Self {
        Self::Bug(what.to_string())
    }

    /// An AWS SDK error with its code and message, for the log.
    pub fn aws<E, R>(doing: &str, error: &aws_smithy_runtime_api::client::result::SdkError<E, R>) -> Self
    where
        E: std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        use aws_smithy_types::error::display::DisplayErrorContext;
        Self::Unavailable(format!("{doing}: {}", DisplayErrorContext(error)))
    }
}
