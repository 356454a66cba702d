//! Cutting a process off at one of its calls to AWS: killed before it, or its answer lost on the way.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::HttpRequest,
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    shared::IntoShared,
};
use tokio::sync::Notify;

/// What happens at the call that is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before it makes the call.
    Killed,
    /// The call is made and done, and its answer never comes.
    AnswerLost,
}

/// Where the next cut is, and what was called so far.
#[derive(Debug, Default)]
pub struct Scissors {
    plan: Mutex<Option<(usize, Fault)>>,
    count: AtomicUsize,
    called: Mutex<Vec<String>>,
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
