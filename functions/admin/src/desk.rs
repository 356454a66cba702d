//! GET /v1/admin/kyc/checks: the review desk, highest risk first, then the oldest. Nobody sees their own check there.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        check::{CheckForStaff, CheckState},
        role::KycRead,
    },
    error::Result,
    http::{
        Call, Can, Endpoint, Page, Query, Route,
        cursor::{Binding, page_size},
    },
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
    Route::get("admin-desk", "/v1/admin/kyc/checks").summary("The review desk").handled_by(desk)
}

async fn desk(call: Call<Can<KycRead>>, Query(query): Query<Desk>) -> Result<Page<CheckForStaff>> {
    let limit = page_size(query.limit)?;
    let binding = Binding::new(&call, &call.caller.user, &[]);
    let after = binding.open(call.app, query.cursor.as_deref()).await?;
    let store = call.app.store().await;
    let (checks, next) = store.desk_page(AT_DESK, &call.caller.user, limit, after.as_ref()).await?;
    Ok(Page {
        items: checks.iter().map(|stored| stored.check.for_staff(call.now())).collect(),
        next_cursor: binding.seal(call.app, next.as_ref()).await?,
    })
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
