//! `application/x-www-form-urlencoded` bodies, as browsers and OAuth clients send them. Unlike elsewhere, fields that a route does not
//! know may be there, since the sender is another company's server (RFC 6749 §3.1, §4.1.2).

use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::{
    call::Incoming,
    content_type,
    input::{Fingerprint, Input},
    operation::OperationDoc,
    route::Route,
};
use crate::error::{RequestError, Result};

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// The fields of the body.
#[derive(Debug)]
pub struct UrlEncoded<T>(pub T);

impl<T: DeserializeOwned + ToSchema + Send + 'static> Input for UrlEncoded<T> {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        let kind = content_type::of_utf8(incoming.header("content-type").unwrap_or_default());
        if kind.as_deref() != Some(MEDIA_TYPE) {
            return Err(RequestError::UnsupportedMediaType { accepted: MEDIA_TYPE }.into());
        }
        let value = serde_urlencoded::from_bytes(&incoming.body)
            .map_err(|_| RequestError::Malformed("The body is not a form with the fields of this route."))?;
        Ok((Self(value), incoming.body.to_vec()))
    }

    fn describe(_: &Route, doc: &mut OperationDoc) {
        doc.urlencoded_body::<T>();
    }
}
