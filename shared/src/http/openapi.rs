//! The OpenAPI 3.1 document. It is generated from the declarations of the routes and the types of their handlers, so it always
//! agrees with the code.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

mod webhooks;

use super::{
    endpoint::Endpoint,
    example,
    operation::{OperationDoc, example_name},
    problem::types::{self, ProblemType},
};

/// The areas of the API, with what their routes are for.
const TAGS: &[(&str, &str)] = &[
    ("auth", "Sign-up, sign-in, tokens, mailed links."),
    ("account", "The profile and the sessions of the signed-in person."),
    ("kyc", "Documents and identity checks; reviewing them, for staff."),
    ("aml", "Screening of names, its hits and lists, for staff."),
    ("admin", "The review queue and the event log, for staff."),
    ("webhooks", "Endpoints that are told of events, and callbacks of identity providers."),
    ("platform", "Health, metrics, keys, and this reference."),
];

const INTRODUCTION: &str = include_str!("introduction.md");

/// The document of these endpoints.
pub fn document(endpoints: &[Endpoint]) -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut schemas = BTreeMap::new();
    for endpoint in endpoints {
        let route = &endpoint.route;
        for (index, (method, path)) in route.addresses().enumerate() {
            // Browsers send preflight requests on their own; clients of the API do not need to know them.
            if method == http::Method::OPTIONS {
                continue;
            }
            let mut doc = OperationDoc::default();
            (endpoint.describe)(route, &mut doc);
            let (mut operation, used) = doc.finish();
            if index > 0 {
                operation.insert("operationId".into(), format!("{}-alias", route.function).into());
            }
            schemas.extend(used);
            paths.entry(path).or_default().insert(method.as_str().to_lowercase(), operation.into());
        }
    }
    if let Some(operation) = paths.get_mut("/v1/webhooks").and_then(|path| path.get_mut("post")) {
        operation["callbacks"] = webhooks::events(&mut schemas).into();
    }
    for (name, schema) in &mut schemas {
        name_enum_constants(name, schema);
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Verinym",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "contact": {"name": "Verinym"},
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{
            "url": "https://{domain}/{stage}",
            "description": "Your deployment: the template parameter `PublicUrl`.",
            "variables": {"domain": {"default": "api.your-company.net"}, "stage": {"default": "prod"}},
        }],
        "security": [{"bearer": []}],
        "tags": TAGS.iter().map(|(name, description)| json!({"name": name, "description": description})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": parameters(),
            "headers": headers(),
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token of `POST /v1/auth/login` or `POST /v1/auth/refresh`. It is valid for 15 minutes.",
            }, "client": {
                "type": "http", "scheme": "basic",
                "description": "Id and secret of a machine client (RFC 6749 §2.3.1).",
            }},
        },
    });
    let text = document.to_string();
    let used = types::ALL.iter().filter(|one| text.contains(&format!("/examples/{}\"", example_name(one))));
    let examples: Map<_, _> = used.map(|one| (example_name(one), problem_example(one))).collect();
    document["components"]["examples"] = examples.into();
    example::add_examples(&mut document);
    document
}

/// Names the constants of an enum, as in `CHECK_STATE_APPROVED`. Some generators declare the constants of all enums in one namespace, where
/// `APPROVED` would collide (`x-enum-varnames` of OpenAPI Generator).
fn name_enum_constants(name: &str, schema: &mut Value) {
    let Some(values) = schema["enum"].as_array() else { return };
    let mut prefix = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.push(character.to_ascii_uppercase());
    }
    let constant = |value: &Value| {
        let text = value.as_str().unwrap_or_default().to_ascii_uppercase();
        format!("{prefix}_{}", text.replace(|character: char| !character.is_ascii_alphanumeric(), "_"))
    };
    schema["x-enum-varnames"] = values.iter().map(constant).collect();
}

fn problem_example(problem: &ProblemType) -> Value {
    let mut value = json!({
        "type": format!("https://api.your-company.net/prod/problems/{}", problem.code),
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "correlation_id": "0f8fad5bd9cb469fa16570867728950e",
    });
    match problem.code {
        "validation_failed" => {
            value["errors"] =
                json!([{"field": "given_name", "code": "too_long", "message": "Must have at most 100 characters."}]);
        }
        "unknown_field" => {
            value["errors"] =
                json!([{"field": "givenname", "code": "unknown_field", "message": "This field is unknown."}]);
        }
        _ => {}
    }
    json!({"summary": problem.title, "description": format!("{} {}", problem.meaning, problem.remedy), "value": value})
}

fn parameters() -> Value {
    let header = |name: &str, required: bool, description: &str, schema: Value| json!({"name": name, "in": "header", "required": required, "description": description, "schema": schema});
    let tag = json!({"type": "string", "examples": ["\"7\""]});
    let tags =
        json!({"type": "string", "pattern": r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#, "examples": ["\"7\""]});
    let if_match = "The entity tag of the version to change, from `ETag`.";
    json!({
        "limit": {"name": "limit", "in": "query", "required": false, "description": "Largest number of items on the page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}},
        "cursor": {"name": "cursor", "in": "query", "required": false,
            "description": "`next_cursor` of the page before, with the same filters.",
            "schema": {"type": "string", "minLength": 1}},
        "Idempotency-Key": header("Idempotency-Key", false,
            "A repeated request with the same key and body gets the first response for 24 hours. 1 to 255 visible ASCII characters.",
            json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$",
                   "examples": ["order-42-submit"]})),
        "If-Match": header("If-Match", false, if_match, tags.clone()),
        "If-Match-Required": header("If-Match", true, if_match, tags),
        "If-None-Match": header("If-None-Match", false,
            "The entity tag of the version that the client has. The response is 304 if it is the current one.", tag),
        "Range": header("Range", false, "One range of bytes (RFC 9110 §14.2). Any other range is ignored.",
            json!({"type": "string", "examples": ["bytes=0-1048575"]})),
    })
}

fn headers() -> Value {
    let text = |description: &str, required: bool, example: &str| json!({"description": description, "required": required, "schema": {"type": "string", "examples": [example]}});
    let seconds = json!({"description": "Seconds to wait before the next request.", "required": true,
                         "schema": {"type": "integer", "minimum": 0, "examples": [2]}});
    json!({
        "X-Correlation-Id": text("Identifies the request in the logs: the value of the request if it has 8 to 128 characters of \
            `A-Z a-z 0-9 . _ -`, otherwise a new one.", true, "0f8fad5bd9cb469fa16570867728950e"),
        "RateLimit": text("Requests left (`r`) and seconds until the limit resets (`t`), of the limit with the fewest requests left.",
            false, "\"user\";r=299;t=60"),
        "RateLimit-Policy": text("Requests (`q`) per window of seconds (`w`). `scale` is present where the parameter \
            `RateLimitScale` multiplies the limits, as on the local stack.", false, "\"user\";q=300;w=60"),
        "Retry-After": seconds,
        "ETag": text("The entity tag of the version, for `If-Match` and `If-None-Match`.", true, "\"7\""),
        "ETag-Optional": text("The entity tag of the version, if the resource has one.", false, "\"1\""),
        "Location": text("The address of the new resource.", false,
            "https://api.your-company.net/prod/v1/kyc/checks/chk_01h2xcejqtf2nbrexx3vqjhp41"),
        "WWW-Authenticate": text("How to authenticate (RFC 6750 §3). API Gateway renames it to \
            `X-Amzn-Remapped-WWW-Authenticate`.", false, "Bearer error=\"invalid_token\""),
        "Idempotency-Replayed": text("`true` if this is the stored response of an earlier request with the same key.", false, "true"),
        "Content-Range": text("The part of the content (RFC 9110 §14.4).", true, "bytes 0-1048575/2097152"),
        "Content-Disposition": text("How to show or store the content.", false, "inline; filename=\"document.pdf\""),
        "Accept-Ranges": text("`bytes`: the route accepts `Range`.", true, "bytes"),
        "Accept": text("The media types that the route takes.", true, "application/json"),
    })
}
