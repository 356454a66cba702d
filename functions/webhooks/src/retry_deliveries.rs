//! POST /v1/webhooks/{id}/deliveries/retry: makes all deliveries again that failed since a time.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        event::{EventType, RetriedSince},
        id::WebhookId,
        time::Timestamp,
        webhook::WebhookError,
    },
    error::Result,
    function::{Capability, Needs},
    http::{Accepted, Call, Committed, Endpoint, Json, Path, Route, problem::types},
    run_command,
    store::{Table, webhook::endpoint_event},
};

use crate::{
    endpoint_view::WebhookEndpoint,
    own::{Owner, own_endpoint},
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryDeliveries {
    /// Deliveries that were created then or later.
    since: Timestamp,
}

pub fn endpoint() -> Endpoint {
    Route::post("webhooks-retry-deliveries", "/v1/webhooks/{id}/deliveries/retry")
        .summary("Make failed deliveries again")
        .description(
            "Makes all deliveries again that were created since then and are `dead` or `cancelled`, with the same ids and bodies.",
        )
        .idempotent()
        .problems(&[&types::NOT_FOUND, &types::WEBHOOK_DISABLED])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Outbound).put(Table::Outbound))
        .handled_by(retry)
}

async fn retry(
    call: Call<Owner>,
    (Path(id), Json(form)): (Path<WebhookId>, Json<RetryDeliveries>),
) -> Result<Committed<Accepted<WebhookEndpoint>>> {
    let now = call.now();
    let indexes = call.app.index_secrets().await?;
    run_command!(call.command().await?, |attempt| {
        let before = own_endpoint(&call, &id).await?;
        if !before.enabled {
            return Err(WebhookError::Disabled.into());
        }
        let after = before.next(now);
        let event =
            endpoint_event(EventType::WebhookRetriesRequested, &after).data(&RetriedSince { since: form.since });
        let reply = Accepted(WebhookEndpoint::new(&after));
        Ok(attempt.commit(now).endpoint_changes(&before, &after, &indexes).event(event).returning(reply))
    })
}
