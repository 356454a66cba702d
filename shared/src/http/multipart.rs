//! `multipart/form-data` (RFC 7578) with one file; its size is limited before it is parsed.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::stream;
use sha2::{Digest, Sha256};

use super::{
    call::Incoming,
    content_type,
    form::{Form, Presence},
    input::{Fingerprint, Input, shortened},
    operation::OperationDoc,
    route::Route,
};
use crate::{
    domain::field::Invalid,
    error::{RequestError, Result},
};

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
        content_type::of_utf8(header).ok_or(RequestError::UnsupportedMediaType)?;
        let boundary = multer::parse_boundary(header).map_err(|_| RequestError::UnsupportedMediaType)?;
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
            } else if let Some((known, _)) = F::FIELDS.iter().find(|(known, _)| *known == name) {
                let text = text(part).await?;
                if fields.insert(*known, text).is_some() {
                    return Err(invalid(known, "duplicate", "This field occurs twice."));
                }
            } else {
                return Err(RequestError::UnknownField(shortened(&name)).into());
            }
        }
        for (name, presence) in F::FIELDS {
            if *presence == Presence::Required && !fields.contains_key(name) {
                return Err(invalid(name, "required", "This field is required."));
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
        doc.multipart_body(F::FIELDS);
    }
}

/// The value of a text field. `multer` would decode other charsets and replace unreadable bytes with U+FFFD.
async fn text(part: multer::Field<'_>) -> Result<String> {
    let header = part.headers().get("content-type").map_or(Ok("text/plain"), |header| header.to_str());
    header.ok().and_then(content_type::of_utf8).ok_or(RequestError::UnsupportedMediaType)?;
    let bytes = part.bytes().await.map_err(|error| refusal(&error))?;
    let text = String::from_utf8(bytes.into()).map_err(|_| RequestError::Malformed("a field is not UTF-8"))?;
    Ok(text)
}

fn invalid(field: &str, code: &'static str, message: &'static str) -> crate::error::Error {
    RequestError::Invalid(vec![Invalid { field: field.to_owned(), code, message }]).into()
}

fn refusal(error: &multer::Error) -> RequestError {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => RequestError::TooLarge,
        _ => RequestError::Malformed("the form is malformed"),
    }
}

trait ForFields {
    fn for_fields(self, fields: &[(&'static str, Presence)], limit: u64) -> Self;
}

impl ForFields for multer::SizeLimit {
    fn for_fields(self, fields: &[(&'static str, Presence)], limit: u64) -> Self {
        fields.iter().fold(self, |limits, (name, _)| limits.for_field(*name, limit))
    }
}
