//! What the code declares: routes, workers, and the OpenAPI document generated from them.

use std::{collections::BTreeSet, path::PathBuf};

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
    [verinym_admin::workers(), verinym_workers::workers()].concat()
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
    serde_json::to_value(openapi::document(&endpoints())).expect("the document is JSON")
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

    /// Whether the handler reads the unparsed body, because it checks a signature over its bytes.
    pub fn takes_raw(&self) -> bool {
        self.takes() == Some("application/json")
            && self.body["requestBody"]["content"]["application/json"]["schema"]["type"] == "string"
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
        let description = self.body["responses"][status.to_string()]["description"].as_str().unwrap_or_default();
        description.split(", ").any(|known| known == code)
    }
}

/// Every operation of a document.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("a document has paths") {
        for (method, body) in methods.as_object().expect("a path has methods") {
            let Ok(method) = method.to_uppercase().parse::<http::Method>() else { continue };
            let id = body["operationId"].as_str().unwrap_or_default().to_owned();
            operations.push(Operation { method, path: path.clone(), id, body: body.clone() });
        }
    }
    operations
}
