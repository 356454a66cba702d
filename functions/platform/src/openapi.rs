//! `GET /v1/openapi.json`: the OpenAPI document of all routes, as committed, with the address of this deployment.

use std::sync::OnceLock;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use verinym::{
    error::{Internal, Result},
    http::{Anonymous, Call, Endpoint, Route, Text},
};

/// `make openapi` generates it; a test fails if it is stale.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// The document as it is served, and its entity tag; made at the first call of a process.
static SERVED: OnceLock<(String, String)> = OnceLock::new();

/// A strong entity tag of some content (RFC 9110 §8.8.3).
pub(crate) fn tag(content: &[u8]) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(content)[..12]))
}

pub fn endpoint() -> Endpoint {
    Route::get("platform-openapi", "/v1/openapi.json")
        .summary("Read this document")
        .description("This API as an OpenAPI 3.1 document, with the address of this deployment.")
        .media_types(&["application/json"])
        .limited_by_gateway()
        .cached("public, max-age=3600")
        .handled_by(openapi)
}

async fn openapi(call: Call<Anonymous>, (): ()) -> Result<Text> {
    let (text, tag) = if let Some(served) = SERVED.get() {
        served
    } else {
        let text = with_server(&call.app.config.public_url)?;
        let tag = tag(text.as_bytes());
        SERVED.get_or_init(|| (text, tag))
    };
    Ok(Text { content_type: "application/json", text: text.clone(), headers: vec![("etag", tag.clone())] })
}

/// The document with the address of the API in `servers` (OpenAPI 3.1 §4.8.5).
fn with_server(public_url: &str) -> Result<String> {
    let mut document: Value = serde_json::from_str(DOCUMENT).map_err(Internal::bug)?;
    document["servers"] = json!([{"url": public_url}]);
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_served_document_names_the_address_of_the_deployment() {
        let served: Value = serde_json::from_str(&with_server("https://api.example.org/dev").unwrap()).unwrap();
        assert_eq!(served["servers"], json!([{"url": "https://api.example.org/dev"}]));
        let committed: Value = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(served["paths"], committed["paths"]);
    }
}
