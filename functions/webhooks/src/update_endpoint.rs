//! PUT /v1/webhooks/{id}: replaces the settings of an endpoint.

use verinym::{
    domain::{event::EventType, id::WebhookId, webhook::Endpoint as Webhook},
    error::Result,
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, Json, Path, Route, Versioned, problem::types},
    run_command,
    store::{Table, webhook::settings_event},
};

use crate::{
    endpoint_form::WebhookSettings,
    endpoint_view::WebhookEndpoint,
    own::{Owner, own_endpoint},
};

pub fn endpoint() -> Endpoint {
    Route::put("webhooks-update-endpoint", "/v1/webhooks/{id}")
        .summary("Change a webhook endpoint")
        .description(
            "Replaces the settings of the endpoint; what is absent has its default. `enabled` `false` pauses the endpoint: events that occur meanwhile are not delivered, and pending deliveries are cancelled. To enable a disabled endpoint forgets its failures.",
        )
        .honours_if_match()
        .problems(&[&types::NOT_FOUND, &types::FORBIDDEN])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Outbound)
                .put(Table::Outbound)
                .rarely("a disabled endpoint is enabled", Needs::new().delete(Table::Outbound)),
        )
        .handled_by(update)
}

async fn update(
    call: Call<Owner>,
    (Path(id), Json(form)): (Path<WebhookId>, Json<WebhookSettings>),
) -> Result<Committed<Versioned<WebhookEndpoint>>> {
    let now = call.now();
    // The scope never changes, so it can be read before the command.
    let scope = own_endpoint(&call, &id).await?.scope;
    let settings = form.check(&call.caller, call.app.config.network, Some(scope))?;
    let indexes = call.app.index_secrets().await?;
    run_command!(call.command().await?, |attempt| {
        let before = own_endpoint(&call, &id).await?;
        call.check_version(before.version)?;
        let after = Webhook {
            url: settings.url.clone(),
            events: settings.events.clone(),
            description: settings.description.clone(),
            enabled: settings.enabled,
            disabled_reason: before.disabled_reason.filter(|_| !settings.enabled),
            ..before.next(now)
        };
        let reply = Versioned { version: after.version, body: WebhookEndpoint::new(&after) };
        let event = settings_event(EventType::WebhookUpdated, &after);
        Ok(attempt.commit(now).endpoint_changes(&before, &after, &indexes).event(event).returning(reply))
    })
}
