//! Errors as RFC 9457 problems, with the codes of the API.

use serde::Serialize;
use serde_json::{Value, json};

/// One invalid field.
#[derive(Debug, Serialize)]
pub struct FieldProblem {
    pub field: String,
    pub code: &'static str,
    /// A sentence for people. It never repeats the value.
    pub message: String,
}

/// An error of a request.
#[derive(Debug)]
pub struct Problem {
    pub status: u16,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
    errors: Vec<FieldProblem>,
}

impl Problem {
    const fn new(status: u16, code: &'static str, title: &'static str, detail: &'static str) -> Self {
        Self { status, code, title, detail, errors: Vec::new() }
    }

    pub const fn malformed(detail: &'static str) -> Self {
        Self::new(400, "malformed_request", "The request is malformed.", detail)
    }

    pub fn unknown_field(field: String) -> Self {
        let errors = vec![FieldProblem { field, code: "unknown_field", message: "This field does not exist.".into() }];
        Self { errors, ..Self::new(400, "unknown_field", "The request contains an unknown field.", "") }
    }

    pub fn invalid(errors: Vec<FieldProblem>) -> Self {
        Self { errors, ..Self::new(400, "validation_failed", "Some fields are invalid.", "") }
    }

    pub const fn not_found() -> Self {
        Self::new(404, "not_found", "The resource does not exist.", "")
    }

    pub const fn method_not_allowed() -> Self {
        Self::new(405, "method_not_allowed", "The path does not have this method.", "")
    }

    pub const fn too_slow() -> Self {
        Self::new(408, "request_timeout", "The request took too long to arrive.", "")
    }

    pub const fn too_large() -> Self {
        Self::new(413, "payload_too_large", "The request body is too large.", "At most 65536 bytes are allowed.")
    }

    pub const fn media_type() -> Self {
        let title = "The content type of the body is not supported.";
        Self::new(415, "unsupported_media_type", title, "Send application/json in UTF-8.")
    }

    /// A page in a browser can make any name resolve to this machine; it cannot choose the header.
    pub const fn other_host() -> Self {
        let title = "The request is meant for another host.";
        Self::new(421, "misdirected_request", title, "`Host` must be 127.0.0.1 or localhost.")
    }

    /// The body of the answer.
    pub fn body(&self, correlation_id: &str) -> Value {
        let mut body = json!({
            "type": format!("urn:verinym:problem:{}", self.code), "title": self.title, "status": self.status,
            "code": self.code, "correlation_id": correlation_id,
        });
        if !self.detail.is_empty() {
            body["detail"] = self.detail.into();
        }
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        body
    }
}
