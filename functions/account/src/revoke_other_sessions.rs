//! DELETE /v1/sessions: all of one's own sessions end but the one that asks.
//!
//! A transaction per chunk. Should it stop half-way, the caller has no answer and asks again: the rest ends then.

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
    /// How many sessions this call ended.
    revoked: u32,
}

pub fn endpoint() -> Endpoint {
    Route::delete("account-revoke-other-sessions", "/v1/sessions")
        .summary("End all of one's own sessions but this one")
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).query(Table::Identity).delete(Table::Identity))
        .handled_by(revoke_other_sessions)
}

async fn revoke_other_sessions(call: Call<Signed>, (): ()) -> Result<Plain<Revoked>> {
    let (store, caller) = (call.app.store().await, &call.caller);
    let key = call.loaded.key(store, call.now()).await?;
    let command = call.command_by(call.author(&key)).await;
    let (keep, ending) = (Some(&caller.session), Ending::revoked("revoked"));
    let revoked = store.end_sessions(&command, &caller.auth, keep, &ending, call.now()).await?;
    Ok(Plain(Revoked { revoked }))
}
