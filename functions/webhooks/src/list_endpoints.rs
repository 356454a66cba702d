//! GET /v1/webhooks: the endpoints of the caller, newest first, without secrets.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    error::Result,
    function::{Capability, Needs},
    http::{Call, Endpoint, Page, Query, Route, list::List},
    store::Table,
};

use crate::{
    endpoint_view::WebhookEndpoint,
    own::{Owner, owner},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListEndpoints {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("webhooks-list-endpoints", "/v1/webhooks")
        .summary("List my webhook endpoints")
        .description("Your endpoints, newest first. Secrets are never shown.")
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Outbound).get_many(Table::Outbound))
        .handled_by(list_endpoints)
}

async fn list_endpoints(call: Call<Owner>, Query(query): Query<ListEndpoints>) -> Result<Page<WebhookEndpoint>> {
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[]).await?;
    let store = call.app.store().await;
    let (found, next) = store.webhooks_of(&owner(&call.caller), list.limit, list.after.as_ref()).await?;
    let indexes = call.app.index_secrets().await?;
    let items = found.into_iter().map(|item| Ok(WebhookEndpoint::new(&item.open(&indexes)?))).collect::<Result<_>>()?;
    list.page(call.app, items, next.as_ref()).await
}
