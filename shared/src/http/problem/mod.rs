//! Errors as RFC 9457 problems: the only place that gives an error its status, code and title.
//!
//! The matches are exhaustive, so the compiler finds a new variant without a problem. All texts here are public; the text of an
//! [`Internal`] error is only logged.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use super::response::{Body, Response};
use crate::{
    domain::{
        account::AccountError, aml::AmlError, auth::AuthError, callback::CallbackError, check::CheckError,
        client::ClientError, document::DocumentError, factor::FactorError, field::InvalidField, passkey::PasskeyError,
        role::table::RoleError, social::SocialError, webhook::WebhookError,
    },
    error::{Error, Internal, RequestError},
};
pub use types::ProblemType;

pub mod types;

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// URI of the problem type.
    #[schema(example = "https://api.your-company.net/prod/problems/stale_version")]
    pub r#type: String,
    #[schema(example = "The resource has changed since you read it.")]
    pub title: &'static str,
    pub status: u16,
    /// Stable code for programs.
    #[schema(example = "stale_version")]
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "At most 65536 bytes are allowed.")]
    pub detail: Option<String>,
    /// Identifies the call in the logs.
    #[schema(example = "0f8fad5bd9cb469fa16570867728950e")]
    pub correlation_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// One invalid field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    #[schema(example = "given_name")]
    pub field: String,
    #[schema(example = "too_long")]
    pub code: Cow<'static, str>,
    /// A sentence for people. It never repeats the value.
    #[schema(pattern = r"^[A-Z].*\.$", example = "Must have at most 100 characters.")]
    pub message: Cow<'static, str>,
}

/// The problem type of an error. Its code is also the outcome in the log and in metrics.
pub fn type_of(error: &Error) -> &'static ProblemType {
    match error {
        Error::Request(error) => request(error),
        Error::Auth(error) => auth(*error),
        Error::Account(error) => account(*error),
        Error::Social(error) => social(*error),
        Error::Passkey(error) => passkey(*error),
        Error::Check(error) => check(*error),
        Error::Document(error) => document(*error),
        Error::Callback(error) => callback(*error),
        Error::Aml(error) => aml(*error),
        Error::Client(error) => client(*error),
        Error::Factor(error) => factor(*error),
        Error::Webhook(error) => webhook(*error),
        Error::Role(error) => role(*error),
        Error::Internal(error) => internal(error),
    }
}

fn request(error: &RequestError) -> &'static ProblemType {
    match error {
        RequestError::Malformed(_) => &types::MALFORMED_REQUEST,
        RequestError::UnknownField(_) => &types::UNKNOWN_FIELD,
        RequestError::Invalid(_) => &types::VALIDATION_FAILED,
        RequestError::InvalidCursor => &types::INVALID_CURSOR,
        RequestError::Unauthenticated => &types::UNAUTHENTICATED,
        RequestError::Forbidden(_) => &types::FORBIDDEN,
        RequestError::PersonRequired => &types::PERSON_REQUIRED,
        RequestError::ReauthenticationRequired => &types::REAUTHENTICATION_REQUIRED,
        RequestError::MfaEnrollmentRequired => &types::MFA_ENROLLMENT_REQUIRED,
        RequestError::NotFound => &types::NOT_FOUND,
        RequestError::TooLarge { .. } => &types::PAYLOAD_TOO_LARGE,
        RequestError::UnsupportedMediaType { .. } => &types::UNSUPPORTED_MEDIA_TYPE,
        RequestError::MethodNotAllowed { .. } => &types::METHOD_NOT_ALLOWED,
        RequestError::StaleVersion => &types::STALE_VERSION,
        RequestError::VersionRequired => &types::IF_MATCH_REQUIRED,
        RequestError::RateLimited { .. } => &types::RATE_LIMITED,
        RequestError::IdempotencyKeyReused => &types::IDEMPOTENCY_KEY_REUSED,
        RequestError::IdempotencyInProgress | RequestError::AnsweredMeanwhile => &types::IDEMPOTENCY_IN_PROGRESS,
        RequestError::AlreadyDone => &types::ALREADY_DONE,
        RequestError::Contended => &types::CONFLICT,
        RequestError::RangeNotSatisfiable { .. } => &types::RANGE_NOT_SATISFIABLE,
    }
}

fn auth(error: AuthError) -> &'static ProblemType {
    match error {
        AuthError::EmailTaken => &types::EMAIL_TAKEN,
        AuthError::TooManyEmailChanges => &types::TOO_MANY_EMAIL_CHANGES,
        AuthError::UsernameTaken => &types::USERNAME_TAKEN,
        AuthError::InvalidToken => &types::INVALID_TOKEN,
        AuthError::ExpiredToken => &types::EXPIRED_TOKEN,
        AuthError::InvalidCredentials => &types::INVALID_CREDENTIALS,
        AuthError::WrongPassword => &types::WRONG_PASSWORD,
        AuthError::TemporarilyLocked { .. } => &types::TEMPORARILY_LOCKED,
        AuthError::EmailNotVerified => &types::EMAIL_NOT_VERIFIED,
        AuthError::SignInRefused => &types::SIGN_IN_REFUSED,
        AuthError::AccountLocked => &types::ACCOUNT_LOCKED,
        AuthError::AccountDeactivated => &types::ACCOUNT_DEACTIVATED,
        AuthError::InvalidRefreshToken => &types::INVALID_REFRESH_TOKEN,
        AuthError::RefreshTokenReused => &types::REFRESH_TOKEN_REUSED,
        AuthError::LastCredential => &types::LAST_CREDENTIAL,
    }
}

fn account(error: AccountError) -> &'static ProblemType {
    match error {
        AccountError::CheckInProgress => &types::CHECK_IN_PROGRESS,
        AccountError::LastAdmin => &types::LAST_ADMIN,
        AccountError::OwnAccount => &types::OWN_ACCOUNT,
        AccountError::ExternalIdTaken => &types::EXTERNAL_ID_TAKEN,
        AccountError::MorePermitted => &types::MORE_PERMITTED,
    }
}

fn passkey(error: PasskeyError) -> &'static ProblemType {
    match error {
        PasskeyError::Invalid => &types::INVALID_PASSKEY,
        PasskeyError::CeremonyExpired => &types::CEREMONY_EXPIRED,
        PasskeyError::TooMany => &types::TOO_MANY_PASSKEYS,
        PasskeyError::Registered => &types::PASSKEY_REGISTERED,
    }
}

fn social(error: SocialError) -> &'static ProblemType {
    match error {
        SocialError::UnknownProvider => &types::NOT_FOUND,
        SocialError::InvalidAuthorization => &types::INVALID_AUTHORIZATION,
        SocialError::LinkRequired => &types::LINK_REQUIRED,
        SocialError::LinkedElsewhere => &types::LINKED_ELSEWHERE,
        SocialError::TooManyLinkedAccounts => &types::TOO_MANY_LINKED_ACCOUNTS,
        SocialError::ProviderUnavailable => &types::PROVIDER_UNAVAILABLE,
    }
}

fn check(error: CheckError) -> &'static ProblemType {
    match error {
        CheckError::CheckInProgress => &types::CHECK_IN_PROGRESS,
        CheckError::IllegalTransition => &types::ILLEGAL_TRANSITION,
        CheckError::NotSubmitted => &types::NOT_SUBMITTED,
        CheckError::OwnCheck => &types::OWN_CHECK,
        CheckError::ClaimedByAnother => &types::CLAIMED_BY_ANOTHER,
        CheckError::SameReviewer => &types::SAME_REVIEWER,
        CheckError::ReasonMissing => &types::REASON_REQUIRED,
        CheckError::DocumentsMissing => &types::DOCUMENTS_REQUIRED,
        CheckError::TooManyDocuments => &types::TOO_MANY_DOCUMENTS,
        CheckError::StepsMissing => &types::STEPS_MISSING,
        CheckError::OpenHits => &types::OPEN_HITS,
        CheckError::TrueMatch => &types::TRUE_MATCH,
        CheckError::NameMissing => &types::NAME_REQUIRED,
    }
}

fn document(error: DocumentError) -> &'static ProblemType {
    match error {
        DocumentError::InUse => &types::DOCUMENT_IN_USE,
    }
}

fn callback(error: CallbackError) -> &'static ProblemType {
    match error {
        CallbackError::UnknownProvider => &types::NOT_FOUND,
        CallbackError::BadSignature => &types::INVALID_SIGNATURE,
        CallbackError::StaleSignature => &types::STALE_SIGNATURE,
    }
}

fn aml(error: AmlError) -> &'static ProblemType {
    match error {
        AmlError::UnknownList => &types::NOT_FOUND,
        AmlError::ListsUnavailable => &types::UNAVAILABLE,
        AmlError::OwnHit => &types::OWN_CHECK,
        AmlError::HitDecided => &types::ILLEGAL_TRANSITION,
        AmlError::SameReviewer => &types::SAME_REVIEWER,
    }
}

fn client(error: ClientError) -> &'static ProblemType {
    match error {
        ClientError::NoSecret => &types::NO_SECRET,
        ClientError::BeyondOwn => &types::BEYOND_OWN_PERMISSIONS,
    }
}

fn factor(error: FactorError) -> &'static ProblemType {
    match error {
        FactorError::InvalidChallengeCode => &types::INVALID_CHALLENGE_CODE,
        FactorError::InvalidCode => &types::INVALID_CODE,
        FactorError::ChallengeExpired => &types::CHALLENGE_EXPIRED,
        FactorError::TooManyCodes { .. } => &types::TOO_MANY_CODES,
        FactorError::AlreadyEnabled => &types::MFA_ALREADY_ENABLED,
        FactorError::NotEnabled => &types::MFA_NOT_ENABLED,
        FactorError::NoSetup => &types::NO_MFA_SETUP,
        FactorError::SmsNotOffered => &types::SMS_NOT_OFFERED,
        FactorError::SmsUnavailable { .. } => &types::SMS_UNAVAILABLE,
    }
}

fn webhook(error: WebhookError) -> &'static ProblemType {
    match error {
        WebhookError::TooMany => &types::TOO_MANY_WEBHOOKS,
        WebhookError::Disabled => &types::WEBHOOK_DISABLED,
        WebhookError::Pending => &types::DELIVERY_PENDING,
    }
}

fn role(error: RoleError) -> &'static ProblemType {
    match error {
        RoleError::SystemRole => &types::SYSTEM_ROLE,
        RoleError::NameTaken => &types::ROLE_NAME_TAKEN,
        RoleError::Unknown => &types::NOT_FOUND,
        RoleError::InUse => &types::ROLE_IN_USE,
        RoleError::TooMany => &types::TOO_MANY_ROLES,
        RoleError::OwnRole => &types::OWN_ROLE,
        RoleError::BeyondOwn => &types::BEYOND_OWN_PERMISSIONS,
        RoleError::OwnAccount => &types::OWN_ROLES,
    }
}

fn internal(error: &Internal) -> &'static ProblemType {
    match error {
        Internal::Unavailable(_) => &types::UNAVAILABLE,
        Internal::Corrupt(_) | Internal::Bug(_) => &types::INTERNAL_ERROR,
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

/// The response to an error. `public_url`: the base address of the API, which serves the pages of problem types. `token_sent`: whether the request had a bearer token.
pub fn response(error: &Error, public_url: &str, correlation_id: &str, token_sent: bool) -> Response {
    let problem_type = type_of(error);
    let mut problem = Problem {
        r#type: format!("{public_url}/problems/{}", problem_type.code),
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
                .map(|InvalidField { field, code, message }| FieldProblem {
                    field: field.clone(),
                    code: code.clone(),
                    message: message.clone(),
                })
                .collect();
        }
        Error::Request(RequestError::UnknownField(field)) => {
            problem.errors = vec![FieldProblem {
                field: field.clone(),
                code: "unknown_field".into(),
                message: "This field is unknown.".into(),
            }];
        }
        Error::Request(RequestError::RateLimited { retry_after })
        | Error::Auth(AuthError::TemporarilyLocked { retry_after })
        | Error::Factor(FactorError::TooManyCodes { retry_after } | FactorError::SmsUnavailable { retry_after }) => {
            headers.push(("retry-after", retry_after.to_string()));
        }
        Error::Request(RequestError::UnsupportedMediaType { accepted }) => {
            // RFC 9110 §15.5.16.
            headers.push(("accept", (*accepted).to_owned()));
        }
        Error::Request(RequestError::MethodNotAllowed { allow }) => headers.push(("allow", allow.clone())),
        Error::Request(RequestError::RangeNotSatisfiable { size }) => {
            headers.push(("content-range", format!("bytes */{size}")));
        }
        Error::Social(SocialError::ProviderUnavailable) => headers.push(("retry-after", "30".to_owned())),
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
        Error::Request(RequestError::TooLarge { limit }) => Some(format!("At most {limit} bytes are allowed.")),
        Error::Request(RequestError::UnsupportedMediaType { accepted }) => {
            Some(format!("Send the body as {accepted}, in UTF-8."))
        }
        Error::Request(RequestError::MethodNotAllowed { allow }) => {
            Some(format!("The methods of this path are {allow}."))
        }
        Error::Request(RequestError::Forbidden(permission)) => {
            Some(format!("The permission {permission} is required."))
        }
        _ => None,
    }
}
