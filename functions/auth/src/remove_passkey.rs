//! DELETE /v1/auth/webauthn/credentials/{id}: removes a passkey, unless it is the last sign-in method.

use verinym::{
    domain::{event::PasskeyOfPerson, id::PasskeyId},
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, NoContent, Path, Route, Signed, problem::types},
    run_command,
    store::{Table, user::account_event},
};

pub fn endpoint() -> Endpoint {
    Route::delete("auth-remove-passkey", "/v1/auth/webauthn/credentials/{id}")
        .summary("Remove one of my passkeys")
        .description(
            "Nobody can sign in with it any more. The last way to sign in cannot be removed. The person gets a mail.",
        )
        .problems(&[&types::NOT_FOUND, &types::LAST_CREDENTIAL])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Identity).put(Table::Identity).delete(Table::Identity))
        .handled_by(remove)
}

/// The account is read anew, since its number of sign-in methods decides: of two removals at the same time one sees the other.
async fn remove(call: Call<Signed>, Path(id): Path<PasskeyId>) -> Result<Committed<NoContent>> {
    let (store, user, now) = (call.app.store().await, call.caller.user, call.now());
    run_command!(call.command().await?, |attempt| {
        let (account, passkey) = tokio::try_join!(store.auth(&user), store.passkey(&user, &id))?;
        let account = account.ok_or(RequestError::Unauthenticated)?;
        let passkey = passkey.ok_or(RequestError::NotFound)?;
        let (after, kind) = account.remove_passkey()?;
        let event = account_event(kind, &after).data(&PasskeyOfPerson { passkey: id });
        let commit = attempt.commit(now).remove_passkey(&passkey).account_changes(&account, &after);
        Ok(commit.event(event).returning(NoContent))
    })
}
