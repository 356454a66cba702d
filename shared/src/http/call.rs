//! An incoming call, as the harness and the handler see it.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::{
    etag,
    limit_report::LimitReports,
    principal::{Person, Principal},
    route::Route,
};
use crate::{
    app::App,
    domain::time::Timestamp,
    error::{RequestError, Result},
    store::{admission::Loaded, author::CallOrigin, idempotency::Replay},
};

/// Facts about one call: when and from where it came, and its correlation id.
#[derive(Debug, Clone)]
pub struct Meta {
    pub function: &'static str,
    pub now: Timestamp,
    pub correlation_id: String,
    /// As the gateway saw it, or as a machine client with the permission hands it on. `X-Forwarded-For` is not used, since any client can
    /// set it.
    pub ip: String,
    /// The first 256 characters of `User-Agent`.
    pub user_agent: String,
}

impl Meta {
    /// The address, if the gateway named one.
    pub fn address(&self) -> Option<IpAddr> {
        self.ip.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
    }

    /// Origin of the call; encrypted before it is stored in an event.
    pub fn origin(&self) -> CallOrigin {
        CallOrigin { ip: self.ip.clone(), user_agent: self.user_agent.clone() }
    }
}

/// A request of limited size, authenticated but not yet parsed.
#[derive(Debug)]
pub struct Incoming {
    pub route: Arc<Route>,
    pub meta: Meta,
    pub method: Method,
    /// The path as the template names it: `/v1/kyc/checks/{id}`.
    pub resource: String,
    pub headers: HeaderMap,
    pub path: HashMap<String, String>,
    pub query: String,
    pub body: Bytes,
    pub caller: Option<Principal>,
    pub loaded: Loaded,
    pub reports: LimitReports,
}

impl Incoming {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The person or machine client that calls.
    pub fn principal(&self) -> Result<&Principal> {
        self.caller.as_ref().ok_or(RequestError::Unauthenticated.into())
    }

    /// The person who calls.
    pub fn person(&self) -> Result<&Arc<Person>> {
        self.principal()?.person().ok_or(RequestError::PersonRequired.into())
    }
}

/// One call of a handler: the caller with the authority that the handler requires, facts about the call, and what the harness has read.
#[derive(Debug)]
pub struct Call<A> {
    pub app: &'static App,
    pub caller: A,
    pub meta: Meta,
    pub loaded: Loaded,
    /// Where to store the reply, if the caller sent an idempotency key.
    pub replay: Option<Replay>,
    pub(super) reports: LimitReports,
    if_match: Option<String>,
}

impl<A> Call<A> {
    pub(super) fn new(app: &'static App, caller: A, incoming: &Incoming, replay: Option<Replay>) -> Self {
        Self {
            app,
            caller,
            meta: incoming.meta.clone(),
            loaded: incoming.loaded.clone(),
            replay,
            reports: incoming.reports.clone(),
            if_match: incoming.header("if-match").map(str::to_owned),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.meta.now
    }

    /// Refuses an `If-Match` that does not name this version. A missing header passes; the harness refuses it where it is required.
    pub fn check_version(&self, version: u64) -> Result<()> {
        etag::check_if_match(self.if_match.as_deref(), version)
    }
}
