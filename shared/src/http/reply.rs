//! What a handler returns: types that know their status and schema.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    etag,
    operation::OperationDoc,
    response::{Body, Response},
};
use crate::{error::Result, store::idempotency::ShownHit};

/// A type that a handler can return.
pub trait Reply: Sized + Send + 'static {
    /// Whether only a command makes it.
    const COMMITTED: bool = false;

    /// Whether it holds a secret: then it is not stored for the idempotency key, and a replay is 409 `already_done`.
    const SECRET: bool = false;

    fn into_response(self) -> Result<Response>;

    /// The hits whose unmasked data it shows. If it is stored for an idempotency key, each replay writes an event of the read.
    fn shown_hits(&self) -> &[ShownHit] {
        &[]
    }

    fn describe(doc: &mut OperationDoc);
}

/// A reply that shows unmasked data of hits. The event of the command that makes it tells of the first time; of replays see
/// [`Reply::shown_hits`].
#[derive(Debug, Clone)]
pub struct ShowingHits<R> {
    pub reply: R,
    pub hits: Vec<ShownHit>,
}

impl<R: Reply> Reply for ShowingHits<R> {
    fn into_response(self) -> Result<Response> {
        self.reply.into_response()
    }

    fn shown_hits(&self) -> &[ShownHit] {
        &self.hits
    }

    fn describe(doc: &mut OperationDoc) {
        R::describe(doc);
    }
}

/// 200 with a body.
#[derive(Debug, Clone)]
pub struct Plain<T>(pub T);

impl<T: Serialize + ToSchema + Send + 'static> Reply for Plain<T> {
    fn into_response(self) -> Result<Response> {
        Response::json(200, &self.0)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<T>(200, "The result.");
    }
}

/// 503 with a body that says what is unhealthy.
#[derive(Debug, Clone)]
pub struct Unavailable<T>(pub T);

impl<T: Serialize + ToSchema + Send + 'static> Reply for Unavailable<T> {
    fn into_response(self) -> Result<Response> {
        Ok(Response::json(503, &self.0)?.header("retry-after", "30"))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<T>(503, "A service is unhealthy.");
    }
}

/// 201 with a body and the location of the new resource.
#[derive(Debug, Clone)]
pub struct Created<T> {
    pub location: Option<String>,
    pub version: Option<u64>,
    pub body: T,
}

impl<T: Serialize + ToSchema + Send + 'static> Reply for Created<T> {
    fn into_response(self) -> Result<Response> {
        let mut response = Response::json(201, &self.body)?;
        response.headers.extend(self.location.map(|location| ("location", location)));
        response.headers.extend(self.version.map(|version| ("etag", etag::of_version(version))));
        Ok(response)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<T>(201, "Created.");
        doc.header(201, "Location");
        doc.header(201, "ETag-Optional");
    }
}

/// A reply that shows a secret, once.
#[derive(Debug, Clone)]
pub struct ShownOnce<R>(pub R);

impl<R: Reply> Reply for ShownOnce<R> {
    const SECRET: bool = true;

    fn into_response(self) -> Result<Response> {
        self.0.into_response()
    }

    fn describe(doc: &mut OperationDoc) {
        R::describe(doc);
    }
}

/// 202: accepted, and processed later.
#[derive(Debug, Clone)]
pub struct Accepted<T>(pub T);

impl<T: Serialize + ToSchema + Send + 'static> Reply for Accepted<T> {
    fn into_response(self) -> Result<Response> {
        Response::json(202, &self.0)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<T>(202, "Accepted; the work is done later.");
    }
}

/// 204.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl Reply for NoContent {
    fn into_response(self) -> Result<Response> {
        Ok(Response::empty(204))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.empty_response(204, "Done.");
    }
}

/// 303: the browser goes on to another address.
#[derive(Debug, Clone)]
pub struct SeeOther {
    pub location: String,
}

impl Reply for SeeOther {
    fn into_response(self) -> Result<Response> {
        Ok(Response::empty(303).header("location", self.location))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.empty_response(303, "Go on to the address in `Location`.");
        doc.header(303, "Location");
    }
}

/// 200 with an entity tag; becomes 304 if `If-None-Match` names this version.
#[derive(Debug, Clone)]
pub struct Versioned<T> {
    pub version: u64,
    pub body: T,
}

impl<T: Serialize + ToSchema + Send + 'static> Reply for Versioned<T> {
    fn into_response(self) -> Result<Response> {
        Ok(Response::json(200, &self.body)?.header("etag", etag::of_version(self.version)))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<T>(200, "The resource.");
        doc.versioned(200);
    }
}

/// 200 with one page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

impl<T: Serialize + ToSchema + Send + 'static> Reply for Page<T> {
    fn into_response(self) -> Result<Response> {
        Response::json(200, &self)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.page_response::<T>();
    }
}

/// Bytes of a given type, whole (200) or in part (206, RFC 9110 §14).
#[derive(Debug, Clone)]
pub struct Binary {
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
    /// First byte, last byte and total size, for a part.
    pub range: Option<(u64, u64, u64)>,
    pub headers: Vec<(&'static str, String)>,
}

impl Reply for Binary {
    fn into_response(self) -> Result<Response> {
        let mut response = Response {
            status: if self.range.is_some() { 206 } else { 200 },
            headers: self.headers,
            body: Body::Bytes(self.bytes),
        }
        .header("content-type", self.content_type)
        .header("accept-ranges", "bytes");
        if let Some((first, last, size)) = self.range {
            response = response.header("content-range", format!("bytes {first}-{last}/{size}"));
        }
        Ok(response)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.binary_response();
    }
}

/// 200 with a text of any content type (a document, a page, metrics).
#[derive(Debug, Clone)]
pub struct Text {
    pub content_type: &'static str,
    pub text: String,
    pub headers: Vec<(&'static str, String)>,
}

impl Reply for Text {
    fn into_response(self) -> Result<Response> {
        let response = Response { status: 200, headers: self.headers, body: Body::Text(self.text) };
        Ok(response.header("content-type", self.content_type))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.text_response();
    }
}

/// One of two replies, for routes whose status depends on parameters or state.
#[derive(Debug, Clone)]
pub enum Either<A, B> {
    One(A),
    Other(B),
}

impl<A: Reply, B: Reply> Reply for Either<A, B> {
    fn into_response(self) -> Result<Response> {
        match self {
            Self::One(one) => one.into_response(),
            Self::Other(other) => other.into_response(),
        }
    }

    fn describe(doc: &mut OperationDoc) {
        A::describe(doc);
        B::describe(doc);
    }
}
