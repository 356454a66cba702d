//! The error type that handlers and workers return.
//!
//! It is independent of HTTP: each area has its own enum in `domain`, and [`crate::http::problem`] maps each variant to the status,
//! code and title of a response. [`Internal`] holds the details of our own failures, which no response shows.

use crate::domain::{
    account::AccountError, aml::AmlError, auth::AuthError, callback::CallbackError, check::CheckError,
    client::ClientError, document::DocumentError, factor::FactorError, field::InvalidField, passkey::PasskeyError,
    role::table::RoleError, social::SocialError, webhook::WebhookError,
};

/// An error, by area.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Social(#[from] SocialError),
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Callback(#[from] CallbackError),
    #[error(transparent)]
    Aml(#[from] AmlError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Factor(#[from] FactorError),
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    #[error(transparent)]
    Role(#[from] RoleError),
    #[error(transparent)]
    Internal(#[from] Internal),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Refusals that any route may give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("body or parameter is malformed: {0}")]
    Malformed(&'static str),
    #[error("unknown field")]
    UnknownField(String),
    #[error("{} invalid fields", .0.len())]
    Invalid(Vec<InvalidField>),
    #[error("cursor is not valid for this list")]
    InvalidCursor,
    #[error("not authenticated")]
    Unauthenticated,
    #[error("lacks permission {0}")]
    Forbidden(&'static str),
    /// A machine client asks for an act of a person.
    #[error("only a person may do this")]
    PersonRequired,
    #[error("authentication is not recent")]
    ReauthenticationRequired,
    /// Somebody with more than the role `user` has no second factor.
    #[error("a second factor must be enrolled first")]
    MfaEnrollmentRequired,
    #[error("the resource does not exist or belongs to another person")]
    NotFound,
    #[error("body or field larger than {limit} bytes")]
    TooLarge { limit: u64 },
    /// `accepted`: the media types of the route, as in the header `Accept`.
    #[error("content type not supported here")]
    UnsupportedMediaType { accepted: &'static str },
    /// `allow`: the methods of the path, as in the header `Allow`.
    #[error("the path does not have this method")]
    MethodNotAllowed { allow: String },
    #[error("If-Match does not match")]
    StaleVersion,
    #[error("If-Match is required")]
    VersionRequired,
    #[error("rate limit reached, retry after {retry_after} s")]
    RateLimited { retry_after: u64 },
    #[error("idempotency key used with a different request")]
    IdempotencyKeyReused,
    #[error("the first request with this key is still being processed")]
    IdempotencyInProgress,
    #[error("already processed, response not stored")]
    AlreadyDone,
    /// Another request stored the idempotency record between the read and the commit; the harness responds with the stored response.
    #[error("another request with this idempotency key was processed in the meantime")]
    AnsweredMeanwhile,
    #[error("changed by other requests, no attempts left")]
    Contended,
    #[error("range is outside of the document")]
    RangeNotSatisfiable { size: u64 },
}

/// A failure on our side. The text is only logged; the caller gets a correlation id.
#[derive(Debug, thiserror::Error)]
pub enum Internal {
    /// An AWS service or a provider failed, perhaps temporarily: the caller may try again.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Stored data cannot be read: a wrong key, a tampered ciphertext, an item of an unknown form.
    #[error("corrupt: {0}")]
    Corrupt(String),
    /// An error in the program or its configuration.
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

    /// An error of the AWS SDK with its code and message.
    pub fn aws<E, R>(doing: &str, error: &aws_smithy_runtime_api::client::result::SdkError<E, R>) -> Self
    where
        E: std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        use aws_smithy_types::error::display::DisplayErrorContext;
        Self::Unavailable(format!("{doing}: {}", DisplayErrorContext(error)))
    }
}
