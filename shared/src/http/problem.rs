//! Errors as RFC 9457 problems: the only place that gives an error its status, code and title.
//!
//! The matches are exhaustive, so the compiler finds a new variant without a problem. All texts here are public; the text of an
//! [`Internal`] error is only logged.

use serde::Serialize;
use utoipa::ToSchema;

use super::response::{Body, Response};
use crate::{
    domain::{
        account::AccountError, aml::AmlError, auth::AuthError, callback::CallbackError, check::CheckError,
        document::DocumentError,
    },
    error::{Error, Internal, RequestError},
};

/// Prefix of the URI of a problem type; the code follows.
const TYPES: &str = "https://verinym.dev/problems/";

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// URI of the problem type.
    pub r#type: String,
    pub title: &'static str,
    pub status: u16,
    /// Stable code for programs.
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Identifies the call in the logs.
    pub correlation_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// One invalid field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    pub field: String,
    pub code: &'static str,
    pub message: &'static str,
}

/// Status, code and title of a problem type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemType {
    pub status: u16,
    pub code: &'static str,
    pub title: &'static str,
}

const fn problem_type(status: u16, code: &'static str, title: &'static str) -> ProblemType {
    ProblemType { status, code, title }
}

/// The problem type of an error. Its code is also the outcome in the log and in metrics.
pub fn type_of(error: &Error) -> ProblemType {
    match error {
        Error::Request(error) => request(error),
        Error::Auth(error) => auth(*error),
        Error::Account(error) => account(*error),
        Error::Check(error) => check(*error),
        Error::Document(error) => document(*error),
        Error::Callback(error) => callback(*error),
        Error::Aml(error) => aml(*error),
        Error::Internal(error) => internal(error),
    }
}

fn request(error: &RequestError) -> ProblemType {
    match error {
        RequestError::Malformed(_) => problem_type(400, "malformed_request", "The request is malformed."),
        RequestError::UnknownField(_) => problem_type(400, "unknown_field", "The request contains an unknown field."),
        RequestError::Invalid(_) => problem_type(400, "validation_failed", "Some fields are invalid."),
        RequestError::InvalidCursor => problem_type(400, "invalid_cursor", "The cursor is not valid for this list."),
        RequestError::Unauthenticated => problem_type(401, "unauthenticated", "Authentication is required."),
        RequestError::Forbidden(_) => problem_type(403, "forbidden", "You do not have permission to do this."),
        RequestError::ReauthenticationRequired => {
            problem_type(403, "reauthentication_required", "Recent authentication is required.")
        }
        RequestError::NotFound => problem_type(404, "not_found", "The resource does not exist."),
        RequestError::TooLarge => problem_type(413, "payload_too_large", "The request body is too large."),
        RequestError::UnsupportedMediaType => {
            problem_type(415, "unsupported_media_type", "The content type of the body is not supported.")
        }
        RequestError::StaleVersion => problem_type(412, "stale_version", "The resource has changed since you read it."),
        RequestError::VersionRequired => problem_type(428, "if_match_required", "The If-Match header is required."),
        RequestError::RateLimited { .. } => problem_type(429, "rate_limited", "Too many requests. Try again later."),
        RequestError::IdempotencyKeyReused => {
            problem_type(422, "idempotency_key_reused", "The idempotency key was used with a different request.")
        }
        RequestError::IdempotencyInProgress | RequestError::AnsweredMeanwhile => problem_type(
            409,
            "idempotency_in_progress",
            "The first request with this idempotency key is still being processed.",
        ),
        RequestError::AlreadyDone => {
            problem_type(409, "already_done", "The request was already processed, but its response was not stored.")
        }
        RequestError::Contended => {
            problem_type(409, "conflict", "Other requests changed the resource at the same time. Try again.")
        }
        RequestError::RangeNotSatisfiable { .. } => {
            problem_type(416, "range_not_satisfiable", "The requested range is outside of the document.")
        }
    }
}

fn auth(error: AuthError) -> ProblemType {
    match error {
        AuthError::EmailTaken => problem_type(409, "email_taken", "An account with this email address exists."),
        AuthError::UsernameTaken => problem_type(409, "username_taken", "The username is taken."),
        AuthError::InvalidToken => {
            problem_type(400, "invalid_token", "The link is invalid, or was already used or replaced.")
        }
        AuthError::ExpiredToken => problem_type(400, "expired_token", "The link has expired. Request a new one."),
        AuthError::InvalidCredentials => {
            problem_type(401, "invalid_credentials", "The identifier or the password is wrong.")
        }
        AuthError::WrongPassword => problem_type(400, "invalid_credentials", "The password is wrong."),
        AuthError::TemporarilyLocked { .. } => {
            problem_type(429, "temporarily_locked", "Too many failed attempts. Try again later.")
        }
        AuthError::EmailNotVerified => problem_type(403, "email_not_verified", "The email address is not verified."),
        AuthError::AccountLocked => problem_type(403, "account_locked", "The account is locked."),
        AuthError::AccountDeactivated => problem_type(403, "account_deactivated", "The account is deactivated."),
        AuthError::InvalidRefreshToken => {
            problem_type(401, "invalid_refresh_token", "The refresh token is invalid. Sign in again.")
        }
        AuthError::RefreshTokenReused => problem_type(
            401,
            "refresh_token_reused",
            "The refresh token was already used, so the session has ended. Sign in again.",
        ),
    }
}

fn account(error: AccountError) -> ProblemType {
    match error {
        AccountError::CheckInProgress => {
            problem_type(409, "check_in_progress", "These fields cannot be changed while a check is open.")
        }
    }
}

fn check(error: CheckError) -> ProblemType {
    match error {
        CheckError::CheckInProgress => problem_type(409, "check_in_progress", "Another check is open."),
        CheckError::IllegalTransition => {
            problem_type(409, "illegal_transition", "The current state does not allow this.")
        }
        CheckError::OwnCheck => problem_type(403, "own_check", "You cannot decide your own check."),
        CheckError::ClaimedByAnother => {
            problem_type(409, "claimed_by_another", "Another reviewer has claimed this check.")
        }
        CheckError::SameReviewer => problem_type(403, "same_reviewer", "A different reviewer must decide."),
        CheckError::ReasonMissing => problem_type(400, "reason_required", "At least one reason is required."),
        CheckError::DocumentsMissing => problem_type(400, "documents_required", "At least one document is required."),
        CheckError::TooManyDocuments => problem_type(400, "too_many_documents", "At most 10 documents are allowed."),
        CheckError::StepsMissing => problem_type(409, "steps_missing", "A step of the policy has not passed."),
        CheckError::OpenHits => problem_type(409, "open_hits", "The check has undecided hits."),
        CheckError::TrueMatch => problem_type(409, "true_match", "A check with a true match cannot be approved."),
        CheckError::NameMissing => {
            problem_type(400, "name_required", "Your profile needs a given name and a family name.")
        }
    }
}

fn document(error: DocumentError) -> ProblemType {
    match error {
        DocumentError::InUse => problem_type(409, "document_in_use", "A submitted check uses this document."),
    }
}

fn callback(error: CallbackError) -> ProblemType {
    match error {
        CallbackError::UnknownProvider => problem_type(404, "not_found", "The resource does not exist."),
        CallbackError::BadSignature => problem_type(401, "invalid_signature", "The signature is missing or wrong."),
        CallbackError::StaleSignature => {
            problem_type(401, "stale_signature", "The signature is more than five minutes old, or from the future.")
        }
    }
}

fn aml(error: AmlError) -> ProblemType {
    match error {
        AmlError::UnknownList => problem_type(404, "not_found", "The resource does not exist."),
        AmlError::ListsUnavailable => {
            problem_type(503, "unavailable", "The service is temporarily unavailable. Try again later.")
        }
        AmlError::OwnHit => problem_type(403, "own_check", "You cannot decide your own check."),
        AmlError::HitDecided => problem_type(409, "illegal_transition", "The current state does not allow this."),
        AmlError::SameReviewer => problem_type(403, "same_reviewer", "A different reviewer must decide."),
    }
}

fn internal(error: &Internal) -> ProblemType {
    match error {
        Internal::Unavailable(_) => {
            problem_type(503, "unavailable", "The service is temporarily unavailable. Try again later.")
        }
        Internal::Corrupt(_) | Internal::Bug(_) => problem_type(500, "internal_error", "An internal error occurred."),
    }
}

/// The challenge that every 401 must have (RFC 9110 §15.5.2): `Bearer`, with `invalid_token` if the request had an access token
/// (RFC 6750 §3.1). Callbacks of providers are authenticated by a signature in their headers instead.
fn challenge(error: &Error, token_sent: bool) -> String {
    let text = match error {
        Error::Request(RequestError::Unauthenticated) if token_sent => "Bearer error=\"invalid_token\"",
        Error::Callback(CallbackError::BadSignature | CallbackError::StaleSignature) => "Signature",
        _ => "Bearer",
    };
    text.to_owned()
}

/// The response to an error. `token_sent`: whether the request had a bearer token.
pub fn response(error: &Error, correlation_id: &str, token_sent: bool) -> Response {
    let problem_type = type_of(error);
    let mut problem = Problem {
        r#type: format!("{TYPES}{}", problem_type.code),
        title: problem_type.title,
        status: problem_type.status,
        code: problem_type.code,
        detail: detail(error),
        correlation_id: correlation_id.to_owned(),
        errors: Vec::new(),
    };
    let mut headers = vec![("content-type", "application/problem+json".to_owned())];
    match error {
        Error::Request(RequestError::Invalid(fields)) => {
            problem.errors = fields
                .iter()
                .map(|invalid| FieldProblem {
                    field: invalid.field.clone(),
                    code: invalid.code,
                    message: invalid.message,
                })
                .collect();
        }
        Error::Request(RequestError::UnknownField(field)) => {
            problem.errors =
                vec![FieldProblem { field: field.clone(), code: "unknown_field", message: "This field is unknown." }];
        }
        Error::Request(RequestError::RateLimited { retry_after })
        | Error::Auth(AuthError::TemporarilyLocked { retry_after }) => {
            headers.push(("retry-after", retry_after.to_string()));
        }
        Error::Request(RequestError::RangeNotSatisfiable { size }) => {
            headers.push(("content-range", format!("bytes */{size}")));
        }
        Error::Internal(Internal::Unavailable(_)) | Error::Aml(AmlError::ListsUnavailable) => {
            headers.push(("retry-after", "2".to_owned()));
        }
        _ => {}
    }
    if problem_type.status == 401 {
        headers.push(("www-authenticate", challenge(error, token_sent)));
    }
    let text = serde_json::to_string(&problem).unwrap_or_default();
    Response { status: problem_type.status, headers, body: Body::Text(text) }
}

fn detail(error: &Error) -> Option<String> {
    match error {
        Error::Request(RequestError::Malformed(what)) => Some((*what).to_owned()),
        Error::Request(RequestError::Forbidden(permission)) => {
            Some(format!("The permission {permission} is required."))
        }
        _ => None,
    }
}
