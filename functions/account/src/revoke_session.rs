//! DELETE /v1/sessions/{id}: one of one's own sessions ends.

use verinym::{
    domain::{event::Actor, id::SessionId},
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Endpoint, NoContent, Path, Route, Signed},
    store::Table,
    store::{commit::Tries, session::Ending},
};

pub fn endpoint() -> Endpoint {
    Route::delete("account-revoke-session", "/v1/sessions/{id}")
        .summary("End one of one's own sessions")
        .problems(&[(404, "not_found")])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Identity).delete(Table::Identity))
        .handled_by(revoke_session)
}

async fn revoke_session(call: Call<Signed>, Path(id): Path<SessionId>) -> Result<NoContent> {
    let (store, caller) = (call.app.store().await, &call.caller);
    let key = call.loaded.key(store, call.now()).await?;
    let ending = Ending::revoked("revoked", Actor::User(caller.user)).from(&key, call.meta.origin());
    let mut tries = Tries::new();
    loop {
        let session = store.session(&caller.user, &id, call.now()).await?;
        let session = session.filter(|session| session.admitted(&caller.auth, call.now()));
        let session = session.ok_or(RequestError::NotFound)?;
        let commit = store.commit(call.now(), &call.meta.correlation_id).end_session(&session, &ending);
        match commit.run().await {
            Ok(()) => return Ok(NoContent),
            Err(error) => tries.again(error).await?,
        }
    }
}
