//! POST /v1/webhooks/{id}/deliveries/{delivery}/retry: makes a delivery again.

use verinym::{
    domain::{
        event::EventType,
        id::{DeliveryId, WebhookId},
        webhook::WebhookError,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Accepted, Call, Committed, Endpoint, Path, Route, problem::types},
    run_command,
    store::{Table, delivery::delivery_event},
};

use crate::{
    delivery_view::WebhookDelivery,
    own::{Owner, own_endpoint},
};

pub fn endpoint() -> Endpoint {
    Route::post("webhooks-retry-delivery", "/v1/webhooks/{id}/deliveries/{delivery}/retry")
        .summary("Make a delivery again")
        .description(
            "Makes the delivery again, with the same id and body, from the beginning of the schedule. What was delivered can be delivered again.",
        )
        .idempotent()
        .problems(&[&types::NOT_FOUND, &types::WEBHOOK_DISABLED, &types::DELIVERY_PENDING])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Outbound)
                .put(Table::Outbound)
                .check(Table::Outbound),
        )
        .handled_by(retry)
}

async fn retry(
    call: Call<Owner>,
    (Path((id, delivery)), ()): (Path<(WebhookId, DeliveryId)>, ()),
) -> Result<Committed<Accepted<WebhookDelivery>>> {
    let (store, now) = (call.app.store().await, call.now());
    run_command!(call.command().await?, |attempt| {
        let endpoint = own_endpoint(&call, &id).await?;
        let before = store.delivery(&id, &delivery, now).await?.ok_or(RequestError::NotFound)?;
        if !endpoint.enabled {
            return Err(WebhookError::Disabled.into());
        }
        let after = before.next(before.delivery.again(now)?);
        let event = delivery_event(EventType::WebhookRetryRequested, &after.delivery, &endpoint.owner);
        Ok(attempt
            .commit(now)
            .endpoint_unchanged(&endpoint)
            .delivery_changes(&before.delivery, &after)
            .event(event)
            .returning(Accepted(WebhookDelivery::new(&after.delivery))))
    })
}
