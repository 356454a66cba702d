//! A response in its final form, before the headers that every response gets.

use serde::Serialize;

use crate::error::{Internal, Result};

/// Status, own headers and body of a response.
#[derive(Debug, Clone)]
pub struct Response {
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

impl Response {
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty }
    }

    pub fn json(status: u16, body: &impl Serialize) -> Result<Self> {
        let text = serde_json::to_string(body).map_err(Internal::bug)?;
        Ok(Self { status, headers: vec![("content-type", "application/json".to_owned())], body: Body::Text(text) })
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Status and headers only, for `HEAD` (RFC 9110 §9.3.2).
    #[must_use]
    pub fn without_body(self) -> Self {
        Self { body: Body::Empty, ..self }
    }
}
