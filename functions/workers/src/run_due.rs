//! `workers-run-due`: sends the messages whose time has come to their queues; every minute.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use verinym::{
    app::App,
    domain::time::Timestamp,
    error::{Internal, Result},
    messaging::Worker,
    store::due::{DUE_SHARDS, DueRow},
};

/// Minutes looked at in one round; more than that were missed only after hours of standstill.
const MINUTES: usize = 120;
const AT_ONCE: usize = 8;

pub fn worker() -> Worker {
    Worker::of_schedule("workers-run-due", run_due)
}

async fn run_due(app: &'static App, now: Timestamp) -> Result<u32> {
    let store = app.store().await;
    let round = store.due_round(now, MINUTES).await?;
    let places: Vec<_> =
        round.minutes.iter().flat_map(|minute| (0..DUE_SHARDS).map(|shard| (*minute, shard))).collect();
    let sent: Vec<u32> = futures::stream::iter(places)
        .map(|(minute, shard)| send_shard(app, minute, shard, now))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    // Only behind a round without failures: what failed is found again.
    store.end_due_round(&round).await?;
    Ok(sent.iter().sum())
}

async fn send_shard(app: &'static App, minute: Timestamp, shard: u8, now: Timestamp) -> Result<u32> {
    let store = app.store().await;
    let (mut sent, mut failed) = (0, 0_u32);
    let mut after = None;
    loop {
        let (rows, next) = store.due_rows(minute, shard, after.as_ref()).await?;
        for row in rows {
            match send_row(app, row, now).await {
                Ok(was_due) => sent += u32::from(was_due),
                Err(error) => {
                    tracing::error!(shard, %error, "due row not sent");
                    failed += 1;
                }
            }
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    if failed > 0 { Err(Internal::unavailable(format!("{failed} due rows not sent")).into()) } else { Ok(sent) }
}

/// Sent first, deleted after: whoever dies in between sends twice, and the queue's worker knows the key.
async fn send_row(app: &'static App, row: Result<DueRow>, now: Timestamp) -> Result<bool> {
    let row = row?;
    if row.due_at > now {
        return Ok(false);
    }
    app.send_raw(row.queue, row.message.clone(), Duration::ZERO).await?;
    app.store().await.close_due(&row).await?;
    Ok(true)
}
