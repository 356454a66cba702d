//! Reading the event log: by aggregate, person, actor and time, newest first.

use super::{
    super::{
        Position, Store, Table,
        item::{ItemQuery, Key, SHARDS, Sort, every_shard},
    },
    EventRecord, day_shard, record,
};
use crate::{
    domain::{
        id::{EventId, UserId},
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// A query of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Log {
    /// Events of this aggregate, by its id.
    Subject(String),
    /// Events that concern this user.
    Person(UserId),
    /// Events that this user or client caused.
    Actor(String),
    /// Events in `[from, to)`.
    Time { from: Timestamp, to: Timestamp },
}

impl Log {
    /// The position after an event, from which the next page continues.
    pub fn position_after(&self, record: &EventRecord) -> Position {
        let id = record.id.to_string();
        let key = record.key();
        let mut at = std::collections::BTreeMap::from([("pk".to_owned(), key.pk), ("sk".to_owned(), key.sk)]);
        let indexed = match self {
            Self::Subject(_) => return Position(at),
            Self::Time { .. } => return before_position(&id),
            Self::Person(person) => ("person".to_owned(), person.to_string()),
            Self::Actor(actor) => ("actor".to_owned(), actor.clone()),
        };
        at.extend([indexed, ("event_id".to_owned(), id)]);
        Position(at)
    }
}

fn before_position(id: &str) -> Position {
    Position([("before".to_owned(), id.to_owned())].into())
}

/// The smallest id of a time.
fn first_id(at: Timestamp) -> String {
    EventId::from_parts(at, [0; 10]).to_string()
}

fn time_of(id: &EventId) -> Timestamp {
    // A UUIDv7 begins with 48 bits of milliseconds (RFC 9562 §5.7).
    let millis = id.uuid().as_u128() >> 80;
    Timestamp::from_unix_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// The starts of the UTC days of a range, the last day first.
fn days_back(from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
    const DAY: i64 = 24 * 60 * 60;
    let (first, last) = (from.unix_seconds().div_euclid(DAY), to.unix_seconds().div_euclid(DAY));
    (first..=last).rev().map(|day| Timestamp::from_unix_seconds(day * DAY))
}

/// Merges the pages of all shards: the newest events with ids below `before`, and whether there are older ones.
fn newest(pages: impl Iterator<Item = (Vec<EventRecord>, bool)>, before: &str, limit: u32) -> (Vec<EventRecord>, bool) {
    let mut all = Vec::new();
    // Events older than the last one of an unfinished shard may be missing.
    let mut floor = None;
    for (records, more) in pages {
        if more {
            floor = floor.max(records.last().map(|record| record.id));
        }
        all.extend(records.into_iter().filter(|record| record.id.to_string().as_str() < before));
    }
    all.sort_by_key(|record| std::cmp::Reverse(record.id));
    let whole = all.len();
    all.retain(|record| floor.is_none_or(|floor| record.id >= floor));
    all.truncate(limit as usize);
    let more = floor.is_some() || all.len() < whole;
    (all, more)
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

    /// One page of the log, newest first.
    pub async fn log(
        &self,
        log: &Log,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<EventRecord>, Option<Position>)> {
        match log {
            Log::Subject(subject) => self.events_of_subject(subject, limit, after).await,
            Log::Person(person) => {
                self.events(Some("person"), ("person", &person.to_string()), Sort::Any, limit, after).await
            }
            Log::Actor(actor) => self.events(Some("actor"), ("actor", actor), Sort::Any, limit, after).await,
            Log::Time { from, to } => self.events_of_time(*from, *to, limit, after).await,
        }
    }

    /// Reads day by day, backwards, until a day has events or the range ends.
    async fn events_of_time(
        &self,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<EventRecord>, Option<Position>)> {
        let low = first_id(from);
        let before = after.and_then(|position| position.0.get("before")).cloned();
        // Ids start with their time, so the end of a day's range is the start of the next one's.
        let mut before = before.unwrap_or_else(|| first_id(to));
        let start = match before.parse::<EventId>() {
            Ok(id) => time_of(&id),
            Err(_) => return Err(Internal::bug("a position that is no event's id").into()),
        };
        for day in days_back(from, start) {
            let (records, more) = self.events_of_day(&day.day(), &low, &before, limit).await?;
            if more {
                let next = records.last().map(|last| before_position(&last.id.to_string()));
                return Ok((records, next));
            }
            before = first_id(day);
            if !records.is_empty() {
                // The day is complete; the next page starts with the day before.
                let next = (day > from).then(|| before_position(&before));
                return Ok((records, next));
            }
        }
        Ok((Vec::new(), None))
    }

    /// Events of one UTC day with ids in `[low, before)`, newest first over all shards, and whether there are older ones. Each
    /// shard contributes its share and a few more. Events older than the last one of an unfinished shard are left for the next
    /// page, so that none is skipped.
    async fn events_of_day(&self, day: &str, low: &str, before: &str, limit: u32) -> Result<(Vec<EventRecord>, bool)> {
        // The share of a shard, with a margin for uneven shards. One more, since the range includes the bound itself.
        let share = limit.div_ceil(u32::from(SHARDS)) + 4;
        let pages = every_shard(|shard| async move {
            let partition = day_shard(day, shard);
            let sort = Sort::Between("event_id", low, before);
            self.events(Some("day"), ("day_shard", &partition), sort, share + 1, None).await
        })
        .await?;
        Ok(newest(pages.into_iter().map(|(records, next)| (records, next.is_some())), before, limit))
    }

    async fn events(
        &self,
        index: Option<&str>,
        partition: (&str, &str),
        sort: Sort<'_>,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<EventRecord>, Option<Position>)> {
        let query = ItemQuery { table: Table::Events, index, partition, sort, newest_first: true, limit, after };
        let (items, next) = self.query(query).await?;
        Ok((items.into_iter().map(record).collect::<Result<_>>()?, next))
    }

    /// One event by aggregate and version.
    pub async fn event_at(&self, subject: &str, version: u64) -> Result<Option<EventRecord>> {
        let item = self.get(Table::Events, &Key::new(subject, format!("{version:012}"))).await?;
        item.map(record).transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        crypto::random::RandomId,
        deadline::Deadline,
        domain::event::{Actor, EventType, ProfileEffect, Subject},
        scripted::{AwsReply, ScriptedAws},
        store::event::EventDraft,
    };
    use serde_json::json;

    fn at(millis: i64) -> EventRecord {
        let now = Timestamp::from_unix_millis(millis);
        let draft = EventDraft::new(EventType::UserUpdated, Subject::new("user", "u"), 1);
        EventRecord::new(EventId::from_parts(now, [7; 10]), now, "correlation", draft, &Actor::Anonymous.into())
    }

    fn times(records: &[EventRecord]) -> Vec<u64> {
        records.iter().map(|record| record.occurred_at.unix_millis()).collect()
    }

    #[test]
    fn shards_are_merged_newest_first_and_none_is_skipped() {
        let page = |times: &[i64], more| (times.iter().map(|time| at(*time)).collect::<Vec<_>>(), more);
        let end = first_id(Timestamp::from_unix_millis(100));

        let (all, more) = newest([page(&[9, 5, 1], false), page(&[8, 2], false)].into_iter(), &end, 10);
        assert_eq!((times(&all), more), (vec![9, 8, 5, 2, 1], false));

        // The second shard may also have 4 and 3, so nothing below its 7 is shown yet.
        let (all, more) = newest([page(&[9, 5, 1], false), page(&[8, 7], true)].into_iter(), &end, 10);
        assert_eq!((times(&all), more), (vec![9, 8, 7], true));

        let (all, more) = newest([page(&[9, 5], false), page(&[8, 7], false)].into_iter(), &end, 3);
        assert_eq!((times(&all), more), (vec![9, 8, 7], true));
    }

    #[test]
    fn a_page_continues_below_the_end_of_the_last_one() {
        let last = at(7).id.to_string();
        let pages = [(vec![at(7), at(5)], false), (vec![at(6)], false)];
        let (all, more) = newest(pages.into_iter(), &last, 10);
        assert_eq!((times(&all), more), (vec![6, 5], false));
    }

    #[test]
    fn ids_have_a_time_and_ranges_have_days() {
        let time: Timestamp = "2026-03-01T09:30:00.123Z".parse().unwrap();
        assert_eq!(time_of(&EventId::new(time)), time);
        let days: Vec<_> = days_back("2026-02-27T23:59:59.999Z".parse().unwrap(), time).map(Timestamp::day).collect();
        assert_eq!(days, ["2026-03-01", "2026-02-28", "2026-02-27"]);
    }

    #[test]
    fn a_position_names_the_keys_of_its_index() {
        let record = at(7);
        let names = |log: &Log| log.position_after(&record).0.into_keys().collect::<Vec<_>>();
        assert_eq!(names(&Log::Subject("u".into())), ["pk", "sk"]);
        let person = Log::Person(UserId::new(Timestamp::from_unix_millis(1)));
        assert_eq!(names(&person), ["event_id", "person", "pk", "sk"]);
        assert_eq!(names(&Log::Actor("cli_1".into())), ["actor", "event_id", "pk", "sk"]);
    }

    #[tokio::test]
    async fn pages_of_a_range_of_days_are_complete_and_in_order() {
        let store = crate::store::testing::store().await;
        let from: Timestamp = "2026-02-27T12:00:00.000Z".parse().unwrap();
        let to: Timestamp = "2026-03-02T12:00:00.000Z".parse().unwrap();
        // Two full days, an empty one between them, and events just outside of the range.
        let day = Duration::from_hours(24);
        let mut inside: Vec<Timestamp> = (0..60).map(|n| from + Duration::from_mins(n)).collect();
        inside.extend((0..60).map(|n| from + day * 2 + Duration::from_mins(n)));
        inside.push(to - Duration::from_millis(1));
        let outside = [from - Duration::from_millis(1), to];
        for (n, at) in inside.iter().chain(&outside).enumerate() {
            let draft = EventDraft::new(EventType::UserUpdated, Subject::new("user", n), 1).by(Actor::Anonymous);
            let draft = draft.data(&ProfileEffect { kyc_status: None });
            store.commit(*at, "correlation").event(draft).run().await.unwrap();
        }
        for limit in [1, 7, 25, 200] {
            let log = Log::Time { from, to };
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let (page, next) = store.log(&log, limit, after.as_ref()).await.unwrap();
                assert!(page.len() <= limit as usize);
                found.extend(page.iter().map(|record| record.occurred_at));
                after = next;
                if after.is_none() {
                    break;
                }
            }
            found.reverse();
            assert_eq!(found, inside, "by {limit}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn slow_reads_of_a_day_are_few_at_a_time_and_end_with_the_deadline_of_the_request() {
        let slow =
            |seconds| ScriptedAws::new(move |_| AwsReply::After(Duration::from_secs(seconds), json!({"Items": []})));
        let to: Timestamp = "2026-03-02T00:00:00.000Z".parse().unwrap();
        let log = Log::Time { from: "2026-03-01T12:00:00.000Z".parse().unwrap(), to };
        let read = async |script: &ScriptedAws| {
            let store = script.store().await;
            Deadline::after(Duration::from_secs(28)).run(store.log(&log, 25, None)).await
        };
        let script = slow(3);
        let (found, next) = read(&script).await.expect("an answer before the deadline").unwrap();
        assert!(found.is_empty() && next.is_none());
        let mut at_once = std::collections::BTreeMap::new();
        for call in script.calls_of("Query") {
            *at_once.entry(call.at).or_insert(0) += 1;
        }
        assert_eq!(at_once.values().sum::<usize>(), 2 * usize::from(SHARDS), "each shard of two days is read once");
        assert!(at_once.values().all(|reads| *reads <= 4), "{at_once:?}");
        assert!(read(&slow(60)).await.is_none(), "the deadline ends it");
    }
}
