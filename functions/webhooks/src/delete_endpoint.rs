//! DELETE /v1/webhooks/{id}: deletes an endpoint. Nothing is sent to it from then on.

use verinym::{
    domain::{event::EventType, id::WebhookId},
    error::Result,
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, NoContent, Path, Route, problem::types},
    run_command,
    store::{Table, webhook::endpoint_event},
};

use crate::own::{Owner, own_endpoint};

pub fn endpoint() -> Endpoint {
    Route::delete("webhooks-delete-endpoint", "/v1/webhooks/{id}")
        .summary("Delete a webhook endpoint")
        .description("Deletes the endpoint and its log. No attempt begins from then on.")
        .problems(&[&types::NOT_FOUND])
        .opens_profile_keys()
        .needs(
            Needs::new().with(Capability::Commit).get(Table::Outbound).update(Table::Outbound).delete(Table::Outbound),
        )
        .handled_by(delete)
}

async fn delete(call: Call<Owner>, Path(id): Path<WebhookId>) -> Result<Committed<NoContent>> {
    let now = call.now();
    run_command!(call.command().await?, |attempt| {
        let endpoint = own_endpoint(&call, &id).await?;
        let event = endpoint_event(EventType::WebhookDeleted, &endpoint.next(now));
        Ok(attempt.commit(now).delete_endpoint(&endpoint).event(event).returning(NoContent))
    })
}
