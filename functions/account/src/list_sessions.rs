//! GET /v1/sessions: the caller's sessions, newest first.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::session::Session,
    error::Result,
    function::{Capability, Needs},
    http::{Call, Endpoint, Page, Query, Route, Signed, list::List, problem::types},
    store::Table,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListSessions {
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("account-list-sessions", "/v1/sessions")
        .summary("List my sessions")
        .description("The live sessions of the signed-in person, newest first.")
        .problems(&[&types::INVALID_CURSOR])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Identity))
        .handled_by(list_sessions)
}

async fn list_sessions(call: Call<Signed>, Query(query): Query<ListSessions>) -> Result<Page<Session>> {
    let (store, caller, now) = (call.app.store().await, &call.caller, call.now());
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[]).await?;
    let key = call.loaded.key(store, now).await?;
    let (sessions, next) = store.sessions(&caller.user, now, list.limit, list.after.as_ref()).await?;
    let items = sessions
        .iter()
        .filter(|session| session.admitted(&caller.auth, now))
        .map(|session| session.view(&caller.session, &key))
        .collect::<Result<_>>()?;
    list.page(call.app, items, next.as_ref()).await
}
