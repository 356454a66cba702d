//! PUT /v1/admin/users/{id}/unlock: ends the lock of an account.

use verinym::{
    domain::id::UserId,
    error::Result,
    http::{Call, Committed, Endpoint, NoContent, Path, Route, problem::types},
    run_command,
    store::{command::Decided, user::account_event},
};

use crate::administered::{Administered, Administrator, needs};

pub fn endpoint() -> Endpoint {
    Route::put("admin-unlock-user", "/v1/admin/users/{id}/unlock")
        .summary("Unlock an account")
        .description(
            "The person can sign in again, and gets a mail. Sessions of before the lock stay over. An account that its person had deactivated is deactivated again. Without a lock, nothing changes.",
        )
        .idempotent()
        .problems(&[&types::NOT_FOUND, &types::OWN_ACCOUNT, &types::MORE_PERMITTED])
        .opens_profile_keys()
        .needs(needs())
        .handled_by(unlock)
}

async fn unlock(call: Call<Administrator>, (Path(id), ()): (Path<UserId>, ())) -> Result<Committed<NoContent>> {
    let (store, now) = (call.app.store().await, call.now());
    run_command!(call.command().await?, |attempt| {
        let target = Administered::read(&call.caller, store, &id, attempt.is_first()).await?;
        let Some((after, kind)) = target.account.unlock(now) else { return Ok(Decided::Unchanged(NoContent)) };
        let commit = target.changes(attempt.commit(now), &after).event(account_event(kind, &after));
        Ok(commit.returning(NoContent))
    })
}
