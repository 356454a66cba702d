//! Idempotency keys: the first answer again, or a refusal that says why not.
//!
//! The record is written inside the command's own transaction, with the answer encrypted under the caller's key; so
//! there is an answer to replay exactly when something was done.

use super::{
    call::Incoming,
    reply::Reply,
    response::{Body, Response},
};
use crate::{
    app::App,
    domain::field::Invalid,
    error::{Internal, RequestError, Result},
    store::idempotency::{Kept, Record, Replay},
};

/// What stands under the request's key.
#[derive(Debug)]
pub enum Begin {
    /// Nothing stands under the key; `None` without one.
    Fresh(Option<Replay>),
    Answered(Response),
}

/// The scope of the request's key, if the route takes one and the caller sent one.
pub async fn scope(app: &App, incoming: &Incoming, user: &str) -> Result<Option<String>> {
    let Some(key) = incoming.idempotency_key().filter(|_| incoming.route.idempotent) else { return Ok(None) };
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(RequestError::Invalid(vec![Invalid {
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

/// Looks at what stands under the key.
pub async fn begin(app: &App, incoming: &Incoming, fingerprint: &[u8]) -> Result<Begin> {
    let Some(scope) = &incoming.loaded.idempotency_scope else { return Ok(Begin::Fresh(None)) };
    // A keyed hash: a body may hold passwords, and whoever has the table alone must not be able to try some against it.
    let body = app.index_secrets().await?.digest(&[b"idempotency-body", fingerprint]).into_bytes();
    let replay = Replay { scope: scope.clone(), body };
    match &incoming.loaded.idempotency {
        None => Ok(Begin::Fresh(Some(replay))),
        Some(record) => answered(app, incoming, record, &replay).await.map(Begin::Answered),
    }
}

/// The stored answer, after the commit found that another call with the key came first.
pub async fn again(app: &App, incoming: &Incoming, replay: Option<&Replay>) -> Result<Response> {
    let replay = replay.ok_or_else(|| Internal::bug("answered meanwhile without a key"))?;
    let record = app.store().await.idempotency_record(&replay.scope, incoming.meta.now).await?;
    answered(app, incoming, &record.ok_or(RequestError::IdempotencyInProgress)?, replay).await
}

async fn answered(app: &App, incoming: &Incoming, record: &Record, replay: &Replay) -> Result<Response> {
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
            .filter_map(|(name, value)| known(name).map(|name| (name, value.clone())))
            .collect(),
        body: if kept.body.is_empty() { Body::Empty } else { Body::Text(kept.body) },
    }
    .header("idempotency-replayed", "true"))
}

/// Headers worth keeping with an answer.
fn known(name: &str) -> Option<&'static str> {
    ["content-type", "etag", "location"].into_iter().find(|known| *known == name)
}

/// What is kept of a reply.
pub fn keep<R: Reply + Clone>(reply: &R) -> Result<Kept> {
    let response = reply.clone().into_response()?;
    Ok(Kept {
        status: response.status,
        headers: response
            .headers
            .into_iter()
            .filter(|(name, _)| known(name).is_some())
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        body: match response.body {
            Body::Text(text) => text,
            Body::Empty => String::new(),
            Body::Bytes(_) => return Err(Internal::bug("binary answers are not kept").into()),
        },
    })
}
