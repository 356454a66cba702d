//! Due rows: messages that wait longer than a queue can delay them, by the minute they are due in.
//!
//! Once a minute every shard of the minutes since the mark is read; a row is sent to its queue and then deleted, so that
//! one sent twice after a crash is known by its key. The mark moves behind the present by more than any function can run,
//! since a row's minute is fixed before it is written; so a row can never come in behind it, and minutes in which nobody
//! ran are caught up with.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Position, Store, Table,
    commit::Commit,
    event::shard,
    item::{Key, Query, Sort, key_of, keyed, read, text},
};
use crate::{
    domain::time::Timestamp,
    error::{Internal, Result},
    messaging::{Message, queue::Queue},
};

/// Far fewer than events: each costs a read a minute, used or not.
pub const DUE_SHARDS: u8 = 4;

const MINUTE: Duration = Duration::from_mins(1);
/// The mark stays this far behind: longer than the longest function runs.
const LAG: Duration = Duration::from_mins(6);
/// Where a new installation begins.
const FIRST: Duration = Duration::from_hours(1);

/// A message and when it is to be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DueRow {
    pub queue: Queue,
    pub due_at: Timestamp,
    /// The message as it will stand in the queue.
    pub message: String,
    #[serde(skip)]
    key: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// Every row due before this has been sent.
    through: Timestamp,
}

fn partition(minute: Timestamp, shard: u8) -> String {
    format!("DUE#{}#{shard:02}", minute.minute())
}

fn mark_key() -> Key {
    Key::new("DUE#mark", "MARK")
}

impl DueRow {
    pub fn new<B: Serialize>(queue: Queue, due_at: Timestamp, message: &Message<B>) -> Result<Self> {
        let body = serde_json::to_string(message).map_err(Internal::bug)?;
        Ok(Self { queue, due_at, message: body, key: message.key.clone() })
    }

    fn at(&self) -> Key {
        Key::new(partition(self.due_at, shard(&self.key) % DUE_SHARDS), &self.key)
    }
}

impl Commit<'_> {
    /// Writes a due row with what this commit changes. One that is due already is due now: minutes gone by may have been
    /// read. The same key in the same minute is the same row.
    pub fn due(self, row: Result<DueRow>) -> Self {
        let now = self.now();
        let item = row.and_then(|row| {
            let row = DueRow { due_at: row.due_at.max(now), ..row };
            keyed(&row.at(), &row)
        });
        // Put again it says the same.
        self.put_if(Table::Outbound, item, "attribute_not_exists(pk) OR attribute_exists(due_at)", &[], None)
    }
}

/// The minutes to look at: from the mark to the present, both included, but no more than so many at a time.
fn minutes(through: Timestamp, now: Timestamp, most: usize) -> Vec<Timestamp> {
    let floor = |at: Timestamp| Timestamp::from_unix_seconds(at.unix_seconds().div_euclid(60) * 60);
    let mut all = Vec::new();
    let mut minute = floor(through);
    while minute <= now && all.len() < most {
        all.push(minute);
        minute = minute + MINUTE;
    }
    all
}

/// Where the mark may stand after these minutes were worked off.
fn next_mark(through: Timestamp, last: Timestamp, now: Timestamp) -> Timestamp {
    (last + MINUTE).min(now - LAG).max(through)
}

/// What a round has to look at.
#[derive(Debug)]
pub struct Round {
    pub minutes: Vec<Timestamp>,
    read: Option<Timestamp>,
    next: Timestamp,
}

impl Store {
    /// The minutes to be looked at now, `most` at a time.
    pub async fn due_round(&self, now: Timestamp, most: usize) -> Result<Round> {
        let read = self.get_as::<Mark>(Table::Outbound, &mark_key()).await?.map(|mark| mark.through);
        let through = read.unwrap_or(now - FIRST);
        let minutes = minutes(through, now, most);
        let next = next_mark(through, minutes.last().copied().unwrap_or(through), now);
        Ok(Round { minutes, read, next })
    }

    /// Moves the mark behind what was worked off, unless another round did so meanwhile.
    pub async fn end_due_round(&self, round: &Round) -> Result<()> {
        if round.read == Some(round.next) {
            return Ok(());
        }
        let mut update = self
            .db()
            .update_item()
            .table_name(self.name(Table::Outbound))
            .set_key(Some(mark_key().to_item()))
            .update_expression("SET through = :next")
            .expression_attribute_values(":next", text(round.next.to_string()));
        update = match round.read {
            None => update.condition_expression("attribute_not_exists(pk)"),
            Some(read) => update
                .condition_expression("through = :read")
                .expression_attribute_values(":read", text(read.to_string())),
        };
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(Internal::aws("move mark", &error).into()),
        }
    }

    /// One page of the rows of a minute's shard.
    pub async fn due_rows(
        &self,
        minute: Timestamp,
        shard: u8,
        after: Option<&Position>,
    ) -> Result<(Vec<Result<DueRow>>, Option<Position>)> {
        let partition = partition(minute, shard);
        let (items, next) = self
            .query(Query {
                table: Table::Outbound,
                index: None,
                partition: ("pk", &partition),
                sort: Sort::Any,
                newest_first: false,
                limit: 100,
                after,
            })
            .await?;
        let rows = items.into_iter().map(|item| {
            let key = key_of(&item).sk;
            read::<DueRow>(item).map(|row| DueRow { key, ..row })
        });
        Ok((rows.collect(), next))
    }

    /// Deletes a row that was sent; one that was put off meanwhile stands elsewhere.
    pub async fn close_due(&self, row: &DueRow) -> Result<()> {
        let deleted = self
            .db()
            .delete_item()
            .table_name(self.name(Table::Outbound))
            .set_key(Some(row.at().to_item()))
            .condition_expression("attribute_not_exists(pk) OR due_at = :due")
            .expression_attribute_values(":due", text(row.due_at.to_string()))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(Internal::aws("delete due row", &error).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn missed_minutes_are_caught_up_with_a_bounded_number_at_a_time() {
        let (mark, now) = (at("2026-03-01T09:00:00.000Z"), at("2026-03-01T09:30:20.000Z"));
        let all = minutes(mark, now, 1000);
        assert_eq!(all.len(), 31);
        assert_eq!(all[0], mark);
        assert_eq!(all[30], at("2026-03-01T09:30:00.000Z"));
        assert_eq!(next_mark(mark, all[30], now), now - LAG);

        let some = minutes(mark, now, 10);
        assert_eq!(some.len(), 10);
        assert_eq!(next_mark(mark, some[9], now), at("2026-03-01T09:10:00.000Z"));
    }

    #[test]
    fn the_mark_never_goes_back_nor_comes_near_the_present() {
        let now = at("2026-03-01T09:30:20.000Z");
        let mark = now - Duration::from_secs(30);
        assert_eq!(next_mark(mark, now, now), mark);
        assert!(next_mark(now - Duration::from_hours(1), now, now) <= now - LAG);
    }

    #[test]
    fn a_row_stands_in_the_minute_it_is_due_in() {
        let message = Message { key: "evt_1".to_owned(), correlation_id: "c".into(), body: () };
        let row = DueRow::new(Queue::Verification, at("2026-03-01T09:30:59.999Z"), &message).unwrap();
        assert!(row.at().pk.starts_with("DUE#2026-03-01T09:30#0"));
        assert_eq!(row.at().sk, "evt_1");
    }

    /// The rows of all minutes of a round, closed as the worker does.
    async fn work_off(store: &Store, now: Timestamp) -> Vec<String> {
        let round = store.due_round(now, 1000).await.unwrap();
        let mut keys = Vec::new();
        for minute in &round.minutes {
            for shard in 0..DUE_SHARDS {
                for row in store.due_rows(*minute, shard, None).await.unwrap().0 {
                    let row = row.unwrap();
                    if row.due_at <= now {
                        store.close_due(&row).await.unwrap();
                        keys.push(row.key);
                    }
                }
            }
        }
        store.end_due_round(&round).await.unwrap();
        keys
    }

    fn row(key: &str, due_at: Timestamp) -> Result<DueRow> {
        DueRow::new(
            Queue::Verification,
            due_at,
            &Message { key: key.to_owned(), correlation_id: "correlation".into(), body: () },
        )
    }

    #[tokio::test]
    async fn a_row_is_found_when_its_time_has_come_and_once() {
        let store = crate::store::testing::store().await;
        let now = at("2026-03-01T09:30:20.000Z");
        let due = now + Duration::from_mins(30);
        for key in ["one", "two"] {
            store.commit(now, "correlation").due(row(key, due)).run().await.unwrap();
        }
        // A worker that died after its commit writes the same row again.
        store.commit(now, "correlation").due(row("one", due)).run().await.unwrap();
        store.commit(now, "correlation").due(row("past", now - Duration::from_hours(2))).run().await.unwrap();

        assert_eq!(work_off(&store, now).await, ["past"]);
        assert!(work_off(&store, due - Duration::from_secs(1)).await.is_empty(), "not before its time, minute or not");
        let mut found = work_off(&store, due).await;
        found.sort();
        assert_eq!(found, ["one", "two"]);
        assert!(work_off(&store, due + MINUTE).await.is_empty());
    }

    #[tokio::test]
    async fn rows_of_minutes_in_which_nobody_ran_are_found() {
        let store = crate::store::testing::store().await;
        let now = at("2026-03-01T09:30:20.000Z");
        work_off(&store, now).await;
        store.commit(now, "correlation").due(row("one", now + Duration::from_mins(20))).run().await.unwrap();
        assert_eq!(work_off(&store, now + Duration::from_hours(7)).await, ["one"]);
    }

    #[tokio::test]
    async fn a_round_that_died_before_its_end_is_done_again() {
        let store = crate::store::testing::store().await;
        let now = at("2026-03-01T09:30:20.000Z");
        let due = now + Duration::from_mins(20);
        store.commit(now, "correlation").due(row("one", due)).run().await.unwrap();
        // Sent, but neither deleted nor marked.
        let died = store.due_round(due, 1000).await.unwrap();
        assert_eq!(work_off(&store, due + MINUTE).await, ["one"]);
        // Its mark, come late, does not move what has moved on.
        store.end_due_round(&died).await.unwrap();
        let after = store.due_round(due + MINUTE, 1000).await.unwrap();
        assert_eq!(after.read, Some(due + MINUTE - LAG));
    }
}
