//! POST /v1/kyc/checks/{id}/release: ends the reviewer's claim.

use verinym::{
    domain::{event::EventType, id::CheckId, role::KycReview},
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, NoContent, NotOwner, Path, Route, problem::types},
    run_command,
    store::Table,
    store::{
        check::{StoredCheck, check_event},
        command::Decided,
    },
};

pub fn endpoint() -> Endpoint {
    Route::post("kyc-release-check", "/v1/kyc/checks/{id}/release")
        .summary("Release a claimed check")
        .description("Returns the check to the review queue.")
        .idempotent()
        .problems(&[&types::OWN_CHECK, &types::NOT_FOUND, &types::CLAIMED_BY_ANOTHER])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Kyc).put(Table::Kyc))
        .handled_by(release)
}

async fn release(
    call: Call<NotOwner<KycReview, CheckId>>,
    (Path(id), ()): (Path<CheckId>, ()),
) -> Result<Committed<NoContent>> {
    let (now, owner, reviewer) = (call.now(), call.caller.owner(), call.caller.reviewer()?);
    let store = call.app.store().await;
    run_command!(call.command().await?, |attempt| {
        let before = store.check(&owner, &id).await?.ok_or(RequestError::NotFound)?;
        let check = before.check.release(reviewer, now)?;
        if check.version == before.check.version {
            return Ok(Decided::Unchanged(NoContent));
        }
        let event = check_event(EventType::CheckReleased, &check);
        let after = StoredCheck { check, work: before.work };
        Ok(attempt.commit(now).check_changes(&before.check, &after).event(event).returning(NoContent))
    })
}
