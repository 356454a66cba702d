//! GET /v1/oauth/accounts: the linked accounts of the caller, newest first.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::social::SocialAccount,
    error::Result,
    function::{Capability, Needs},
    http::{Call, Endpoint, Page, Query, Route, Signed, list::List, problem::types},
    store::Table,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListAccounts {
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("auth-oauth-accounts", "/v1/oauth/accounts")
        .summary("List my linked accounts")
        .description("The accounts at identity providers by which the signed-in person can sign in, newest first.")
        .problems(&[&types::INVALID_CURSOR])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Identity))
        .handled_by(accounts)
}

async fn accounts(call: Call<Signed>, Query(query): Query<ListAccounts>) -> Result<Page<SocialAccount>> {
    let store = call.app.store().await;
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[]).await?;
    let key = call.loaded.key(store, call.now()).await?;
    let (links, next) = store.links(&call.caller.user, list.limit, list.after.as_ref()).await?;
    let items = links.iter().map(|link| link.view(&key)).collect::<Result<_>>()?;
    list.page(call.app, items, next.as_ref()).await
}
