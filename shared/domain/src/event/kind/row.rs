//! What a row of the table of event types says.

use super::super::{counter::Counter, data::PartShape};
use crate::{notification::Notification, queue::Queue, webhook::WebhookType};

/// Everything that depends on an event type.
#[derive(Debug)]
pub struct EventTypeRow {
    pub audience: Audience,
    /// The parts of the data; every event of the type has all of them.
    pub data: &'static [PartShape],
    /// The workers that the event starts.
    pub work: &'static [Queue],
    /// What the person concerned is notified of.
    pub notification: Option<Notification>,
    /// What endpoints of customers are told of it.
    pub webhook: Option<WebhookType>,
    pub counters: &'static [Counter],
    /// Whether it is about the security of accounts: sign-ins that failed, ways in, roles, and what staff did about them.
    pub security: bool,
}

/// The people who may see events of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Staff and the person concerned: in the history of a check, in webhooks and in realtime. Events that reveal whether a
    /// machine or a reviewer processes a check are never for the person.
    Person,
    Staff,
}

pub(super) const fn person() -> EventTypeRow {
    EventTypeRow {
        audience: Audience::Person,
        data: &[],
        work: &[],
        notification: None,
        webhook: None,
        counters: &[],
        security: false,
    }
}

pub(super) const fn staff() -> EventTypeRow {
    EventTypeRow { audience: Audience::Staff, ..person() }
}

impl EventTypeRow {
    pub(super) const fn security(self) -> Self {
        Self { security: true, ..self }
    }

    pub(super) const fn data(self, data: &'static [PartShape]) -> Self {
        Self { data, ..self }
    }

    pub(super) const fn work(self, work: &'static [Queue]) -> Self {
        Self { work, ..self }
    }

    pub(super) const fn notifies(self, notification: Notification) -> Self {
        Self { notification: Some(notification), ..self }
    }

    pub(super) const fn tells(self, webhook: WebhookType) -> Self {
        Self { webhook: Some(webhook), ..self }
    }

    pub(super) const fn counts(self, counters: &'static [Counter]) -> Self {
        Self { counters, ..self }
    }
}
