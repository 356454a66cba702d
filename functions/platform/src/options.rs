//! Every method that a path does not have. `OPTIONS` gets the response to the CORS preflight of browsers (Fetch standard §3.2); any
//! other method gets 405 with the methods that the path has (RFC 9110 §15.5.6).
//!
//! The harness adds the header with the allowed origin, as to every response; here are the allowed methods and headers.

use http::Method;
use verinym::{
    error::{RequestError, Result},
    http::{Anonymous, Call, Endpoint, OperationDoc, Reply, RequestLine, Response, Route},
};

use crate::allowed_methods::ALLOWED_METHODS;

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// Not `X-Client-Address` and `X-Client-Authorization`: a backend sends them, and no page may hold the token of a machine client.
const HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Range, X-Correlation-Id";

pub fn endpoint() -> Endpoint {
    Route::options("platform-options", "/{proxy+}")
        .summary("Methods and headers that browsers may send from other origins")
        .limited_by_gateway()
        // Browsers cache it by Access-Control-Max-Age; other caches do not cache OPTIONS.
        .handled_by(options)
}

async fn options(_: Call<Anonymous>, line: RequestLine) -> Result<Preflight> {
    if line.method == Method::OPTIONS { Ok(Preflight) } else { Err(refused(&line.resource).into()) }
}

/// The refusal of a method on a path, as the template names the path.
fn refused(path: &str) -> RequestError {
    let known = ALLOWED_METHODS.iter().find(|(known, _)| *known == path);
    known.map_or(RequestError::NotFound, |(_, allow)| RequestError::MethodNotAllowed { allow: (*allow).to_owned() })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_another_origin_cannot_hand_on_addresses() {
        assert!(!HEADERS.to_ascii_lowercase().contains("x-client"));
    }

    #[test]
    fn a_method_that_a_path_does_not_have_is_refused_with_those_it_has() {
        let RequestError::MethodNotAllowed { allow } = refused("/v1/users/profile") else { panic!("another refusal") };
        assert_eq!(allow, "GET, HEAD, PUT, PATCH, OPTIONS");
        assert_eq!(refused("/v1/unknown"), RequestError::NotFound);
    }
}
