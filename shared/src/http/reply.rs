//! What a handler answers, as types that know their status and schema.

use serde::Serialize;
use utoipa::ToSchema;

use super::openapi::OperationDoc;
use crate::error::{Internal, Result};

/// A finished answer, before the headers that every answer has.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
}

#[derive(Debug, Clone)]
pub enum Body {
    Empty,
    Text(String),
    Bytes(Vec<u8>),
}

impl Answer {
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty }
    }

    pub fn json(status: u16, body: &impl Serialize) -> Result<Self> {
        let text = serde_json::to_string(body).map_err(Internal::bug)?;
        Ok(Self { status, headers: vec![("content-type", "application/json".to_owned())], body: Body::Text(text) })
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// `"7"`: the strong entity tag (RFC 9110 §8.8.3) of a version.
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// Something a handler can answer.
pub trait Reply: Sized + Send + 'static {
    /// Whether it is the answer of a command.
    const COMMITTED: bool = false;

    fn into_answer(self) -> Result<Answer>;

    fn describe(doc: &mut OperationDoc);
}

/// 200 with a body.
#[derive(Debug, Clone)]
pub struct Plain<T>(pub T);

impl<T: Serialize + ToSchema + Send + 'static> Reply for Plain<T> {
    fn into_answer(self) -> Result<Answer> {
        Answer::json(200, &self.0)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<T>(200, "Done");
    }
}

/// 503 with a body that says what is unwell.
#[derive(Debug, Clone)]
pub struct Unavailable<T>(pub T);

impl<T: Serialize + ToSchema + Send + 'static> Reply for Unavailable<T> {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::json(503, &self.0)?.header("retry-after", "30"))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<T>(503, "Unwell");
    }
}

/// 201 with a body and where it can be found from now on.
#[derive(Debug, Clone)]
pub struct Created<T> {
    pub location: Option<String>,
    pub version: Option<u64>,
    pub body: T,
}

impl<T: Serialize + ToSchema + Send + 'static> Reply for Created<T> {
    fn into_answer(self) -> Result<Answer> {
        let mut answer = Answer::json(201, &self.body)?;
        answer.headers.extend(self.location.map(|location| ("location", location)));
        answer.headers.extend(self.version.map(|version| ("etag", etag(version))));
        Ok(answer)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<T>(201, "Created");
    }
}

/// 202: taken, and done later.
#[derive(Debug, Clone)]
pub struct Accepted<T>(pub T);

impl<T: Serialize + ToSchema + Send + 'static> Reply for Accepted<T> {
    fn into_answer(self) -> Result<Answer> {
        Answer::json(202, &self.0)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<T>(202, "Accepted for later");
    }
}

/// 204.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl Reply for NoContent {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::empty(204))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.empty_response(204, "Done");
    }
}

/// 200 with an entity tag; the harness makes it 304 to a caller who has this version.
#[derive(Debug, Clone)]
pub struct Versioned<T> {
    pub version: u64,
    pub body: T,
}

impl<T: Serialize + ToSchema + Send + 'static> Reply for Versioned<T> {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::json(200, &self.body)?.header("etag", etag(self.version)))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.json_response::<T>(200, "Done");
        doc.etag();
    }
}

/// 200 with one page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

impl<T: Serialize + ToSchema + Send + 'static> Reply for Page<T> {
    fn into_answer(self) -> Result<Answer> {
        Answer::json(200, &self)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.page_response::<T>();
    }
}

/// Bytes of a stated type, or a part of them (206, RFC 9110 §14).
#[derive(Debug, Clone)]
pub struct Binary {
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
    /// First byte, last byte and size of the whole, when this is a part.
    pub range: Option<(u64, u64, u64)>,
    pub headers: Vec<(&'static str, String)>,
}

impl Reply for Binary {
    fn into_answer(self) -> Result<Answer> {
        let mut answer = Answer {
            status: if self.range.is_some() { 206 } else { 200 },
            headers: self.headers,
            body: Body::Bytes(self.bytes),
        }
        .header("content-type", self.content_type)
        .header("accept-ranges", "bytes");
        if let Some((first, last, size)) = self.range {
            answer = answer.header("content-range", format!("bytes {first}-{last}/{size}"));
        }
        Ok(answer)
    }

    fn describe(doc: &mut OperationDoc) {
        doc.binary_response();
    }
}

/// An answer whose form is made elsewhere (a document, a page, a metrics text): status 200 and its content type.
#[derive(Debug, Clone)]
pub struct Text {
    pub content_type: &'static str,
    pub text: String,
    pub headers: Vec<(&'static str, String)>,
}

impl Reply for Text {
    fn into_answer(self) -> Result<Answer> {
        let answer = Answer { status: 200, headers: self.headers, body: Body::Text(self.text) };
        Ok(answer.header("content-type", self.content_type))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.text_response();
    }
}

/// One of two answers, for routes whose parameters or state choose the status.
#[derive(Debug, Clone)]
pub enum Either<A, B> {
    One(A),
    Other(B),
}

impl<A: Reply, B: Reply> Reply for Either<A, B> {
    fn into_answer(self) -> Result<Answer> {
        match self {
            Self::One(one) => one.into_answer(),
            Self::Other(other) => other.into_answer(),
        }
    }

    fn describe(doc: &mut OperationDoc) {
        A::describe(doc);
        B::describe(doc);
    }
}
