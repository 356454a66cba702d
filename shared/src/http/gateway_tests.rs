//! Events and answers in the form of a gateway with `BinaryMediaTypes: */*`: each request body comes as base64, and an
//! response is decoded if it says `isBase64Encoded`, else passed on as it is.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use lambda_http::{Adapter, Context, LambdaEvent, Request, Service, request::LambdaRequest, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::*;
use crate::{
    app::App,
    config::{Config, Section, tests::sample},
    http::{Form, FormField},
};

/// No text in any encoding.
const BYTES: [u8; 8] = [0xff, 0xd8, 0x00, 0x80, 0xfe, 0x0d, 0x0a, 0xc3];

/// Calls an endpoint through the runtime's own translation of events and answers.
async fn through_gateway(endpoint: Endpoint, content_type: &str, body: &[u8]) -> Value {
    let app: &'static App = Box::leak(Box::new(App::new(Config::from_lookup(&Section::ALL, sample).unwrap())));
    let endpoint: &'static Endpoint = Box::leak(Box::new(endpoint));
    let event = json!({
        "resource": "/v1/x", "path": "/v1/x", "httpMethod": endpoint.route.method.as_str(),
        "headers": {"content-type": content_type, "accept": "text/html,*/*;q=0.8"},
        "multiValueHeaders": {"content-type": [content_type], "accept": ["text/html,*/*;q=0.8"]},
        "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": null,
        "stageVariables": null, "body": BASE64.encode(body), "isBase64Encoded": true,
        "requestContext": {
            "resourceId": "x", "resourcePath": "/v1/x", "httpMethod": endpoint.route.method.as_str(),
            "path": "/prod/v1/x", "accountId": "123456789012", "stage": "prod", "requestId": "id", "apiId": "api",
            "identity": {"sourceIp": "192.0.2.1"},
        },
    });
    let payload: LambdaRequest = serde_json::from_value(event).unwrap();
    let mut adapter = Adapter::from(service_fn(|request: Request| async move {
        Ok::<_, lambda_http::Error>(respond(app, endpoint, request).await)
    }));
    let response = adapter.call(LambdaEvent::new(payload, Context::default())).await.unwrap();
    serde_json::to_value(response).unwrap()
}

/// The body that the client receives.
fn received_body(response: &Value) -> Vec<u8> {
    let body = response["body"].as_str().unwrap_or_default();
    if response["isBase64Encoded"] == true { BASE64.decode(body).unwrap() } else { body.as_bytes().to_vec() }
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
struct Echoed {
    name: String,
}

#[tokio::test]
async fn json_is_passed_as_text() {
    let endpoint = Route::post("test-echo", "/v1/x")
        .limited_by_gateway()
        .handled_by(|_: Call<Anonymous>, Json(greeting): Json<Echoed>| async move { Ok(Plain(greeting)) });
    let response = through_gateway(endpoint, "application/json", "{\"name\":\"Zoë\"}".as_bytes()).await;
    assert_eq!((&response["statusCode"], &response["isBase64Encoded"]), (&json!(200), &json!(false)));
    assert_eq!(received_body(&response), "{\"name\":\"Zoë\"}".as_bytes());
}

#[tokio::test]
async fn a_problem_is_passed_as_text() {
    let endpoint = Route::post("test-echo", "/v1/x")
        .limited_by_gateway()
        .handled_by(|_: Call<Anonymous>, Json(greeting): Json<Echoed>| async move { Ok(Plain(greeting)) });
    let response = through_gateway(endpoint, "application/json", b"{").await;
    assert_eq!((&response["statusCode"], &response["isBase64Encoded"]), (&json!(400), &json!(false)));
    let problem: Value = serde_json::from_slice(&received_body(&response)).unwrap();
    assert_eq!(problem["status"], 400);
}

/// The signature of a callback covers its bytes, so they must not change.
#[tokio::test]
async fn bytes_are_not_changed() {
    let endpoint = Route::post("test-bytes", "/v1/x").limited_by_gateway().handled_by(
        |_: Call<Anonymous>, RawBody(body): RawBody| async move {
            Ok(Binary { content_type: "image/jpeg", bytes: body.to_vec(), range: None, headers: vec![] })
        },
    );
    let response = through_gateway(endpoint, "application/octet-stream", &BYTES).await;
    assert_eq!((&response["statusCode"], &response["isBase64Encoded"]), (&json!(200), &json!(true)));
    assert_eq!(received_body(&response), BYTES);
}

#[tokio::test]
async fn pages_and_responses_without_a_body_are_passed() {
    let page = Route::get("test-page", "/v1/x").limited_by_gateway().handled_by(|_: Call<Anonymous>, (): ()| async {
        Ok(Text { content_type: "text/html; charset=utf-8", text: "<p>Zoë</p>".to_owned(), headers: vec![] })
    });
    let response = through_gateway(page, "text/plain", b"").await;
    assert_eq!(
        (response["statusCode"].as_u64(), received_body(&response)),
        (Some(200), "<p>Zoë</p>".as_bytes().to_vec())
    );
    let nothing = Route::post("test-nothing", "/v1/x")
        .limited_by_gateway()
        .handled_by(|_: Call<Anonymous>, (): ()| async { Ok(NoContent) });
    let response = through_gateway(nothing, "text/plain", b"").await;
    assert_eq!((response["statusCode"].as_u64(), received_body(&response)), (Some(204), vec![]));
}

struct OneFile;

impl Form for OneFile {
    const FIELDS: &'static [FormField] = &[FormField::required::<String>("kind")];
    const FILE_LIMIT: usize = 1024;
}

#[tokio::test]
async fn the_bytes_of_a_file_in_a_form_are_not_changed() {
    let endpoint = Route::post("test-upload", "/v1/x").limited_by_gateway().handled_by(
        |_: Call<Anonymous>, upload: Upload<OneFile>| async move {
            let headers = vec![("x-kind", upload.fields["kind"].clone())];
            Ok(Binary { content_type: "image/png", bytes: upload.file.to_vec(), range: None, headers })
        },
    );
    let mut form = b"--b\r\ncontent-disposition: form-data; name=\"kind\"\r\n\r\npassport\r\n--b\r\n\
        content-disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\ncontent-type: image/jpeg\r\n\r\n"
        .to_vec();
    form.extend(BYTES);
    form.extend(b"\r\n--b--\r\n");
    let response = through_gateway(endpoint, "multipart/form-data; boundary=b", &form).await;
    assert_eq!(response["statusCode"], 200, "{response}");
    assert_eq!(response["multiValueHeaders"]["x-kind"], json!(["passport"]));
    assert_eq!(received_body(&response), BYTES);
}
