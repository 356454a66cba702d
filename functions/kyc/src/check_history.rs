//! GET /v1/kyc/checks/{id}/history: what happened to a check, newest first. Its person sees what §8 of the contract
//! calls public, and of who did it only whether it was they themselves.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{event::EventView, id::CheckId, role::KycRead},
    error::Result,
    function::{Capability, Needs},
    http::{Call, Endpoint, OwnerOr, Page, Path, Query, Route, list::List},
    store::Table,
    store::event::Log,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CheckHistory {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("kyc-check-history", "/v1/kyc/checks/{id}/history")
        .summary("What happened to a check")
        .problems(&[(404, "not_found")])
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Events))
        .handled_by(history)
}

async fn history(
    call: Call<OwnerOr<KycRead, CheckId>>,
    (Path(id), Query(query)): (Path<CheckId>, Query<CheckHistory>),
) -> Result<Page<EventView>> {
    let (owner, own) = (call.caller.owner(), call.caller.is_owner());
    let subject = id.to_string();
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[Some(&subject)]).await?;
    let store = call.app.store().await;
    let log = &Log::Subject(subject);
    let (records, next) = list
        .fill(
            own,
            |limit, after| async move { store.log(log, limit, after.as_ref()).await },
            |record| !own || record.r#type.is_public(),
            |record| log.position_after(record),
        )
        .await?;
    let shown =
        records.into_iter().filter_map(|record| if own { record.for_person(owner) } else { Some(record.for_staff()) });
    list.page(call.app, shown.collect(), next.as_ref()).await
}
