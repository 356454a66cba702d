//! `workers-run-due`: sends due messages to their queues, every minute.
//!
//! No row blocks another: a row that cannot be sent now moves to a later minute, and one that can never be sent is set
//! aside, which raises an alarm. Each run reads all minutes since the mark and moves the mark to the first one that it did not
//! finish.

use std::time::Duration;

use futures::StreamExt;
use verinym::{
    app::App,
    deadline::Deadline,
    domain::time::Timestamp,
    error::{Internal, Result},
    function::{Capability, Every, Needs},
    messaging::{Worker, queue::Unsent},
    store::Table,
    store::due::{DUE_SHARDS, DueRow, StoredDueRow},
    telemetry,
};

/// The minutes that one run reads. More are left only after an outage of hours.
const MINUTES: usize = 120;
const AT_ONCE: usize = 8;
/// A shard is started only if there is time left for a call with all its retries.
const FOR_A_SHARD: Duration = Duration::from_secs(12);
/// The metric of the alarm: rows that can never be sent.
const SET_ASIDE: &str = "due_rows_set_aside";

pub fn worker() -> Worker {
    Worker::of_schedule("workers-run-due", Every::Minute, run_due)
        .summary("Send due messages to their queues")
        .timeout(50)
        .needs(
            Needs::new()
                .get(Table::Outbound)
                .query(Table::Outbound)
                .rarely(
                    "a row is due",
                    Needs::new().with(Capability::WakeQueues).update(Table::Outbound).delete(Table::Outbound),
                )
                .rarely("a row cannot be sent", Needs::new().put(Table::Outbound)),
        )
}

/// Counts of the rows of a shard.
#[derive(Debug, Default, Clone, Copy)]
struct ShardCounts {
    sent: u32,
    put_off: u32,
    set_aside: u32,
    /// Whether due rows may be left.
    incomplete: bool,
}

async fn run_due(app: &'static App, now: Timestamp) -> Result<u32> {
    let store = app.store().await;
    let round = store.due_round(now, MINUTES).await?;
    let places: Vec<_> =
        round.minutes.iter().flat_map(|minute| (0..DUE_SHARDS).map(|shard| (*minute, shard))).collect();
    let shards: Vec<_> = futures::stream::iter(places)
        .map(|(minute, shard)| async move { (minute, send_shard(app, minute, shard, now).await) })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let first_incomplete = shards.iter().filter(|(_, counts)| counts.incomplete).map(|(minute, _)| *minute).min();
    let sum = |count: fn(&ShardCounts) -> u32| shards.iter().map(|(_, counts)| count(counts)).sum::<u32>();
    telemetry::gauge(SET_ASIDE, sum(|counts| counts.set_aside).into(), now);
    store.end_due_round(&round, first_incomplete).await?;
    let put_off = sum(|counts| counts.put_off);
    if put_off > 0 || first_incomplete.is_some() {
        return Err(Internal::unavailable(format!(
            "{put_off} due rows put off; minutes left: {}",
            first_incomplete.is_some()
        ))
        .into());
    }
    Ok(sum(|counts| counts.sent))
}

async fn send_shard(app: &'static App, minute: Timestamp, shard: u8, now: Timestamp) -> ShardCounts {
    let mut counts = ShardCounts::default();
    if Deadline::current().is_some_and(|deadline| deadline.remaining() < FOR_A_SHARD) {
        return ShardCounts { incomplete: true, ..counts };
    }
    let store = app.store().await;
    let mut after = None;
    loop {
        let (rows, next) = match store.due_rows(minute, shard, after.as_ref()).await {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(%minute, shard, %error, "due rows not read");
                return ShardCounts { incomplete: true, ..counts };
            }
        };
        for found in rows {
            let handled = match &found.row {
                Ok(row) if row.due_at > now => continue,
                Ok(row) => send_row(app, &found, row, now, &mut counts).await,
                Err(error) => set_aside(app, &found, &error.to_string(), now, &mut counts).await,
            };
            if let Err(error) = handled {
                tracing::error!(%minute, shard, %error, "due row not processed");
                counts.incomplete = true;
            }
        }
        after = next;
        if after.is_none() {
            return counts;
        }
    }
}

/// Sends a row and then deletes it. If the process dies in between, the message is sent twice, and the worker of its queue
/// recognises the key.
async fn send_row(
    app: &App,
    found: &StoredDueRow,
    row: &DueRow,
    now: Timestamp,
    counts: &mut ShardCounts,
) -> Result<()> {
    match app.offer(row.queue, row.message.clone(), Duration::ZERO).await {
        Ok(()) => {
            app.store().await.close_due(row).await?;
            counts.sent += 1;
        }
        Err(Unsent::Invalid(error)) => set_aside(app, found, &error.to_string(), now, counts).await?,
        Err(Unsent::NotNow(error)) => {
            tracing::warn!(failures = row.failures, %error, "due row put off");
            app.store().await.put_off_due(row, now).await?;
            counts.put_off += 1;
        }
    }
    Ok(())
}

async fn set_aside(
    app: &App,
    found: &StoredDueRow,
    reason: &str,
    now: Timestamp,
    counts: &mut ShardCounts,
) -> Result<()> {
    tracing::error!(reason, "due row set aside");
    app.store().await.set_due_aside(found, reason, now).await?;
    counts.set_aside += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::{Arc, Mutex},
    };

    use serde_json::{Value, json};
    use verinym::scripted::{AwsCall, AwsReply, ScriptedAws};

    use super::*;

    fn row(key: &str, due_at: &str) -> Value {
        json!({
            "sk": {"S": key}, "queue": {"S": "notification"}, "due_at": {"S": due_at},
            "message": {"S": format!("{{\"key\":\"{key}\"}}")},
        })
    }

    /// A table with the mark half an hour ago and these rows in every partition.
    fn table(
        now: Timestamp,
        rows: Vec<Value>,
        mut other: impl FnMut(&AwsCall) -> Option<AwsReply> + Send + 'static,
    ) -> ScriptedAws {
        let mark = (now - Duration::from_mins(30)).to_string();
        ScriptedAws::new(move |call| {
            other(call).unwrap_or_else(|| match call.operation.as_str() {
                "GetItem" => AwsReply::Ok(json!({"Item": {"through": {"S": mark}}})),
                "Query" => {
                    let partition = &call.body["ExpressionAttributeValues"][":p"];
                    let with = |row: &Value| {
                        let mut row = row.clone();
                        row["pk"] = partition.clone();
                        row
                    };
                    AwsReply::Ok(json!({"Items": rows.iter().map(with).collect::<Vec<_>>()}))
                }
                _ => AwsReply::Ok(json!({})),
            })
        })
    }

    async fn round(script: &ScriptedAws, now: Timestamp) -> Result<u32> {
        Deadline::after(Duration::from_secs(49)).run(run_due(script.app(), now)).await.expect("the run ends in time")
    }

    /// The new mark.
    fn mark(script: &ScriptedAws) -> Option<Timestamp> {
        let moved = script.calls_of("UpdateItem");
        let next = moved.first()?.body["ExpressionAttributeValues"][":next"]["S"].as_str()?.parse();
        Some(next.unwrap())
    }

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
    const PLACES: usize = 31 * DUE_SHARDS as usize;
    const MARK: Timestamp = Timestamp::from_unix_seconds(1_772_357_400 - 360);

    #[tokio::test(start_paused = true)]
    async fn bad_rows_are_set_aside_and_every_minute_is_read() {
        let bad = json!({"sk": {"S": "bad"}, "due_at": {"S": "soon"}});
        let rows = vec![bad, row("good", "2026-03-01T09:00:00.000Z")];
        let script = table(NOW, rows, |_| None);
        assert_eq!(round(&script, NOW).await.unwrap(), u32::try_from(PLACES).unwrap());
        let queries = script.calls_of("Query");
        let read: BTreeSet<_> =
            queries.iter().map(|call| call.body["ExpressionAttributeValues"][":p"]["S"].to_string()).collect();
        assert_eq!((queries.len(), read.len()), (PLACES, PLACES));
        let moved = script.calls_of("TransactWriteItems");
        assert_eq!(moved.len(), PLACES);
        let kept = &moved[0].body["TransactItems"][1]["Put"]["Item"];
        assert_eq!(kept["pk"]["S"], "DUE#set-aside");
        assert_eq!(mark(&script), Some(MARK));
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_the_queue_never_accepts_is_set_aside_and_one_it_does_not_accept_now_is_put_off() {
        for (code, aside) in [("InvalidMessageContents", true), ("AWS.SimpleQueueService.NonExistentQueue", false)] {
            let script = table(NOW, vec![row("one", "2026-03-01T09:00:00.000Z")], move |call| {
                (call.operation == "SendMessage").then(|| AwsReply::Error(code, json!({})))
            });
            let ended = round(&script, NOW).await;
            assert_eq!(ended.is_ok(), aside, "rows that were put off are a failure of the round: {ended:?}");
            let moved = script.calls_of("TransactWriteItems");
            assert_eq!(moved.len(), PLACES);
            let to = moved[0].body["TransactItems"][1]["Put"]["Item"]["pk"]["S"].as_str().unwrap();
            assert_eq!(to == "DUE#set-aside", aside, "{code}: {to}");
            // In both cases the rows were moved, so the mark advances.
            assert_eq!(mark(&script), Some(MARK));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_that_cannot_be_read_stops_the_mark_and_no_other_minute() {
        let unreadable = (NOW - Duration::from_mins(10)).minute();
        let seen = Arc::new(Mutex::new(0));
        let count = seen.clone();
        let script = table(NOW, vec![row("good", "2026-03-01T09:00:00.000Z")], move |call| {
            let partition = call.body["ExpressionAttributeValues"][":p"]["S"].as_str().unwrap_or_default();
            if call.operation == "Query" && partition == format!("DUE#{unreadable}#01") {
                *count.lock().unwrap() += 1;
                return Some(AwsReply::Error("AccessDeniedException", json!({})));
            }
            None
        });
        assert!(round(&script, NOW).await.is_err());
        assert_eq!(*seen.lock().unwrap(), 1);
        assert_eq!(script.calls_of("SendMessage").len(), PLACES - 1);
        assert_eq!(mark(&script), Some(NOW - Duration::from_mins(10)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_out_of_time_ends_before_its_function_and_leaves_the_mark_at_the_first_unfinished_minute() {
        let script = table(NOW, vec![], |call| (call.operation == "Query").then_some(AwsReply::Hang));
        assert!(round(&script, NOW).await.is_err());
        assert_eq!(mark(&script), None, "the first minute was not read");
    }
}
