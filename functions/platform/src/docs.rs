//! `GET /docs`: the API reference, an interactive page by Swagger UI. [`crate::docs_file`] serves its files.

use verinym::{
    error::Result,
    http::{Anonymous, Call, Endpoint, Route, Text},
};

use crate::openapi::tag;

const PAGE: &str = include_str!("../assets/docs.html");

/// Content-Security-Policy (Level 3) of the page: scripts, styles, images and requests of this API only. Swagger UI draws some icons
/// from `data:` addresses, and sets `style` attributes in its markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn endpoint() -> Endpoint {
    Route::get("platform-docs", "/docs")
        .summary("Open the API reference")
        .description("The API reference as an interactive page.")
        .media_types(&["text/html"])
        .limited_by_gateway()
        .cached("public, max-age=3600")
        .handled_by(docs)
}

async fn docs(_: Call<Anonymous>, (): ()) -> Result<Text> {
    Ok(Text {
        content_type: "text/html; charset=utf-8",
        text: PAGE.to_owned(),
        headers: vec![("etag", tag(PAGE.as_bytes())), ("content-security-policy", POLICY.to_owned())],
    })
}
