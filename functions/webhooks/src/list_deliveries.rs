//! GET /v1/webhooks/{id}/deliveries: the deliveries of an endpoint, the newest events first.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{field::InvalidField, id::WebhookId, webhook::DeliveryStatus},
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Endpoint, Page, Path, Query, Route, list::List, problem::types},
    store::{Table, delivery::DeliveryItem},
};

use crate::{
    delivery_view::WebhookDelivery,
    own::{Owner, own_endpoint},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListDeliveries {
    /// `pending`, `delivered`, `dead` or `cancelled`.
    status: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("webhooks-list-deliveries", "/v1/webhooks/{id}/deliveries")
        .summary("List the deliveries of a webhook endpoint")
        .description("The deliveries of the last 30 days with their last attempt, the newest events first.")
        .problems(&[&types::NOT_FOUND])
        .needs(Needs::new().with(Capability::UseTokenKeys).get(Table::Outbound).query(Table::Outbound))
        .handled_by(list_deliveries)
}

async fn list_deliveries(
    call: Call<Owner>,
    (Path(id), Query(query)): (Path<WebhookId>, Query<ListDeliveries>),
) -> Result<Page<WebhookDelivery>> {
    let status = query
        .status
        .as_deref()
        .map(DeliveryStatus::parse_field)
        .transpose()
        .map_err(|fault| RequestError::Invalid(vec![InvalidField::new("status", fault)]))?;
    let endpoint = id.to_string();
    let filters = [Some(endpoint.as_str()), query.status.as_deref()];
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &filters).await?;
    own_endpoint(&call, &id).await?;
    let (store, now) = (call.app.store().await, call.now());
    let (found, next) = list
        .fill(
            status.is_some(),
            async |limit, after| store.deliveries(&id, limit, after.as_ref()).await,
            |item: &DeliveryItem| item.is_kept(now) && status.is_none_or(|status| item.delivery.status == status),
            DeliveryItem::position,
        )
        .await?;
    let indexes = call.app.index_secrets().await?;
    let items = found.iter().map(|item| WebhookDelivery::with_excerpt(item, &indexes)).collect::<Result<_>>()?;
    list.page(call.app, items, next.as_ref()).await
}
