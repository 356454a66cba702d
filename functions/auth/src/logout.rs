//! POST /v1/auth/logout: the session that asks ends.

use verinym::{
    domain::event::Actor,
    error::Result,
    http::{Call, Endpoint, NoContent, Route, Signed},
    store::{commit::Tries, session::Ending},
};

pub fn endpoint() -> Endpoint {
    Route::post("auth-logout", "/v1/auth/logout").summary("Sign out").handled_by(logout)
}

async fn logout(call: Call<Signed>, (): ()) -> Result<NoContent> {
    let store = call.app.store().await;
    let key = call.loaded.key(store, call.now()).await?;
    let ending = Ending::revoked("signed_out", Actor::User(call.caller.user)).from(&key, call.meta.origin());
    let mut session = Some(call.caller.session_item.clone());
    let mut tries = Tries::new();
    while let Some(live) = session {
        let commit = store.commit(call.now(), &call.meta.correlation_id).end_session(&live, &ending);
        match commit.run().await {
            Ok(()) => break,
            Err(error) => tries.again(error).await?,
        }
        session = store.session(&live.user, &live.session, call.now()).await?;
    }
    Ok(NoContent)
}
