//! An endpoint as its owner sees it.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::domain::{
    id::WebhookId,
    secret::Masked,
    time::Timestamp,
    webhook::{DisabledReason, Endpoint, Scope},
};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookEndpoint {
    id: WebhookId,
    #[schema(value_type = String, example = "https://hooks.your-company.net/verinym")]
    url: Masked<String>,
    /// Types, beginnings of types with `.*` behind, or `*`; sorted.
    #[schema(example = json!(["kyc.check.*"]))]
    events: Vec<String>,
    #[schema(value_type = Option<String>, example = "Billing")]
    description: Option<Masked<String>>,
    enabled: bool,
    /// Why it was disabled: it answered 410, or it failed for five days. Null if its owner disabled it.
    disabled_reason: Option<DisabledReason>,
    scope: Scope,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
}

/// A new endpoint, with its secret, which no other answer shows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewWebhookEndpoint {
    id: WebhookId,
    #[schema(value_type = String, example = "https://hooks.your-company.net/verinym")]
    url: Masked<String>,
    /// Types, beginnings of types with `.*` behind, or `*`; sorted.
    #[schema(example = json!(["kyc.check.*"]))]
    events: Vec<String>,
    #[schema(value_type = Option<String>, example = "Billing")]
    description: Option<Masked<String>>,
    enabled: bool,
    scope: Scope,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
    /// Signs the deliveries. Shown once.
    #[schema(value_type = String, example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    secret: Masked<String>,
}

impl WebhookEndpoint {
    pub fn new(endpoint: &Endpoint) -> Self {
        Self {
            id: endpoint.id,
            url: Masked(endpoint.url.as_str().to_owned()),
            events: endpoint.events.iter().map(ToString::to_string).collect(),
            description: endpoint.description.clone().map(Masked),
            enabled: endpoint.enabled,
            disabled_reason: endpoint.disabled_reason,
            scope: endpoint.scope,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
            version: endpoint.version,
        }
    }
}

impl NewWebhookEndpoint {
    pub fn new(endpoint: &Endpoint, secret: &str) -> Self {
        let WebhookEndpoint {
            id,
            url,
            events,
            description,
            enabled,
            disabled_reason: _,
            scope,
            created_at,
            updated_at,
            version,
        } = WebhookEndpoint::new(endpoint);
        let secret = Masked(secret.to_owned());
        Self { id, url, events, description, enabled, scope, created_at, updated_at, version, secret }
    }
}
