//! The input of a handler: path, query and body. Unknown fields are refused.

use std::str::FromStr;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use utoipa::{IntoParams, ToSchema, openapi::path::ParameterIn};

use super::{call::Incoming, content_type, form::schema_of, operation::OperationDoc, route::Route};
use crate::{
    domain::{
        field::InvalidField,
        id::{Id, Kind},
    },
    error::{RequestError, Result},
};

/// The content by which idempotency tells two requests apart. It does not depend on formatting or the order of fields.
pub type Fingerprint = Vec<u8>;

/// A type that a handler can take as input.
pub trait Input: Sized + Send + 'static {
    /// Called after authentication and rate limits.
    fn parse(incoming: &Incoming) -> impl Future<Output = Result<(Self, Fingerprint)>> + Send;

    fn describe(route: &Route, doc: &mut OperationDoc);
}

/// No input: a body must be absent or an empty object.
impl Input for () {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        if !incoming.body.is_empty() {
            let body: serde_json::Map<String, serde_json::Value> = parse_json(incoming)?.0;
            if let Some(field) = body.keys().next() {
                return Err(RequestError::UnknownField(shortened(field)).into());
            }
        }
        Ok(((), Fingerprint::new()))
    }

    fn describe(route: &Route, doc: &mut OperationDoc) {
        doc.no_body(route);
    }
}

/// The path parameter, or a tuple of the parameters in the order of the path. A parameter that does not parse is 404.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// A type of path parameter. Each value has exactly one text form, so the text serves as fingerprint.
pub trait PathParameter: FromStr + ToSchema + Send + 'static {}

impl<K: Kind + Send + 'static> PathParameter for Id<K> {}
impl PathParameter for String {}

/// One path parameter or a tuple of them.
pub trait PathParameters: Sized + Send + 'static {
    /// `None` if a parameter is missing or does not parse.
    fn parse(texts: &[&str]) -> Option<Self>;

    /// The schema of each parameter, in the order of the path.
    fn schemas() -> Vec<serde_json::Value>;
}

impl<T: PathParameter> PathParameters for T {
    fn parse(texts: &[&str]) -> Option<Self> {
        texts.first()?.parse().ok()
    }

    fn schemas() -> Vec<serde_json::Value> {
        vec![schema_of::<T>()]
    }
}

impl<A: PathParameter, B: PathParameter> PathParameters for (A, B) {
    fn parse(texts: &[&str]) -> Option<Self> {
        let [first, second, ..] = texts else { return None };
        Some((first.parse().ok()?, second.parse().ok()?))
    }

    fn schemas() -> Vec<serde_json::Value> {
        vec![schema_of::<A>(), schema_of::<B>()]
    }
}

impl<T: PathParameters> Input for Path<T> {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        let texts: Vec<_> =
            incoming.route.path_parameters().map_while(|name| incoming.path.get(name).map(String::as_str)).collect();
        let value = T::parse(&texts).ok_or(RequestError::NotFound)?;
        Ok((Self(value), texts.join("/").into_bytes()))
    }

    fn describe(route: &Route, doc: &mut OperationDoc) {
        doc.path_parameters(route, T::schemas());
    }
}

/// The query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + IntoParams + Send + 'static> Input for Query<T> {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        let deserializer = serde_urlencoded::Deserializer::new(form_pairs(&incoming.query));
        let value = serde_path_to_error::deserialize(deserializer)
            .map_err(|error| refusal(&error.path().to_string(), &error.inner().to_string()))?;
        Ok((Self(value), incoming.query.clone().into_bytes()))
    }

    fn describe(_: &Route, doc: &mut OperationDoc) {
        doc.query_parameters(T::into_params(|| Some(ParameterIn::Query)));
    }
}

fn form_pairs(query: &str) -> url::form_urlencoded::Parse<'_> {
    url::form_urlencoded::parse(query.as_bytes())
}

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + ToSchema + Send + 'static> Input for Json<T> {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        let (value, fingerprint) = parse_json(incoming)?;
        Ok((Self(value), fingerprint))
    }

    fn describe(_: &Route, doc: &mut OperationDoc) {
        doc.json_body::<T>();
    }
}

/// An optional JSON body.
impl<T: DeserializeOwned + ToSchema + Send + 'static> Input for Option<Json<T>> {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        if incoming.body.is_empty() {
            return Ok((None, Fingerprint::new()));
        }
        let (value, fingerprint) = Json::parse(incoming).await?;
        Ok((Some(value), fingerprint))
    }

    fn describe(_: &Route, doc: &mut OperationDoc) {
        doc.optional_json_body::<T>();
    }
}

fn parse_json<T: DeserializeOwned>(incoming: &Incoming) -> Result<(T, Fingerprint)> {
    if !is_json(incoming.header("content-type").unwrap_or_default()) {
        return Err(
            RequestError::UnsupportedMediaType { accepted: "application/json, application/merge-patch+json" }.into()
        );
    }
    // Serde would accept an array as a struct, with its fields by position.
    if incoming.body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(RequestError::Malformed("The body is not a JSON object.").into());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(&incoming.body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        if error.inner().is_data() {
            refusal(&error.path().to_string(), &error.inner().to_string())
        } else {
            RequestError::Malformed("The body is not JSON.")
        }
    })?;
    deserializer.end().map_err(|_| RequestError::Malformed("The body continues after the JSON object."))?;
    Ok((value, fingerprint(incoming)))
}

/// The body with sorted keys. It includes secret fields, so only a keyed hash of it is stored.
fn fingerprint(incoming: &Incoming) -> Fingerprint {
    match serde_json::from_slice(&incoming.body) {
        Ok(fields @ serde_json::Value::Object(_)) => fields.to_string().into_bytes(),
        _ => incoming.body.to_vec(),
    }
}

fn is_json(header: &str) -> bool {
    content_type::of_utf8(header)
        .is_some_and(|kind| kind == "application/json" || kind == "application/merge-patch+json")
}

/// The problem of data that does not fit the type. Serde's own messages may quote values, so only their kind is used. The messages
/// of our types have the form of [`FieldFault`] and never quote values.
fn refusal(path: &str, message: &str) -> RequestError {
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let field = rest.split('`').next().unwrap_or_default();
        return RequestError::UnknownField(shortened(field));
    }
    let invalid = |field: &str, code: &str, message: &str| {
        let (code, message) = (code.to_owned().into(), message.to_owned().into());
        RequestError::Invalid(vec![InvalidField { field: shortened(field), code, message }])
    };
    if let Some(rest) = message.strip_prefix("missing field `") {
        invalid(rest.split('`').next().unwrap_or_default(), "required", "This field is required.")
    } else if message.starts_with("duplicate field") {
        invalid(path, "duplicate", "This field occurs twice.")
    } else if let Some((code, message)) = own_fault(message) {
        invalid(path, code, message)
    } else if let Some(known) = known_variants(message) {
        invalid(path, "not_allowed", &format!("Must be one of: {known}."))
    } else {
        invalid(path, "invalid", "The value has the wrong type or format.")
    }
}

/// Code and message of a [`FieldFault`](crate::domain::field::FieldFault); `serde_json` appends the position to it.
fn own_fault(message: &str) -> Option<(&str, &str)> {
    let (code, rest) = message.split_once(": ")?;
    let is_code = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let text = rest.rsplit_once(" at line ").map_or(rest, |(text, _)| text);
    (is_code && text.starts_with(char::is_uppercase) && text.ends_with('.')).then_some((code, text))
}

/// The variants of an enum, from Serde's message about an unknown one.
fn known_variants(message: &str) -> Option<String> {
    let expected = message.strip_prefix("unknown variant")?.rsplit_once(", expected ")?.1;
    let variants: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
    Some(variants.join(", "))
}

/// A field name as the caller sent it, shortened for the response.
pub(super) fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// The body as it was sent, for callbacks whose signature covers the bytes.
#[derive(Debug)]
pub struct RawBody(pub Bytes);

impl Input for RawBody {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        Ok((Self(incoming.body.clone()), Fingerprint::new()))
    }

    fn describe(_: &Route, doc: &mut OperationDoc) {
        doc.signed_body();
    }
}

/// Method and path of the request, for the route of all methods.
#[derive(Debug)]
pub struct RequestLine {
    pub method: http::Method,
    /// The path as the template names it.
    pub resource: String,
}

impl Input for RequestLine {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        let line = Self { method: incoming.method.clone(), resource: incoming.resource.clone() };
        Ok((line, Fingerprint::new()))
    }

    fn describe(_: &Route, _: &mut OperationDoc) {}
}

/// All headers of the request.
#[derive(Debug)]
pub struct Headers(pub http::HeaderMap);

impl Input for Headers {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        Ok((Self(incoming.headers.clone()), Fingerprint::new()))
    }

    fn describe(_: &Route, _: &mut OperationDoc) {}
}

macro_rules! tuple {
    ($($part:ident),+) => {
        impl<$($part: Input),+> Input for ($($part,)+) {
            async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
                let mut all = Fingerprint::new();
                let parsed = ($({
                    let (value, fingerprint) = $part::parse(incoming).await?;
                    all.extend_from_slice(&(fingerprint.len() as u64).to_be_bytes());
                    all.extend_from_slice(&fingerprint);
                    value
                },)+);
                Ok((parsed, all))
            }

            fn describe(route: &Route, doc: &mut OperationDoc) {
                $($part::describe(route, doc);)+
            }
        }
    };
}

tuple!(P1, P2);
tuple!(P1, P2, P3);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        id::{CheckId, DocumentId},
        time::Timestamp,
    };

    #[test]
    fn the_problem_of_a_value_names_the_allowed_ones_and_never_quotes_it() {
        let fault = |message: &str| match refusal("field", message) {
            RequestError::Invalid(fields) => (fields[0].code.to_string(), fields[0].message.to_string()),
            other => panic!("{other}"),
        };
        let not_allowed = |message: &str| ("not_allowed".to_owned(), message.to_owned());
        let message = "not_allowed: Must be one of: a, b. at line 1 column 12";
        assert_eq!(fault(message), not_allowed("Must be one of: a, b."));
        let message = "unknown variant `x, expected `secret``, expected `a` or `b` at line 1 column 3";
        assert_eq!(fault(message), not_allowed("Must be one of: a, b."));
        let wrong = ("invalid".to_owned(), "The value has the wrong type or format.".to_owned());
        for message in ["invalid type: string \"x: Secret.\", expected u8", "invalid value: Secret.", "x: Secret"] {
            assert_eq!(fault(message), wrong, "{message}");
        }
    }

    #[test]
    fn path_parameters_are_read_in_the_order_of_the_path() {
        let at = Timestamp::from_unix_millis(1);
        let (check, document) = (CheckId::from_parts(at, [1; 10]), DocumentId::from_parts(at, [2; 10]));
        let (first, second) = (check.to_string(), document.to_string());
        assert_eq!(CheckId::parse(&[&first, &second]), Some(check));
        assert_eq!(<(CheckId, DocumentId)>::parse(&[&first, &second]), Some((check, document)));
        assert_eq!(<(CheckId, DocumentId)>::parse(&[&second, &first]), None);
        assert_eq!(<(CheckId, DocumentId)>::parse(&[&first]), None);
    }
}
