//! PUT /v1/admin/users/{id}/lock: closes an account until it is unlocked.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        account::LockReason,
        event::{Cause, PublicWord},
        id::UserId,
    },
    error::Result,
    http::{Call, Committed, Endpoint, Json, NoContent, Path, Route, problem::types},
    run_command,
    store::{command::Decided, commit::Commit, user::account_event},
};

use crate::{
    administered::{Administered, Administrator, delete_sessions, needs, needs_to_end_sessions},
    role_editor::is_admin,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LockUser {
    /// For the audit trail. The person does not learn it.
    reason: LockReason,
}

pub fn endpoint() -> Endpoint {
    Route::put("admin-lock-user", "/v1/admin/users/{id}/lock")
        .summary("Lock an account")
        .description(
            "Ends all sessions of the account and refuses every way to sign in until it is unlocked. The person gets a mail without the reason. An account that is locked stays so, with its first reason.",
        )
        .idempotent()
        .problems(&[&types::NOT_FOUND, &types::OWN_ACCOUNT, &types::MORE_PERMITTED, &types::LAST_ADMIN])
        .opens_profile_keys()
        .needs(needs().and(needs_to_end_sessions()))
        .handled_by(lock)
}

async fn lock(
    call: Call<Administrator>,
    (Path(id), Json(form)): (Path<UserId>, Json<LockUser>),
) -> Result<Committed<NoContent>> {
    let (store, now) = (call.app.store().await, call.now());
    let mut locked = None;
    let command = call.command().await?;
    let answer = run_command!(command, |attempt| {
        let target = Administered::read(&call.caller, store, &id, attempt.is_first()).await?;
        let Some((after, kind)) = target.account.lock(now) else { return Ok(Decided::Unchanged(NoContent)) };
        // An administrator who locks another one stays; for anybody else the last one must not be locked.
        let needs_other = is_admin(&after.roles) && !target.by_admin();
        let other = if needs_other { store.admin_beside(&target.account).await? } else { None };
        let event = account_event(kind, &after).data(&Cause { reason: PublicWord::named(form.reason.as_str()) });
        let commit = other.iter().fold(target.changes(attempt.commit(now), &after), Commit::while_admin);
        locked = Some(after);
        Ok(commit.event(event).returning(NoContent))
    })?;
    delete_sessions(store, &command.follow_up(), locked, "locked", now).await;
    Ok(answer)
}
