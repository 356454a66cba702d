//! A fake of AWS for tests: a function in the same process replies to every call of the SDK clients, so that tests can pause the
//! clock.

#![expect(clippy::expect_used, reason = "a wrong test must fail")]

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

/// One attempt of a call.
#[derive(Debug, Clone)]
pub struct AwsCall {
    /// `PutItem`, `SendMessage` …
    pub operation: String,
    pub body: Value,
    pub at: Instant,
}

/// The reply to an attempt.
#[derive(Debug, Clone)]
pub enum AwsReply {
    Ok(Value),
    /// An error by its code, with further members of the body.
    Error(&'static str, Value),
    /// Status and XML body, for services with an XML protocol.
    Xml(u16, String),
    /// A reply after this time.
    After(std::time::Duration, Value),
    /// No reply.
    Hang,
}

type ReplyFunction = dyn FnMut(&AwsCall) -> AwsReply + Send;

/// Clients of this fake record all attempts.
#[derive(Clone)]
pub struct ScriptedAws {
    reply: Arc<Mutex<Box<ReplyFunction>>>,
    calls: Arc<Mutex<Vec<AwsCall>>>,
}

impl std::fmt::Debug for ScriptedAws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptedAws").finish_non_exhaustive()
    }
}

impl ScriptedAws {
    pub fn new(reply: impl FnMut(&AwsCall) -> AwsReply + Send + 'static) -> Self {
        Self { reply: Arc::new(Mutex::new(Box::new(reply))), calls: Arc::default() }
    }

    /// All attempts so far.
    pub fn calls(&self) -> Vec<AwsCall> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The attempts of one operation.
    pub fn calls_of(&self, operation: &str) -> Vec<AwsCall> {
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

    /// An application with clients that are set up as in production, but call this fake.
    pub fn app(&self) -> &'static App {
        Box::leak(Box::new(App::with_sdk(
            Config::from_lookup(&Section::ALL, setting).expect("a complete configuration"),
            self.sdk(),
        )))
    }

    pub async fn store(&self) -> &'static Store {
        self.app().store().await
    }
}

/// The configuration; most values are `value`.
fn setting(name: &str) -> Option<String> {
    let value = match name {
        "STAGE" => "dev",
        "CORS_ORIGINS" | "REDIRECT_URIS" | "PASSKEY_RP_ID" => "",
        "SMS_COUNTRIES" => "DE,IN",
        "ENUMERATION_PROTECTION" | "FOUR_EYES" | "STAFF_MFA" | "STALE_LISTS_CLEAR_NOBODY" => "true",
        "PASSWORD_POLICY" => "nist",
        "MAIL_COLOR" => "#1f4fd8",
        "SCREENING_THRESHOLD" => "0.85",
        "RATE_LIMIT_SCALE" => "1",
        "SCREENING_LISTS" => return None,
        name if name.ends_with("_URL") || name.starts_with("QUEUE_") || name == "ISSUER" => "https://id.example",
        _ => "value",
    };
    Some(value.to_owned())
}

impl HttpClient for ScriptedAws {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for ScriptedAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = read(&request);
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
        let reply = (self.reply.lock().unwrap_or_else(PoisonError::into_inner))(&call);
        HttpConnectorFuture::new(async move {
            match reply {
                AwsReply::Ok(body) => Ok(response(200, body.to_string())),
                AwsReply::Error(code, mut body) => {
                    body["__type"] = json!(format!("com.amazonaws#{code}"));
                    Ok(response(400, body.to_string()))
                }
                AwsReply::Xml(status, body) => Ok(response(status, body)),
                AwsReply::After(time, body) => {
                    tokio::time::sleep(time).await;
                    Ok(response(200, body.to_string()))
                }
                AwsReply::Hang => std::future::pending::<Result<HttpResponse, ConnectorError>>().await,
            }
        })
    }
}

fn read(request: &HttpRequest) -> AwsCall {
    let bytes = request.body().bytes().unwrap_or_default();
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    let (operation, body) = if let Some(target) = target {
        (target.to_owned(), serde_json::from_slice(bytes).unwrap_or_default())
    } else {
        let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(bytes).unwrap_or_default();
        (form.get("Action").cloned().unwrap_or_default(), json!(form))
    };
    AwsCall { operation, body, at: Instant::now() }
}

fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
}
