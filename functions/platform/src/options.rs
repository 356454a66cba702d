//! OPTIONS on every path: the response to the CORS preflight of browsers (Fetch standard §3.2).
//!
//! The harness adds the header with the allowed origin, as to every response; here are the allowed methods and headers.

use verinym::{
    error::Result,
    http::{Anonymous, Call, Endpoint, OperationDoc, Reply, Response, Route},
};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Range, X-Correlation-Id";

pub fn endpoint() -> Endpoint {
    Route::options("platform-options", "/{proxy+}")
        .summary("Methods and headers that browsers may send from other origins")
        .limited_by_gateway()
        // Browsers cache it by Access-Control-Max-Age; other caches do not cache OPTIONS.
        .handled_by(options)
}

async fn options(_: Call<Anonymous>, (): ()) -> Result<Preflight> {
    Ok(Preflight)
}

/// 204 with the allowed methods and headers.
struct Preflight;

impl Reply for Preflight {
    fn into_response(self) -> Result<Response> {
        Ok(Response::empty(204)
            .header("access-control-allow-methods", METHODS)
            .header("access-control-allow-headers", HEADERS)
            .header("access-control-max-age", "7200")
            .header("vary", "Access-Control-Request-Method, Access-Control-Request-Headers"))
    }

    /// Only browsers use it, so it is not documented.
    fn describe(_: &mut OperationDoc) {}
}
