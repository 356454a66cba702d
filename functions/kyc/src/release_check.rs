//! POST /v1/kyc/checks/{id}/release: a reviewer gives a check back.

use verinym::{
    domain::{
        event::{Actor, EventType},
        id::CheckId,
        role::KycReview,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Can, Endpoint, NoContent, Path, Route, idempotency},
    store::Table,
    store::{
        check::{StoredCheck, check_event},
        commit::Tries,
    },
};

use crate::own_check::refuse_own;

pub fn endpoint() -> Endpoint {
    Route::post("kyc-release-check", "/v1/kyc/checks/{id}/release")
        .summary("Give a check back to the desk")
        .loads_owner()
        .idempotent()
        .problems(&[(403, "own_check"), (404, "not_found"), (409, "claimed_by_another")])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Kyc).put(Table::Kyc))
        .handled_by(release)
}

async fn release(call: Call<Can<KycReview>>, (Path(id), ()): (Path<CheckId>, ())) -> Result<NoContent> {
    let (now, owner, reviewer) = (call.now(), call.owner()?, call.caller.user);
    refuse_own(owner, reviewer)?;
    let store = call.app.store().await;
    let key = call.loaded.key(store, now).await?;
    let mut tries = Tries::new();
    loop {
        let before = store.check(&owner, &id).await?.ok_or(RequestError::NotFound)?;
        let check = before.check.release(reviewer, now)?;
        if check.version == before.check.version {
            return Ok(NoContent);
        }
        let event = check_event(EventType::CheckReleased, &check, Actor::User(reviewer));
        let committed = store
            .commit(now, &call.meta.correlation_id)
            .check_changes(&before.check, &StoredCheck { check, work: before.work })
            .event(event.session(call.caller.session).origin(&key, call.meta.origin()))
            .remember(call.replay.as_ref(), &key, idempotency::keep(&NoContent))
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(NoContent),
            Err(error) => tries.again(error).await?,
        }
    }
}
