//! POST /v1/aml/lists/{id}/refresh: has a list's source looked at now.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use verinym::{
    domain::{
        aml::{AmlError, list::ListState},
        event::{EventType, RefreshRequest},
        role::AmlConfigure,
    },
    error::Result,
    function::{Capability, Needs},
    http::{Accepted, Call, Can, Committed, Endpoint, Path, Query, Route, problem::types},
    run_command,
    store::Table,
    store::list::list_event,
    watchlists::Watchlists,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RefreshQuery {
    /// Takes the list although more than a fifth of its entries, or of their names, dates, countries or numbers, is gone: somebody has looked into it. Default false.
    accept_shrunken: Option<bool>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Requested {
    #[schema(example = "ofac_sdn")]
    id: String,
    /// `requested`: what it comes to shows in the lists.
    #[schema(example = "requested")]
    status: &'static str,
}

pub fn endpoint() -> Endpoint {
    Route::post("aml-refresh-list", "/v1/aml/lists/{id}/refresh")
        .summary("Refresh a watchlist")
        .description("Reads the source of the list now. The result shows in `GET /v1/aml/lists`.")
        .idempotent()
        .problems(&[&types::NOT_FOUND])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::ReadListSources)
                .get(Table::Kyc)
                .put(Table::Kyc),
        )
        .handled_by(refresh)
}

async fn refresh(
    call: Call<Can<AmlConfigure>>,
    (Path(id), Query(query), ()): (Path<String>, Query<RefreshQuery>, ()),
) -> Result<Committed<Accepted<Requested>>> {
    if Watchlists::of(call.app).await.sources().await?.iter().all(|source| source.id != id) {
        return Err(AmlError::UnknownList.into());
    }
    let store = call.app.store().await;
    run_command!(call.command().await?, |attempt| {
        let before = store.list(&id).await?;
        let after = ListState::requested(before.as_ref(), &id);
        let event = list_event(EventType::ListRefreshRequested, &after)
            .data(&RefreshRequest { accept_shrunken: query.accept_shrunken.unwrap_or(false) });
        let reply = Accepted(Requested { id: id.clone(), status: "requested" });
        Ok(attempt.commit(call.now()).list_changes(before.as_ref(), &after).event(event).returning(reply))
    })
}
