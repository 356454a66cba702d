//! POST /v1/webhooks: makes an endpoint. The answer shows its secret, once.

use verinym::{
    crypto::random::RandomId,
    domain::{
        event::EventType,
        id::WebhookId,
        webhook::{Endpoint as Webhook, EndpointSecret},
    },
    error::Result,
    function::{Capability, Needs},
    http::{Call, Committed, Created, Endpoint, Json, Route, ShownOnce, problem::types},
    providers::signature::standard_webhooks,
    run_command,
    store::{Table, webhook::settings_event},
};

use crate::{
    endpoint_form::WebhookSettings,
    endpoint_view::NewWebhookEndpoint,
    own::{Owner, owner},
};

pub fn endpoint() -> Endpoint {
    Route::post("webhooks-create-endpoint", "/v1/webhooks")
        .summary("Create a webhook endpoint")
        .description(
            "Makes an endpoint that is told of events: of your own, or with `scope` `all` and the permission `webhooks:manage` of everybody's. Deliveries are signed after Standard Webhooks with the secret, which is shown in this answer only. Redirects are not followed, and addresses that are not public are not connected to.",
        )
        .idempotent()
        .problems(&[&types::TOO_MANY_WEBHOOKS])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).put(Table::Outbound).update(Table::Outbound))
        .handled_by(create)
}

async fn create(
    call: Call<Owner>,
    Json(form): Json<WebhookSettings>,
) -> Result<Committed<ShownOnce<Created<NewWebhookEndpoint>>>> {
    let now = call.now();
    let settings = form.check(&call.caller, call.app.config.network, None)?;
    let secret = standard_webhooks::new_key();
    let made = Webhook {
        id: WebhookId::new(now),
        owner: owner(&call.caller),
        scope: settings.scope,
        url: settings.url,
        events: settings.events,
        description: settings.description,
        enabled: settings.enabled,
        disabled_reason: None,
        secrets: vec![EndpointSecret { key: secret.clone(), created_at: now, expires_at: None }],
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let indexes = call.app.index_secrets().await?;
    run_command!(call.command().await?, |attempt| {
        let event = settings_event(EventType::WebhookCreated, &made);
        let location = Some(format!("/v1/webhooks/{}", made.id));
        let body = NewWebhookEndpoint::new(&made, secret.expose());
        let created = Created { location, version: Some(made.version), body };
        Ok(attempt.commit(now).new_endpoint(&made, &indexes).event(event).returning(ShownOnce(created)))
    })
}
