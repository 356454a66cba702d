//! POST /v1/aml/lists/{id}/refresh: has a list's source looked at now.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use verinym::{
    domain::{
        aml::{AmlError, list::ListState},
        event::{Actor, EventType},
        role::AmlConfigure,
    },
    error::Result,
    http::{Accepted, Call, Can, Endpoint, Path, Query, Route, idempotency},
    store::{commit::Tries, list::list_event},
    watchlists::Watchlists,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// Takes the list although more than a fifth of its entries is gone: somebody has looked into it. Default false.
    accept_shrunken: Option<bool>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Requested {
    id: String,
    /// `requested`: what it comes to shows in the lists.
    status: &'static str,
}

pub fn endpoint() -> Endpoint {
    Route::post("aml-refresh-list", "/v1/aml/lists/{id}/refresh")
        .summary("Look at a list's source now")
        .idempotent()
        .problems(&[(404, "not_found")])
        .handled_by(refresh)
}

async fn refresh(
    call: Call<Can<AmlConfigure>>,
    (Path(id), Query(query), ()): (Path<String>, Query<Refresh>, ()),
) -> Result<Accepted<Requested>> {
    if Watchlists::of(call.app).await.sources().await?.iter().all(|source| source.id != id) {
        return Err(AmlError::UnknownList.into());
    }
    let (now, store) = (call.now(), call.app.store().await);
    let key = call.loaded.key(store, now).await?;
    let reply = Accepted(Requested { id: id.clone(), status: "requested" });
    let mut tries = Tries::new();
    loop {
        let before = store.list(&id).await?;
        let after = ListState::requested(before.as_ref(), &id);
        let event = list_event(EventType::ListRefreshRequested, &after, Actor::User(call.caller.user))
            .data("accept_shrunken", query.accept_shrunken.unwrap_or(false))
            .session(call.caller.session)
            .origin(&key, call.meta.origin());
        let committed = store
            .commit(now, &call.meta.correlation_id)
            .list_changes(before.as_ref(), &after)
            .event(event)
            .remember(call.replay.as_ref(), &key, idempotency::keep(&reply))
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(reply),
            Err(error) => tries.again(error).await?,
        }
    }
}
