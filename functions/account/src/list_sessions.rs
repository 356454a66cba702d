//! GET /v1/sessions: where one is signed in, newest first.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::session::Session,
    error::Result,
    function::{Capability, Needs},
    http::{
        Call, Endpoint, Page, Query, Route, Signed,
        cursor::{Binding, page_size},
    },
    store::Table,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct List {
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("account-list-sessions", "/v1/sessions")
        .summary("List one's own sessions")
        .problems(&[(400, "invalid_cursor")])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Identity))
        .handled_by(list_sessions)
}

async fn list_sessions(call: Call<Signed>, Query(list): Query<List>) -> Result<Page<Session>> {
    let (store, caller, now) = (call.app.store().await, &call.caller, call.now());
    let binding = Binding::new(&call, &caller.user, &[]);
    let limit = page_size(list.limit)?;
    let after = binding.open(call.app, list.cursor.as_deref()).await?;
    let key = call.loaded.key(store, now).await?;
    let (sessions, next) = store.sessions(&caller.user, now, limit, after.as_ref()).await?;
    let items = sessions
        .iter()
        .filter(|session| session.admitted(&caller.auth, now))
        .map(|session| session.view(&caller.session, &key))
        .collect::<Result<_>>()?;
    Ok(Page { items, next_cursor: binding.seal(call.app, next.as_ref()).await? })
}
