//! POST /v1/webhooks/{id}/test: sends an event of the type `webhook.test` to an endpoint, whatever its filters are.

use verinym::{
    crypto::random::RandomId,
    domain::{
        event::EventType,
        id::{DeliveryId, EventId, WebhookId},
        webhook::{Delivery, NewDelivery, TEST_TYPE, WebhookError, test_payload},
    },
    error::{Internal, Result},
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
    Route::post("webhooks-send-test", "/v1/webhooks/{id}/test")
        .summary("Send a test event")
        .description(
            "Sends an event of the type `webhook.test`. Its delivery is in the list of deliveries: if there was no answer, it does not tell why.",
        )
        .idempotent()
        .problems(&[&types::NOT_FOUND, &types::WEBHOOK_DISABLED])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Outbound).check(Table::Outbound))
        .handled_by(send_test)
}

async fn send_test(
    call: Call<Owner>,
    (Path(id), ()): (Path<WebhookId>, ()),
) -> Result<Committed<Accepted<WebhookDelivery>>> {
    let now = call.now();
    run_command!(call.command().await?, |attempt| {
        let endpoint = own_endpoint(&call, &id).await?;
        if !endpoint.enabled {
            return Err(WebhookError::Disabled.into());
        }
        let event = EventId::new(now);
        let body = serde_json::to_string(&test_payload(event, id, now)).map_err(Internal::bug)?;
        let new = NewDelivery { id: DeliveryId::new(now), endpoint: id, event, kind: TEST_TYPE.to_owned(), body };
        let delivery = Delivery::new(new, now);
        let draft = delivery_event(EventType::WebhookTestRequested, &delivery, &endpoint.owner);
        Ok(attempt
            .commit(now)
            .endpoint_unchanged(&endpoint)
            .new_delivery(&delivery)
            .event_of_id(event, draft)
            .returning(Accepted(WebhookDelivery::new(&delivery))))
    })
}
