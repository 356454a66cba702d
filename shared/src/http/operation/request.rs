//! The request of an operation: parameters and body.

use serde_json::{Map, Value, json};
use utoipa::{ToSchema, openapi::path::Parameter};

use super::{OperationDoc, reference};
use crate::http::{form::FormField, problem::types, route::Route};

impl OperationDoc {
    /// `schemas`: the schema of each parameter, in the order of the path.
    pub(in crate::http) fn path_parameters(&mut self, route: &Route, schemas: Vec<Value>) {
        for (name, schema) in route.path_parameters().zip(schemas) {
            self.parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
        }
        self.problem(&types::NOT_FOUND);
    }

    pub(in crate::http) fn query_parameters(&mut self, parameters: Vec<Parameter>) {
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

    /// A machine client may hand on an address, which is refused if it is none.
    pub(in crate::http) fn client_address(&mut self) {
        self.problem(&types::VALIDATION_FAILED);
    }

    fn body(&mut self, media_type: &str, schema: Value, required: bool) {
        let mut content = Map::new();
        content.insert(media_type.to_owned(), json!({ "schema": schema }));
        self.set("requestBody", json!({"required": required, "content": content}));
        self.problem(&types::PAYLOAD_TOO_LARGE);
    }

    /// Adds the problems of a body where none is expected.
    pub(in crate::http) fn no_body(&mut self, route: &Route) {
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

    pub(in crate::http) fn json_body<T: ToSchema>(&mut self) {
        self.json_body_where::<T>(true);
    }

    /// Adds an optional body.
    pub(in crate::http) fn optional_json_body<T: ToSchema>(&mut self) {
        self.json_body_where::<T>(false);
    }

    pub(in crate::http) fn urlencoded_body<T: ToSchema>(&mut self) {
        let schema = self.schema::<T>();
        self.body("application/x-www-form-urlencoded", schema, true);
        self.problem(&types::MALFORMED_REQUEST);
        self.problem(&types::UNSUPPORTED_MEDIA_TYPE);
    }

    fn json_body_where<T: ToSchema>(&mut self, required: bool) {
        let schema = self.schema::<T>();
        self.body("application/json", schema, required);
        self.parsed_body_problems();
    }

    fn parsed_body_problems(&mut self) {
        for problem in [
            &types::MALFORMED_REQUEST,
            &types::UNKNOWN_FIELD,
            &types::VALIDATION_FAILED,
            &types::UNSUPPORTED_MEDIA_TYPE,
        ] {
            self.problem(problem);
        }
    }

    /// A form whose faults the handler answers itself (RFC 6749).
    pub(in crate::http) fn form_body<T: ToSchema>(&mut self) {
        let schema = self.schema::<T>();
        self.body("application/x-www-form-urlencoded", schema, true);
        self.set("x-oauth", true);
    }

    /// A body whose bytes are covered by a signature.
    pub(in crate::http) fn signed_body(&mut self) {
        self.body("application/json", json!({"type": "object", "additionalProperties": true}), true);
        self.set("x-signed-body", true);
        self.problem(&types::MALFORMED_REQUEST);
    }

    pub(in crate::http) fn multipart_body(&mut self, fields: &[FormField], file_limit: usize) {
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
        self.parsed_body_problems();
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
