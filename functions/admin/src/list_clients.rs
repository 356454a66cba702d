//! GET /v1/admin/clients: the machine clients, newest first, without secrets.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::role::ClientsRead,
    error::Result,
    function::{Capability, Needs},
    http::{Call, Can, Endpoint, Page, Query, Route, list::List},
    store::Table,
};

use crate::client_view::ClientView;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListClients {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-list-clients", "/v1/admin/clients")
        .summary("List the machine clients")
        .description("The machine clients, newest first. Secrets are never shown.")
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Identity).get_many(Table::Identity))
        .handled_by(list_clients)
}

async fn list_clients(call: Call<Can<ClientsRead>>, Query(query): Query<ListClients>) -> Result<Page<ClientView>> {
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[]).await?;
    let (clients, next) = call.app.store().await.machine_clients(list.limit, list.after.as_ref()).await?;
    let items = clients.iter().map(|client| ClientView::new(client, call.now())).collect();
    list.page(call.app, items, next.as_ref()).await
}
