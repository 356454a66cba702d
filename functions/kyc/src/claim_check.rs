//! POST /v1/kyc/checks/{id}/claim: a reviewer takes a check for 15 minutes.

use verinym::{
    domain::{
        check::CheckForStaff,
        event::{Actor, EventType},
        id::CheckId,
        role::KycReview,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Can, Endpoint, Path, Route, Versioned, idempotency},
    store::Table,
    store::{
        check::{StoredCheck, check_event},
        commit::Tries,
    },
};

use crate::own_check::refuse_own;

pub fn endpoint() -> Endpoint {
    Route::post("kyc-claim-check", "/v1/kyc/checks/{id}/claim")
        .summary("Take a check for review")
        .loads_owner()
        .idempotent()
        .problems(&[(403, "own_check"), (404, "not_found"), (409, "claimed_by_another"), (409, "illegal_transition")])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Kyc).put(Table::Kyc))
        .handled_by(claim)
}

async fn claim(call: Call<Can<KycReview>>, (Path(id), ()): (Path<CheckId>, ())) -> Result<Versioned<CheckForStaff>> {
    let (now, owner, reviewer) = (call.now(), call.owner()?, call.caller.user);
    refuse_own(owner, reviewer)?;
    let store = call.app.store().await;
    let key = call.loaded.key(store, now).await?;
    let mut tries = Tries::new();
    loop {
        let before = store.check(&owner, &id).await?.ok_or(RequestError::NotFound)?;
        let check = before.check.claim(reviewer, now)?;
        let reply = Versioned { version: check.version, body: check.for_staff(now) };
        let event = check_event(EventType::CheckClaimed, &check, Actor::User(reviewer));
        let committed = store
            .commit(now, &call.meta.correlation_id)
            .check_changes(&before.check, &StoredCheck { check, work: before.work })
            .event(event.session(call.caller.session).origin(&key, call.meta.origin()))
            .remember(call.replay.as_ref(), &key, idempotency::keep(&reply))
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(reply),
            Err(error) => tries.again(error).await?,
        }
    }
}
