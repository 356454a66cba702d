//! GET /docs: the API to be browsed, one page without scripts, made of the OpenAPI document.

mod page;

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use verinym::{
    error::{Internal, Result},
    http::{Anonymous, Call, Endpoint, Route, Text},
};

use crate::openapi::{DOCUMENT, tag};

/// The page and its headers, made at the first call of a process.
struct Made {
    html: String,
    etag: String,
    policy: String,
}

static MADE: LazyLock<Option<Made>> = LazyLock::new(|| {
    let html = page::render(&serde_json::from_str(DOCUMENT).ok()?)?;
    Some(Made { etag: tag(html.as_bytes()), policy: policy(), html })
});

/// Nothing but our own style, by its hash (CSP Level 3 §2.3.1).
fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(page::STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

pub fn endpoint() -> Endpoint {
    Route::get("platform-docs", "/docs")
        .summary("This reference")
        .limited_by_gateway()
        .cached("public, max-age=3600")
        .handled_by(docs)
}

async fn docs(_: Call<Anonymous>, (): ()) -> Result<Text> {
    let made = MADE.as_ref().ok_or_else(|| Internal::bug("the reference cannot be made"))?;
    Ok(Text {
        content_type: "text/html; charset=utf-8",
        text: made.html.clone(),
        headers: vec![("etag", made.etag.clone()), ("content-security-policy", made.policy.clone())],
    })
}
