//! The event log: append-only, one item per event. The key is the aggregate that changed and its new version.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_bytes::ByteBuf;

mod log;
mod view;

pub use log::Log;

use super::{
    Table,
    author::{Author, CallOrigin},
    item::{Item, Key, keyed, read, shard},
    person_key::PersonKey,
};
use crate::{
    crypto::field::Place,
    domain::{
        check::ReasonCode,
        event::{Actor, Change, DataPart, EventData, EventType, Subject},
        id::{EventId, SessionId, UserId},
        time::Timestamp,
        webhook::{self, EventFacts, WebhookPayload},
    },
    error::{Internal, Result},
};

/// An event before it has an id and a time.
#[derive(Debug)]
pub struct EventDraft {
    pub kind: EventType,
    /// The aggregate that changed.
    pub subject: Subject,
    /// The version of the aggregate after the change.
    pub version: u64,
    /// The version of what its person sees of the aggregate, if that is counted apart.
    pub shown_version: Option<u64>,
    /// The user whom the event concerns, if there is one.
    pub person: Option<UserId>,
    /// The actor, if it is not the author of the commit. The event then has neither session nor origin of the author.
    pub actor: Option<Actor>,
    pub data: EventData,
    pub changes: Vec<Change>,
    /// Replaces the author's session.
    pub session: Option<SessionId>,
}

impl EventDraft {
    pub fn new(kind: EventType, subject: Subject, version: u64) -> Self {
        Self {
            kind,
            subject,
            version,
            shown_version: None,
            person: None,
            actor: None,
            data: EventData::default(),
            changes: Vec::new(),
            session: None,
        }
    }

    pub fn person(mut self, person: UserId) -> Self {
        self.person = Some(person);
        self
    }

    /// States the version of what the person sees of the aggregate after the change.
    pub fn shown_as(mut self, version: u64) -> Self {
        self.shown_version = Some(version);
        self
    }

    /// Sets an actor other than the author of the commit.
    pub fn by(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    pub fn session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// Adds a part of the data. The parts are given in the order of the table of event types.
    pub fn data(mut self, part: &impl DataPart) -> Self {
        self.data = self.data.with(part);
        self
    }

    pub fn changes(mut self, changes: Vec<Change>) -> Self {
        self.changes = changes;
        self
    }

    /// The author of this event: an actor of its own has neither session nor origin of the commit's author.
    fn author(&self, author: &Author) -> Author {
        let author = match &self.actor {
            Some(actor) => Author::from(actor.clone()),
            None => author.clone(),
        };
        Author { session: self.session.or(author.session), ..author }
    }
}

/// An event of the log. Its JSON with sorted keys is stored, hashed and sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventRecord {
    pub id: EventId,
    pub r#type: EventType,
    pub occurred_at: Timestamp,
    pub subject: Subject,
    pub version: u64,
    /// The version of what its person sees of the aggregate, if that is counted apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_version: Option<u64>,
    pub person: Option<UserId>,
    pub actor: Actor,
    pub correlation_id: String,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub data: serde_json::Map<String, serde_json::Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<SealedOrigin>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SealedOrigin {
    /// The owner of the key: a user's id.
    pub key: String,
    /// Base64 of the field ciphertext.
    pub sealed: String,
}

/// The stored item: the canonical bytes and the keys of the indexes.
#[derive(Debug, Serialize, Deserialize)]
struct EventItem {
    event_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    day_shard: String,
    body: ByteBuf,
}

impl EventRecord {
    pub fn new(id: EventId, now: Timestamp, correlation_id: &str, draft: EventDraft, author: &Author) -> Self {
        let author = draft.author(author);
        let origin = author.origin.map(|(key, origin)| {
            // Serialising two strings cannot fail.
            let plain = serde_json::to_vec(&origin).unwrap_or_default();
            let sealed = key.seal(&origin_place(&id.to_string()), &plain);
            SealedOrigin { key: key.owner.clone(), sealed: STANDARD.encode(sealed) }
        });
        Self {
            id,
            r#type: draft.kind,
            occurred_at: now,
            subject: draft.subject,
            version: draft.version,
            shown_version: draft.shown_version,
            person: draft.person,
            actor: author.actor,
            correlation_id: correlation_id.to_owned(),
            data: draft.data.into_fields(),
            changes: draft.changes,
            session: author.session,
            origin,
        }
    }

    /// The aggregate and its version after the event.
    pub fn key(&self) -> Key {
        Key::new(self.subject.id.clone(), format!("{:012}", self.version))
    }

    /// JSON without insignificant space and with sorted keys, so that an event always has the same bytes.
    pub fn canonical(&self) -> Result<Vec<u8>> {
        // A `Value` keeps its keys in a sorted map.
        let value = serde_json::to_value(self).map_err(Internal::bug)?;
        serde_json::to_vec(&value).map_err(|error| Internal::bug(error).into())
    }

    pub fn item(&self) -> Result<Item> {
        keyed(
            &self.key(),
            &EventItem {
                event_id: self.id.to_string(),
                person: self.person.map(|person| person.to_string()),
                actor: self.actor.key(),
                day_shard: day_shard(&self.occurred_at.day(), shard(&self.id.to_string())),
                body: ByteBuf::from(self.canonical()?),
            },
        )
    }

    pub fn parse(body: &[u8]) -> Result<Self> {
        serde_json::from_slice(body).map_err(|error| Internal::corrupt(error).into())
    }

    /// A part of the data; `None` if a field is missing.
    pub fn part<P: DataPart + DeserializeOwned>(&self) -> Option<P> {
        serde_json::from_value(serde_json::Value::Object(self.data.clone())).ok()
    }

    /// The reasons of a check's event, including internal ones. Unknown codes, which another version may have written, are left
    /// out.
    pub fn reason_codes(&self) -> Vec<ReasonCode> {
        let words = self.data.get("reasons").and_then(serde_json::Value::as_array).into_iter().flatten();
        words.filter_map(|word| word.as_str()?.parse().ok()).collect()
    }

    /// What endpoints are told of it; `None` if they are not told.
    pub fn told(&self) -> Result<Option<WebhookPayload>> {
        let Some(kind) = self.r#type.row().webhook else { return Ok(None) };
        let facts = EventFacts {
            id: self.id,
            occurred_at: self.occurred_at,
            subject: &self.subject.id,
            person: self.person,
            version: self.shown_version.unwrap_or(self.version),
            data: &self.data,
        };
        Ok(Some(webhook::payload(kind, &facts).map_err(Internal::corrupt)?))
    }

    /// The origin, for staff who may see it; `None` if its key was destroyed.
    pub fn open_origin(&self, key: &PersonKey) -> Option<CallOrigin> {
        let sealed = STANDARD.decode(&self.origin.as_ref()?.sealed).ok()?;
        let plain = key.open(&origin_place(&self.id.to_string()), &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

fn origin_place(event: &str) -> Place<'_> {
    Place { table: Table::Events.logical(), partition: event, sort: "", attribute: "origin" }
}

fn record(item: Item) -> Result<EventRecord> {
    let item: EventItem = read(item)?;
    EventRecord::parse(&item.body)
}

fn day_shard(day: &str, shard: u8) -> String {
    format!("{day}#{shard:02}")
}
