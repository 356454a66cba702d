//! The harness without AWS: routes of our own, driven in process.

use http::{Method, Response};
use lambda_http::{Body, Request, RequestExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::*;
use crate::{
    app::App,
    config::{Config, tests::sample},
    domain::id::CheckId,
    error::{Internal, RequestError},
};

fn app() -> &'static App {
    Box::leak(Box::new(App::new(Config::from_lookup(sample).unwrap())))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    #[serde(default)]
    count: u32,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Said {
    name: String,
}

fn echo() -> Endpoint {
    Route::post("test-echo", "/v1/echo").limited_by_gateway().body_limit(256).handled_by(
        |_: Call<Anonymous>, Json(form): Json<Form>| async move {
            match form.name.as_str() {
                "panic" => panic!("secret words"),
                "internal" => Err(Internal::unavailable("table verinym-secret is gone").into()),
                _ if form.count > 9 => Err(RequestError::NotFound.into()),
                _ => Ok(Plain(Said { name: form.name })),
            }
        },
    )
}

fn post(body: &str) -> Request {
    let mut request = Request::new(Body::Text(body.to_owned()));
    *request.method_mut() = Method::POST;
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    request
}

async fn ask(endpoint: &Endpoint, request: Request) -> (Response<Body>, Value) {
    let response = respond(app(), endpoint, request).await;
    let text = match response.body() {
        Body::Text(text) => text.clone(),
        _ => "null".to_owned(),
    };
    let body = serde_json::from_str(&text).unwrap();
    (response, body)
}

#[tokio::test]
async fn a_good_request_is_answered_with_every_header() {
    let mut request = post(r#"{"name":"Ada"}"#);
    request.headers_mut().insert("x-correlation-id", "order-0042".parse().unwrap());
    request.headers_mut().insert("origin", "https://app.example".parse().unwrap());
    let (response, body) = ask(&echo(), request).await;
    assert_eq!((response.status().as_u16(), body), (200, json!({"name": "Ada"})));
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-correlation-id"), "order-0042");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("access-control-allow-origin"), "https://app.example");
    assert!(header("strict-transport-security").contains("max-age"));
    assert!(header("content-security-policy").contains("default-src 'none'"));
}

#[tokio::test]
async fn a_panic_is_a_500_without_its_words_and_the_process_lives() {
    let endpoint = echo();
    let (response, body) = ask(&endpoint, post(r#"{"name":"panic"}"#)).await;
    assert_eq!((response.status().as_u16(), &body["code"]), (500, &json!("internal_error")));
    assert!(!body.to_string().contains("secret"));
    assert_eq!(body["correlation_id"], response.headers()["x-correlation-id"].to_str().unwrap());
    assert_eq!(ask(&endpoint, post(r#"{"name":"Ada"}"#)).await.0.status().as_u16(), 200);
}

#[tokio::test]
async fn what_is_for_us_alone_never_reaches_the_answer() {
    let (response, body) = ask(&echo(), post(r#"{"name":"internal"}"#)).await;
    assert_eq!(response.status().as_u16(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert!(!body.to_string().contains("verinym-secret"));
}

#[tokio::test]
async fn each_bad_body_gets_its_own_problem() {
    let cases = [
        (r#"{"name":"Ada","nmae":1}"#, 400, "unknown_field", Some("nmae")),
        (r#"{"count":1}"#, 400, "validation_failed", Some("name")),
        (r#"{"name":7}"#, 400, "validation_failed", Some("name")),
        (r#"{"name":"a","name":"b"}"#, 400, "validation_failed", None),
        (r#"{"name":"Ada""#, 400, "malformed_request", None),
        (r#"{"name":"Ada"} x"#, 400, "malformed_request", None),
        ("", 400, "malformed_request", None),
        (&format!(r#"{{"name":"{}"}}"#, "x".repeat(256)), 413, "payload_too_large", None),
    ];
    for (sent, status, code, field) in cases {
        let (response, body) = ask(&echo(), post(sent)).await;
        assert_eq!((response.status().as_u16(), body["code"].as_str()), (status, Some(code)), "{sent}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        if let Some(field) = field {
            assert_eq!(body["errors"][0]["field"], field, "{sent}");
        }
    }
    let mut request = post(r#"{"name":"Ada"}"#);
    request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(ask(&echo(), request).await.0.status().as_u16(), 415);
}

#[tokio::test]
async fn without_a_token_nothing_else_is_looked_at() {
    let endpoint = Route::get("test-check", "/v1/checks/{id}")
        .handled_by(|_: Call<Signed>, Path(_): Path<CheckId>| async { Ok(NoContent) });
    for authorization in [None, Some("Basic eDp5"), Some("Bearer")] {
        let mut request = Request::new(Body::Empty)
            .with_path_parameters(std::collections::HashMap::from([("id".to_owned(), "nonsense".to_owned())]));
        if let Some(value) = authorization {
            request.headers_mut().insert("authorization", value.parse().unwrap());
        }
        let (response, body) = ask(&endpoint, request).await;
        assert_eq!((response.status().as_u16(), &body["code"]), (401, &json!("unauthenticated")));
        // The gateway would rename it to `x-amzn-Remapped-WWW-Authenticate`, which means nothing to a client.
        assert!(!response.headers().contains_key("www-authenticate"));
    }
}

#[tokio::test]
async fn a_malformed_id_is_not_found() {
    let endpoint = Route::get("test-check", "/v1/checks/{id}")
        .limited_by_gateway()
        .handled_by(|_: Call<Anonymous>, Path(_): Path<CheckId>| async { Ok(NoContent) });
    for id in ["nonsense", "chk_", "chk_01h2xcejqtf2nbrexx3vqjhp4", "user_01h2xcejqtf2nbrexx3vqjhp41", "..%2f"] {
        let request = Request::new(Body::Empty)
            .with_path_parameters(std::collections::HashMap::from([("id".to_owned(), id.to_owned())]));
        assert_eq!(ask(&endpoint, request).await.0.status().as_u16(), 404, "{id}");
    }
}

#[tokio::test]
async fn a_reader_who_has_the_version_gets_304() {
    let endpoint =
        Route::get("test-versioned", "/v1/thing").limited_by_gateway().handled_by(|_: Call<Anonymous>, (): ()| async {
            Ok::<_, crate::error::Error>(Versioned { version: 7, body: Said { name: "Ada".into() } })
        });
    for (tag, status) in [("\"7\"", 304), ("W/\"7\"", 304), ("\"6\", \"7\"", 304), ("\"6\"", 200)] {
        let mut request = Request::new(Body::Empty);
        request.headers_mut().insert("if-none-match", tag.parse().unwrap());
        let (response, _) = ask(&endpoint, request).await;
        assert_eq!(response.status().as_u16(), status, "{tag}");
        assert_eq!(response.headers()["etag"], "\"7\"");
    }
}

#[test]
fn the_document_says_permission_and_limit_of_every_route() {
    let document = openapi::document(&[
        echo(),
        Route::put("test-decide", "/v1/checks/{id}").requires_if_match().handled_by(
            |_: Call<Can<crate::domain::role::KycReview>>, (Path(_), Json(_)): (Path<CheckId>, Json<Form>)| async {
                Ok(NoContent)
            },
        ),
    ]);
    let document = serde_json::to_value(document).unwrap();
    let echo = &document["paths"]["/v1/echo"]["post"];
    assert_eq!((&echo["x-permission"], &echo["x-limit"]), (&json!("anonymous"), &json!("gateway")));
    let decide = &document["paths"]["/v1/checks/{id}"]["put"];
    assert_eq!(decide["x-permission"], "kyc:review");
    assert_eq!(decide["x-limit"][0]["quota"], 300);
    for status in ["204", "400", "401", "403", "404", "412", "413", "415", "428", "429", "500"] {
        assert!(decide["responses"][status].is_object(), "{status}");
    }
    assert!(document["components"]["schemas"]["Form"]["properties"]["name"].is_object());
}
