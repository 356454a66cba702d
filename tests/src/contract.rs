//! What the code declares: routes, workers, and the OpenAPI document generated from them.

use std::{collections::BTreeSet, fmt::Write, path::PathBuf};

use jsonschema::Validator;
use serde_json::Value;
use verinym::{
    config::Section,
    function::Function,
    http::{Endpoint, openapi},
    messaging::Worker,
};

use crate::workspace::root;

/// Every route of the API, in the areas' order.
pub fn endpoints() -> Vec<Endpoint> {
    [
        verinym_auth::endpoints(),
        verinym_account::endpoints(),
        verinym_kyc::endpoints(),
        verinym_aml::endpoints(),
        verinym_webhooks::endpoints(),
        verinym_admin::endpoints(),
        verinym_platform::endpoints(),
    ]
    .concat()
}

/// Every function without a route.
pub fn workers() -> Vec<Worker> {
    [verinym_auth::workers(), verinym_admin::workers(), verinym_workers::workers()].concat()
}

/// Every function of the main stack, routes first.
pub fn functions() -> Vec<Function> {
    let routes = endpoints().into_iter().map(|endpoint| endpoint.as_function());
    routes.chain(workers().into_iter().map(|worker| worker.as_function())).collect()
}

/// Functions whose environments hold every section of the configuration between them.
pub fn with_every_section() -> BTreeSet<&'static str> {
    let functions = functions();
    let reader = |section| functions.iter().find(|function| function.settings.needs.sections().contains(&section));
    Section::ALL.into_iter().filter_map(reader).map(|function| function.name).collect()
}

/// The OpenAPI document of all routes.
pub fn document() -> Value {
    openapi::document(&endpoints())
}

/// `docs/errors.md`: every problem type.
pub fn errors() -> String {
    let mut text = String::from(
        "# Errors\n\n\
         Every error is a problem (RFC 9457, `application/problem+json`). Decide by `code`. `type` is the address of a page with the text \
         below. This file is generated (`make openapi`).\n",
    );
    for one in verinym::http::problem::types::ALL {
        let _ = write!(
            text,
            "\n## {} `{}`\n\n{}\n\n**When.** {}\n\n**What to do.** {}\n",
            one.status, one.code, one.title, one.meaning, one.remedy
        );
    }
    text
}

/// The validator of a schema of the document (JSON Schema 2020-12).
///
/// # Panics
/// If the schema is not valid.
pub fn validator(document: &Value, schema: &Value) -> Validator {
    let whole = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [schema],
        "components": document["components"],
    });
    jsonschema::options().should_validate_formats(true).build(&whole).expect("a valid schema")
}

/// The file of the document's snapshot, which makes a change of the contract visible in a review.
pub fn snapshot() -> PathBuf {
    root().join("docs/openapi.json")
}

/// The snapshot.
pub fn kept_form(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).expect("the document is JSON");
    text.push('\n');
    text
}

/// One operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    pub method: http::Method,
    pub path: String,
    pub id: String,
    pub body: Value,
}

impl Operation {
    /// `anonymous`, `signed-in` or a permission.
    pub fn permission(&self) -> &str {
        self.body["x-permission"].as_str().unwrap_or_default()
    }

    /// In bytes.
    pub fn body_limit(&self) -> usize {
        self.body["x-body-limit"].as_u64().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or_default()
    }

    /// Content type of the body it takes, if it takes one.
    pub fn takes(&self) -> Option<&str> {
        self.body["requestBody"]["content"].as_object()?.keys().next().map(String::as_str)
    }

    /// Whether the handler reads the unparsed body, because it checks a signature over its bytes, or answers its faults as RFC 6749 says.
    pub fn takes_raw(&self) -> bool {
        self.body["x-signed-body"] == true || self.answers_as_oauth()
    }

    /// Whether the handler authenticates the caller, and answers refusals as RFC 6749 says. Such routes have tests of their own.
    pub fn answers_as_oauth(&self) -> bool {
        self.body["x-oauth"] == true
    }

    pub fn has_parameters_in(&self, place: &str) -> bool {
        self.body["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["in"] == place)
    }

    pub fn requires_if_match(&self) -> bool {
        let parameters = self.body["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().any(|parameter| parameter["name"] == "If-Match" && parameter["required"] == true)
    }

    pub fn is_idempotent(&self) -> bool {
        let parameters = self.body["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().any(|parameter| parameter["name"] == "Idempotency-Key")
    }

    /// Whether the document lists this status and code.
    pub fn documents(&self, status: u16, code: &str) -> bool {
        let problem = &self.body["responses"][status.to_string()]["content"]["application/problem+json"];
        problem["examples"].get(code).is_some()
    }
}

/// Every operation of a document, with its parameters in place of references to them.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("a document has paths") {
        for (method, body) in methods.as_object().expect("a path has methods") {
            let Ok(method) = method.to_uppercase().parse::<http::Method>() else { continue };
            let id = body["operationId"].as_str().unwrap_or_default().to_owned();
            let mut body = body.clone();
            for parameter in body["parameters"].as_array_mut().into_iter().flatten() {
                if let Some(pointer) = parameter["$ref"].as_str() {
                    *parameter = document.pointer(pointer.trim_start_matches('#')).cloned().unwrap_or_default();
                }
            }
            operations.push(Operation { method, path: path.clone(), id, body });
        }
    }
    operations
}
