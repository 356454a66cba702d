//! GET /v1/kyc/checks/{id}/history: what happened to a check, newest first. Its person sees what §8 of the contract
//! calls public, and of who did it only whether it was they themselves.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{event::EventView, id::CheckId, role::KycRead},
    error::Result,
    function::{Capability, Needs},
    http::{
        Call, Endpoint, OwnerOr, Page, Path, Query, Route,
        cursor::{Binding, page_size},
    },
    store::Table,
    store::{Position, event::EventRecord},
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
    let limit = page_size(query.limit)?;
    let subject = id.to_string();
    let binding = Binding::new(&call, &call.caller.user, &[&subject]);
    let mut after = binding.open(call.app, query.cursor.as_deref()).await?;
    let store = call.app.store().await;
    let mut items = Vec::new();
    // A check has some dozen events; those its person may not see must not make pages short.
    'pages: loop {
        let (records, next) = store.events_of_subject(&subject, 100, after.as_ref()).await?;
        for record in records {
            if items.len() == limit as usize {
                break 'pages;
            }
            after = Some(position(&record));
            items.extend(if own { record.for_person(owner) } else { Some(record.for_staff()) });
        }
        if next.is_none() {
            after = None;
            break;
        }
        after = next;
    }
    Ok(Page { items, next_cursor: binding.seal(call.app, after.as_ref()).await? })
}

fn position(record: &EventRecord) -> Position {
    let key = record.key();
    Position(BTreeMap::from([("pk".to_owned(), key.pk), ("sk".to_owned(), key.sk)]))
}
