//! What a handler is given.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use http::HeaderMap;

use super::{
    endpoint::Route,
    limit::Reports,
    principal::{Person, Principal},
};
use crate::{
    app::App,
    domain::time::Timestamp,
    error::{RequestError, Result},
    store::{admission::Loaded, event::Origin, idempotency::Replay},
};

/// Facts about one call that no rule decides: when, from where, under which correlation id.
#[derive(Debug, Clone)]
pub struct Meta {
    pub function: &'static str,
    pub now: Timestamp,
    pub correlation_id: String,
    /// Seen by the gateway; `X-Forwarded-For` is anybody's to write.
    pub ip: String,
    /// At most 256 characters of what the client says.
    pub user_agent: String,
}

impl Meta {
    /// Where the call came from, to be encrypted into an event.
    pub fn origin(&self) -> Origin {
        Origin { ip: self.ip.clone(), user_agent: self.user_agent.clone() }
    }
}

/// A request as the harness hands it on: bounded, authenticated, not yet parsed.
#[derive(Debug)]
pub struct Incoming {
    pub route: Arc<Route>,
    pub meta: Meta,
    pub headers: HeaderMap,
    pub path: HashMap<String, String>,
    pub query: String,
    pub body: Bytes,
    pub caller: Option<Principal>,
    pub loaded: Loaded,
    pub reports: Reports,
}

impl Incoming {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The person who calls.
    pub fn person(&self) -> Result<&Arc<Person>> {
        self.caller.as_ref().and_then(Principal::person).ok_or(RequestError::Unauthenticated.into())
    }
}

/// One call of a handler: who asks (`caller`, by the authority the handler names), when and from where, and what was
/// read already.
#[derive(Debug)]
pub struct Call<A> {
    pub app: &'static App,
    pub caller: A,
    pub meta: Meta,
    pub loaded: Loaded,
    /// Where the answer is to be remembered, if the caller asked for that.
    pub replay: Option<Replay>,
    pub(super) reports: Reports,
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

    /// Refuses a stale `If-Match`; without the header all is well (where it is required the harness asked before).
    pub fn check_version(&self, version: u64) -> Result<()> {
        match self.if_match.as_deref() {
            None | Some("*") => Ok(()),
            Some(tags) if tags.split(',').any(|tag| tag.trim() == super::reply::etag(version)) => Ok(()),
            Some(_) => Err(RequestError::StaleVersion.into()),
        }
    }
}
