//! DELETE /v1/oauth/accounts/{id}: removes a linked account, unless it is the last sign-in method.

use verinym::{
    domain::id::LinkId,
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, NoContent, Path, Route, Signed, problem::types},
    run_command,
    store::{Table, user::account_event},
};

use crate::social_sign_in::about;

pub fn endpoint() -> Endpoint {
    Route::delete("auth-oauth-unlink", "/v1/oauth/accounts/{id}")
        .summary("Remove a linked account")
        .description("Nobody can sign in with it any more. The last way to sign in cannot be removed.")
        .problems(&[&types::NOT_FOUND, &types::LAST_CREDENTIAL])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Identity).put(Table::Identity).delete(Table::Identity))
        .handled_by(unlink)
}

/// The account is read anew, since its number of sign-in methods decides: of two removals at the same time one sees the other.
async fn unlink(call: Call<Signed>, Path(id): Path<LinkId>) -> Result<Committed<NoContent>> {
    let (store, user, now) = (call.app.store().await, call.caller.user, call.now());
    run_command!(call.command().await?, |attempt| {
        let (account, link) = tokio::try_join!(store.auth(&user), store.link(&user, &id))?;
        let account = account.ok_or(RequestError::Unauthenticated)?;
        let link = link.ok_or(RequestError::NotFound)?;
        let (after, kind) = account.unlink_social_account()?;
        let commit = attempt.commit(now).remove_link(&link).account_changes(&account, &after);
        Ok(commit.event(about(account_event(kind, &after), &link)).returning(NoContent))
    })
}
