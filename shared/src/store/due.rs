//! Due rows: messages that wait longer than a queue can delay them, by the minute they are due in.
//!
//! Once a minute every shard of the minutes since the mark is read; a row is sent to its queue and then deleted, so that
//! one sent twice after a crash is known by its key. A row that cannot be sent now moves to a later minute; one that can
//! never be sent is set aside in a partition of its own. So no row stops those behind it. The mark moves behind the present by more than any function can run,
//! since a row's minute is fixed before it is written; so a row can never come in behind it, and minutes in which nobody
//! ran are caught up with.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Position, Store, Table,
    commit::{Change, Commit},
    item::{Item, Key, Query, Sort, key_of, keyed, read, shard, text},
};
use crate::{
    domain::{event::Actor, time::Timestamp},
    error::{Error, Internal, RequestError, Result},
    messaging::{Message, queue::Queue},
    run_command,
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
    /// How often it could not be sent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    #[serde(skip)]
    key: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
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
        Ok(Self::of_text(queue, due_at, message.key.clone(), body))
    }

    /// The same for a message that was serialised before; `key` is its key.
    pub fn of_text(queue: Queue, due_at: Timestamp, key: String, message: String) -> Self {
        Self { queue, due_at, message, failures: 0, key }
    }

    /// The row after it could not be sent: due again after a wait that doubles, from one minute to a quarter of an hour.
    fn put_off(&self, now: Timestamp) -> Self {
        let minutes = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX).min(15);
        Self { due_at: now + Duration::from_mins(minutes), failures: self.failures + 1, ..self.clone() }
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

/// Rows that can never be sent, for somebody to look at.
const SET_ASIDE: &str = "DUE#set-aside";

/// A row as it was found.
#[derive(Debug)]
pub struct Found {
    at: Key,
    item: Item,
    pub row: Result<DueRow>,
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

    /// Moves the mark behind what was worked off, unless another round did so meanwhile. `left` is the earliest minute that
    /// was not: the mark stays before it.
    pub async fn end_due_round(&self, round: &Round, left: Option<Timestamp>) -> Result<()> {
        let next = left.map_or(round.next, |left| left.min(round.next));
        if round.read.is_some_and(|read| read >= next) {
            return Ok(());
        }
        let mut update = self
            .db()
            .update_item()
            .table_name(self.name(Table::Outbound))
            .set_key(Some(mark_key().to_item()))
            .update_expression("SET through = :next")
            .expression_attribute_values(":next", text(next.to_string()));
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
    ) -> Result<(Vec<Found>, Option<Position>)> {
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
            let at = key_of(&item);
            let row = read::<DueRow>(item.clone()).map(|row| DueRow { key: at.sk.clone(), ..row });
            Found { at, item, row }
        });
        Ok((rows.collect(), next))
    }

    /// Moves a row that could not be sent to a later minute, unless it was closed meanwhile.
    pub async fn put_off_due(&self, row: &DueRow, now: Timestamp) -> Result<()> {
        let later = row.put_off(now);
        let unchanged = Change {
            condition: "due_at = :due",
            values: vec![(":due", text(row.due_at.to_string()))],
            ..Change::default()
        };
        self.move_due(now, |commit| {
            commit
                .delete(Table::Outbound, &row.at(), &unchanged, Some(RequestError::NotFound.into()))
                .due(Ok(later.clone()))
        })
        .await
    }

    /// Moves a row that can never be sent out of the way, as it is, with the reason.
    pub async fn set_due_aside(&self, found: &Found, reason: &str, now: Timestamp) -> Result<()> {
        let mut item = found.item.clone();
        item.extend(Key::new(SET_ASIDE, format!("{}#{}", found.at.pk, found.at.sk)).to_item());
        item.insert("reason".to_owned(), text(reason));
        item.insert("set_aside_at".to_owned(), text(now.to_string()));
        let present = Change { condition: "attribute_exists(pk)", ..Change::default() };
        self.move_due(now, |commit| {
            // A row of this name that was set aside before was the same one.
            commit.delete(Table::Outbound, &found.at, &present, Some(RequestError::NotFound.into())).put_if(
                Table::Outbound,
                Ok(item.clone()),
                "attribute_not_exists(pk) OR attribute_exists(reason)",
                &[],
                None,
            )
        })
        .await
    }

    async fn move_due<'a>(&'a self, now: Timestamp, write: impl Fn(Commit<'a>) -> Commit<'a>) -> Result<()> {
        let command = self.command("due", Actor::system("due"));
        match run_command!(command, |attempt| { Ok(write(attempt.commit(now)).returning(())) }) {
            // Another round closed it.
            Err(Error::Request(RequestError::NotFound)) => Ok(()),
            moved => moved,
        }
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
mod tests;
