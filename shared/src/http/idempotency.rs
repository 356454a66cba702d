//! Idempotency keys: the first answer again, or a refusal that says why not.
//!
//! The record is written inside the command's own transaction, with the answer encrypted under the caller's key; so
//! there is an answer to replay exactly when something was done.

use super::{
    call::{Incoming, Meta},
    reply::Reply,
    response::{Body, Response},
};
use crate::{
    app::App,
    domain::field::Invalid,
    error::{Error, Internal, RequestError, Result},
    store::{
        admission::Loaded,
        idempotency::{Kept, Record, Replay},
    },
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
        Some(record) => answered(app, &incoming.meta, &incoming.loaded, record, &replay).await.map(Begin::Answered),
    }
}

/// The answer to a call whose handler failed. Another call with the same key may have committed meanwhile, which can be why
/// this one failed: its kept answer is the answer of both.
pub async fn after_failure(
    app: &App,
    meta: &Meta,
    loaded: &Loaded,
    replay: Option<&Replay>,
    error: Error,
) -> Result<Response> {
    let Some(replay) = replay else { return Err(error) };
    let undecided = matches!(error, Error::Request(RequestError::AnsweredMeanwhile | RequestError::Contended));
    match app.store().await.idempotency_record(&replay.scope, meta.now).await {
        Ok(Some(record)) => answered(app, meta, loaded, &record, replay).await,
        Ok(None) if undecided => Err(RequestError::IdempotencyInProgress.into()),
        Ok(None) | Err(_) => Err(error),
    }
}

async fn answered(app: &App, meta: &Meta, loaded: &Loaded, record: &Record, replay: &Replay) -> Result<Response> {
    if !bool::from(subtle::ConstantTimeEq::ct_eq(record.body.as_slice(), replay.body.as_slice())) {
        return Err(RequestError::IdempotencyKeyReused.into());
    }
    let Some(sealed) = &record.answer else { return Err(RequestError::AlreadyDone.into()) };
    let key = app.store().await.person_key(loaded.profile_key.as_ref(), meta.now).await?;
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        domain::time::Timestamp,
        scripted::{Reply as Scripted, Script},
    };

    async fn after(error: impl Into<Error>, replay: Option<&Replay>, found: Value) -> Error {
        let script = Script::new(move |_| Scripted::Ok(found.clone()));
        let meta = Meta {
            function: "test",
            now: Timestamp::from_unix_seconds(1_772_357_400),
            correlation_id: "correlation".into(),
            ip: "192.0.2.1".into(),
            user_agent: String::new(),
        };
        after_failure(script.app(), &meta, &Loaded::default(), replay, error.into()).await.unwrap_err()
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
