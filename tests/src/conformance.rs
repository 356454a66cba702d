//! Compares answers of the API with its OpenAPI document: status, media type, body and headers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::OpenOptions,
    io::Write,
    path::PathBuf,
    sync::{LazyLock, Mutex},
};

use http::HeaderMap;
use jsonschema::Validator;
use serde_json::Value;

use crate::{contract, workspace::root};

/// Headers that the document describes. Any other header is the same on every answer (`docs/openapi.json` leaves those out) or
/// the gateway's.
const DESCRIBED: &[&str] = &[
    "accept",
    "accept-ranges",
    "allow",
    "content-disposition",
    "content-range",
    "etag",
    "idempotency-replayed",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-correlation-id",
];

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let text = std::fs::read_to_string(contract::snapshot()).expect("docs/openapi.json is readable");
    Document::new(serde_json::from_str(&text).expect("docs/openapi.json is JSON"))
});

/// One answer, as a client received it.
#[derive(Debug)]
pub struct Received<'a> {
    pub method: &'a str,
    /// The path below the API's base address, without the query.
    pub path: &'a str,
    pub status: u16,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// Panics if the document does not describe this answer. Answers on paths that the document does not have are skipped.
/// Each checked answer is noted for [`checked_answers`].
#[track_caller]
pub fn check(received: &Received<'_>) {
    let Some(operation) = DOCUMENT.operation(received.method, received.path) else { return };
    let faults = DOCUMENT.faults(operation, received);
    assert!(
        faults.is_empty(),
        "the answer {} of {} differs from docs/openapi.json: {faults:#?}\n{}",
        received.status,
        operation,
        String::from_utf8_lossy(received.body)
    );
    note(operation, received.status);
}

/// The number of answers that all test processes of this run have checked, by operation and status.
pub fn checked_answers() -> BTreeMap<(String, u16), usize> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(notes()).into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        for line in text.lines() {
            let Some((operation, status)) = line.split_once(' ') else { continue };
            *all.entry((operation.to_owned(), status.parse().unwrap_or_default())).or_default() += 1;
        }
    }
    all
}

/// The directory with one file of notes per test process; `make test-stack` empties it first.
fn notes() -> PathBuf {
    root().join("target/checked-answers")
}

fn note(operation: &str, status: u16) {
    static FILE: LazyLock<Mutex<std::fs::File>> = LazyLock::new(|| {
        std::fs::create_dir_all(notes()).expect("the directory of notes");
        let file = notes().join(std::process::id().to_string());
        Mutex::new(OpenOptions::new().create(true).append(true).open(file).expect("the file of notes"))
    });
    let mut file = FILE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    writeln!(file, "{operation} {status}").expect("a note is written");
}

struct Document {
    root: Value,
    /// Method, path segments and operation id.
    paths: Vec<(String, Vec<String>, String)>,
    operations: BTreeMap<String, Value>,
    validators: Mutex<BTreeMap<String, &'static Validator>>,
}

impl Document {
    fn new(root: Value) -> Self {
        let mut paths = Vec::new();
        let mut operations = BTreeMap::new();
        for operation in contract::operations(&root) {
            let segments = operation.path.split('/').map(str::to_owned).collect();
            paths.push((operation.method.to_string(), segments, operation.id.clone()));
            operations.insert(operation.id, operation.body);
        }
        let mut root = root;
        forbid_unknown_members(&mut root["components"]["schemas"]);
        Self { root, paths, operations, validators: Mutex::default() }
    }

    /// The id of the operation that answers a request; of two paths the one with more literal segments.
    fn operation(&self, method: &str, path: &str) -> Option<&str> {
        let method = if method == "HEAD" { "GET" } else { method };
        let called: Vec<_> = path.split('/').collect();
        let fits = |segments: &[String]| {
            segments.len() == called.len()
                && segments
                    .iter()
                    .zip(&called)
                    .all(|(segment, part)| if segment.starts_with('{') { !part.is_empty() } else { segment == part })
        };
        let literal = |segments: &[String]| segments.iter().filter(|segment| !segment.starts_with('{')).count();
        self.paths
            .iter()
            .filter(|(of, segments, _)| of == method && fits(segments))
            .max_by_key(|(_, segments, _)| literal(segments))
            .map(|(_, _, id)| id.as_str())
    }

    fn faults(&self, operation: &str, received: &Received<'_>) -> Vec<String> {
        let response = self.resolved(&self.operations[operation]["responses"][received.status.to_string()]);
        if response.is_null() {
            return vec![format!("status {} is not described", received.status)];
        }
        let mut faults = self.header_faults(&response["headers"], received.headers);
        if received.method == "HEAD" {
            return faults;
        }
        let sent = received.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let sent = sent.split(';').next().unwrap_or_default().trim();
        match response["content"].as_object() {
            None if received.body.is_empty() => {}
            None => faults.push(format!("a body ({sent}) where none is described")),
            Some(content) => match content.get(sent) {
                None => {
                    faults.push(format!("media type {sent:?}, described are {:?}", content.keys().collect::<Vec<_>>()));
                }
                Some(media) if sent.ends_with("json") => {
                    faults.extend(self.body_faults(&media["schema"], received.body));
                    faults.extend(problem_fault(media, received.body));
                }
                Some(_) => {}
            },
        }
        faults
    }

    fn header_faults(&self, described: &Value, sent: &HeaderMap) -> Vec<String> {
        let names: BTreeMap<_, _> =
            described.as_object().into_iter().flatten().map(|(name, header)| (name.to_lowercase(), header)).collect();
        let unknown = DESCRIBED.iter().filter(|name| sent.contains_key(**name) && !names.contains_key(**name));
        let mut faults: Vec<_> = unknown.map(|name| format!("the header {name} is not described")).collect();
        for (name, header) in names {
            let required = self.resolved(header)["required"] == true;
            if required && !sent.contains_key(name.as_str()) {
                faults.push(format!("the header {name} is missing"));
            }
        }
        faults
    }

    fn body_faults(&self, schema: &Value, body: &[u8]) -> Vec<String> {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return vec!["the body is not JSON".to_owned()] };
        let validator = self.validator(schema);
        validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// Compiled once per schema and process.
    fn validator(&self, schema: &Value) -> &'static Validator {
        let mut validators = self.validators.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        validators
            .entry(schema.to_string())
            .or_insert_with(|| Box::leak(Box::new(contract::validator(&self.root, schema))))
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(pointer) => self.root.pointer(pointer.trim_start_matches('#')).unwrap_or(&Value::Null),
            None => value,
        }
    }
}

/// A problem whose code the operation does not name.
fn problem_fault(media: &Value, body: &[u8]) -> Option<String> {
    let named = media["examples"].as_object()?;
    let body: Value = serde_json::from_slice(body).ok()?;
    let code = body["code"].as_str()?;
    (!named.contains_key(code)).then(|| format!("the problem {code} is not described"))
}

/// The document allows further members, so that clients accept what later versions add. An answer of this version has none
/// that the document lacks.
fn forbid_unknown_members(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") && !members.contains_key("additionalProperties") {
                members.insert("unevaluatedProperties".into(), false.into());
            }
            for (name, member) in members.iter_mut() {
                // The parts of an `allOf` see each other's members only as a whole.
                if name != "allOf" {
                    forbid_unknown_members(member);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(forbid_unknown_members),
        _ => {}
    }
}

/// Operations and statuses below 400 of which no answer was checked.
pub fn successes_never_checked() -> BTreeSet<String> {
    let seen = checked_answers();
    let described = DOCUMENT.operations.iter().flat_map(|(id, operation)| {
        let statuses = operation["responses"].as_object().into_iter().flatten().map(|(status, _)| status.clone());
        statuses
            .filter_map(|status| status.parse().ok())
            .filter(|status: &u16| *status < 400)
            .map(move |status| (id.clone(), status))
    });
    described.filter(|one| !seen.contains_key(one)).map(|(id, status)| format!("{id} {status}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Document {
        Document::new(json!({
            "paths": {
                "/things/{id}": {"get": {"operationId": "get-thing", "responses": {"200": {
                    "headers": {"ETag": {"required": true, "schema": {"type": "string"}}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
                }}}},
                "/things/new": {"get": {"operationId": "new-thing", "responses": {"204": {}}}},
            },
            "components": {"schemas": {"Thing": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}}}
        }))
    }

    fn faults(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let received = Received { method: "GET", path: "/things/1", status, headers: &map, body: body.as_bytes() };
        document().faults("get-thing", &received)
    }

    const JSON: (&str, &str) = ("content-type", "application/json");
    const ETAG: (&str, &str) = ("etag", "\"1\"");

    #[test]
    fn the_path_with_more_literal_segments_wins() {
        let document = document();
        assert_eq!(document.operation("GET", "/things/new"), Some("new-thing"));
        assert_eq!(document.operation("HEAD", "/things/1"), Some("get-thing"));
        assert_eq!(document.operation("GET", "/things/1/parts"), None);
    }

    #[test]
    fn an_answer_as_described_has_no_faults() {
        assert_eq!(faults(200, &[JSON, ETAG], r#"{"id": "1"}"#), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_a_fault() {
        let count = |status, headers: &[_], body| faults(status, headers, body).len();
        assert_eq!(count(404, &[JSON, ETAG], r#"{"id": "1"}"#), 1, "status");
        assert_eq!(count(200, &[("content-type", "text/plain"), ETAG], "1"), 1, "media type");
        assert_eq!(count(200, &[JSON, ETAG], "{}"), 1, "a missing member");
        assert_eq!(count(200, &[JSON, ETAG], r#"{"id": 1}"#), 1, "a type");
        assert_eq!(count(200, &[JSON, ETAG], r#"{"id": "1", "more": 1}"#), 1, "an unknown member");
        assert_eq!(count(200, &[JSON], r#"{"id": "1"}"#), 1, "a missing header");
        assert_eq!(count(200, &[JSON, ETAG, ("location", "/x")], r#"{"id": "1"}"#), 1, "an unknown header");
    }
}
