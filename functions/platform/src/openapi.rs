//! GET /v1/openapi.json: the document of all routes, as it was reviewed and committed.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use verinym::{
    error::Result,
    http::{Anonymous, Call, Endpoint, Route, Text},
};

/// Made from the routes' types by `make openapi`; a test holds both equal.
pub(crate) const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

static TAG: LazyLock<String> = LazyLock::new(|| tag(DOCUMENT.as_bytes()));

/// A strong entity tag of a content.
pub(crate) fn tag(content: &[u8]) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(content)[..12]))
}

pub fn endpoint() -> Endpoint {
    Route::get("platform-openapi", "/v1/openapi.json")
        .summary("This API as an OpenAPI 3.1 document")
        .limited_by_gateway()
        .cached("public, max-age=3600")
        .handled_by(openapi)
}

async fn openapi(_: Call<Anonymous>, (): ()) -> Result<Text> {
    Ok(Text { content_type: "application/json", text: DOCUMENT.to_owned(), headers: vec![("etag", TAG.clone())] })
}
