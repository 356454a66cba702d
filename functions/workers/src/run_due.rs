//! `workers-run-due`: sends the messages whose time has come to their queues; every minute.
//!
//! No row stops another: a row that cannot be sent now moves to a later minute, and one that can never be sent is set
//! aside, which an alarm tells. All minutes are read, and the mark moves up to the first that was not worked off.

use std::time::Duration;

use futures::StreamExt;
use verinym::{
    app::App,
    deadline::Deadline,
    domain::time::Timestamp,
    error::{Internal, Result},
    messaging::{Worker, queue::Unsent},
    store::due::{DUE_SHARDS, DueRow, Found},
    telemetry,
};

/// Minutes looked at in one round; more than that were missed only after hours of standstill.
const MINUTES: usize = 120;
const AT_ONCE: usize = 8;
/// A shard of a minute is begun only while there is time for it.
const FOR_A_SHARD: Duration = Duration::from_secs(5);
/// What the alarm watches: rows that can never be sent.
const SET_ASIDE: &str = "due_rows_set_aside";

pub fn worker() -> Worker {
    Worker::of_schedule("workers-run-due", run_due)
}

/// What became of the rows of a shard.
#[derive(Debug, Default, Clone, Copy)]
struct Swept {
    sent: u32,
    put_off: u32,
    set_aside: u32,
    /// Whether rows may be left that are due.
    left: bool,
}

async fn run_due(app: &'static App, now: Timestamp) -> Result<u32> {
    let store = app.store().await;
    let round = store.due_round(now, MINUTES).await?;
    let places: Vec<_> =
        round.minutes.iter().flat_map(|minute| (0..DUE_SHARDS).map(|shard| (*minute, shard))).collect();
    let swept: Vec<_> = futures::stream::iter(places)
        .map(|(minute, shard)| async move { (minute, send_shard(app, minute, shard, now).await) })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let left = swept.iter().filter(|(_, swept)| swept.left).map(|(minute, _)| *minute).min();
    let sum = |count: fn(&Swept) -> u32| swept.iter().map(|(_, swept)| count(swept)).sum::<u32>();
    telemetry::gauge(SET_ASIDE, sum(|swept| swept.set_aside).into(), app.config.stage.as_str(), now);
    store.end_due_round(&round, left).await?;
    let put_off = sum(|swept| swept.put_off);
    if put_off > 0 || left.is_some() {
        return Err(
            Internal::unavailable(format!("{put_off} due rows put off; minutes left: {}", left.is_some())).into()
        );
    }
    Ok(sum(|swept| swept.sent))
}

async fn send_shard(app: &'static App, minute: Timestamp, shard: u8, now: Timestamp) -> Swept {
    let mut swept = Swept::default();
    if Deadline::current().is_some_and(|deadline| deadline.remaining() < FOR_A_SHARD) {
        return Swept { left: true, ..swept };
    }
    let store = app.store().await;
    let mut after = None;
    loop {
        let (rows, next) = match store.due_rows(minute, shard, after.as_ref()).await {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(%minute, shard, %error, "due rows not read");
                return Swept { left: true, ..swept };
            }
        };
        for found in rows {
            let handled = match &found.row {
                Ok(row) if row.due_at > now => continue,
                Ok(row) => send_row(app, &found, row, now, &mut swept).await,
                Err(error) => set_aside(app, &found, &error.to_string(), now, &mut swept).await,
            };
            if let Err(error) = handled {
                tracing::error!(%minute, shard, %error, "due row left");
                swept.left = true;
            }
        }
        after = next;
        if after.is_none() {
            return swept;
        }
    }
}

/// Sent first, deleted after: whoever dies in between sends twice, and the queue's worker knows the key.
async fn send_row(app: &App, found: &Found, row: &DueRow, now: Timestamp, swept: &mut Swept) -> Result<()> {
    match app.offer(row.queue, row.message.clone(), Duration::ZERO).await {
        Ok(()) => {
            app.store().await.close_due(row).await?;
            swept.sent += 1;
        }
        Err(Unsent::Invalid(error)) => set_aside(app, found, &error.to_string(), now, swept).await?,
        Err(Unsent::NotNow(error)) => {
            tracing::warn!(failures = row.failures, %error, "due row put off");
            app.store().await.put_off_due(row, now).await?;
            swept.put_off += 1;
        }
    }
    Ok(())
}

async fn set_aside(app: &App, found: &Found, reason: &str, now: Timestamp, swept: &mut Swept) -> Result<()> {
    tracing::error!(reason, "due row set aside");
    app.store().await.set_due_aside(found, reason, now).await?;
    swept.set_aside += 1;
    Ok(())
}
