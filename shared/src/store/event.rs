//! The event log: append-only, one item per event, under the aggregate it changed and at the version it made.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Position, Store, Table,
    item::{Item, Key, Query, SHARDS, Sort, keyed, read},
    person_key::PersonKey,
};
use crate::{
    crypto::{self, field::Place},
    domain::{
        event::{Actor, Change, EventType, Subject},
        id::{EventId, SessionId, UserId},
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// An event before it has an id and a time.
#[derive(Debug)]
pub struct EventDraft {
    pub kind: EventType,
    /// The thing changed; its id is the aggregate's.
    pub subject: Subject,
    /// The version this change makes.
    pub version: u64,
    /// The user concerned, if it concerns one.
    pub person: Option<UserId>,
    pub actor: Actor,
    /// No personal data.
    pub data: serde_json::Map<String, serde_json::Value>,
    pub changes: Vec<Change>,
    pub session: Option<SessionId>,
    /// From where it was asked, and whose key that is encrypted with.
    pub origin: Option<(PersonKey, Origin)>,
}

impl EventDraft {
    pub fn new(kind: EventType, subject: Subject, version: u64, actor: Actor) -> Self {
        Self {
            kind,
            subject,
            version,
            person: None,
            actor,
            data: serde_json::Map::new(),
            changes: Vec::new(),
            session: None,
            origin: None,
        }
    }

    pub fn person(mut self, person: UserId) -> Self {
        self.person = Some(person);
        self
    }

    pub fn session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    pub fn data(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }

    pub fn changes(mut self, changes: Vec<Change>) -> Self {
        self.changes = changes;
        self
    }

    pub fn origin(mut self, key: &PersonKey, origin: Origin) -> Self {
        self.origin = Some((key.clone(), origin));
        self
    }
}

/// Where a call came from: personal, so encrypted with the key of whoever called.
#[derive(Clone, Serialize, Deserialize)]
pub struct Origin {
    pub ip: String,
    pub user_agent: String,
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// An event as it stands in the log. Its JSON with sorted keys is what is stored, hashed and sent on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventRecord {
    pub id: EventId,
    pub r#type: EventType,
    pub occurred_at: Timestamp,
    pub subject: Subject,
    pub version: u64,
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
    /// Owner of the key: a user, or `anonymous/<month>`.
    pub key: String,
    /// Base64 of the field ciphertext.
    pub sealed: String,
}

/// The item: the canonical bytes and what the indexes need.
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
    pub fn new(id: EventId, now: Timestamp, correlation_id: &str, draft: EventDraft) -> Self {
        let origin = draft.origin.map(|(key, origin)| {
            // Serialising two strings cannot fail; an empty origin would only lose the address.
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
            person: draft.person,
            actor: draft.actor,
            correlation_id: correlation_id.to_owned(),
            data: draft.data,
            changes: draft.changes,
            session: draft.session,
            origin,
        }
    }

    /// The aggregate and the version this event made.
    pub fn key(&self) -> Key {
        Key::new(self.subject.id.clone(), format!("{:012}", self.version))
    }

    /// JSON without insignificant space, keys sorted: the same event always has the same bytes.
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

    /// From where it was asked, for staff who may see that; `None` when its key has been destroyed.
    pub fn open_origin(&self, key: &PersonKey) -> Option<Origin> {
        let sealed = STANDARD.decode(&self.origin.as_ref()?.sealed).ok()?;
        let plain = key.open(&origin_place(&self.id.to_string()), &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

fn origin_place(event: &str) -> Place<'_> {
    Place { table: Table::Events.logical(), partition: event, sort: "", attribute: "origin" }
}

/// The shard of an id: by hash, so that no day or state is one hot partition.
pub fn shard(id: &str) -> u8 {
    crypto::wrap::shard_of(id) % SHARDS
}

fn day_shard(day: &str, shard: u8) -> String {
    format!("{day}#{shard:02}")
}

fn record(item: Item) -> Result<EventRecord> {
    let item: EventItem = read(item)?;
    EventRecord::parse(&item.body)
}

impl Store {
    /// Events of one aggregate, newest first.
    pub async fn events_of_subject(
        &self,
        subject: &str,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<EventRecord>, Option<Position>)> {
        self.events(None, ("pk", subject), Sort::Any, limit, after).await
    }

    /// Events that concern a person, newest first.
    pub async fn events_of_person(
        &self,
        person: &UserId,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<EventRecord>, Option<Position>)> {
        self.events(Some("person"), ("person", &person.to_string()), Sort::Any, limit, after).await
    }

    /// Events that a person caused, newest first.
    pub async fn events_of_actor(
        &self,
        actor: &str,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<EventRecord>, Option<Position>)> {
        self.events(Some("actor"), ("actor", actor), Sort::Any, limit, after).await
    }

    /// Events of one UTC day whose ids lie between two ids, newest first over all shards: each shard is asked for a
    /// page, and the newest of all make the page.
    pub async fn events_of_day(&self, day: &str, low: &str, high: &str, limit: u32) -> Result<Vec<EventRecord>> {
        let pages = (0..SHARDS).map(|shard| async move {
            let partition = day_shard(day, shard);
            let sort = Sort::Between("event_id", low, high);
            self.events(Some("day"), ("day_shard", &partition), sort, limit, None).await
        });
        let pages = futures::future::try_join_all(pages).await?;
        let mut all: Vec<_> = pages.into_iter().flat_map(|(records, _)| records).collect();
        all.sort_by_key(|record| std::cmp::Reverse(record.id));
        all.truncate(limit as usize);
        Ok(all)
    }

    async fn events(
        &self,
        index: Option<&str>,
        partition: (&str, &str),
        sort: Sort<'_>,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<EventRecord>, Option<Position>)> {
        let query = Query { table: Table::Events, index, partition, sort, newest_first: true, limit, after };
        let (items, next) = self.query(query).await?;
        Ok((items.into_iter().map(record).collect::<Result<_>>()?, next))
    }

    /// One event by aggregate and version.
    pub async fn event_at(&self, subject: &str, version: u64) -> Result<Option<EventRecord>> {
        let item = self.get(Table::Events, &Key::new(subject, format!("{version:012}"))).await?;
        item.map(record).transpose()
    }
}
