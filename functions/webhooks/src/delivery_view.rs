//! A delivery as the owner of its endpoint sees it.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        id::{DeliveryId, EventId},
        secret::Masked,
        time::Timestamp,
        webhook::{Delivery, DeliveryStatus},
    },
    error::Result,
    store::{delivery::DeliveryItem, secrets::IndexSecrets},
};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookDelivery {
    id: DeliveryId,
    /// The `id` in the body and the header `webhook-id`; the same in every attempt.
    event_id: EventId,
    /// The `type` in the body.
    #[serde(rename = "type")]
    #[schema(example = "kyc.check.approved")]
    kind: String,
    status: DeliveryStatus,
    /// How many attempts were made.
    attempt: u32,
    /// The status of the last answer; null if there was none.
    #[schema(example = 503)]
    response_status: Option<u16>,
    /// The first 1,024 bytes of the last answer.
    #[schema(value_type = Option<String>, example = "Service Unavailable")]
    response_excerpt: Option<Masked<String>>,
    /// The time that the endpoint took to answer; null if it did not answer.
    #[schema(example = 180)]
    duration_ms: Option<u64>,
    next_attempt_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl WebhookDelivery {
    /// Without what the endpoint answered.
    pub fn new(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id,
            event_id: delivery.event,
            kind: delivery.kind.clone(),
            status: delivery.status,
            attempt: delivery.attempt,
            response_status: delivery.last.and_then(|last| last.status),
            response_excerpt: None,
            duration_ms: delivery.last.and_then(|last| last.duration_ms),
            next_attempt_at: delivery.next_attempt_at,
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }

    pub fn with_excerpt(item: &DeliveryItem, indexes: &IndexSecrets) -> Result<Self> {
        Ok(Self { response_excerpt: item.excerpt(indexes)?, ..Self::new(&item.delivery) })
    }
}
