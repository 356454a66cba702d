//! Faults at single calls to AWS: the process is killed before the call, or the answer is lost. Also conflicts at the first transaction of a
//! function, and a record of the permissions that each function used.

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

/// The kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before it makes the call.
    Killed,
    /// The call is made and done, and its answer never comes.
    AnswerLost,
    /// The transaction is cancelled because another one works on the same items; nothing is done.
    Conflict,
}

/// Where the next fault happens, and which calls were made so far.
#[derive(Debug, Default)]
pub struct FaultInjector {
    plan: Mutex<Option<(usize, Fault)>>,
    count: AtomicUsize,
    called: Mutex<Vec<String>>,
    /// The number of transactions that are still to be cancelled by a conflict.
    conflicts: AtomicUsize,
    conflict_in_each: AtomicBool,
    killed: Notify,
    /// The function that is being invoked.
    function: Mutex<String>,
    /// The permissions that each function used.
    used: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

impl FaultInjector {
    /// Resets the count of calls, and sets a fault at the call of this number, from 1.
    pub fn set(&self, at: Option<(usize, Fault)>) {
        *self.plan.lock().unwrap() = at;
        self.count.store(0, Ordering::SeqCst);
        self.called.lock().unwrap().clear();
    }

    /// Calls since the last [`Self::set`], by name.
    pub fn calls(&self) -> Vec<String> {
        self.called.lock().unwrap().clone()
    }

    /// Cancels this many transactions by a conflict, and clears the record of permissions.
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

    /// The permissions that each function used so far, in the template's form: `dynamodb:PutItem kyc`.
    pub fn used(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.used.lock().unwrap().clone()
    }

    /// The same of all functions together.
    pub fn permissions(&self) -> BTreeSet<String> {
        self.used().into_values().flatten().collect()
    }

    /// Completes when a process was killed.
    pub async fn killed(&self) {
        self.killed.notified().await;
    }

    /// The fault of the current call; each fault happens once.
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

/// DynamoDB's response to a transaction that conflicts with another one.
fn conflict(request: &HttpRequest) -> HttpResponse {
    let body: Value = request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    let count = body["TransactItems"].as_array().map_or(1, Vec::len);
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": vec![json!({"Code": "TransactionConflict"}); count],
    });
    HttpResponse::new(StatusCode::try_from(400).expect("a status"), SdkBody::from(body.to_string()))
}

/// An HTTP client that injects the faults.
pub fn client(faults: Arc<FaultInjector>) -> SharedHttpClient {
    let inner = aws_smithy_http_client::Builder::new().build_http();
    Cutting { inner, faults }.into_shared()
}

#[derive(Debug, Clone)]
struct Cutting<T> {
    inner: T,
    faults: Arc<FaultInjector>,
}

impl HttpClient for Cutting<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Cutting { inner, faults: self.faults.clone() })
    }
}

impl HttpConnector for Cutting<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.faults.next(&request) {
            None => self.inner.call(request),
            Some(Fault::Killed) => {
                // Whoever drives the process drops it now.
                self.faults.killed.notify_one();
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
