//! The outbox: a row per event, written with it and gone once the event has been handed to its queues.
//!
//! The stream of these rows wakes the dispatcher; the sweep over the shards is the guarantee. The row is deleted in the
//! same transaction that projects the event's counters, so an event counts once however often it is dispatched.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Store, Table,
    commit::{Change, CommitError},
    event::{EventRecord, shard},
    item::{Item, Key, Query, SHARDS, Sort, keyed, number, read},
};
use crate::{domain::time::Timestamp, error::Result};

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    body: ByteBuf,
}

fn key(event_id: &str) -> Key {
    Key::new(format!("OUT#{:02}", shard(event_id)), event_id)
}

/// The outbox row of an event.
pub(super) fn row(record: &EventRecord) -> Result<Item> {
    keyed(&key(&record.id.to_string()), &Row { body: ByteBuf::from(record.canonical()?) })
}

/// The event in a row, or nothing if the item is no outbox row.
pub fn parse(item: Item) -> Result<Option<EventRecord>> {
    if !super::item::key_of(&item).pk.starts_with("OUT#") {
        return Ok(None);
    }
    let row: Row = read(item)?;
    EventRecord::parse(&row.body).map(Some)
}

impl Store {
    /// Rows of one shard that are older than a moment: what the dispatcher should have handed on by then.
    pub async fn overdue_outbox(&self, shard: u8, before: Timestamp, limit: u32) -> Result<Vec<EventRecord>> {
        let partition = format!("OUT#{:02}", shard % SHARDS);
        let (items, _) = self
            .query(Query {
                table: Table::Outbound,
                index: None,
                partition: ("pk", &partition),
                sort: Sort::Any,
                newest_first: false,
                limit,
                after: None,
            })
            .await?;
        let mut overdue = Vec::new();
        for item in items {
            overdue.extend(parse(item)?.filter(|record| record.occurred_at <= before));
        }
        Ok(overdue)
    }

    /// Deletes the row of an event that was handed on and adds its counters, both or neither. `false` if the row was
    /// gone already: somebody else handed it on and counted it.
    pub async fn close_outbox(&self, record: &EventRecord, counters: &[String], now: Timestamp) -> Result<bool> {
        let id = record.id.to_string();
        let present = Change { condition: "attribute_exists(pk)", ..Change::default() };
        let gone = || crate::error::RequestError::NotFound.into();
        let mut tries = super::commit::Tries::new();
        loop {
            let mut commit = self.commit(now, &record.correlation_id).delete(
                Table::Outbound,
                &key(&id),
                &present,
                Some(gone()),
            );
            for counter in counters {
                let key = Key::new(format!("T#{counter}#{:02}", shard(&id)), "COUNT");
                let add = Change {
                    update: "ADD #count :one",
                    // True of every item: a counter begins with its first event.
                    condition: "attribute_not_exists(#count) OR #count >= :zero",
                    names: &["count"],
                    values: vec![(":one", number(1)), (":zero", number(0))],
                };
                commit = commit.update(Table::Outbound, &key, &add, None);
            }
            match commit.run().await {
                Ok(()) => return Ok(true),
                Err(CommitError::Refused(_)) => return Ok(false),
                Err(error) => tries.again(error).await?,
            }
        }
    }

    /// The sums of counters by name over their shards.
    pub async fn counters(&self, names: &[String]) -> Result<Vec<(String, u64)>> {
        let mut keys = Vec::new();
        for name in names {
            for shard in 0..SHARDS {
                keys.push((Table::Outbound, Key::new(format!("T#{name}#{shard:02}"), "COUNT")));
            }
        }
        let mut sums: std::collections::BTreeMap<String, u64> = names.iter().map(|name| (name.clone(), 0)).collect();
        // A batch read takes 100 keys.
        for chunk in keys.chunks(96) {
            for (key, item) in self.get_many(chunk).await? {
                let count = item.get("count").and_then(|value| value.as_n().ok()).and_then(|n| n.parse().ok());
                let name = key.pk.trim_start_matches("T#").rsplit_once('#').map_or("", |(name, _)| name);
                if let Some(sum) = sums.get_mut(name) {
                    *sum += count.unwrap_or(0);
                }
            }
        }
        Ok(sums.into_iter().collect())
    }
}
