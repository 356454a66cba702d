//! DELETE /v1/sessions: ends all sessions of the caller except the current one.
//!
//! Each chunk is a transaction. If the function dies between two, the caller gets no answer and calls again.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    error::Result,
    function::{Capability, Needs},
    http::{Call, Endpoint, Plain, Route, Signed},
    store::Table,
    store::session::Ending,
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Revoked {
    /// The number of sessions that this call ended.
    revoked: u32,
}

pub fn endpoint() -> Endpoint {
    Route::delete("account-revoke-other-sessions", "/v1/sessions")
        .summary("End all my other sessions")
        .description("Ends every session of the signed-in person except the one of this request.")
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).query(Table::Identity).delete(Table::Identity))
        .handled_by(revoke_other_sessions)
}

async fn revoke_other_sessions(call: Call<Signed>, (): ()) -> Result<Plain<Revoked>> {
    let (store, caller) = (call.app.store().await, &call.caller);
    let key = call.loaded.key(store, call.now()).await?;
    let command = call.command_without_reply(&key).await;
    let (keep, ending) = (Some(&caller.session), Ending::revoked("revoked"));
    let revoked = store.end_sessions(&command, &caller.auth, keep, &ending, call.now()).await?;
    Ok(Plain(Revoked { revoked }))
}
