//! Running a route of the sandbox as a Lambda function: credentials, the handler, one log line; nothing fails or
//! panics its way out.

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

use crate::{service::Service, wire::Fault};

/// What a handler answers.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
    /// The task it is about, for the log.
    pub request_id: Option<Uuid>,
}

impl Answer {
    pub fn new(status: StatusCode, body: &impl Serialize) -> Result<Self, Fault> {
        let body = serde_json::to_value(body).map_err(Internal::bug)?;
        Ok(Self { status, body, request_id: None })
    }

    #[must_use]
    pub fn about(self, request_id: Uuid) -> Self {
        Self { request_id: Some(request_id), ..self }
    }
}

/// A route with its types erased.
pub type Handler = fn(&'static Service, Request) -> BoxFuture<'static, Result<Answer, Fault>>;

/// Runs a handler behind the check of credentials until the platform ends the process.
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
        authorise(&request, &*service.credentials().await?)?;
        handler(service, request).await
    };
    let outcome = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(Internal::bug("panic").into()));
    let (status, body, label, request_id) = match outcome {
        Ok(answer) => (answer.status, answer.body, "ok", answer.request_id),
        Err(fault) => {
            if let Fault::Ours(error) = &fault {
                tracing::error!(function, %error, "failed");
            }
            (fault.status(), fault.body(), fault.code(), None)
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

/// Both headers, each once and in constant time.
fn authorise(request: &Request, known: &ProviderSecrets) -> Result<(), Fault> {
    let given = |name: &str| {
        let mut values = request.headers().get_all(name).iter();
        let value = values.next().map(|value| value.as_bytes()).unwrap_or_default();
        if values.next().is_some() { &[] } else { value }
    };
    let key = given("api-key").ct_eq(known.api_key.expose().as_bytes());
    let account = given("account-id").ct_eq(known.account_id.as_bytes());
    // An empty secret is a set-up that never took place, and opens nothing.
    let set_up = !known.api_key.expose().is_empty() && !known.account_id.is_empty();
    if set_up && bool::from(key & account) { Ok(()) } else { Err(Fault::Unauthorized) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(api_key: &str) -> ProviderSecrets {
        serde_json::from_value(json!({"api_key": api_key, "account_id": "acc-1", "webhook_secret": "whsec_"})).unwrap()
    }

    fn is_let_in(headers: &[(&'static str, &str)], api_key: &str) -> bool {
        let mut request = Request::new(Body::Empty);
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        authorise(&request, &known(api_key)).is_ok()
    }

    #[test]
    fn only_the_right_key_of_the_right_account_is_let_in() {
        let right = [("api-key", "key-1"), ("account-id", "acc-1")];
        assert!(is_let_in(&right, "key-1"));
        assert!(!is_let_in(&right, "key-2"));
        assert!(!is_let_in(&right, "key-11"));
        assert!(!is_let_in(&right[..1], "key-1"));
        assert!(!is_let_in(&right[1..], "key-1"));
        assert!(!is_let_in(&[("api-key", "key-1"), ("account-id", "acc-2")], "key-1"));
        assert!(!is_let_in(&[right[0], right[0], right[1]], "key-1"));
    }

    #[test]
    fn an_empty_secret_opens_nothing() {
        assert!(!is_let_in(&[("api-key", ""), ("account-id", "acc-1")], ""));
        assert!(!is_let_in(&[("account-id", "acc-1")], ""));
    }
}
