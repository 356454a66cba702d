//! A small HTTP client.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::conformance::{self, Received};

/// The wait before a request is sent again.
const BUSY: Duration = Duration::from_millis(500);

/// Calls the API, with or without an access token.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// The whole token set of the sign-in.
    pub tokens: Value,
    bearer: Option<Arc<str>>,
}

impl Client {
    pub fn new(http: reqwest::Client, base: &str) -> Self {
        Self { http, base: base.to_owned(), tokens: Value::Null, bearer: None }
    }

    /// The same client with another bearer token.
    pub fn bearing(&self, token: &str) -> Self {
        Self { bearer: Some(token.into()), ..self.clone() }
    }

    /// The same client without a token.
    pub fn stranger(&self) -> Self {
        Self { bearer: None, tokens: Value::Null, ..self.clone() }
    }

    /// The same client with the token set of a sign-in or refresh.
    pub fn holding(&self, tokens: Value) -> Self {
        let bearer = tokens["access_token"].as_str().expect("an access token");
        Self { tokens: tokens.clone(), ..self.bearing(bearer) }
    }

    /// Signs in; panics if that is refused.
    pub async fn login(&self, email: &str, password: &str) -> Self {
        let form = json!({"email": email, "password": password});
        let answer = self.stranger().post("/v1/auth/login").json(&form).send().await;
        self.holding(answer.expect(200).json())
    }

    pub fn token(&self) -> &str {
        self.bearer.as_deref().expect("signed in")
    }

    pub fn refresh_token(&self) -> &str {
        self.tokens["refresh_token"].as_str().expect("signed in")
    }

    pub fn session_id(&self) -> &str {
        self.tokens["session"]["id"].as_str().expect("signed in")
    }

    pub fn user_id(&self) -> &str {
        self.tokens["user"]["id"].as_str().expect("signed in")
    }

    pub fn call(&self, method: Method, path: &str) -> ApiRequest {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        ApiRequest { request, method, path: path.to_owned() }
    }

    pub fn get(&self, path: &str) -> ApiRequest {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> ApiRequest {
        self.call(Method::POST, path)
    }

    pub fn put(&self, path: &str) -> ApiRequest {
        self.call(Method::PUT, path)
    }

    pub fn patch(&self, path: &str) -> ApiRequest {
        self.call(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> ApiRequest {
        self.call(Method::DELETE, path)
    }
}

/// A request that is being built.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct ApiRequest {
    request: reqwest::RequestBuilder,
    method: Method,
    /// Below the API's base address, with its query.
    path: String,
}

impl ApiRequest {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub fn body(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header("content-type", content_type).body(body);
        self
    }

    /// A form with text fields and one file (RFC 7578).
    pub fn form(self, fields: &[(&str, &str)], file: &[u8]) -> Self {
        let (content_type, body) = multipart(fields, file);
        self.body(&content_type, body)
    }

    pub fn key(self, idempotency_key: &str) -> Self {
        self.header("idempotency-key", idempotency_key)
    }

    /// The answer; panics if the API's document does not describe it. A `GET` that is answered 503 is sent up to two times more, as clients
    /// should: on a busy machine calls of the emulator time out.
    pub async fn send(self) -> ApiResponse {
        let called = format!("{} {}", self.method, self.path);
        let mut again = if self.method == Method::GET { 2 } else { 0 };
        let mut request = self.request;
        let response = loop {
            let next = request.try_clone();
            let response = request.send().await.unwrap_or_else(|error| panic!("{called}: {error}"));
            match next {
                Some(next) if response.status() == 503 && again > 0 => {
                    again -= 1;
                    request = next;
                    tokio::time::sleep(BUSY).await;
                }
                _ => break response,
            }
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_else(|error| panic!("{called}: {error}"));
        let path = self.path.split('?').next().unwrap_or_default();
        conformance::check(&Received { method: self.method.as_str(), path, status, headers: &headers, body: &body });
        ApiResponse { called, status, headers, body }
    }
}

/// Content type and bytes of a form with one file.
pub fn multipart(fields: &[(&str, &str)], file: &[u8]) -> (String, Vec<u8>) {
    const BOUNDARY: &str = "----verinym-7d0c5f2e";
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"scan\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

/// A response with the call that it belongs to, so that a failing test shows both.
#[derive(Debug, Clone)]
pub struct ApiResponse {
    pub called: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl ApiResponse {
    /// The response, if it has the expected status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// The response, if it is a problem with this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code().as_deref()), (status, Some(code)), "{self}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The problem's code, if it is a problem.
    pub fn code(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        body.get("code")?.as_str().map(str::to_owned)
    }

    /// Codes of the fields at fault: `field code`, sorted.
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<_> = self.json()["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|fault| format!("{} {}", fault["field"].as_str().unwrap(), fault["code"].as_str().unwrap()))
            .collect();
        faults.sort();
        faults
    }
}

impl std::fmt::Display for ApiResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let correlation = self.header("x-correlation-id").unwrap_or("none");
        let text: String = self.text().chars().take(1500).collect();
        write!(f, "{} answered {} (correlation {correlation}): {text}", self.called, self.status)
    }
}
