//! GET /v1/kyc/status: where the caller stands and what comes next.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        check::{CheckForPerson, CheckState, PublicStatus},
        time::Timestamp,
        user::KycStatus,
    },
    error::Result,
    function::Needs,
    http::{Call, Endpoint, Plain, Route, Signed},
    store::Table,
};

/// What the person can do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextAction {
    /// Begin a check.
    StartVerification,
    /// Hand in the draft.
    SubmitCheck,
    /// Add the documents asked for.
    ProvideDocuments,
    /// Nothing: it is being looked at.
    Wait,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Standing {
    kyc_status: KycStatus,
    /// The open check, or the newest one.
    check: Option<CheckForPerson>,
    /// Until when the approval holds.
    valid_until: Option<Timestamp>,
    /// `null` when there is nothing to do.
    next_action: Option<NextAction>,
}

pub fn endpoint() -> Endpoint {
    Route::get("kyc-status", "/v1/kyc/status")
        .summary("My verification status")
        .needs(Needs::new().query(Table::Kyc))
        .handled_by(status)
}

/// An approval further back than this many checks does not count any more.
const LOOK_BACK: u32 = 25;

async fn status(call: Call<Signed>, (): ()) -> Result<Plain<Standing>> {
    let auth = &call.caller.auth;
    let store = call.app.store().await;
    let (checks, _) = store.checks(&auth.user, None, None, LOOK_BACK, None).await?;
    let check = checks.iter().find(|stored| auth.open_check == Some(stored.check.id)).or(checks.first());
    let check = check.map(|stored| stored.check.for_person());
    let approved = checks.iter().find(|stored| stored.check.state == CheckState::Approved);
    Ok(Plain(Standing {
        kyc_status: auth.kyc_status,
        valid_until: approved.filter(|_| auth.kyc_status == KycStatus::Approved).and_then(|a| a.check.expires_at),
        next_action: next_action(auth.kyc_status, check.as_ref().map(|check| check.status)),
        check,
    }))
}

fn next_action(standing: KycStatus, check: Option<PublicStatus>) -> Option<NextAction> {
    match check {
        Some(PublicStatus::Draft) => Some(NextAction::SubmitCheck),
        Some(PublicStatus::ActionNeeded) => Some(NextAction::ProvideDocuments),
        Some(PublicStatus::Processing) => Some(NextAction::Wait),
        _ if standing == KycStatus::Approved => None,
        _ => Some(NextAction::StartVerification),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_next_follows_from_check_and_standing() {
        for (standing, check, next) in [
            (KycStatus::None, None, Some(NextAction::StartVerification)),
            (KycStatus::None, Some(PublicStatus::Draft), Some(NextAction::SubmitCheck)),
            (KycStatus::Pending, Some(PublicStatus::Processing), Some(NextAction::Wait)),
            (KycStatus::Pending, Some(PublicStatus::ActionNeeded), Some(NextAction::ProvideDocuments)),
            (KycStatus::Approved, Some(PublicStatus::Approved), None),
            (KycStatus::Approved, Some(PublicStatus::Cancelled), None),
            (KycStatus::Rejected, Some(PublicStatus::Rejected), Some(NextAction::StartVerification)),
            (KycStatus::Expired, Some(PublicStatus::Approved), Some(NextAction::StartVerification)),
        ] {
            assert_eq!(next_action(standing, check), next, "{standing} {check:?}");
        }
    }
}
