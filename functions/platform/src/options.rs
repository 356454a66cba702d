//! OPTIONS on every path: the answer to a browser's CORS preflight (Fetch standard §3.2).
//!
//! Which origin may go on is the harness's to say, on this answer as on every other; here stands what such a one may
//! send.

use verinym::{
    error::Result,
    http::{Anonymous, Call, Endpoint, OperationDoc, Reply, Response, Route},
};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Range, X-Correlation-Id";

pub fn endpoint() -> Endpoint {
    Route::options("platform-options", "/{proxy+}")
        .summary("What a browser may send from elsewhere")
        .limited_by_gateway()
        // Browsers hold it by Access-Control-Max-Age; other caches hold no OPTIONS.
        .handled_by(options)
}

async fn options(_: Call<Anonymous>, (): ()) -> Result<Preflight> {
    Ok(Preflight)
}

/// 204 with what is allowed.
struct Preflight;

impl Reply for Preflight {
    fn into_response(self) -> Result<Response> {
        Ok(Response::empty(204)
            .header("access-control-allow-methods", METHODS)
            .header("access-control-allow-headers", HEADERS)
            .header("access-control-max-age", "7200")
            .header("vary", "Access-Control-Request-Method, Access-Control-Request-Headers"))
    }

    /// A browser's matter; it stands in no client's document.
    fn describe(_: &mut OperationDoc) {}
}
