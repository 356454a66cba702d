//! POST /v1/webhooks/{id}/rotate-secret: gives an endpoint a new secret. The previous one signs beside it for another day.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    domain::{event::EventType, id::WebhookId, secret::Masked},
    error::Result,
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, Path, Plain, Route, ShownOnce, problem::types},
    providers::signature::standard_webhooks,
    run_command,
    store::{Table, webhook::endpoint_event},
};

use crate::own::{Owner, own_endpoint};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewSecret {
    /// Shown once.
    #[schema(value_type = String, example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    secret: Masked<String>,
}

pub fn endpoint() -> Endpoint {
    Route::post("webhooks-rotate-secret", "/v1/webhooks/{id}/rotate-secret")
        .summary("Rotate the secret of a webhook endpoint")
        .description(
            "Makes a new secret, which is shown in this answer only. For 24 hours each delivery has two signatures, one by the previous secret; an older one ends at once.",
        )
        .idempotent()
        .problems(&[&types::NOT_FOUND])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Outbound).put(Table::Outbound))
        .handled_by(rotate)
}

async fn rotate(
    call: Call<Owner>,
    (Path(id), ()): (Path<WebhookId>, ()),
) -> Result<Committed<ShownOnce<Plain<NewSecret>>>> {
    let now = call.now();
    let secret = standard_webhooks::new_key();
    let indexes = call.app.index_secrets().await?;
    run_command!(call.command().await?, |attempt| {
        let before = own_endpoint(&call, &id).await?;
        let after = before.rotate(secret.clone(), now);
        let reply = ShownOnce(Plain(NewSecret { secret: Masked(secret.expose().clone()) }));
        let event = endpoint_event(EventType::WebhookSecretRotated, &after);
        Ok(attempt.commit(now).endpoint_changes(&before, &after, &indexes).event(event).returning(reply))
    })
}
