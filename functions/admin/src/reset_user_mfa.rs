//! POST /v1/admin/users/{id}/mfa/reset: removes the second factor of somebody who lost it.

use verinym::{
    domain::id::UserId,
    error::{RequestError, Result},
    http::{Call, Committed, Endpoint, NoContent, Path, Route, problem::types},
    run_command,
    store::user::account_event,
};

use crate::administered::{Administered, Administrator, delete_sessions, needs, needs_to_end_sessions};

pub fn endpoint() -> Endpoint {
    Route::post("admin-reset-user-mfa", "/v1/admin/users/{id}/mfa/reset")
        .summary("Remove the second factor of an account")
        .description(
            "For a person who lost the authenticator app and the backup codes. Make sure that it is the person who asks: the password alone is enough to sign in afterwards. All sessions end, and the person gets a mail. A machine client cannot do it.",
        )
        .idempotent()
        .problems(&[
            &types::NOT_FOUND,
            &types::PERSON_REQUIRED,
            &types::OWN_ACCOUNT,
            &types::MORE_PERMITTED,
            &types::MFA_NOT_ENABLED,
        ])
        .opens_profile_keys()
        .needs(needs().and(needs_to_end_sessions()))
        .handled_by(reset)
}

async fn reset(call: Call<Administrator>, (Path(id), ()): (Path<UserId>, ())) -> Result<Committed<NoContent>> {
    let (store, now) = (call.app.store().await, call.now());
    if call.caller.person().is_none() {
        // A leaked secret of a client must not remove the second factors of everybody.
        return Err(RequestError::PersonRequired.into());
    }
    let mut ended = None;
    let command = call.command().await?;
    let answer = run_command!(command, |attempt| {
        let target = Administered::read(&call.caller, store, &id, attempt.is_first()).await?;
        let (after, kind) = target.account.reset_mfa(now)?;
        let factors = store.factors(&id).await?;
        let commit = target.changes(attempt.commit(now), &after).factors(&id, &factors, &factors.disable());
        let commit = commit.event(account_event(kind, &after));
        ended = Some(after);
        Ok(commit.returning(NoContent))
    })?;
    delete_sessions(store, &command.follow_up(), ended, "mfa_reset", now).await;
    Ok(answer)
}
