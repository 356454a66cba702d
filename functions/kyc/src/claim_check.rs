//! POST /v1/kyc/checks/{id}/claim: reserves a check for the reviewer for 15 minutes.

use verinym::{
    domain::{check::CheckForStaff, event::EventType, id::CheckId, role::KycReview},
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, NotOwner, Path, Route, Versioned, problem::types},
    run_command,
    store::Table,
    store::check::{StoredCheck, check_event},
};

pub fn endpoint() -> Endpoint {
    Route::post("kyc-claim-check", "/v1/kyc/checks/{id}/claim")
        .summary("Claim a check for review")
        .description("Reserves the check for the reviewer for 15 minutes.")
        .idempotent()
        .problems(&[&types::OWN_CHECK, &types::NOT_FOUND, &types::CLAIMED_BY_ANOTHER, &types::ILLEGAL_TRANSITION])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Kyc).put(Table::Kyc))
        .handled_by(claim)
}

async fn claim(
    call: Call<NotOwner<KycReview, CheckId>>,
    (Path(id), ()): (Path<CheckId>, ()),
) -> Result<Committed<Versioned<CheckForStaff>>> {
    let (now, owner, reviewer) = (call.now(), call.caller.owner(), call.caller.reviewer()?);
    let store = call.app.store().await;
    run_command!(call.command().await?, |attempt| {
        let before = store.check(&owner, &id).await?.ok_or(RequestError::NotFound)?;
        let check = before.check.claim(reviewer, now)?;
        let reply = Versioned { version: check.version, body: check.for_staff(now) };
        let event = check_event(EventType::CheckClaimed, &check);
        let after = StoredCheck { check, work: before.work };
        Ok(attempt.commit(now).check_changes(&before.check, &after).event(event).returning(reply))
    })
}
