//! GET /v1/webhooks/{id}: an endpoint of the caller.

use verinym::{
    domain::id::WebhookId,
    error::Result,
    function::Needs,
    http::{Call, Endpoint, Path, Route, Versioned, problem::types},
    store::Table,
};

use crate::{
    endpoint_view::WebhookEndpoint,
    own::{Owner, own_endpoint},
};

pub fn endpoint() -> Endpoint {
    Route::get("webhooks-get-endpoint", "/v1/webhooks/{id}")
        .summary("Read a webhook endpoint")
        .description("One of your endpoints, without its secret.")
        .problems(&[&types::NOT_FOUND])
        .needs(Needs::new().get(Table::Outbound))
        .handled_by(get_endpoint)
}

async fn get_endpoint(call: Call<Owner>, Path(id): Path<WebhookId>) -> Result<Versioned<WebhookEndpoint>> {
    let endpoint = own_endpoint(&call, &id).await?;
    Ok(Versioned { version: endpoint.version, body: WebhookEndpoint::new(&endpoint) })
}
