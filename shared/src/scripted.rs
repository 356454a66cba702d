//! AWS as a test tells it: every call of the SDK's clients is answered by a function, in this process, so that time may
//! be paused and nothing depends on a clock.

#![expect(clippy::expect_used, reason = "a test that is told nonsense fails")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_config::{Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    shared::IntoShared,
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    app::App,
    aws,
    config::{Config, Section},
    store::Store,
};

/// One call as it came in: an attempt, not what the SDK makes of several.
#[derive(Debug, Clone)]
pub struct Call {
    /// `PutItem`, `SendMessage` …
    pub operation: String,
    pub body: Value,
    pub at: Instant,
}

/// What comes back.
#[derive(Debug, Clone)]
pub enum Reply {
    Ok(Value),
    /// A refusal by its code, with what else its body says.
    Error(&'static str, Value),
    /// XML, as the older protocols have it.
    Xml(u16, String),
    /// An answer after this time.
    After(std::time::Duration, Value),
    /// Nothing, ever.
    Hang,
}

type Answer = dyn FnMut(&Call) -> Reply + Send;

#[derive(Clone)]
pub struct Script {
    answer: Arc<Mutex<Box<Answer>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}

impl Script {
    pub fn new(answer: impl FnMut(&Call) -> Reply + Send + 'static) -> Self {
        Self { answer: Arc::new(Mutex::new(Box::new(answer))), calls: Arc::default() }
    }

    /// Every attempt so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Attempts of one operation.
    pub fn of(&self, operation: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.operation == operation).collect()
    }

    fn sdk(&self) -> SdkConfig {
        let mut sdk = aws::sdk_config().into_builder();
        sdk.set_region(Some(Region::new("eu-central-1")));
        sdk.set_endpoint_url(Some("http://aws.test".to_owned()));
        sdk.set_credentials_provider(Some(SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "scripted",
        ))));
        let client: SharedHttpClient = self.clone().into_shared();
        sdk.set_http_client(Some(client));
        sdk.build()
    }

    /// An application whose clients are set up as in production, but for whom they reach.
    pub fn app(&self) -> &'static App {
        Box::leak(Box::new(App::with_sdk(
            Config::from_lookup(&Section::ALL, setting).expect("a whole configuration"),
            self.sdk(),
        )))
    }

    pub async fn store(&self) -> &'static Store {
        self.app().store().await
    }
}

/// A configuration of words: tables are called `value`, queues are reached at one address.
fn setting(name: &str) -> Option<String> {
    let value = match name {
        "STAGE" => "dev",
        "CORS_ORIGINS" => "",
        "ENUMERATION_PROTECTION" | "FOUR_EYES" | "STALE_LISTS_CLEAR_NOBODY" => "true",
        "PASSWORD_POLICY" => "nist",
        "SCREENING_THRESHOLD" => "0.85",
        "RATE_LIMIT_SCALE" => "1",
        "SCREENING_LISTS" => return None,
        name if name.ends_with("_URL") || name.starts_with("QUEUE_") || name == "ISSUER" => "https://id.example",
        _ => "value",
    };
    Some(value.to_owned())
}

impl HttpClient for Script {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = read(&request);
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
        let reply = (self.answer.lock().unwrap_or_else(PoisonError::into_inner))(&call);
        HttpConnectorFuture::new(async move {
            match reply {
                Reply::Ok(body) => Ok(response(200, body.to_string())),
                Reply::Error(code, mut body) => {
                    body["__type"] = json!(format!("com.amazonaws#{code}"));
                    Ok(response(400, body.to_string()))
                }
                Reply::Xml(status, body) => Ok(response(status, body)),
                Reply::After(time, body) => {
                    tokio::time::sleep(time).await;
                    Ok(response(200, body.to_string()))
                }
                Reply::Hang => std::future::pending::<Result<HttpResponse, ConnectorError>>().await,
            }
        })
    }
}

fn read(request: &HttpRequest) -> Call {
    let bytes = request.body().bytes().unwrap_or_default();
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    let (operation, body) = if let Some(target) = target {
        (target.to_owned(), serde_json::from_slice(bytes).unwrap_or_default())
    } else {
        let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(bytes).unwrap_or_default();
        (form.get("Action").cloned().unwrap_or_default(), json!(form))
    };
    Call { operation, body, at: Instant::now() }
}

fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
}
