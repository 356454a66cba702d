//! DELETE /v1/sessions/{id}: ends a session of the caller.

use verinym::{
    domain::id::SessionId,
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, NoContent, Path, Route, Signed, problem::types},
    run_command,
    store::Table,
    store::session::Ending,
};

pub fn endpoint() -> Endpoint {
    Route::delete("account-revoke-session", "/v1/sessions/{id}")
        .summary("End one of my sessions")
        .description("Ends a session at once: its access token is refused from the next request on.")
        .problems(&[&types::NOT_FOUND])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Identity).delete(Table::Identity))
        .handled_by(revoke_session)
}

async fn revoke_session(call: Call<Signed>, Path(id): Path<SessionId>) -> Result<Committed<NoContent>> {
    let (store, caller, now) = (call.app.store().await, &call.caller, call.now());
    run_command!(call.command().await?, |attempt| {
        let session = store.session(&caller.user, &id, now).await?;
        let session = session.filter(|session| session.admitted(&caller.auth, now)).ok_or(RequestError::NotFound)?;
        Ok(attempt.commit(now).end_session(&session, &Ending::revoked("revoked")).returning(NoContent))
    })
}
