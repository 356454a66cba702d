//! What travels on our queues. No message carries personal data or a secret: ids only, and the worker reads the rest.

use serde::{Deserialize, Serialize};

use crate::{crypto::index::BlindIndex, domain::mail::MailKind, store::event::EventRecord};

/// A message: what it is about, and by which key a second delivery is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message<B> {
    pub key: String,
    pub correlation_id: String,
    pub body: B,
}

/// Body of queue `notification`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// Something happened that its person is told by mail.
    Mail { mail: MailKind, event: Box<EventRecord> },
    /// Somebody asked for a mail to an address; whether anybody is there is found out here and not at the door.
    Asked { mail: MailKind, address: BlindIndex },
    /// A sign-in was refused. The owner of an unconfirmed address, whose password was right, gets another mail to confirm
    /// it. All others are sent too, and dropped, so that a refusal takes as long for everybody.
    SignInRefused { address: BlindIndex, unconfirmed: bool },
}

/// Body of queues that work on one event: `verification`, `screening`, `documents`, `provider-callbacks`, `lists`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Task {
    /// An event asks for it.
    Event { event: Box<EventRecord> },
    /// Look at this check or document again: a poll, a retry, a sweep's find.
    Again { subject: String, person: crate::domain::id::UserId },
}

/// Body of queue `lists`; its events read as a [`Task`]'s.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ListTask {
    /// Somebody asked for a list, or one was loaded.
    Event { event: Box<EventRecord> },
    /// The schedule asks for a look at this list's source.
    Refresh { list: String },
    /// Whatever is loaded is to be in force.
    Compile,
}
