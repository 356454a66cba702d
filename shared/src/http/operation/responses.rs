//! The responses of an operation, with their headers and problems.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{OperationDoc, example_name, reference};
use crate::http::problem::{Problem, types};

impl OperationDoc {
    fn respond(&mut self, status: u16, description: &'static str, content: Vec<(&'static str, Value)>) {
        let response = self.responses.entry(status).or_default();
        response.description = description;
        response.content = content;
    }

    pub(in crate::http) fn json_response<T: ToSchema>(&mut self, status: u16, description: &'static str) {
        let schema = self.schema::<T>();
        self.respond(status, description, vec![("application/json", schema)]);
    }

    pub(in crate::http) fn page_response<T: ToSchema>(&mut self) {
        let item = self.schema::<T>();
        let page = json!({
            "type": "object",
            "required": ["items", "next_cursor"],
            "properties": {
                "items": {"type": "array", "items": item},
                "next_cursor": {"type": ["string", "null"], "description": "For `cursor`; null on the last page.",
                                "example": null},
            },
        });
        let name = format!("{}Page", T::name());
        let schema = reference("schemas", &name);
        self.schemas.insert(name, page);
        self.respond(200, "One page of the list.", vec![("application/json", schema)]);
        self.problem(&types::INVALID_CURSOR);
        self.problem(&types::VALIDATION_FAILED);
    }

    pub(in crate::http) fn empty_response(&mut self, status: u16, description: &'static str) {
        self.respond(status, description, vec![]);
    }

    /// A file of one of the route's media types, whole or in part.
    pub(in crate::http) fn binary_response(&mut self) {
        let content: Vec<_> = self
            .media_types
            .iter()
            .map(|media_type| (*media_type, json!({"type": "string", "format": "binary"})))
            .collect();
        self.respond(200, "The whole content.", content.clone());
        self.respond(206, "The requested part of the content.", content);
        for status in [200, 206] {
            self.header(status, "Accept-Ranges");
            self.header(status, "Content-Disposition");
        }
        self.header(206, "Content-Range");
        self.parameters.push(reference("parameters", "Range"));
        self.problem(&types::RANGE_NOT_SATISFIABLE);
    }

    /// A text of one of the route's media types. Where it may be cached, it has an entity tag.
    pub(in crate::http) fn text_response(&mut self) {
        let schema = |media_type| json!({"type": if media_type == "application/json" { "object" } else { "string" }});
        let content = self.media_types.iter().map(|media_type| (*media_type, schema(*media_type))).collect();
        self.respond(200, "The content.", content);
        if self.cache.is_some() {
            self.versioned(200);
        }
    }

    /// Adds a header of `components.headers` to a response.
    pub(in crate::http) fn header(&mut self, status: u16, name: &'static str) {
        self.responses.entry(status).or_default().headers.insert(name);
    }

    /// The response has the entity tag of a version, and `GET` honours `If-None-Match`.
    pub(in crate::http) fn versioned(&mut self, status: u16) {
        self.header(status, "ETag");
        self.not_modified();
    }

    fn not_modified(&mut self) {
        if self.method == http::Method::GET {
            self.parameters.push(reference("parameters", "If-None-Match"));
            self.respond(304, "Not changed since the version in `If-None-Match`.", vec![]);
            self.header(304, "ETag");
        }
    }

    /// The operation, and the schemas it refers to.
    pub(in crate::http) fn finish(mut self) -> (Map<String, Value>, BTreeMap<String, Value>) {
        let description = self.operation.get("description").and_then(Value::as_str).unwrap_or_default();
        let description = format!("{description}\n\n{}", self.requirements());
        self.set("description", description.trim_start());
        let problem = self.schema::<Problem>();
        let mut responses = Map::new();
        for (status, mut response) in std::mem::take(&mut self.responses) {
            if self.is_idempotent {
                response.headers.insert("Idempotency-Replayed");
            }
            let content: Map<_, _> = response
                .content
                .into_iter()
                .map(|(media_type, schema)| (media_type.to_owned(), json!({"schema": schema})))
                .collect();
            let headers = self.headers(status, response.headers);
            let mut documented = json!({"description": response.description, "headers": headers});
            if !content.is_empty() {
                documented["content"] = content.into();
            }
            responses.insert(status.to_string(), documented);
        }
        for (status, types) in std::mem::take(&mut self.problems) {
            let lines: Vec<_> = types.iter().map(|one| format!("- `{}`: {}", one.code, one.title)).collect();
            let examples: Map<_, _> =
                types.iter().map(|one| (one.code.to_owned(), reference("examples", &example_name(one)))).collect();
            let problem_content = json!({"schema": problem, "examples": examples});
            let headers = self.headers(status, BTreeSet::new());
            let entry =
                responses.entry(status.to_string()).or_insert_with(|| json!({"description": "", "content": {}}));
            let description = format!("{}\n{}", entry["description"].as_str().unwrap_or_default(), lines.join("\n"));
            entry["description"] = description.trim_start().into();
            entry["headers"] = headers.into();
            entry["content"]["application/problem+json"] = problem_content;
        }
        self.set("responses", responses);
        let parameters = std::mem::take(&mut self.parameters);
        if !parameters.is_empty() {
            self.set("parameters", parameters);
        }
        (self.operation, self.schemas)
    }

    /// Permission and limits as text: viewers of the document do not show its extensions.
    fn requirements(&self) -> String {
        let text = |name: &str| self.operation.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut permission = match text("x-permission") {
            "anonymous" => "none".to_owned(),
            "signed-in" => "none, but a signed-in caller".to_owned(),
            permission => format!("`{permission}`"),
        };
        for (flag, needed) in self.operation.get("x-permission-if").and_then(Value::as_object).into_iter().flatten() {
            permission = format!("{permission}; with `{flag}`, `{}`", needed.as_str().unwrap_or_default());
        }
        if let Some(seconds) = self.operation.get("x-authentication-max-age") {
            permission = format!("{permission}, authenticated at most {seconds} s ago");
        }
        let limits = self.operation.get("x-limit").and_then(Value::as_array).into_iter().flatten();
        let limits: Vec<_> = limits
            .map(|limit| {
                let by = limit["by"].as_str().unwrap_or_default();
                format!("{} in {} s by {by}", limit["quota"], limit["window_seconds"])
            })
            .collect();
        let limits = if limits.is_empty() { "the gateway's".to_owned() } else { limits.join(", ") };
        format!("Permission: {permission}. Limit: {limits}.")
    }

    /// The headers of a response: its own, and those that follow from its status.
    fn headers(&self, status: u16, own: BTreeSet<&'static str>) -> Map<String, Value> {
        let by_status: &[&str] = match status {
            401 => &["WWW-Authenticate"],
            415 => &["Accept"],
            416 => &["Content-Range"],
            429 | 503 => &["Retry-After"],
            _ => &[],
        };
        let limits: &[&str] = if self.is_limited { &["RateLimit", "RateLimit-Policy"] } else { &[] };
        let all =
            own.into_iter().chain(by_status.iter().copied()).chain(limits.iter().copied()).chain(["X-Correlation-Id"]);
        all.map(|name| (name.trim_end_matches("-Optional").to_owned(), reference("headers", name))).collect()
    }
}
