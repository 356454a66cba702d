//! Errors as RFC 9457 problems: the one place where a refusal gets its status, its code and its words.
//!
//! The matches are exhaustive, so that a new variant cannot be forgotten. What stands here may be shown to anybody;
//! what an [`Internal`] error says goes to the log only.

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

/// Where problem types are documented; the code follows.
const TYPES: &str = "https://verinym.dev/problems/";

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// URI of the kind of problem: its `code`, documented.
    pub r#type: String,
    pub title: &'static str,
    pub status: u16,
    /// Stable, for programs.
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// To be named when asking for help.
    pub correlation_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// One field that is not valid.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    pub field: String,
    pub code: &'static str,
    pub message: &'static str,
}

/// Status, code, title: what is known of a refusal without looking into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub status: u16,
    pub code: &'static str,
    pub title: &'static str,
}

const fn kind(status: u16, code: &'static str, title: &'static str) -> Kind {
    Kind { status, code, title }
}

/// The kind of an error; its code is the metric's label too.
pub fn kind_of(error: &Error) -> Kind {
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

fn request(error: &RequestError) -> Kind {
    match error {
        RequestError::Malformed(_) => kind(400, "malformed_request", "The request is not well formed."),
        RequestError::UnknownField(_) => kind(400, "unknown_field", "The request has a field that is not known here."),
        RequestError::Invalid(_) => kind(400, "validation_failed", "Some fields are not valid."),
        RequestError::InvalidCursor => kind(400, "invalid_cursor", "The cursor does not belong to this list."),
        RequestError::Unauthenticated => kind(401, "unauthenticated", "Sign in first."),
        RequestError::Forbidden(_) => kind(403, "forbidden", "You may not do this."),
        RequestError::ReauthenticationRequired => {
            kind(403, "reauthentication_required", "Confirm your identity again, then repeat the request.")
        }
        RequestError::NotFound => kind(404, "not_found", "There is no such thing."),
        RequestError::TooLarge => kind(413, "payload_too_large", "The body is too large."),
        RequestError::UnsupportedMediaType => {
            kind(415, "unsupported_media_type", "The body's content type is not taken here.")
        }
        RequestError::StaleVersion => kind(412, "stale_version", "It was changed since you read it."),
        RequestError::VersionRequired => kind(428, "if_match_required", "Say with If-Match which version you mean."),
        RequestError::RateLimited { .. } => kind(429, "rate_limited", "Too many requests; wait before the next."),
        RequestError::IdempotencyKeyReused => {
            kind(422, "idempotency_key_reused", "The key was used with another body.")
        }
        RequestError::IdempotencyInProgress | RequestError::AnsweredMeanwhile => {
            kind(409, "idempotency_in_progress", "The first call with this key is still undecided.")
        }
        RequestError::AlreadyDone => kind(409, "already_done", "This was done before; its answer was not kept."),
        RequestError::Contended => kind(409, "conflict", "It was being changed by others; try again."),
        RequestError::RangeNotSatisfiable { .. } => {
            kind(416, "range_not_satisfiable", "The range lies outside of the document.")
        }
    }
}

fn auth(error: AuthError) -> Kind {
    match error {
        AuthError::EmailTaken => kind(409, "email_taken", "This address has an account."),
        AuthError::UsernameTaken => kind(409, "username_taken", "This username is taken."),
        AuthError::InvalidToken => kind(400, "invalid_token", "The link is not valid, or was used or replaced."),
        AuthError::ExpiredToken => kind(400, "expired_token", "The link has expired; ask for a new one."),
        AuthError::InvalidCredentials => kind(401, "invalid_credentials", "The identifier or the password is wrong."),
        AuthError::WrongPassword => kind(400, "invalid_credentials", "The password is wrong."),
        AuthError::TemporarilyLocked { .. } => {
            kind(429, "temporarily_locked", "Too many failed tries; wait before the next.")
        }
        AuthError::EmailNotVerified => kind(403, "email_not_verified", "Confirm your address first."),
        AuthError::AccountLocked => kind(403, "account_locked", "This account is locked."),
        AuthError::AccountDeactivated => kind(403, "account_deactivated", "This account is deactivated."),
        AuthError::InvalidRefreshToken => kind(401, "invalid_refresh_token", "Sign in again."),
        AuthError::RefreshTokenReused => {
            kind(401, "refresh_token_reused", "This token was used before; the session has ended. Sign in again.")
        }
    }
}

fn account(error: AccountError) -> Kind {
    match error {
        AccountError::CheckInProgress => {
            kind(409, "check_in_progress", "These fields cannot change while a check is open.")
        }
    }
}

fn check(error: CheckError) -> Kind {
    match error {
        CheckError::CheckInProgress => kind(409, "check_in_progress", "Another check is open."),
        CheckError::IllegalTransition => kind(409, "illegal_transition", "The state does not allow this."),
        CheckError::OwnCheck => kind(403, "own_check", "Somebody else must decide your check."),
        CheckError::ClaimedByAnother => kind(409, "claimed_by_another", "Another reviewer has claimed this check."),
        CheckError::SameReviewer => kind(403, "same_reviewer", "Another reviewer than the first must decide."),
        CheckError::ReasonMissing => kind(400, "reason_required", "Name at least one reason."),
        CheckError::DocumentsMissing => kind(400, "documents_required", "The check needs a document."),
        CheckError::TooManyDocuments => kind(400, "too_many_documents", "At most 10 documents."),
        CheckError::StepsMissing => kind(409, "steps_missing", "A step of the policy has not passed."),
        CheckError::OpenHits => kind(409, "open_hits", "Decide the open hits of this check first."),
        CheckError::TrueMatch => kind(409, "true_match", "A check with a true match cannot be approved."),
        CheckError::NameMissing => {
            kind(400, "name_required", "Put your given and family name into your profile first.")
        }
    }
}

fn document(error: DocumentError) -> Kind {
    match error {
        DocumentError::InUse => kind(409, "document_in_use", "A submitted check names this document."),
    }
}

fn callback(error: CallbackError) -> Kind {
    match error {
        CallbackError::UnknownProvider => kind(404, "not_found", "There is no such thing."),
        CallbackError::BadSignature => kind(401, "invalid_signature", "The signature is missing or wrong."),
        CallbackError::StaleSignature => {
            kind(401, "stale_signature", "The signed time is off by more than five minutes.")
        }
    }
}

fn aml(error: AmlError) -> Kind {
    match error {
        AmlError::UnknownList => kind(404, "not_found", "There is no such thing."),
        AmlError::ListsUnavailable => kind(503, "unavailable", "Not available just now; try again."),
        AmlError::OwnHit => kind(403, "own_check", "Somebody else must decide your check."),
        AmlError::HitDecided => kind(409, "illegal_transition", "The state does not allow this."),
        AmlError::SameReviewer => kind(403, "same_reviewer", "Another reviewer than the first must decide."),
    }
}

fn internal(error: &Internal) -> Kind {
    match error {
        Internal::Unavailable(_) => kind(503, "unavailable", "Not available just now; try again."),
        Internal::Corrupt(_) | Internal::Bug(_) => kind(500, "internal_error", "Something went wrong on our side."),
    }
}

/// The challenge of a 401, which has to have one (RFC 9110 §15.5.2): `Bearer`, and `invalid_token` to a caller who sent an
/// access token (RFC 6750 §3.1). A provider's callback is not authenticated by a token but by the signature in its
/// headers.
fn challenge(error: &Error, token_sent: bool) -> String {
    let text = match error {
        Error::Request(RequestError::Unauthenticated) if token_sent => "Bearer error=\"invalid_token\"",
        Error::Callback(CallbackError::BadSignature | CallbackError::StaleSignature) => "Signature",
        _ => "Bearer",
    };
    text.to_owned()
}

/// The answer to an error. `token_sent`: whether the request came with a bearer token.
pub fn response(error: &Error, correlation_id: &str, token_sent: bool) -> Response {
    let kind = kind_of(error);
    let mut problem = Problem {
        r#type: format!("{TYPES}{}", kind.code),
        title: kind.title,
        status: kind.status,
        code: kind.code,
        detail: detail(error),
        correlation_id: correlation_id.to_owned(),
        errors: Vec::new(),
    };
    let mut headers = vec![("content-type", "application/problem+json".to_owned())];
    match error {
        Error::Request(RequestError::Invalid(fields)) => {
            problem.errors = fields
                .iter()
                .map(|fault| FieldProblem { field: fault.field.clone(), code: fault.code, message: fault.message })
                .collect();
        }
        Error::Request(RequestError::UnknownField(field)) => {
            problem.errors =
                vec![FieldProblem { field: field.clone(), code: "unknown_field", message: "This field is not known." }];
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
    if kind.status == 401 {
        headers.push(("www-authenticate", challenge(error, token_sent)));
    }
    let text = serde_json::to_string(&problem).unwrap_or_default();
    Response { status: kind.status, headers, body: Body::Text(text) }
}

fn detail(error: &Error) -> Option<String> {
    match error {
        Error::Request(RequestError::Malformed(what)) => Some((*what).to_owned()),
        Error::Request(RequestError::Forbidden(permission)) => Some(format!("It needs the permission {permission}.")),
        _ => None,
    }
}
