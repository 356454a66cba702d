//! POST /v1/admin/users/{id}/sessions/revoke: signs a person out everywhere.

use verinym::{
    domain::id::UserId,
    error::Result,
    http::{Call, Committed, Endpoint, NoContent, Path, Route, problem::types},
    run_command,
    store::user::account_event,
};

use crate::administered::{Administered, Administrator, delete_sessions, needs, needs_to_end_sessions};

pub fn endpoint() -> Endpoint {
    Route::post("admin-revoke-user-sessions", "/v1/admin/users/{id}/sessions/revoke")
        .summary("End all sessions of an account")
        .description(
            "Ends all sessions of the account at once, and the trust of its devices. The person can sign in again.",
        )
        .idempotent()
        .problems(&[&types::NOT_FOUND, &types::OWN_ACCOUNT, &types::MORE_PERMITTED])
        .opens_profile_keys()
        .needs(needs().and(needs_to_end_sessions()))
        .handled_by(revoke)
}

async fn revoke(call: Call<Administrator>, (Path(id), ()): (Path<UserId>, ())) -> Result<Committed<NoContent>> {
    let (store, now) = (call.app.store().await, call.now());
    let mut ended = None;
    let command = call.command().await?;
    let answer = run_command!(command, |attempt| {
        let target = Administered::read(&call.caller, store, &id, attempt.is_first()).await?;
        let (after, kind) = target.account.end_all_sessions();
        let commit = target.changes(attempt.commit(now), &after).event(account_event(kind, &after));
        ended = Some(after);
        Ok(commit.returning(NoContent))
    })?;
    delete_sessions(store, &command.follow_up(), ended, "by_admin", now).await;
    Ok(answer)
}
