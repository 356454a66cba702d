//! `GET /v1/admin/kyc/checks/{id}/history`: all events of a check of somebody else, newest first.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{event::EventView, id::CheckId, role::KycRead},
    error::Result,
    function::{Capability, Needs},
    http::{Call, Endpoint, NotOwner, Page, Path, Query, Route, list::List, problem::types},
    store::{Table, event::Log},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CheckHistoryForStaff {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-check-history", "/v1/admin/kyc/checks/{id}/history")
        .summary("Read the history of a check")
        .description("Every event of the check, newest first.")
        .problems(&[&types::OWN_CHECK, &types::NOT_FOUND])
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Events))
        .handled_by(check_history)
}

async fn check_history(
    call: Call<NotOwner<KycRead, CheckId>>,
    (Path(id), Query(query)): (Path<CheckId>, Query<CheckHistoryForStaff>),
) -> Result<Page<EventView>> {
    let subject = id.to_string();
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[Some(&subject)]).await?;
    let (records, next) = call.app.store().await.log(&Log::Subject(subject), list.limit, list.after.as_ref()).await?;
    let events = records.into_iter().map(|record| record.for_staff()).collect();
    list.page(call.app, events, next.as_ref()).await
}
