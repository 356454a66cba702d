//! Outgoing webhooks: endpoints of customers that are told of events.
//!
//! An endpoint hears of its owner's own events, or of everybody's if its owner may manage webhooks. What it is told is in
//! [`payload`], when it is told in [`schedule`], and where it may be in [`url`] and [`address`].

pub mod address;
mod delivery;
mod endpoint;
mod filter;
mod kind;
mod payload;
mod schedule;
#[cfg(test)]
mod tests;
mod url;

pub use self::{
    delivery::{AttemptResult, Delivery, DeliveryStatus, LastAttempt, NewDelivery},
    endpoint::{
        DisabledReason, Endpoint, EndpointOwner, EndpointSecret, FAILING_LIMIT, MOST_OF_OWNER, MOST_OF_SCOPE_ALL,
        SECRET_OVERLAP, Scope, gives_up, parse_description,
    },
    filter::{EventFilter, parse_filters},
    kind::WebhookType,
    payload::{
        CheckData, DocumentData, EventFacts, HitData, ListsData, NotTold, SessionData, TEST_TYPE, TestData, UserData,
        WebhookData, WebhookPayload, payload, test_payload,
    },
    schedule::{LONGEST_RETRY_AFTER, WAITS, next_attempt},
    url::{EndpointUrl, Network},
};

/// Why an act on an endpoint or a delivery is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The owner has [`MOST_OF_OWNER`] endpoints, or there are [`MOST_OF_SCOPE_ALL`] that hear of everybody.
    #[error("no more endpoints are allowed")]
    TooMany,
    /// Nothing is sent to an endpoint that is not enabled.
    #[error("the endpoint is not enabled")]
    Disabled,
    /// The delivery is being tried already.
    #[error("the delivery is pending")]
    Pending,
}
