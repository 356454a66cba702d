//! Bodies of queue messages. They hold ids, and neither personal data nor secrets: the worker reads what it needs.

use serde::{Deserialize, Serialize};

use crate::{
    crypto::index::BlindIndex,
    domain::{
        id::{DeliveryId, Id, Kind, UserId, WebhookId},
        mailed_token::TokenPurpose,
        notification::{Channel, Notification},
        webhook::Delivery,
    },
    error::{Internal, Result},
    store::event::EventRecord,
};

/// A queue message. Its key identifies it, so that a second delivery is recognised.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message<B> {
    pub key: String,
    pub correlation_id: String,
    pub body: B,
}

/// Body of queue `notification`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MailTask {
    /// Send the notification of an event.
    Notify {
        notification: Notification,
        #[serde(default = "mail")]
        channel: Channel,
        event: Box<EventRecord>,
    },
    /// Somebody asked for a mail with a token. The worker finds out whether an account has the address, so that the answer
    /// to the caller does not depend on it. `nonce` is a digest of what the token is useless without.
    RequestToken {
        purpose: TokenPurpose,
        address: BlindIndex,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nonce: Option<String>,
    },
    /// A sign-in was refused. If `unconfirmed`, the password was right and the address is not confirmed: its owner gets
    /// another mail to confirm it. Other refusals send the message too, which the worker drops, so that all refusals take
    /// the same time.
    SignInRefused { address: BlindIndex, unconfirmed: bool },
}

/// The only channel of messages that name none.
const fn mail() -> Channel {
    Channel::Mail
}

/// Body of queue `webhook-deliveries`: one attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveryTask {
    pub webhook: WebhookId,
    pub delivery: DeliveryId,
    /// The version of the delivery that the attempt is made of. Another attempt has another version.
    pub version: u64,
}

impl DeliveryTask {
    /// The message of the attempt that is due of a delivery.
    pub fn message(delivery: &Delivery, correlation_id: &str) -> Message<Self> {
        let task = Self { webhook: delivery.endpoint, delivery: delivery.id, version: delivery.version };
        let key = format!("{}#{}", delivery.id, delivery.version);
        Message { key, correlation_id: correlation_id.to_owned(), body: task }
    }
}

/// Body of the queues that work on one event: `verification`, `screening`, `documents`, `provider-callbacks`, `lists`, `webhooks`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventTask {
    /// Handle an event.
    Event { event: Box<EventRecord> },
    /// Process this check or document again: for a poll, a retry, or because a sweep found it.
    Again { subject: String, person: UserId },
}

impl EventTask {
    /// The check or document that the message is about, and the person it belongs to.
    pub fn subject<K: Kind>(&self) -> Result<(Id<K>, UserId)> {
        let (subject, person) = match self {
            Self::Event { event } => (&event.subject.id, event.person),
            Self::Again { subject, person } => (subject, Some(*person)),
        };
        let id = subject.parse().map_err(Internal::corrupt)?;
        Ok((id, person.ok_or_else(|| Internal::corrupt("the event of a task names no person"))?))
    }
}

/// Body of queue `lists`. Events have the same form as in [`EventTask`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ListTask {
    /// A list was requested or loaded.
    Event { event: Box<EventRecord> },
    /// Check the source of this list; sent by the schedule.
    Refresh { list: String },
    /// Compile the loaded lists and put them in force.
    Compile,
}
