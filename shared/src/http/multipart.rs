//! `multipart/form-data` (RFC 7578) with one file; its size is limited before it is parsed.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::stream;
use sha2::{Digest, Sha256};

use super::{
    call::Incoming,
    content_type,
    form::{Form, FormField},
    input::{Fingerprint, Input, shortened},
    operation::OperationDoc,
    route::Route,
};
use crate::{
    domain::field::{FieldFault, InvalidField},
    error::{RequestError, Result},
};

/// The error for another content type.
const NOT_A_FORM: RequestError = RequestError::UnsupportedMediaType { accepted: "multipart/form-data" };

/// Largest text field in bytes.
const FIELD_LIMIT: u64 = 1024;

/// The parsed form `F`: text fields by name, and the content of the file with its SHA-256.
#[derive(Debug)]
pub struct Upload<F> {
    pub fields: BTreeMap<&'static str, String>,
    pub file: Bytes,
    pub sha256: [u8; 32],
    form: std::marker::PhantomData<F>,
}

impl<F: Form> Input for Upload<F> {
    async fn parse(incoming: &Incoming) -> Result<(Self, Fingerprint)> {
        let header = incoming.header("content-type").unwrap_or_default();
        content_type::of_utf8(header).ok_or(NOT_A_FORM)?;
        let boundary = multer::parse_boundary(header).map_err(|_| NOT_A_FORM)?;
        let body = incoming.body.clone();
        let chunks = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
        let limits = multer::SizeLimit::new().per_field(F::FILE_LIMIT as u64).for_fields(F::FIELDS, FIELD_LIMIT);
        let constraints = multer::Constraints::new().size_limit(limits);
        let mut parts = multer::Multipart::with_constraints(chunks, boundary, constraints);

        let mut fields = BTreeMap::new();
        let mut file = None;
        while let Some(part) = parts.next_field().await.map_err(|error| refusal(&error))? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "file" {
                let bytes = part.bytes().await.map_err(|error| refusal(&error))?;
                if file.replace(bytes).is_some() {
                    return Err(invalid("file", "duplicate", "This field occurs twice."));
                }
            } else if let Some(field) = F::FIELDS.iter().find(|field| field.name == name) {
                let text = text(part).await?;
                if !field.is_required() && text.trim().is_empty() {
                    // Browsers send the empty fields of a form too.
                    continue;
                }
                if fields.insert(field.name, text).is_some() {
                    return Err(invalid(field.name, "duplicate", "This field occurs twice."));
                }
            } else {
                return Err(RequestError::UnknownField(shortened(&name)).into());
            }
        }
        for field in F::FIELDS {
            if field.is_required() && !fields.contains_key(field.name) {
                return Err(invalid(field.name, "required", "This field is required."));
            }
        }
        let file = file.ok_or_else(|| invalid("file", "required", "This field is required."))?;
        let sha256: [u8; 32] = Sha256::digest(&file).into();
        let mut fingerprint = sha256.to_vec();
        for (name, value) in &fields {
            fingerprint.extend_from_slice(format!("\n{name}={value}").as_bytes());
        }
        Ok((Self { fields, file, sha256, form: std::marker::PhantomData }, fingerprint))
    }

    fn describe(_: &Route, doc: &mut OperationDoc) {
        doc.multipart_body(F::FIELDS, F::FILE_LIMIT);
    }
}

/// The value of a text field. `multer` would decode other charsets and replace unreadable bytes with U+FFFD.
async fn text(part: multer::Field<'_>) -> Result<String> {
    let header = part.headers().get("content-type").map_or(Ok("text/plain"), |header| header.to_str());
    header.ok().and_then(content_type::of_utf8).ok_or(NOT_A_FORM)?;
    let bytes = part.bytes().await.map_err(|error| refusal(&error))?;
    let text = String::from_utf8(bytes.into()).map_err(|_| RequestError::Malformed("A field is not UTF-8."))?;
    Ok(text)
}

fn invalid(field: &str, code: &'static str, message: &'static str) -> crate::error::Error {
    RequestError::Invalid(vec![InvalidField::new(field, FieldFault::new(code, message))]).into()
}

fn refusal(error: &multer::Error) -> RequestError {
    match error {
        multer::Error::FieldSizeExceeded { limit, .. } | multer::Error::StreamSizeExceeded { limit } => {
            RequestError::TooLarge { limit: *limit }
        }
        _ => RequestError::Malformed("The form is malformed."),
    }
}

trait ForFields {
    fn for_fields(self, fields: &[FormField], limit: u64) -> Self;
}

impl ForFields for multer::SizeLimit {
    fn for_fields(self, fields: &[FormField], limit: u64) -> Self {
        fields.iter().fold(self, |limits, field| limits.for_field(field.name, limit))
    }
}
