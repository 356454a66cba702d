//! GET /v1/kyc/status: the caller's verification status and next action.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        check::{CheckForPerson, CheckState, PublicStatus},
        kyc::KycStatus,
        time::Timestamp,
    },
    error::Result,
    function::Needs,
    http::{Call, Endpoint, Plain, Route, Signed},
    store::Table,
};

/// The person's next action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextAction {
    /// Start a check.
    StartVerification,
    /// Submit the draft.
    SubmitCheck,
    /// Add the requested documents.
    ProvideDocuments,
    /// Nothing: the check is being processed.
    Wait,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Standing)]
pub struct VerificationStatus {
    kyc_status: KycStatus,
    /// The open check, or the newest one.
    check: Option<CheckForPerson>,
    /// The end of the approval.
    valid_until: Option<Timestamp>,
    /// `null` if there is nothing to do.
    next_action: Option<NextAction>,
}

pub fn endpoint() -> Endpoint {
    Route::get("kyc-status", "/v1/kyc/status")
        .summary("Read my verification status")
        .description("The status of the person, the check that determines it, and what to do next.")
        .needs(Needs::new().query(Table::Kyc))
        .handled_by(status)
}

/// The number of newest checks among which the approval is looked for.
const LOOK_BACK: u32 = 25;

async fn status(call: Call<Signed>, (): ()) -> Result<Plain<VerificationStatus>> {
    let auth = &call.caller.auth;
    let store = call.app.store().await;
    let (checks, _) = store.checks(&auth.user, None, None, LOOK_BACK, None).await?;
    let check = checks.iter().find(|stored| auth.open_check == Some(stored.check.id)).or(checks.first());
    let check = check.map(|stored| stored.check.for_person());
    let approved = checks.iter().find(|stored| stored.check.state == CheckState::Approved);
    Ok(Plain(VerificationStatus {
        kyc_status: auth.kyc_status,
        valid_until: approved.filter(|_| auth.kyc_status == KycStatus::Approved).and_then(|a| a.check.expires_at),
        next_action: next_action(auth.kyc_status, check.as_ref().map(|check| check.status)),
        check,
    }))
}

fn next_action(kyc_status: KycStatus, check: Option<PublicStatus>) -> Option<NextAction> {
    match check {
        Some(PublicStatus::Draft) => Some(NextAction::SubmitCheck),
        Some(PublicStatus::ActionNeeded) => Some(NextAction::ProvideDocuments),
        Some(PublicStatus::Processing) => Some(NextAction::Wait),
        _ if kyc_status == KycStatus::Approved => None,
        _ => Some(NextAction::StartVerification),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_action_follows_from_check_and_status() {
        for (kyc_status, check, next) in [
            (KycStatus::None, None, Some(NextAction::StartVerification)),
            (KycStatus::None, Some(PublicStatus::Draft), Some(NextAction::SubmitCheck)),
            (KycStatus::Pending, Some(PublicStatus::Processing), Some(NextAction::Wait)),
            (KycStatus::Pending, Some(PublicStatus::ActionNeeded), Some(NextAction::ProvideDocuments)),
            (KycStatus::Approved, Some(PublicStatus::Approved), None),
            (KycStatus::Approved, Some(PublicStatus::Cancelled), None),
            (KycStatus::Rejected, Some(PublicStatus::Rejected), Some(NextAction::StartVerification)),
            (KycStatus::Expired, Some(PublicStatus::Approved), Some(NextAction::StartVerification)),
        ] {
            assert_eq!(next_action(kyc_status, check), next, "{kyc_status} {check:?}");
        }
    }
}
