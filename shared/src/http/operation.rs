//! The description of one operation in the OpenAPI document, collected from the route and the types of its handler.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::{
    ToSchema,
    openapi::{
        self, ContentBuilder, Ref, RefOr, ResponseBuilder,
        extensions::ExtensionsBuilder,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
        security::SecurityRequirement,
    },
};

use super::{
    form::Presence,
    problem::Problem,
    route::{By, IfMatch, Route},
};
use crate::domain::session::RECENT_AUTHENTICATION;

/// Collects the parts of one operation, and the schemas it refers to.
#[derive(Default)]
pub struct OperationDoc {
    operation: OperationBuilder,
    responses: BTreeMap<u16, (String, ResponseBuilder)>,
    problems: BTreeMap<u16, Vec<&'static str>>,
    extensions: serde_json::Map<String, serde_json::Value>,
    components: Vec<(String, RefOr<Schema>)>,
}

impl std::fmt::Debug for OperationDoc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OperationDoc").field("extensions", &self.extensions).finish_non_exhaustive()
    }
}

impl OperationDoc {
    fn reference<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let name = T::name().into_owned();
        self.components.push((name.clone(), T::schema()));
        T::schemas(&mut self.components);
        RefOr::Ref(Ref::from_schema_name(name))
    }

    fn with(&mut self, change: impl FnOnce(OperationBuilder) -> OperationBuilder) {
        self.operation = change(std::mem::take(&mut self.operation));
    }

    pub(super) fn problem(&mut self, status: u16, code: &'static str) {
        let codes = self.problems.entry(status).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }

    /// Adds what follows from the declaration of the route.
    pub(super) fn route(&mut self, route: &Route) {
        let tag = route.function.split('-').next().unwrap_or_default();
        self.with(|op| op.tag(tag).summary(Some(route.summary)).operation_id(Some(route.function)));
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
        if limits.is_empty() {
            self.extensions.insert("x-limit".into(), json!("gateway"));
        } else {
            self.problem(429, "rate_limited");
            self.extensions.insert("x-limit".into(), limits.into());
        }
        self.problem(500, "internal_error");
        if !route.limits_in_force().is_empty() {
            self.problem(503, "unavailable");
        }
        if route.idempotent {
            self.header_parameter(
                "Idempotency-Key",
                false,
                "1–255 visible ASCII characters. A repeated request with the same key and body gets the first response for 24 h.",
            );
            self.problem(409, "idempotency_in_progress");
            self.problem(409, "already_done");
            self.problem(422, "idempotency_key_reused");
        }
        match route.if_match {
            IfMatch::Ignored => {}
            IfMatch::Honoured => {
                self.header_parameter("If-Match", false, "The entity tag of the version to change.");
                self.problem(412, "stale_version");
            }
            IfMatch::Required => {
                self.header_parameter("If-Match", true, "The entity tag of the version to change.");
                self.problem(412, "stale_version");
                self.problem(428, "if_match_required");
            }
        }
        self.extensions.insert("x-body-limit".into(), json!(route.body_limit));
        for (status, code) in route.problems {
            self.problem(*status, code);
        }
    }

    fn header_parameter(&mut self, name: &str, required: bool, description: &str) {
        let required = if required { openapi::Required::True } else { openapi::Required::False };
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(required)
            .description(Some(description))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
            .build();
        self.with(|op| op.parameter(parameter));
    }

    pub(super) fn anonymous(&mut self) {
        self.extensions.insert("x-permission".into(), json!("anonymous"));
    }

    /// Access without a token, except with the flag set, which needs the permission.
    pub(super) fn anonymous_unless(&mut self, flag: &str, permission: &'static str) {
        self.anonymous();
        self.extensions.insert("x-permission-if".into(), json!({ flag: permission }));
        self.with(|op| {
            op.security(SecurityRequirement::default())
                .security(SecurityRequirement::new("bearer", Vec::<String>::new()))
        });
        self.problem(401, "unauthenticated");
        self.problem(403, "forbidden");
    }

    pub(super) fn bearer(&mut self, permission: Option<&'static str>) {
        self.extensions.insert("x-permission".into(), json!(permission.unwrap_or("signed-in")));
        self.with(|op| op.security(SecurityRequirement::new("bearer", Vec::<String>::new())));
        self.problem(401, "unauthenticated");
        if permission.is_some() {
            self.problem(403, "forbidden");
        }
    }

    /// The bearer token must also be of a recent authentication.
    pub(super) fn recent_authentication(&mut self) {
        self.extensions.insert("x-authentication-max-age".into(), json!(RECENT_AUTHENTICATION.as_secs()));
        self.problem(403, "reauthentication_required");
    }

    /// Authentication by an access token or by the body.
    pub(super) fn bearer_or_body(&mut self) {
        self.bearer(None);
        self.with(|op| op.security(SecurityRequirement::default()));
    }

    pub(super) fn path_parameters(&mut self, route: &Route) {
        for name in route.path_parameters() {
            let parameter = ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(openapi::Required::True)
                .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
                .build();
            self.with(|op| op.parameter(parameter));
        }
        self.problem(404, "not_found");
    }

    pub(super) fn parameters(&mut self, parameters: Vec<Parameter>) {
        self.with(|op| op.parameters(Some(parameters)));
        self.problem(400, "validation_failed");
        self.problem(400, "unknown_field");
    }

    fn body(&mut self, content_type: &str, schema: RefOr<Schema>) {
        self.body_where(content_type, schema, openapi::Required::True);
    }

    fn body_where(&mut self, content_type: &str, schema: RefOr<Schema>, required: openapi::Required) {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let body = RequestBodyBuilder::new().content(content_type, content).required(Some(required)).build();
        self.with(|op| op.request_body(Some(body)));
        self.problem(413, "payload_too_large");
    }

    /// Adds the problems of a body where none is expected.
    pub(super) fn no_body(&mut self, route: &Route) {
        if route.method != http::Method::GET {
            self.problem(400, "malformed_request");
            self.problem(400, "unknown_field");
            self.problem(413, "payload_too_large");
            self.problem(415, "unsupported_media_type");
        }
    }

    pub(super) fn json_body<T: ToSchema>(&mut self) {
        self.json_body_where::<T>(openapi::Required::True);
    }

    /// Adds an optional body.
    pub(super) fn optional_json_body<T: ToSchema>(&mut self) {
        self.json_body_where::<T>(openapi::Required::False);
    }

    fn json_body_where<T: ToSchema>(&mut self, required: openapi::Required) {
        let schema = self.reference::<T>();
        self.body_where("application/json", schema, required);
        self.problem(400, "malformed_request");
        self.problem(400, "unknown_field");
        self.problem(400, "validation_failed");
        self.problem(415, "unsupported_media_type");
    }

    pub(super) fn raw_body(&mut self) {
        let schema = ObjectBuilder::new().schema_type(Type::String).build();
        self.body("application/json", Schema::from(schema).into());
    }

    pub(super) fn multipart_body(&mut self, fields: &[(&'static str, Presence)]) {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let mut form = ObjectBuilder::new()
            .property("file", text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary))))
            .required("file");
        for (name, presence) in fields {
            form = form.property(*name, text());
            if *presence == Presence::Required {
                form = form.required(*name);
            }
        }
        self.body("multipart/form-data", Schema::from(form.build()).into());
        self.problem(400, "validation_failed");
        self.problem(400, "unknown_field");
        self.problem(415, "unsupported_media_type");
    }

    fn respond(&mut self, status: u16, description: &str, content: Option<(&str, RefOr<Schema>)>) {
        let mut response = ResponseBuilder::new().description(description);
        if let Some((content_type, schema)) = content {
            response = response.content(content_type, ContentBuilder::new().schema(Some(schema)).build());
        }
        self.responses.insert(status, (description.to_owned(), response));
    }

    pub(super) fn json_response<T: ToSchema>(&mut self, status: u16, description: &str) {
        let schema = self.reference::<T>();
        self.respond(status, description, Some(("application/json", schema)));
    }

    pub(super) fn page_response<T: ToSchema>(&mut self) {
        let item = self.reference::<T>();
        let page = ObjectBuilder::new()
            .property("items", ArrayBuilder::new().items(item))
            .property(
                "next_cursor",
                ObjectBuilder::new().schema_type(openapi::schema::SchemaType::from_iter([Type::String, Type::Null])),
            )
            .required("items")
            .required("next_cursor");
        self.respond(200, "One page", Some(("application/json", Schema::from(page.build()).into())));
        self.problem(400, "invalid_cursor");
    }

    pub(super) fn empty_response(&mut self, status: u16, description: &str) {
        self.respond(status, description, None);
    }

    pub(super) fn binary_response(&mut self) {
        let bytes = || {
            let object = ObjectBuilder::new().schema_type(Type::String);
            Schema::from(object.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary))).build()).into()
        };
        self.respond(200, "The whole content", Some(("application/octet-stream", bytes())));
        self.respond(206, "The requested part", Some(("application/octet-stream", bytes())));
        self.problem(416, "range_not_satisfiable");
    }

    pub(super) fn text_response(&mut self) {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        self.respond(200, "Done", Some(("text/plain", Schema::from(text).into())));
    }

    pub(super) fn etag(&mut self) {
        self.respond(304, "Not changed since the version in If-None-Match", None);
    }

    pub(super) fn finish(mut self) -> (Operation, Vec<(String, RefOr<Schema>)>) {
        let problem = self.reference::<Problem>();
        let mut op = self.operation;
        for (status, (_, response)) in self.responses {
            op = op.response(status.to_string(), response);
        }
        for (status, codes) in self.problems {
            let content = ContentBuilder::new().schema(Some(problem.clone())).build();
            let response =
                ResponseBuilder::new().description(codes.join(", ")).content("application/problem+json", content);
            op = op.response(status.to_string(), response);
        }
        let extensions =
            self.extensions.into_iter().fold(ExtensionsBuilder::new(), |all, (name, value)| all.add(name, value));
        (op.extensions(Some(extensions.build())).build(), self.components)
    }
}
