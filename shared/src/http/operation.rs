//! The description of one operation in the OpenAPI document, collected from the route and the types of its handler.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, path::Parameter, schema::Schema},
};

use super::{
    form::FormField,
    problem::{
        Problem,
        types::{self, ProblemType},
    },
    route::{By, IfMatch, Route},
};
use crate::domain::session::RECENT_AUTHENTICATION;

/// Collects the parts of one operation, and the schemas it refers to.
#[derive(Debug, Default)]
pub struct OperationDoc {
    operation: Map<String, Value>,
    parameters: Vec<Value>,
    responses: BTreeMap<u16, DocumentedResponse>,
    problems: BTreeMap<u16, Vec<&'static ProblemType>>,
    schemas: BTreeMap<String, Value>,
    /// The first method of the route; only `GET` can answer 304.
    method: http::Method,
    cache: Option<&'static str>,
    media_types: &'static [&'static str],
    is_limited: bool,
    is_idempotent: bool,
}

#[derive(Debug, Default)]
struct DocumentedResponse {
    description: &'static str,
    /// The schema of each media type.
    content: Vec<(&'static str, Value)>,
    /// Names of the headers, as in `components.headers`.
    headers: BTreeSet<&'static str>,
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// The key of a problem type in `components.examples`.
pub(super) fn example_name(problem: &ProblemType) -> String {
    format!("{}-{}", problem.status, problem.code)
}

impl OperationDoc {
    fn schema<T: ToSchema>(&mut self) -> Value {
        let name = T::name().into_owned();
        let mut schemas: Vec<(String, RefOr<Schema>)> = vec![(name.clone(), T::schema())];
        T::schemas(&mut schemas);
        for (name, schema) in schemas {
            let mut schema = serde_json::to_value(schema).unwrap_or_default();
            without_empty_defaults(&mut schema);
            self.schemas.insert(name, schema);
        }
        reference("schemas", &name)
    }

    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.operation.insert(name.to_owned(), value.into());
    }

    pub(super) fn problem(&mut self, problem: &'static ProblemType) {
        let types = self.problems.entry(problem.status).or_default();
        if !types.contains(&problem) {
            types.push(problem);
        }
    }

    /// Adds what follows from the declaration of the route.
    pub(super) fn route(&mut self, route: &Route) {
        self.set("tags", json!([route.function.split('-').next()]));
        self.set("summary", route.summary);
        self.set("description", if route.description.is_empty() { route.summary } else { route.description });
        self.set("operationId", route.function);
        self.method = route.method.clone();
        self.cache = route.cache;
        self.media_types = route.media_types;
        self.is_idempotent = route.idempotent;
        let limits: Vec<_> = route
            .limits_in_force()
            .iter()
            .map(|limited| {
                let by = match limited.by {
                    By::Caller => "caller",
                    By::Ip | By::IpBeside => "ip",
                    By::Submitted => "submitted value",
                };
                json!({"name": limited.limit.name, "quota": limited.limit.rate.burst,
                       "window_seconds": limited.limit.rate.period.as_secs(), "by": by})
            })
            .collect();
        self.problem(&types::INTERNAL_ERROR);
        // The gateway answers these for every route.
        self.problem(&types::RATE_LIMITED);
        self.problem(&types::UNAVAILABLE);
        if limits.is_empty() {
            self.set("x-limit", "gateway");
        } else {
            self.is_limited = true;
            self.set("x-limit", limits);
        }
        if route.idempotent {
            self.parameters.push(reference("parameters", "Idempotency-Key"));
            for problem in [
                &types::VALIDATION_FAILED,
                &types::IDEMPOTENCY_IN_PROGRESS,
                &types::ALREADY_DONE,
                &types::IDEMPOTENCY_KEY_REUSED,
            ] {
                self.problem(problem);
            }
        }
        match route.if_match {
            IfMatch::Ignored => {}
            IfMatch::Honoured => {
                self.parameters.push(reference("parameters", "If-Match"));
                self.problem(&types::MALFORMED_REQUEST);
                self.problem(&types::STALE_VERSION);
            }
            IfMatch::Required => {
                self.parameters.push(reference("parameters", "If-Match-Required"));
                self.problem(&types::MALFORMED_REQUEST);
                self.problem(&types::STALE_VERSION);
                self.problem(&types::IF_MATCH_REQUIRED);
            }
        }
        self.set("x-body-limit", route.body_limit);
        for problem in route.problems {
            self.problem(problem);
        }
    }

    pub(super) fn anonymous(&mut self) {
        self.set("x-permission", "anonymous");
        self.set("security", json!([]));
    }

    /// Access without a token, except with the flag set, which needs the permission.
    pub(super) fn anonymous_unless(&mut self, flag: &str, permission: &'static str) {
        self.anonymous();
        self.set("x-permission-if", json!({ flag: permission }));
        self.set("security", json!([{}, {"bearer": []}]));
        self.problem(&types::UNAUTHENTICATED);
        self.problem(&types::FORBIDDEN);
    }

    pub(super) fn bearer(&mut self, permission: Option<&'static str>) {
        self.set("x-permission", permission.unwrap_or("signed-in"));
        self.set("security", json!([{"bearer": []}]));
        self.problem(&types::UNAUTHENTICATED);
        if permission.is_some() {
            self.problem(&types::FORBIDDEN);
        }
    }

    /// The bearer token must also be of a recent authentication.
    pub(super) fn recent_authentication(&mut self) {
        self.set("x-authentication-max-age", RECENT_AUTHENTICATION.as_secs());
        self.problem(&types::REAUTHENTICATION_REQUIRED);
    }

    /// Authentication by an access token or by the body.
    pub(super) fn bearer_or_body(&mut self) {
        self.bearer(None);
        self.set("security", json!([{"bearer": []}, {}]));
    }

    /// `schemas`: the schema of each parameter, in the order of the path.
    pub(super) fn path_parameters(&mut self, route: &Route, schemas: Vec<Value>) {
        for (name, schema) in route.path_parameters().zip(schemas) {
            self.parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
        }
        self.problem(&types::NOT_FOUND);
    }

    pub(super) fn query_parameters(&mut self, parameters: Vec<Parameter>) {
        for parameter in parameters {
            let mut parameter = serde_json::to_value(parameter).unwrap_or_default();
            let shared = match parameter["name"].as_str() {
                Some("limit") => Some("limit"),
                Some("cursor") => Some("cursor"),
                _ => None,
            };
            if let Some(name) = shared {
                self.parameters.push(reference("parameters", name));
                continue;
            }
            without_null(&mut parameter["schema"]);
            self.parameters.push(parameter);
        }
        self.problem(&types::VALIDATION_FAILED);
        self.problem(&types::UNKNOWN_FIELD);
    }

    fn body(&mut self, media_type: &str, schema: Value, required: bool) {
        let mut content = Map::new();
        content.insert(media_type.to_owned(), json!({ "schema": schema }));
        self.set("requestBody", json!({"required": required, "content": content}));
        self.problem(&types::PAYLOAD_TOO_LARGE);
    }

    /// Adds the problems of a body where none is expected.
    pub(super) fn no_body(&mut self, route: &Route) {
        if !matches!(route.method, http::Method::GET | http::Method::DELETE) {
            for problem in [
                &types::MALFORMED_REQUEST,
                &types::UNKNOWN_FIELD,
                &types::PAYLOAD_TOO_LARGE,
                &types::UNSUPPORTED_MEDIA_TYPE,
            ] {
                self.problem(problem);
            }
        }
    }

    pub(super) fn json_body<T: ToSchema>(&mut self) {
        self.json_body_where::<T>(true);
    }

    /// Adds an optional body.
    pub(super) fn optional_json_body<T: ToSchema>(&mut self) {
        self.json_body_where::<T>(false);
    }

    fn json_body_where<T: ToSchema>(&mut self, required: bool) {
        let schema = self.schema::<T>();
        self.body("application/json", schema, required);
        for problem in [
            &types::MALFORMED_REQUEST,
            &types::UNKNOWN_FIELD,
            &types::VALIDATION_FAILED,
            &types::UNSUPPORTED_MEDIA_TYPE,
        ] {
            self.problem(problem);
        }
    }

    /// A body whose bytes are covered by a signature.
    pub(super) fn signed_body(&mut self) {
        self.body("application/json", json!({"type": "object", "additionalProperties": true}), true);
        self.set("x-signed-body", true);
        self.problem(&types::MALFORMED_REQUEST);
    }

    pub(super) fn multipart_body(&mut self, fields: &[FormField], file_limit: usize) {
        let mut properties = Map::new();
        let mut required = vec!["file"];
        for field in fields {
            let (name, schema) = (field.schema)();
            properties.insert(field.name.to_owned(), reference("schemas", &name));
            self.schemas.insert(name, schema);
            required.extend(field.is_required().then_some(field.name));
        }
        let file = json!({"type": "string", "format": "binary", "contentMediaType": "application/octet-stream",
                          "description": format!("The file, at most {file_limit} bytes.")});
        properties.insert("file".to_owned(), file);
        let schema = json!({"type": "object", "properties": properties, "required": required,
                            "additionalProperties": false});
        self.body("multipart/form-data", schema, true);
        for problem in [
            &types::MALFORMED_REQUEST,
            &types::UNKNOWN_FIELD,
            &types::VALIDATION_FAILED,
            &types::UNSUPPORTED_MEDIA_TYPE,
        ] {
            self.problem(problem);
        }
    }

    fn respond(&mut self, status: u16, description: &'static str, content: Vec<(&'static str, Value)>) {
        let response = self.responses.entry(status).or_default();
        response.description = description;
        response.content = content;
    }

    pub(super) fn json_response<T: ToSchema>(&mut self, status: u16, description: &'static str) {
        let schema = self.schema::<T>();
        self.respond(status, description, vec![("application/json", schema)]);
    }

    pub(super) fn page_response<T: ToSchema>(&mut self) {
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

    pub(super) fn empty_response(&mut self, status: u16, description: &'static str) {
        self.respond(status, description, vec![]);
    }

    /// A file of one of the route's media types, whole or in part.
    pub(super) fn binary_response(&mut self) {
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
    pub(super) fn text_response(&mut self) {
        let schema = |media_type| json!({"type": if media_type == "application/json" { "object" } else { "string" }});
        let content = self.media_types.iter().map(|media_type| (*media_type, schema(*media_type))).collect();
        self.respond(200, "The content.", content);
        if self.cache.is_some() {
            self.versioned(200);
        }
    }

    /// Adds a header of `components.headers` to a response.
    pub(super) fn header(&mut self, status: u16, name: &'static str) {
        self.responses.entry(status).or_default().headers.insert(name);
    }

    /// The response has the entity tag of a version, and `GET` honours `If-None-Match`.
    pub(super) fn versioned(&mut self, status: u16) {
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
    pub(super) fn finish(mut self) -> (Map<String, Value>, BTreeMap<String, Value>) {
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

/// Removes defaults of texts that may not be empty: our types parse a missing text as an empty one, to report it with all other
/// faults of the form.
fn without_empty_defaults(schema: &mut Value) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let mut required = Vec::new();
    for (name, property) in properties {
        if property["default"] == "" && property["minLength"].as_u64().is_some_and(|length| length > 0) {
            property.as_object_mut().map(|property| property.remove("default"));
            required.push(Value::from(name.clone()));
        }
    }
    if !required.is_empty() {
        schema["required"] = required.into();
    }
}

/// Removes the alternative `null`: a query parameter is a text or absent.
fn without_null(schema: &mut Value) {
    if let Some(types) = schema["type"].as_array() {
        let named: Vec<_> = types.iter().filter(|name| *name != "null").cloned().collect();
        if let [only] = &named[..] {
            schema["type"] = only.clone();
        }
    }
    if let Some(options) = schema["oneOf"].as_array() {
        let named: Vec<_> = options.iter().filter(|option| option["type"] != "null").cloned().collect();
        if let [only] = &named[..] {
            *schema = only.clone();
        }
    }
}
