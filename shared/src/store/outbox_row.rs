//! The outbox row of an event: `OUT#<shard>` · `<event id>`.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    event::EventRecord,
    item::{Item, Key, keyed, shard},
};
use crate::error::{Internal, Result};

const PREFIX: &str = "OUT#";

/// The partition of the rows of a shard.
pub(super) fn partition(shard: u8) -> String {
    format!("{PREFIX}{shard:02}")
}

pub(super) fn key(event_id: &str) -> Key {
    Key::new(partition(shard(event_id)), event_id)
}

pub(super) fn item(record: &EventRecord) -> Result<Item> {
    let key = key(&record.id.to_string());
    keyed(&key, &OutboxRow { pk: key.pk.clone(), body: ByteBuf::from(record.canonical()?) })
}

#[derive(Serialize, Deserialize)]
struct OutboxRow {
    pk: String,
    #[serde(default)]
    body: ByteBuf,
}

/// The event in an item of the table or its stream; `None` if the item is not an outbox row.
pub fn parse<I: Into<serde_dynamo::Item>>(item: I) -> Result<Option<EventRecord>> {
    let row: OutboxRow = serde_dynamo::from_item(item.into()).map_err(Internal::corrupt)?;
    if !row.pk.starts_with(PREFIX) {
        return Ok(None);
    }
    EventRecord::parse(&row.body).map(Some)
}
