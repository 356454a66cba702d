//! Runs a route of the sandbox as a Lambda function: it checks the credentials, calls the handler and writes one log line. Errors and
//! panics become responses.

use std::{panic::AssertUnwindSafe, process::ExitCode};

use futures::{FutureExt, future::BoxFuture};
use http::{Response, StatusCode, header};
use lambda_http::{Body, Request};
use serde::Serialize;
use serde_json::Value;
use subtle::ConstantTimeEq;
use uuid::Uuid;
use verinym::{
    boot,
    domain::time::Timestamp,
    error::Internal,
    http::requests,
    store::secrets::ProviderSecrets,
    telemetry::{self, Invocation},
};

use crate::{service::Service, wire::SandboxError};

/// The response of a handler.
#[derive(Debug)]
pub struct SandboxResponse {
    pub status: StatusCode,
    pub body: Value,
    /// The task, for the log.
    pub request_id: Option<Uuid>,
}

impl SandboxResponse {
    pub fn new(status: StatusCode, body: &impl Serialize) -> Result<Self, SandboxError> {
        let body = serde_json::to_value(body).map_err(Internal::bug)?;
        Ok(Self { status, body, request_id: None })
    }

    #[must_use]
    pub fn for_task(self, request_id: Uuid) -> Self {
        Self { request_id: Some(request_id), ..self }
    }
}

/// The handler of a route.
pub type Handler = fn(&'static Service, Request) -> BoxFuture<'static, Result<SandboxResponse, SandboxError>>;

/// Serves a handler, with a check of credentials, until the platform ends the process.
pub fn serve(function: &'static str, handler: Handler) -> ExitCode {
    boot::start(Service::from_env, |service| {
        requests(Box::new(move |request| Box::pin(respond(service, function, handler, request))))
    })
}

async fn respond(
    service: &'static Service,
    function: &'static str,
    handler: Handler,
    request: Request,
) -> Response<Body> {
    let started = Timestamp::now();
    let work = async {
        authenticate(&request, &*service.credentials().await?)?;
        handler(service, request).await
    };
    let outcome = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(Internal::bug("panic").into()));
    let (status, body, label, request_id) = match outcome {
        Ok(response) => (response.status, response.body, "ok", response.request_id),
        Err(error) => {
            if let SandboxError::Internal(error) = &error {
                tracing::error!(function, %error, "failed");
            }
            (error.status(), error.body(), error.code(), None)
        }
    };
    let mut properties = serde_json::Map::new();
    properties.insert("status".into(), status.as_u16().into());
    properties.extend(request_id.map(|id| ("request_id".to_owned(), id.to_string().into())));
    telemetry::write(Invocation {
        function,
        area: "sandbox",
        outcome: label,
        millis: u64::try_from(Timestamp::now().since(started).as_millis()).unwrap_or(u64::MAX),
        at: started,
        properties,
    });
    let mut response = Response::new(Body::Text(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

/// Compares both headers in constant time. A repeated header is refused.
fn authenticate(request: &Request, known: &ProviderSecrets) -> Result<(), SandboxError> {
    let given = |name: &str| {
        let mut values = request.headers().get_all(name).iter();
        let value = values.next().map(|value| value.as_bytes()).unwrap_or_default();
        if values.next().is_some() { &[] } else { value }
    };
    let key = given("api-key").ct_eq(known.api_key.expose().as_bytes());
    let account = given("account-id").ct_eq(known.account_id.as_bytes());
    // An empty secret has not been set up yet.
    let set_up = !known.api_key.expose().is_empty() && !known.account_id.is_empty();
    if set_up && bool::from(key & account) { Ok(()) } else { Err(SandboxError::Unauthorized) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(api_key: &str) -> ProviderSecrets {
        serde_json::from_value(json!({"api_key": api_key, "account_id": "acc-1", "webhook_secret": "whsec_"})).unwrap()
    }

    fn is_authenticated(headers: &[(&'static str, &str)], api_key: &str) -> bool {
        let mut request = Request::new(Body::Empty);
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        authenticate(&request, &known(api_key)).is_ok()
    }

    #[test]
    fn only_the_right_key_of_the_right_account_is_accepted() {
        let right = [("api-key", "key-1"), ("account-id", "acc-1")];
        assert!(is_authenticated(&right, "key-1"));
        assert!(!is_authenticated(&right, "key-2"));
        assert!(!is_authenticated(&right, "key-11"));
        assert!(!is_authenticated(&right[..1], "key-1"));
        assert!(!is_authenticated(&right[1..], "key-1"));
        assert!(!is_authenticated(&[("api-key", "key-1"), ("account-id", "acc-2")], "key-1"));
        assert!(!is_authenticated(&[right[0], right[0], right[1]], "key-1"));
    }

    #[test]
    fn an_empty_secret_matches_nothing() {
        assert!(!is_authenticated(&[("api-key", ""), ("account-id", "acc-1")], ""));
        assert!(!is_authenticated(&[("account-id", "acc-1")], ""));
    }
}
