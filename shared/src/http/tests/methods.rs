//! Methods: HEAD as GET without a body, and methods that a route does not have.

use super::*;

#[tokio::test]
async fn head_gets_the_response_of_get_without_a_body() {
    let endpoint = Route::get("test-versioned", "/v1/thing").limited_by_gateway().handled_by(
        |_: Call<Anonymous>, Headers(headers): Headers| async move {
            let name = if headers.contains_key("range") { "a part" } else { "the whole" };
            Ok::<_, crate::error::Error>(Versioned { version: 7, body: Greeting { name: name.into() } })
        },
    );
    let request = |method: Method| {
        let mut request = Request::new(Body::Empty);
        *request.method_mut() = method;
        request.headers_mut().insert("x-correlation-id", "order-0042".parse().unwrap());
        request
    };
    let (whole, body) = call(&endpoint, request(Method::GET)).await;
    let (head, empty) = call(&endpoint, request(Method::HEAD)).await;
    assert_eq!((body, empty), (json!({"name": "the whole"}), Value::Null));
    assert_eq!((head.status(), head.headers()), (whole.status(), whole.headers()));
    assert!(matches!(head.body(), Body::Empty));

    let mut known = request(Method::HEAD);
    known.headers_mut().insert("if-none-match", "\"7\"".parse().unwrap());
    assert_eq!(call(&endpoint, known).await.0.status().as_u16(), 304);

    let mut range = request(Method::GET);
    range.headers_mut().insert("range", "bytes=0-1".parse().unwrap());
    assert_eq!(call(&endpoint, range).await.1, json!({"name": "a part"}));

    let refused = Route::get("test-refused", "/v1/refused")
        .handled_by(|_: Call<Signed>, (): ()| async { Ok(Plain(Greeting { name: "Ada".into() })) });
    let (head, body) = call(&refused, request(Method::HEAD)).await;
    assert_eq!((head.status().as_u16(), body), (401, Value::Null));
    assert_eq!(head.headers()["content-type"], "application/problem+json");
}

/// Only `GET` supports `Range` (RFC 9110 §14.2).
#[tokio::test]
async fn head_ignores_a_range() {
    let endpoint = Route::get("test-range", "/v1/range").limited_by_gateway().handled_by(
        |_: Call<Anonymous>, Headers(headers): Headers| async move {
            if headers.contains_key("range") {
                Err(RequestError::RangeNotSatisfiable { size: 1 }.into())
            } else {
                Ok(NoContent)
            }
        },
    );
    for (method, status) in [(Method::GET, 416), (Method::HEAD, 204)] {
        let mut request = Request::new(Body::Empty);
        *request.method_mut() = method;
        request.headers_mut().insert("range", "bytes=7-9".parse().unwrap());
        assert_eq!(call(&endpoint, request).await.0.status().as_u16(), status);
    }
}

#[tokio::test]
async fn a_method_that_the_route_does_not_have_is_not_found() {
    let status = async |endpoint: &Endpoint, method: &str| {
        let mut request = post("{}");
        *request.method_mut() = method.parse().unwrap();
        call(endpoint, request).await.0.status().as_u16()
    };
    let get = Route::get("test-get", "/v1/thing")
        .limited_by_gateway()
        .handled_by(|_: Call<Anonymous>, (): ()| async { Ok(NoContent) });
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get"] {
        assert_eq!(status(&get, method).await, 404, "{method}");
    }
    let change = Route::patch("test-change", "/v1/thing")
        .also(Method::PUT)
        .limited_by_gateway()
        .handled_by(|_: Call<Anonymous>, (): ()| async { Ok(NoContent) });
    for (method, expected) in [("PATCH", 204), ("PUT", 204), ("GET", 404), ("HEAD", 404), ("POST", 404)] {
        assert_eq!(status(&change, method).await, expected, "{method}");
    }
}
