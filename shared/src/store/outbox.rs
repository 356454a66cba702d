//! The outbox: a row per event, written with it and gone once the event has been handed to its queues.
//!
//! The stream of these rows wakes the dispatcher; the sweep over the shards is the guarantee. The row is deleted in the
//! same transaction that projects the event's counters, so an event counts once however often it is dispatched.

use std::collections::BTreeMap;

use super::{
    Position, Store, Table,
    commit::WriteExpression,
    event::EventRecord,
    item::{ItemQuery, Key, SHARDS, Sort, every_shard, number, shard},
    outbox_row::{self, key},
};
use crate::{
    domain::{event::Actor, time::Timestamp},
    error::{Error, RequestError, Result},
    run_command,
};

impl Store {
    /// One page of the rows of a shard, oldest first, with where it goes on. A row that does not read is one refusal among
    /// the others, so that it cannot hide those behind it.
    pub async fn outbox(
        &self,
        shard: u8,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<Result<EventRecord>>, Option<Position>)> {
        let partition = outbox_row::partition(shard % SHARDS);
        let (items, next) = self
            .query(ItemQuery {
                table: Table::Outbound,
                index: None,
                partition: ("pk", &partition),
                sort: Sort::Any,
                newest_first: false,
                limit,
                after,
            })
            .await?;
        Ok((items.into_iter().filter_map(|item| outbox_row::parse(item).transpose()).collect(), next))
    }

    /// Deletes the row of an event that was handed on and adds to its counters, both or neither. `false` if the row was
    /// gone already: somebody else handed it on and counted it.
    pub async fn close_outbox(&self, record: &EventRecord, counts: &[(String, u64)], now: Timestamp) -> Result<bool> {
        let id = record.id.to_string();
        let present = WriteExpression { condition: "attribute_exists(pk)", ..WriteExpression::default() };
        let command = self.command(&record.correlation_id, Actor::system("outbox"));
        let closed = run_command!(command, |attempt| {
            let gone = Some(RequestError::NotFound.into());
            let mut commit = attempt.commit(now).delete(Table::Outbound, &key(&id), &present, gone);
            for (counter, by) in counts {
                let add = WriteExpression {
                    update: "ADD #count :by",
                    // True of every counter: it begins with its first event.
                    condition: "attribute_not_exists(#count) OR #count >= :zero",
                    names: &["count"],
                    values: vec![(":by", number(by)), (":zero", number(0))],
                };
                commit = commit.update(Table::Outbound, &Key::new(counter_shard(shard(&id)), counter), &add, None);
            }
            Ok(commit.returning(true))
        });
        match closed {
            Err(Error::Request(RequestError::NotFound)) => Ok(false),
            closed => closed,
        }
    }

    /// All counters: each shard holds a part of every sum.
    pub async fn counters(&self) -> Result<BTreeMap<String, u64>> {
        let shards = every_shard(|shard| async move {
            let partition = counter_shard(shard);
            let mut all = Vec::new();
            let mut after = None;
            loop {
                let (items, next) = self
                    .query(ItemQuery {
                        table: Table::Outbound,
                        index: None,
                        partition: ("pk", &partition),
                        sort: Sort::Any,
                        newest_first: false,
                        limit: 500,
                        after: after.as_ref(),
                    })
                    .await?;
                all.extend(items);
                after = next;
                if after.is_none() {
                    return Ok(all);
                }
            }
        })
        .await?;
        let mut sums = BTreeMap::new();
        for item in shards.into_iter().flatten() {
            let count: u64 = item.get("count").and_then(|n| n.as_n().ok()).and_then(|n| n.parse().ok()).unwrap_or(0);
            *sums.entry(super::item::key_of(&item).sk).or_default() += count;
        }
        Ok(sums)
    }
}

/// Counters are spread by the event that moves them, and listed by shard, so that their names need no registry.
fn counter_shard(shard: u8) -> String {
    format!("T#{shard:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::RandomId;
    use crate::{
        domain::{
            event::{Actor, EventType, Subject},
            id::UserId,
        },
        store::{
            event::EventDraft,
            item::{Item, text},
            testing,
        },
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    async fn happen(store: &Store) -> EventRecord {
        let user = UserId::new(NOW);
        let draft = EventDraft::new(EventType::UserRegistered, Subject::new("user", user), 1).by(Actor::Anonymous);
        store.commit(NOW, "correlation").event(draft).run().await.unwrap();
        store.events_of_subject(&user.to_string(), 1, None).await.unwrap().0.remove(0)
    }

    async fn left(store: &Store) -> Vec<Result<EventRecord>> {
        let mut rows = Vec::new();
        for shard in 0..SHARDS {
            rows.extend(store.outbox(shard, 100, None).await.unwrap().0);
        }
        rows
    }

    #[tokio::test]
    async fn an_event_counts_once_however_often_it_is_handed_on() {
        let store = testing::store().await;
        let records = [happen(&store).await, happen(&store).await];
        assert_eq!(left(&store).await.len(), 2);
        let counts = [("auth_registration_total".to_owned(), 1)];
        for record in &records {
            assert!(store.close_outbox(record, &counts, NOW).await.unwrap());
            // The dispatcher and the sweep both had it.
            assert!(!store.close_outbox(record, &counts, NOW).await.unwrap());
        }
        assert_eq!(store.counters().await.unwrap(), BTreeMap::from([("auth_registration_total".to_owned(), 2)]));
        assert!(left(&store).await.is_empty());
    }

    #[tokio::test]
    async fn a_row_that_does_not_read_hides_none_behind_it() {
        let store = testing::store().await;
        let record = happen(&store).await;
        let id = record.id.to_string();
        let broken = Item::from([("body".to_owned(), text("no bytes"))]);
        // Before the good one, in its shard.
        let at = Key::new(key(&id).pk, "evt_0");
        let item = broken.into_iter().chain(at.to_item()).collect();
        let put = store.db().put_item().table_name(store.name(Table::Outbound)).set_item(Some(item));
        put.send().await.unwrap();
        let rows = left(&store).await;
        assert!(matches!(rows.as_slice(), [Err(_), Ok(good)] if good.id == record.id));
    }
}
