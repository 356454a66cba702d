//! POST /v1/users/account/deactivate: closes the caller's account. A sign-in within 30 days reactivates it.

use verinym::{
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, NoContent, Recent, Route, problem::types},
    run_command,
    store::{Table, session::Ending, user::account_event},
};

pub fn endpoint() -> Endpoint {
    Route::post("account-deactivate", "/v1/users/account/deactivate")
        .summary("Deactivate my account")
        .description(
            "Closes the account and ends all its sessions, including the current one. A sign-in within 30 days reactivates the account; after that it is refused with `account_deactivated`. The person gets a mail.",
        )
        .idempotent()
        .problems(&[&types::LAST_ADMIN])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .query(Table::Identity)
                .put(Table::Identity)
                .delete(Table::Identity)
                .rarely(
                    "another write to the account was first, or the person is an administrator",
                    Needs::new().get(Table::Identity),
                ),
        )
        .handled_by(deactivate)
}

async fn deactivate(call: Call<Recent>, (): ()) -> Result<Committed<NoContent>> {
    let (store, caller, now) = (call.app.store().await, &call.caller, call.now());
    let key = call.loaded.key(store, now).await?;
    let mut closed = caller.auth.clone();
    let answer = run_command!(call.command().await?, |attempt| {
        let before = if attempt.is_first() {
            caller.auth.clone()
        } else {
            store.auth(&caller.user).await?.ok_or(RequestError::Unauthenticated)?
        };
        if before.session_epoch != caller.auth.session_epoch {
            // The caller's session ended meanwhile.
            return Err(RequestError::Unauthenticated.into());
        }
        let (after, kind) = before.deactivate(now)?;
        let other_admin = store.admin_beside(&before).await?;
        let commit = attempt.commit(now).account_changes(&before, &after).event(account_event(kind, &after));
        let commit = other_admin.iter().fold(commit, |commit, other| commit.while_admin(other));
        closed = after;
        Ok(commit.returning(NoContent))
    })?;
    // The commit has ended the sessions already; this deletes their items. A failure has no effect.
    // The sessions are over already, that of the caller perhaps too.
    let command = call.command_by(call.author(&key)).await;
    if let Err(error) = store.end_sessions(&command, &closed, None, &Ending::revoked("deactivated"), now).await {
        tracing::warn!(%error, user_id = %closed.user, "sessions of an earlier epoch were not all cleaned away");
    }
    Ok(answer)
}
