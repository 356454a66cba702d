//! Idempotency keys: a repeated request gets the stored response of the first one.
//!
//! The transaction of a command also stores the response, encrypted with the caller's key. So a response is stored exactly when the
//! command was committed.

use super::{
    call::Incoming,
    principal::{Caller, caller_key},
    reads::{reads_of_hits, write_reads},
    reply::Reply,
    response::{Body, Response},
};
use crate::{
    app::App,
    domain::field::{FieldFault, InvalidField},
    error::{Error, Internal, RequestError, Result},
    store::idempotency::{Kept, Record, Replay},
};

const INVALID_KEY: FieldFault = FieldFault::new("invalid", "Must have 1 to 255 visible ASCII characters.");

/// What is stored for the idempotency key of a request.
#[derive(Debug)]
pub enum IdempotencyLookup {
    /// Nothing: the request is new. `None` without a key.
    New(Option<Replay>),
    Stored(Response),
}

/// The key of the record, if the route accepts idempotency keys and the caller sent one.
pub async fn scope(app: &App, incoming: &Incoming, user: &str) -> Result<Option<String>> {
    let Some(key) = incoming.idempotency_key().filter(|_| incoming.route.idempotent) else { return Ok(None) };
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(RequestError::Invalid(vec![InvalidField::new("Idempotency-Key", INVALID_KEY)]).into());
    }
    let indexes = app.index_secrets().await?;
    let route = &incoming.route;
    Ok(Some(indexes.digest(&[
        b"idempotency",
        user.as_bytes(),
        route.method.as_str().as_bytes(),
        route.path.as_bytes(),
        key.as_bytes(),
    ])))
}

/// Looks up what is stored for the key.
pub async fn look_up(app: &App, incoming: &Incoming, fingerprint: &[u8]) -> Result<IdempotencyLookup> {
    let Some(scope) = &incoming.loaded.idempotency_scope else { return Ok(IdempotencyLookup::New(None)) };
    // A keyed hash, since a body may contain a password: nobody can test guesses with a copy of the table alone.
    let body = app.index_secrets().await?.digest(&[b"idempotency-body", fingerprint]).into_bytes();
    let replay = Replay { scope: scope.clone(), body };
    match &incoming.loaded.idempotency {
        None => Ok(IdempotencyLookup::New(Some(replay))),
        Some(record) => stored_response(app, incoming, record, &replay).await.map(IdempotencyLookup::Stored),
    }
}

/// The response to a request whose handler failed. Another request with the same key may have been committed meanwhile, which
/// can be the reason of the failure: its stored response is then the response to both.
pub async fn after_failure(app: &App, incoming: &Incoming, replay: Option<&Replay>, error: Error) -> Result<Response> {
    let Some(replay) = replay else { return Err(error) };
    let undecided = matches!(error, Error::Request(RequestError::AnsweredMeanwhile | RequestError::Contended));
    match app.store().await.idempotency_record(&replay.scope, incoming.meta.now).await {
        Ok(Some(record)) => stored_response(app, incoming, &record, replay).await,
        Ok(None) if undecided => Err(RequestError::IdempotencyInProgress.into()),
        Ok(None) | Err(_) => Err(error),
    }
}

async fn stored_response(app: &App, incoming: &Incoming, record: &Record, replay: &Replay) -> Result<Response> {
    if !bool::from(subtle::ConstantTimeEq::ct_eq(record.body.as_slice(), replay.body.as_slice())) {
        return Err(RequestError::IdempotencyKeyReused.into());
    }
    let Some(sealed) = &record.answer else { return Err(RequestError::AlreadyDone.into()) };
    let caller = incoming.principal()?;
    let key = caller_key(app, caller.client(), &incoming.loaded, incoming.meta.now).await?;
    let kept = Kept::open(&key, &replay.scope, sealed)?;
    if !kept.shown_hits.is_empty() {
        let shown = kept.shown_hits.iter().map(|shown| (shown.person, shown.hit));
        write_reads(app, &incoming.meta, caller, &key, &reads_of_hits(shown)).await?;
    }
    Ok(Response {
        status: kept.status,
        headers: kept
            .headers
            .iter()
            .filter_map(|(name, value)| stored_header(name).map(|name| (name, value.clone())))
            .collect(),
        body: if kept.body.is_empty() { Body::Empty } else { Body::Text(kept.body) },
    }
    .header("idempotency-replayed", "true"))
}

/// The name of a header that is stored with a response.
fn stored_header(name: &str) -> Option<&'static str> {
    ["content-type", "etag", "location"].into_iter().find(|stored| *stored == name)
}

/// The form in which the response is stored.
pub fn to_store<R: Reply + Clone>(reply: &R) -> Result<Kept> {
    let shown_hits = reply.shown_hits().to_vec();
    let response = reply.clone().into_response()?;
    Ok(Kept {
        shown_hits,
        status: response.status,
        headers: response
            .headers
            .into_iter()
            .filter(|(name, _)| stored_header(name).is_some())
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        body: match response.body {
            Body::Text(text) => text,
            Body::Empty => String::new(),
            Body::Bytes(_) => return Err(Internal::bug("binary responses are not stored").into()),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        domain::time::Timestamp,
        http::{Meta, Route, limit_report::LimitReports},
        scripted::{AwsReply, ScriptedAws},
        store::admission::Loaded,
    };

    async fn after(error: impl Into<Error>, replay: Option<&Replay>, found: Value) -> Error {
        let script = ScriptedAws::new(move |_| AwsReply::Ok(found.clone()));
        let incoming = Incoming {
            method: http::Method::POST,
            resource: String::new(),
            route: Arc::new(Route::post("test", "/v1/test")),
            meta: Meta {
                function: "test",
                now: Timestamp::from_unix_seconds(1_772_357_400),
                correlation_id: "correlation".into(),
                ip: "192.0.2.1".into(),
                user_agent: String::new(),
            },
            headers: http::HeaderMap::new(),
            path: std::collections::HashMap::new(),
            query: String::new(),
            body: bytes::Bytes::new(),
            caller: None,
            loaded: Loaded::default(),
            reports: LimitReports::default(),
        };
        after_failure(script.app(), &incoming, replay, error.into()).await.unwrap_err()
    }

    /// A record of a call that was done, whose answer was not kept.
    fn record_of(body: &str) -> Value {
        json!({"Item": {"pk": {"S": "IDEM#scope"}, "body": {"B": body}, "expires": {"N": "1772443800"}}})
    }

    #[tokio::test]
    async fn a_call_that_lost_against_one_with_its_key_gets_the_answer_of_that_call() {
        // "Ym9keQ==" is "body".
        let replay = Replay { scope: "scope".into(), body: b"body".to_vec() };
        for error in [RequestError::NotFound, RequestError::AnsweredMeanwhile, RequestError::Contended] {
            let answer = after(error, Some(&replay), record_of("Ym9keQ==")).await;
            assert!(matches!(answer, Error::Request(RequestError::AlreadyDone)), "{answer}");
        }
        let other = Replay { body: b"other".to_vec(), ..replay };
        let answer = after(RequestError::NotFound, Some(&other), record_of("Ym9keQ==")).await;
        assert!(matches!(answer, Error::Request(RequestError::IdempotencyKeyReused)), "{answer}");
    }

    #[tokio::test]
    async fn without_a_kept_answer_a_conflict_is_in_progress_and_a_refusal_stays() {
        let replay = Replay { scope: "scope".into(), body: b"body".to_vec() };
        for error in [RequestError::AnsweredMeanwhile, RequestError::Contended] {
            let answer = after(error, Some(&replay), json!({})).await;
            assert!(matches!(answer, Error::Request(RequestError::IdempotencyInProgress)), "{answer}");
        }
        let answer = after(RequestError::NotFound, Some(&replay), json!({})).await;
        assert!(matches!(answer, Error::Request(RequestError::NotFound)), "{answer}");
        let answer = after(RequestError::Contended, None, json!({})).await;
        assert!(matches!(answer, Error::Request(RequestError::Contended)), "{answer}");
    }
}
