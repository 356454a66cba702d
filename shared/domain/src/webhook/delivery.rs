//! The delivery of one event to one endpoint, over all its attempts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{WebhookError, schedule::next_attempt};
use crate::{
    id::{DeliveryId, EventId, WebhookId},
    time::Timestamp,
    words::words,
};

words! {
    /// How a delivery stands.
    pub enum DeliveryStatus {
        /// An attempt is due.
        Pending = "pending",
        /// The endpoint accepted it (2xx).
        Delivered = "delivered",
        /// All attempts failed.
        Dead = "dead",
        /// The endpoint was disabled before it accepted the delivery.
        Cancelled = "cancelled",
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptResult {
    /// The endpoint answered.
    Answered { status: u16, retry_after: Option<Duration>, duration: Duration },
    /// There was no answer: no connection, no valid certificate, an address that is not public, or no answer in time. Which of these
    /// it was is not told, since it would tell of networks that the owner of the endpoint does not see.
    NoAnswer,
    /// It was not tried, because the endpoint fails all the time.
    NotTried,
}

impl AttemptResult {
    /// Whether the endpoint accepted the delivery.
    pub const fn accepted(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, .. })
    }

    /// Whether the endpoint asks for no more deliveries.
    pub const fn gone(&self) -> bool {
        matches!(self, Self::Answered { status: 410, .. })
    }
}

/// The last attempt, as its owner sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAttempt {
    pub at: Timestamp,
    /// `None` if there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Milliseconds; `None` if there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// What a delivery is made of.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    pub id: DeliveryId,
    pub endpoint: WebhookId,
    pub event: EventId,
    /// The type in the body.
    pub kind: String,
    /// The body as it is sent. Every attempt sends the same bytes.
    pub body: String,
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint: WebhookId,
    pub event: EventId,
    pub kind: String,
    pub body: String,
    pub status: DeliveryStatus,
    /// How many attempts were made.
    pub attempt: u32,
    /// How many of them were made before the schedule began again, because somebody asked for it.
    #[serde(default)]
    pub attempts_before: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastAttempt>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: u64,
}

impl Delivery {
    pub fn new(new: NewDelivery, now: Timestamp) -> Self {
        let NewDelivery { id, endpoint, event, kind, body } = new;
        Self {
            id,
            endpoint,
            event,
            kind,
            body,
            status: DeliveryStatus::Pending,
            attempt: 0,
            attempts_before: 0,
            next_attempt_at: Some(now),
            last: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn next(&self, now: Timestamp) -> Self {
        Self { updated_at: now, version: self.version + 1, ..self.clone() }
    }

    /// After an attempt. `random` is evenly distributed over all of `u64`.
    #[must_use]
    pub fn after(&self, result: &AttemptResult, now: Timestamp, random: u64) -> Self {
        let attempt = self.attempt + 1;
        let (answer, retry_after) = match *result {
            AttemptResult::Answered { status, retry_after, duration } => {
                let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
                (Some((status, millis)), retry_after)
            }
            AttemptResult::NoAnswer | AttemptResult::NotTried => (None, None),
        };
        let last = match result {
            AttemptResult::NotTried => self.last,
            _ => Some(LastAttempt {
                at: now,
                status: answer.map(|(status, _)| status),
                duration_ms: answer.map(|(_, millis)| millis),
            }),
        };
        let (status, next_attempt_at) = if result.accepted() {
            (DeliveryStatus::Delivered, None)
        } else if result.gone() {
            (DeliveryStatus::Cancelled, None)
        } else {
            match next_attempt(attempt - self.attempts_before, retry_after, now, random) {
                Some(at) => (DeliveryStatus::Pending, Some(at)),
                None => (DeliveryStatus::Dead, None),
            }
        };
        Self { status, attempt, next_attempt_at, last, ..self.next(now) }
    }

    /// Not attempted any more, because the endpoint is disabled.
    #[must_use]
    pub fn cancel(&self, now: Timestamp) -> Self {
        Self { status: DeliveryStatus::Cancelled, next_attempt_at: None, ..self.next(now) }
    }

    /// Attempted again from the beginning of the schedule, because somebody asked for it. What was delivered can be delivered again:
    /// the endpoint knows it by its id.
    ///
    /// # Errors
    /// [`WebhookError::Pending`] if an attempt is due anyway.
    pub fn again(&self, now: Timestamp) -> Result<Self, WebhookError> {
        if self.status == DeliveryStatus::Pending {
            return Err(WebhookError::Pending);
        }
        Ok(Self {
            status: DeliveryStatus::Pending,
            attempts_before: self.attempt,
            next_attempt_at: Some(now),
            ..self.next(now)
        })
    }
}
