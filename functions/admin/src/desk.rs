//! GET /v1/admin/kyc/checks: the review desk, highest risk first, then the oldest. Nobody sees their own check there.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        check::{CheckForStaff, CheckState},
        role::KycRead,
    },
    error::Result,
    function::{Capability, Needs},
    http::{Call, Can, Endpoint, Page, Query, Route, list::List},
    store::Table,
    store::desk::INDEX as DESK,
};

/// What reviewers work on.
const AT_DESK: &[CheckState] = &[CheckState::InReview, CheckState::AwaitingSecondReview];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-desk", "/v1/admin/kyc/checks")
        .summary("The review desk")
        .needs(Needs::new().with(Capability::UseTokenKeys).query_index(Table::Kyc, DESK))
        .handled_by(desk)
}

async fn desk(call: Call<Can<KycRead>>, Query(query): Query<Desk>) -> Result<Page<CheckForStaff>> {
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[]).await?;
    let store = call.app.store().await;
    let (checks, next) = store.desk_page(AT_DESK, &call.caller.user, list.limit, list.after.as_ref()).await?;
    let items = checks.iter().map(|stored| stored.check.for_staff(call.now())).collect();
    list.page(call.app, items, next.as_ref()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_desk_holds_just_what_reviewers_work_on() {
        let at_desk: Vec<_> = CheckState::ALL.iter().copied().filter(|state| state.is_waiting_for_reviewer()).collect();
        assert_eq!(at_desk, AT_DESK);
    }
}
