//! The description of one operation in the OpenAPI document, collected from the route and the types of its handler.

mod request;
mod responses;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, schema::Schema},
};

use super::{
    problem::types::{self, ProblemType},
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
    is_open_without_second_factor: bool,
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
        self.is_open_without_second_factor = route.open_without_second_factor;
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

    /// Access with or without a token.
    pub(super) fn anonymous_or_bearer(&mut self) {
        self.anonymous();
        self.set("security", json!([{}, {"bearer": []}]));
        self.problem(&types::UNAUTHENTICATED);
    }

    pub(super) fn bearer(&mut self, permission: Option<&'static str>) {
        self.set("x-permission", permission.unwrap_or("signed-in"));
        self.set("security", json!([{"bearer": []}]));
        self.problem(&types::UNAUTHENTICATED);
        if permission.is_some() {
            self.problem(&types::FORBIDDEN);
        }
        if !self.is_open_without_second_factor {
            self.problem(&types::MFA_ENROLLMENT_REQUIRED);
            self.problem(&types::REAUTHENTICATION_REQUIRED);
        }
    }

    /// A machine client with a permission, which proves itself by its access token, its secret or an assertion in the form.
    pub(super) fn oauth_client(&mut self, permission: &'static str) {
        self.set("x-permission", permission);
        self.set("security", json!([{"bearer": []}, {"client": []}, {}]));
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
