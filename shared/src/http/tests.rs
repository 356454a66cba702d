//! Tests of the harness in process, with test routes and without AWS.

use http::{Method, Response};
use lambda_http::{Body, Request, RequestExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::*;
use crate::{
    app::App,
    config::{Config, Section, tests::sample},
    domain::id::CheckId,
    error::{Internal, RequestError},
};

fn app() -> &'static App {
    Box::leak(Box::new(App::new(Config::from_lookup(&Section::ALL, sample).unwrap())))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EchoForm {
    name: String,
    #[serde(default)]
    count: u32,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Greeting {
    name: String,
}

fn echo() -> Endpoint {
    Route::post("test-echo", "/v1/echo").limited_by_gateway().body_limit(256).handled_by(
        |_: Call<Anonymous>, Json(form): Json<EchoForm>| async move {
            match form.name.as_str() {
                "panic" => panic!("secret words"),
                "internal" => Err(Internal::unavailable("table verinym-secret is gone").into()),
                _ if form.count > 9 => Err(RequestError::NotFound.into()),
                _ => Ok(Plain(Greeting { name: form.name })),
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

async fn call(endpoint: &Endpoint, request: Request) -> (Response<Body>, Value) {
    let response = respond(app(), endpoint, request).await;
    let text = match response.body() {
        Body::Text(text) => text.clone(),
        _ => "null".to_owned(),
    };
    let body = serde_json::from_str(&text).unwrap();
    (response, body)
}

#[tokio::test]
async fn a_valid_request_gets_a_response_with_all_headers() {
    let mut request = post(r#"{"name":"Ada"}"#);
    request.headers_mut().insert("x-correlation-id", "order-0042".parse().unwrap());
    request.headers_mut().insert("origin", "https://app.example".parse().unwrap());
    let (response, body) = call(&echo(), request).await;
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
async fn a_panic_is_a_500_without_its_message_and_the_process_goes_on() {
    let endpoint = echo();
    let (response, body) = call(&endpoint, post(r#"{"name":"panic"}"#)).await;
    assert_eq!((response.status().as_u16(), &body["code"]), (500, &json!("internal_error")));
    assert!(!body.to_string().contains("secret"));
    assert_eq!(body["correlation_id"], response.headers()["x-correlation-id"].to_str().unwrap());
    assert_eq!(call(&endpoint, post(r#"{"name":"Ada"}"#)).await.0.status().as_u16(), 200);
}

#[tokio::test]
async fn internal_errors_are_not_disclosed() {
    let (response, body) = call(&echo(), post(r#"{"name":"internal"}"#)).await;
    assert_eq!(response.status().as_u16(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert!(!body.to_string().contains("verinym-secret"));
}

#[tokio::test]
async fn each_kind_of_invalid_body_has_its_own_problem() {
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
        let (response, body) = call(&echo(), post(sent)).await;
        assert_eq!((response.status().as_u16(), body["code"].as_str()), (status, Some(code)), "{sent}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        if let Some(field) = field {
            assert_eq!(body["errors"][0]["field"], field, "{sent}");
        }
    }
    let mut request = post(r#"{"name":"Ada"}"#);
    request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(call(&echo(), request).await.0.status().as_u16(), 415);
}

#[tokio::test]
async fn a_missing_token_is_refused_before_the_path_is_parsed() {
    let endpoint = Route::get("test-check", "/v1/checks/{id}")
        .handled_by(|_: Call<Signed>, Path(_): Path<CheckId>| async { Ok(NoContent) });
    for authorization in [None, Some("Basic eDp5"), Some("Bearer"), Some("Bearer ")] {
        let mut request = Request::new(Body::Empty)
            .with_path_parameters(std::collections::HashMap::from([("id".to_owned(), "nonsense".to_owned())]));
        if let Some(value) = authorization {
            request.headers_mut().insert("authorization", value.parse().unwrap());
        }
        let (response, body) = call(&endpoint, request).await;
        assert_eq!((response.status().as_u16(), &body["code"]), (401, &json!("unauthenticated")));
        assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
    }
}

#[tokio::test]
async fn every_401_has_a_challenge_which_mentions_a_refused_token() {
    use crate::domain::{auth::AuthError, callback::CallbackError};
    type Refusal = fn() -> crate::error::Error;
    let refusing = |error: Refusal| {
        Route::get("test-refusing", "/v1/refusing")
            .limited_by_gateway()
            .handled_by(move |_: Call<Anonymous>, (): ()| async move { Err::<NoContent, _>(error()) })
    };
    let bearer = "Bearer";
    let invalid = "Bearer error=\"invalid_token\"";
    let cases: [(Refusal, &str, &str); 6] = [
        (|| RequestError::Unauthenticated.into(), bearer, invalid),
        (|| AuthError::InvalidCredentials.into(), bearer, bearer),
        (|| AuthError::InvalidRefreshToken.into(), bearer, bearer),
        (|| AuthError::RefreshTokenReused.into(), bearer, bearer),
        (|| CallbackError::BadSignature.into(), "Signature", "Signature"),
        (|| CallbackError::StaleSignature.into(), "Signature", "Signature"),
    ];
    for (error, without, with) in cases {
        for (authorization, challenge) in
            [(None, without), (Some("Basic eDp5"), without), (Some("Bearer abc"), with), (Some("bEARER abc"), with)]
        {
            let mut request = Request::new(Body::Empty);
            if let Some(value) = authorization {
                request.headers_mut().insert("authorization", value.parse().unwrap());
            }
            let (response, body) = call(&refusing(error), request).await;
            assert_eq!(response.status().as_u16(), 401, "{body}");
            assert_eq!(response.headers()["www-authenticate"], challenge, "{body} {authorization:?}");
        }
    }
}

#[tokio::test]
async fn a_body_in_a_charset_other_than_utf_8_is_refused() {
    let charset = async |charset: &str, body: Body| {
        let mut request = post("");
        *request.body_mut() = body;
        let content_type = format!("application/json{charset}");
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        let (response, body) = call(&echo(), request).await;
        (response.status().as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
    };
    let latin1 = || Body::Binary(b"{\"name\":\"M\xfcller\"}".to_vec());
    for other in ["; charset=iso-8859-1", ";charset=\"windows-1252\"", "; x=y; Charset=UTF-16"] {
        assert_eq!(charset(other, latin1()).await, (415, "unsupported_media_type".into()), "{other}");
        assert_eq!(charset(other, Body::Text("{\"name\":\"Ada\"}".into())).await.0, 415, "{other}");
    }
    for utf8 in ["", "; charset=utf-8", "; charset=\"UTF-8\""] {
        assert_eq!(charset(utf8, latin1()).await, (400, "malformed_request".into()), "{utf8}");
        assert_eq!(charset(utf8, Body::Text("{\"name\":\"Müller\"}".into())).await.0, 200, "{utf8}");
    }
}

/// The gateway replaces invalid UTF-8 with U+FFFD.
#[tokio::test]
async fn a_password_with_replacement_characters_is_refused() {
    #[derive(Debug, Deserialize, ToSchema)]
    struct PasswordForm {
        #[expect(dead_code, reason = "only parsing matters")]
        password: crate::domain::secret::SecretText,
    }
    let endpoint = Route::post("test-sign-in", "/v1/sign-in")
        .limited_by_gateway()
        .handled_by(|_: Call<Anonymous>, Json(_): Json<PasswordForm>| async { Ok(NoContent) });
    for damaged in ["gr\u{fffd}ne Wiese", r"gr\ufffdne Wiese"] {
        let (response, body) = call(&endpoint, post(&format!("{{\"password\":\"{damaged}\"}}"))).await;
        assert_eq!(response.status().as_u16(), 400);
        assert_eq!(
            (&body["errors"][0]["field"], &body["errors"][0]["code"]),
            (&json!("password"), &json!("invalid_characters")),
            "{body}"
        );
    }
    assert_eq!(call(&endpoint, post("{\"password\":\"grüne Wiese\"}")).await.0.status().as_u16(), 204);
}

#[tokio::test]
async fn fields_of_a_form_must_be_utf_8() {
    struct Named;
    impl Form for Named {
        const FIELDS: &'static [FormField] = &[FormField::required::<String>("name")];
        const FILE_LIMIT: usize = 64;
    }
    let endpoint =
        Route::post("test-form", "/v1/form").limited_by_gateway().handled_by(
            |_: Call<Anonymous>, form: Upload<Named>| async move {
                Ok(Plain(Greeting { name: form.fields["name"].clone() }))
            },
        );
    let send = async |parameters: &str, part: &str, name: &[u8]| {
        let mut body = format!("--b\r\nContent-Disposition: form-data; name=\"name\"\r\n{part}\r\n").into_bytes();
        body.extend_from_slice(name);
        body.extend_from_slice(
            b"\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nx\r\n--b--\r\n",
        );
        let mut request = post("");
        *request.body_mut() = Body::Binary(body);
        let content_type = format!("multipart/form-data; boundary=b{parameters}");
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        let (response, body) = call(&endpoint, request).await;
        (response.status().as_u16(), body["name"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(send("", "", "Müller".as_bytes()).await, (200, "Müller".into()));
    let utf8 = "Content-Type: text/plain; charset=utf-8\r\n";
    assert_eq!(send("; charset=utf-8", utf8, "Müller".as_bytes()).await, (200, "Müller".into()));
    assert_eq!(send("", "Content-Type: text/plain; charset=iso-8859-1\r\n", b"M\xfcller").await.0, 415);
    assert_eq!(send("; charset=iso-8859-1", "", b"M\xfcller").await.0, 415);
    assert_eq!(send("", "", b"M\xfcller").await.0, 400);
}

#[tokio::test]
async fn a_malformed_id_is_not_found() {
    let endpoint = Route::get("test-check", "/v1/checks/{id}")
        .limited_by_gateway()
        .handled_by(|_: Call<Anonymous>, Path(_): Path<CheckId>| async { Ok(NoContent) });
    for id in ["nonsense", "chk_", "chk_01h2xcejqtf2nbrexx3vqjhp4", "user_01h2xcejqtf2nbrexx3vqjhp41", "..%2f"] {
        let request = Request::new(Body::Empty)
            .with_path_parameters(std::collections::HashMap::from([("id".to_owned(), id.to_owned())]));
        assert_eq!(call(&endpoint, request).await.0.status().as_u16(), 404, "{id}");
    }
}

#[test]
fn the_document_states_permission_and_limit_of_each_route() {
    let document =
        openapi::document(
            &[
                echo(),
                Route::put("test-decide", "/v1/checks/{id}").requires_if_match().handled_by(
                    |_: Call<Can<crate::domain::role::KycReview>>,
                     (Path(_), Json(_)): (Path<CheckId>, Json<EchoForm>)| async { Ok(NoContent) },
                ),
            ],
        );
    let document = serde_json::to_value(document).unwrap();
    let echo = &document["paths"]["/v1/echo"]["post"];
    assert_eq!((&echo["x-permission"], &echo["x-limit"]), (&json!("anonymous"), &json!("gateway")));
    let decide = &document["paths"]["/v1/checks/{id}"]["put"];
    assert_eq!(decide["x-permission"], "kyc:review");
    assert_eq!(decide["x-limit"][0]["quota"], 300);
    assert_eq!(decide["description"], "Permission: `kyc:review`. Limit: 300 in 60 s by caller.");
    assert_eq!(echo["description"], "Permission: none. Limit: the gateway's.");
    for status in ["204", "400", "401", "403", "404", "412", "413", "415", "428", "429", "500"] {
        assert!(decide["responses"][status].is_object(), "{status}");
    }
    assert!(document["components"]["schemas"]["EchoForm"]["properties"]["name"].is_object());
}

mod client_address;
mod clients;
mod deadlines;
mod methods;
mod preconditions;
mod recent;
