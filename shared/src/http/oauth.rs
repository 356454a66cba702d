//! Requests and errors of the OAuth endpoints, whose form RFC 6749 fixes.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    call::Incoming,
    headers::bearer_token,
    input::{Fingerprint, Input},
    operation::OperationDoc,
    reply::Reply,
    response::Response,
    route::Route,
};
use crate::{
    domain::secret::{Secret, SecretText},
    error::Result,
};

/// A form of an OAuth endpoint (RFC 6749 §3.2), with the credentials of its `Authorization` header. Reading it never fails: the
/// handler answers what is malformed in the form that RFC 6749 states.
#[derive(Debug)]
pub struct OAuthForm<T> {
    /// `None` if the body is not a form, or has a parameter twice.
    parameters: Option<BTreeMap<String, SecretText>>,
    pub authorization: ClientAuthorization,
    schema: std::marker::PhantomData<fn() -> T>,
}

/// The `Authorization` header of an OAuth request.
#[derive(Debug)]
pub enum ClientAuthorization {
    Absent,
    /// HTTP Basic (RFC 7617) with both parts encoded as in a form (RFC 6749 §2.3.1).
    Basic {
        client: String,
        secret: SecretText,
    },
    /// An access token (RFC 6750 §2.1), not verified.
    Bearer(SecretText),
    /// Another scheme, or malformed.
    Other,
}

impl<T> OAuthForm<T> {
    /// Refuses a body that is not a form, or that has a parameter twice.
    pub const fn well_formed(&self) -> Result<(), OAuthError> {
        if self.parameters.is_some() {
            return Ok(());
        }
        Err(OAuthError::new("invalid_request", "The body must be a form (RFC 6749 §3.2) without repeated parameters."))
    }

    /// The value of a parameter. An empty value counts as absent (RFC 6749 §3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.as_ref()?.get(name).map(|value| value.expose().as_str()).filter(|value| !value.is_empty())
    }
}

impl<T: ToSchema + Send + 'static> Input for OAuthForm<T> {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        let content_type = incoming.header("content-type").unwrap_or_default();
        let is_form = content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM));
        let form = Self {
            parameters: if is_form { parameters(&incoming.body) } else { None },
            authorization: authorization(incoming),
            schema: std::marker::PhantomData,
        };
        Ok((form, Fingerprint::new()))
    }

    fn describe(_: &Route, doc: &mut OperationDoc) {
        doc.form_body::<T>();
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn parameters(body: &[u8]) -> Option<BTreeMap<String, SecretText>> {
    let mut parameters = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if parameters.insert(name.into_owned(), Secret::new(value.into_owned())).is_some() {
            return None;
        }
    }
    Some(parameters)
}

fn authorization(incoming: &Incoming) -> ClientAuthorization {
    if !incoming.headers.contains_key(http::header::AUTHORIZATION) {
        return ClientAuthorization::Absent;
    }
    let header = incoming.header("authorization");
    header.and_then(|header| basic(header).or_else(|| bearer(header))).unwrap_or(ClientAuthorization::Other)
}

fn bearer(header: &str) -> Option<ClientAuthorization> {
    bearer_token(header).map(|token| ClientAuthorization::Bearer(Secret::new(token.to_owned())))
}

fn basic(header: &str) -> Option<ClientAuthorization> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client, secret) = plain.split_once(':')?;
    let decoded = |text: &str| {
        let one_value = !text.contains(['&', '=']);
        url::form_urlencoded::parse(text.as_bytes()).next().filter(|_| one_value).map(|(name, _)| name.into_owned())
    };
    Some(ClientAuthorization::Basic { client: decoded(client)?, secret: Secret::new(decoded(secret)?) })
}

/// An error of an OAuth endpoint (RFC 6749 §5.2, RFC 6750 §3.1).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OAuthError {
    /// `invalid_request`, `invalid_client`, `invalid_token`, `invalid_scope`, `insufficient_scope` or `unsupported_grant_type`.
    #[schema(example = "invalid_client")]
    error: &'static str,
    /// For developers.
    #[schema(example = "The client is unknown, or its credentials are wrong.")]
    error_description: &'static str,
}

impl OAuthError {
    pub const fn new(error: &'static str, error_description: &'static str) -> Self {
        Self { error, error_description }
    }

    /// The client did not prove itself. The description does not tell why.
    pub const INVALID_CLIENT: Self =
        Self::new("invalid_client", "The client is unknown, or its credentials are wrong.");

    /// The access token of the client does not identify a client.
    pub const INVALID_TOKEN: Self = Self::new("invalid_token", "The access token is not that of a machine client.");

    /// The client lacks the permission.
    pub const INSUFFICIENT_SCOPE: Self =
        Self::new("insufficient_scope", "The client or its access token lacks the permission.");

    /// Whether the client did not prove itself.
    pub fn is_unproved_client(&self) -> bool {
        [Self::INVALID_CLIENT.error, Self::INVALID_TOKEN.error].contains(&self.error)
    }
}

impl Reply for OAuthError {
    fn into_response(self) -> Result<Response> {
        let (status, challenge) = match self.error {
            "invalid_client" => (401, Some("Basic realm=\"oauth\"")),
            "invalid_token" => (401, Some("Bearer error=\"invalid_token\"")),
            "insufficient_scope" => (403, Some("Bearer error=\"insufficient_scope\"")),
            _ => (400, None),
        };
        let response = Response::json(status, &self)?;
        Ok(match challenge {
            Some(challenge) => response.header("www-authenticate", challenge),
            None => response,
        })
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<Self>(400, "The request, the scope or the grant type is refused (RFC 6749 §5.2).");
        doc.json_response::<Self>(401, "The client did not prove itself.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(plain: &str) -> Option<(String, String)> {
        match basic(&format!("Basic {}", STANDARD.encode(plain)))? {
            ClientAuthorization::Basic { client, secret } => Some((client, secret.expose().clone())),
            _ => None,
        }
    }

    #[test]
    fn basic_credentials_are_decoded_as_form_values() {
        assert_eq!(decoded("cli_1:vnsec_a-b"), Some(("cli_1".into(), "vnsec_a-b".into())));
        assert_eq!(decoded("a%3Ab:c%26d+e"), Some(("a:b".into(), "c&d e".into())));
        for bad in ["no colon", "a=b:c", "a:b&c"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
        assert!(basic("Bearer abc").is_none() && basic("Basic !").is_none() && basic("Basic").is_none());
    }

    #[test]
    fn a_parameter_may_not_occur_twice() {
        assert!(parameters(b"scope=a&scope=b").is_none());
        assert_eq!(parameters(b"scope=a+b").unwrap()["scope"].expose(), "a b");
    }

    #[test]
    fn a_secret_of_the_form_is_not_shown_by_debug() {
        let form = OAuthForm::<OAuthError> {
            parameters: parameters(b"client_assertion=hunter2"),
            authorization: basic(&format!("Basic {}", STANDARD.encode("a:hunter2"))).unwrap(),
            schema: std::marker::PhantomData,
        };
        assert!(!format!("{form:?}").contains("hunter2"));
    }
}
