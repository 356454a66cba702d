//! The OpenAPI 3.1 document. It is generated from the declarations of the routes and the types of their handlers, so it always
//! agrees with the code.

use std::collections::BTreeMap;

use utoipa::openapi::{
    Components, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder,
    security::{Http, HttpAuthScheme, SecurityScheme},
};

use super::{endpoint::Endpoint, operation::OperationDoc};

/// The document of these endpoints.
pub fn document(endpoints: &[Endpoint]) -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut schemas = BTreeMap::new();
    for endpoint in endpoints {
        let route = &endpoint.route;
        for address in route.addresses() {
            let (method, path) = address;
            let Some(http_method) = documented(method) else { continue };
            let mut doc = OperationDoc::default();
            (endpoint.describe)(route, &mut doc);
            let (mut operation, components) = doc.finish();
            if address != (&route.method, route.path) {
                operation.operation_id = operation.operation_id.map(|id| format!("{id}-alias"));
            }
            schemas.extend(components);
            paths = paths.path(path, PathItem::new(http_method, operation));
        }
    }
    let mut components = Components::new();
    components.schemas = schemas.into_iter().collect();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("bearer", bearer);
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Verinym")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("Identity and KYC/AML in your own account. HEAD is answered as GET without a body.")),
        )
        .paths(paths)
        .components(Some(components))
        .build()
}

fn documented(method: &http::Method) -> Option<HttpMethod> {
    match method.as_str() {
        "GET" => Some(HttpMethod::Get),
        "POST" => Some(HttpMethod::Post),
        "PUT" => Some(HttpMethod::Put),
        "PATCH" => Some(HttpMethod::Patch),
        "DELETE" => Some(HttpMethod::Delete),
        // Browsers send preflight requests on their own; API clients do not need to know them.
        _ => None,
    }
}
