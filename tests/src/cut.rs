//! Cutting a process off at one of its calls to AWS: killed before it, or its answer lost on the way.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

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
    http::StatusCode,
    shared::IntoShared,
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// What happens at the call that is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before it makes the call.
    Killed,
    /// The call is made and done, and its answer never comes.
    AnswerLost,
    /// A transaction is cancelled because another one is at the same items; nothing is done.
    Conflict,
}

/// Where the next cut is, and what was called so far.
#[derive(Debug, Default)]
pub struct Scissors {
    plan: Mutex<Option<(usize, Fault)>>,
    count: AtomicUsize,
    called: Mutex<Vec<String>>,
    /// How many transactions are still to be cancelled by a conflict.
    conflicts: AtomicUsize,
    asked: Mutex<BTreeSet<String>>,
    killed: Notify,
}

impl Scissors {
    /// Counts anew, and cuts the call of this number, from 1.
    pub fn set(&self, at: Option<(usize, Fault)>) {
        *self.plan.lock().unwrap() = at;
        self.count.store(0, Ordering::SeqCst);
        self.called.lock().unwrap().clear();
    }

    /// Calls since the last [`Self::set`], by name.
    pub fn calls(&self) -> Vec<String> {
        self.called.lock().unwrap().clone()
    }

    /// Has the next transactions, so many, meet a conflict, and forgets the permissions noted so far.
    pub fn conflicts(&self, count: usize) {
        self.conflicts.store(count, Ordering::SeqCst);
        self.asked.lock().unwrap().clear();
    }

    /// What the calls to DynamoDB since [`Self::conflicts`] need, in the template's words: `dynamodb:PutItem kyc`.
    pub fn permissions(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Whether a fault is still to come.
    pub fn is_set(&self) -> bool {
        self.plan.lock().unwrap().is_some()
    }

    /// Ends when a process was killed.
    pub async fn killed(&self) {
        self.killed.notified().await;
    }

    /// The fault of the call at hand; each is had once.
    fn next(&self, request: &HttpRequest) -> Option<Fault> {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        self.called.lock().unwrap().push(name(request));
        self.asked.lock().unwrap().extend(permissions(request));
        let conflict = name(request) == "TransactWriteItems"
            && self.conflicts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if conflict {
            return Some(Fault::Conflict);
        }
        let mut plan = self.plan.lock().unwrap();
        let (_, fault) = plan.filter(|(at, _)| *at == number)?;
        *plan = None;
        Some(fault)
    }
}

fn name(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    target.map_or_else(|| format!("{} {}", request.method(), service(request)), str::to_owned)
}

/// What a call to DynamoDB needs; a transaction needs what its parts do.
fn permissions(request: &HttpRequest) -> BTreeSet<String> {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let Some(verb) = target.strip_prefix("DynamoDB_20120810.") else { return BTreeSet::new() };
    let body: Value = request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    let on = |verb: &str, table: &str| format!("dynamodb:{verb} {}", table.rsplit('-').next().unwrap_or_default());
    match verb {
        "BatchGetItem" => body["RequestItems"]
            .as_object()
            .into_iter()
            .flat_map(|tables| tables.keys())
            .map(|table| on(verb, table))
            .collect(),
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            let parts = items.filter_map(|item| item.as_object()).flatten();
            let verb = |part: &str| match part {
                "Put" => "PutItem",
                "Update" => "UpdateItem",
                "Delete" => "DeleteItem",
                _ => "ConditionCheckItem",
            };
            parts.map(|(part, write)| on(verb(part), write["TableName"].as_str().unwrap_or_default())).collect()
        }
        _ => BTreeSet::from([on(verb, body["TableName"].as_str().unwrap_or_default())]),
    }
}

/// How DynamoDB says that a transaction met another one.
fn conflict(request: &HttpRequest) -> HttpResponse {
    let body: Value = request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    let count = body["TransactItems"].as_array().map_or(1, Vec::len);
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": vec![json!({"Code": "TransactionConflict"}); count],
    });
    HttpResponse::new(StatusCode::try_from(400).expect("a status"), SdkBody::from(body.to_string()))
}

/// The service that signed calls of the other protocols are for.
fn service(request: &HttpRequest) -> &str {
    let credential = request.headers().get("authorization").unwrap_or_default();
    credential.split('/').nth(3).unwrap_or_default()
}

/// An HTTP client with scissors.
pub fn client(scissors: Arc<Scissors>) -> SharedHttpClient {
    let inner = aws_smithy_http_client::Builder::new().build_http();
    Cutting { inner, scissors }.into_shared()
}

#[derive(Debug, Clone)]
struct Cutting<T> {
    inner: T,
    scissors: Arc<Scissors>,
}

impl HttpClient for Cutting<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Cutting { inner, scissors: self.scissors.clone() })
    }
}

impl HttpConnector for Cutting<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.scissors.next(&request) {
            None => self.inner.call(request),
            Some(Fault::Killed) => {
                // Whoever drives the process drops it now.
                self.scissors.killed.notify_one();
                HttpConnectorFuture::new(std::future::pending())
            }
            Some(Fault::Conflict) => HttpConnectorFuture::ready(Ok(conflict(&request))),
            Some(Fault::AnswerLost) => {
                let call = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let _ = call.await;
                    Err(ConnectorError::io("the answer was lost".into()))
                })
            }
        }
    }
}
