//! Idempotency keys: a repeated request gets the stored response of the first one.
//!
//! The transaction of a command also stores the response, encrypted with the caller's key. So a response is stored exactly when the
//! command was committed.

use super::{
    call::Incoming,
    reply::Reply,
    response::{Body, Response},
};
use crate::{
    app::App,
    domain::field::InvalidField,
    error::{Internal, RequestError, Result},
    store::idempotency::{Kept, Record, Replay},
};

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
        return Err(RequestError::Invalid(vec![InvalidField {
            field: "Idempotency-Key".into(),
            code: "invalid",
            message: "1 to 255 visible ASCII characters.",
        }])
        .into());
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

/// The stored response, after a commit failed because another request with the key was committed first.
pub async fn stored_by_another(app: &App, incoming: &Incoming, replay: Option<&Replay>) -> Result<Response> {
    let replay = replay.ok_or_else(|| Internal::bug("another request stored a response, but there is no key"))?;
    let record = app.store().await.idempotency_record(&replay.scope, incoming.meta.now).await?;
    stored_response(app, incoming, &record.ok_or(RequestError::IdempotencyInProgress)?, replay).await
}

async fn stored_response(app: &App, incoming: &Incoming, record: &Record, replay: &Replay) -> Result<Response> {
    if !bool::from(subtle::ConstantTimeEq::ct_eq(record.body.as_slice(), replay.body.as_slice())) {
        return Err(RequestError::IdempotencyKeyReused.into());
    }
    let Some(sealed) = &record.answer else { return Err(RequestError::AlreadyDone.into()) };
    let key = app.store().await.person_key(incoming.loaded.profile_key.as_ref(), incoming.meta.now).await?;
    let kept = Kept::open(&key, &replay.scope, sealed)?;
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
    let response = reply.clone().into_response()?;
    Ok(Kept {
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
