//! `GET /v1/kyc/checks/{id}/history`: what happened to one of the caller's checks, newest first. The person sees the public event
//! types, and of the actor only whether it was they.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{event::EventView, id::CheckId},
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Endpoint, Page, Path, Query, Route, Signed, list::List, problem::types},
    store::{Table, event::Log},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CheckHistory {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("kyc-check-history", "/v1/kyc/checks/{id}/history")
        .summary("Read the history of one of my checks")
        .description("The public events of the check, newest first.")
        .problems(&[&types::NOT_FOUND])
        .needs(Needs::new().with(Capability::UseTokenKeys).get(Table::Kyc).query(Table::Events))
        .handled_by(check_history)
}

async fn check_history(
    call: Call<Signed>,
    (Path(id), Query(query)): (Path<CheckId>, Query<CheckHistory>),
) -> Result<Page<EventView>> {
    let user = call.caller.user;
    let subject = id.to_string();
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[Some(&subject)]).await?;
    let store = call.app.store().await;
    store.check(&user, &id).await?.ok_or(RequestError::NotFound)?;
    let log = &Log::Subject(subject);
    let (records, next) = list
        .fill(
            true,
            |limit, after| async move { store.log(log, limit, after.as_ref()).await },
            |record| record.r#type.is_public(),
            |record| log.position_after(record),
        )
        .await?;
    let events = records.into_iter().filter_map(|record| record.for_person(user)).collect();
    list.page(call.app, events, next.as_ref()).await
}
