//! GET /v1/auth/webauthn/credentials: the passkeys of the caller, newest first.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::passkey::Passkey,
    error::Result,
    function::{Capability, Needs},
    http::{Call, Endpoint, Page, Query, Route, Signed, list::List, problem::types},
    store::Table,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListPasskeys {
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("auth-list-passkeys", "/v1/auth/webauthn/credentials")
        .summary("List my passkeys")
        .description("The passkeys by which the signed-in person can sign in, newest first.")
        .problems(&[&types::INVALID_CURSOR])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Identity))
        .handled_by(list_passkeys)
}

async fn list_passkeys(call: Call<Signed>, Query(query): Query<ListPasskeys>) -> Result<Page<Passkey>> {
    let store = call.app.store().await;
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[]).await?;
    let key = call.loaded.key(store, call.now()).await?;
    let (passkeys, next) = store.passkeys(&call.caller.user, list.limit, list.after.as_ref()).await?;
    let items = passkeys.iter().map(|passkey| passkey.view(&key)).collect::<Result<_>>()?;
    list.page(call.app, items, next.as_ref()).await
}
