//! Cutting a process off at one of its calls to AWS: killed before it, or its answer lost on the way. Also: answering a
//! function's first transaction as if another one had been first, and noting which permissions each function used.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
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

use crate::wire;

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
    conflict_in_each: AtomicBool,
    killed: Notify,
    /// The function whose invocation runs.
    function: Mutex<String>,
    /// The permissions that each function used.
    used: Mutex<BTreeMap<String, BTreeSet<String>>>,
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

    /// Cancels the next transactions, so many, by a conflict, and forgets the permissions noted so far.
    pub fn conflicts(&self, count: usize) {
        self.conflicts.store(count, Ordering::SeqCst);
        self.used.lock().unwrap().clear();
    }

    /// From now on the first transaction of each invocation is cancelled by a conflict.
    pub fn conflict_in_each_invocation(&self) {
        self.conflict_in_each.store(true, Ordering::SeqCst);
    }

    /// An invocation of this function begins.
    pub fn begin(&self, function: &str) {
        function.clone_into(&mut self.function.lock().unwrap());
        if self.conflict_in_each.load(Ordering::SeqCst) {
            self.conflicts.store(1, Ordering::SeqCst);
        }
    }

    /// The permissions that each function used so far, in the template's words: `dynamodb:PutItem kyc`.
    pub fn used(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.used.lock().unwrap().clone()
    }

    /// The same of all functions together.
    pub fn permissions(&self) -> BTreeSet<String> {
        self.used().into_values().flatten().collect()
    }

    /// Ends when a process was killed.
    pub async fn killed(&self) {
        self.killed.notified().await;
    }

    /// The fault of the call at hand; each is had once.
    fn next(&self, request: &HttpRequest) -> Option<Fault> {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        self.called.lock().unwrap().push(name(request));
        let function = self.function.lock().unwrap().clone();
        self.used.lock().unwrap().entry(function).or_default().extend(wire::permissions(request));
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
    target.map_or_else(|| format!("{} {}", request.method(), wire::service(request)), str::to_owned)
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
