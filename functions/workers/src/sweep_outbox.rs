//! `workers-sweep-outbox`: dispatches the events that the dispatcher missed, every minute. The dispatcher is fast, the sweep
//! is the guarantee.

use std::time::Duration;

use futures::StreamExt;
use verinym::{
    app::App,
    domain::time::Timestamp,
    error::{Internal, Result},
    function::{Capability, Every, Needs},
    messaging::{Worker, dispatch::dispatch},
    store::Table,
    store::item::SHARDS,
};

/// Younger rows are left to the dispatcher.
const GRACE: Duration = Duration::from_secs(10);
/// A run ends well before the function's time-out; the next run continues.
const LONGEST_RUN: Duration = Duration::from_secs(35);
const PAGE: u32 = 100;
const SHARDS_AT_ONCE: usize = 4;
const EVENTS_AT_ONCE: usize = 4;

pub fn worker() -> Worker {
    Worker::of_schedule("workers-sweep-outbox", Every::Minute, sweep)
        .summary("Dispatch outbox rows that the dispatcher missed")
        .timeout(50)
        .needs(Needs::new().query(Table::Outbound).rarely(
            "the dispatcher missed a row",
            Needs::new().with(Capability::DispatchEvents).update(Table::Outbound).delete(Table::Outbound),
        ))
}

async fn sweep(app: &'static App, now: Timestamp) -> Result<u32> {
    // A shard that cannot be read does not stop the others.
    let shards: Vec<DispatchCounts> = futures::stream::iter(0..SHARDS)
        .map(|shard| sweep_shard(app, shard, now))
        .buffer_unordered(SHARDS_AT_ONCE)
        .collect()
        .await;
    let sum = shards
        .into_iter()
        .fold(DispatchCounts::default(), |a, b| DispatchCounts { done: a.done + b.done, failed: a.failed + b.failed });
    if sum.done > 0 {
        tracing::info!(events = sum.done, "dispatched events that the dispatcher missed");
    }
    if sum.failed > 0 {
        return Err(Internal::unavailable(format!("{} events or shards not dispatched", sum.failed)).into());
    }
    Ok(sum.done)
}

#[derive(Debug, Default, Clone, Copy)]
struct DispatchCounts {
    done: u32,
    failed: u32,
}

async fn sweep_shard(app: &'static App, shard: u8, now: Timestamp) -> DispatchCounts {
    let store = app.store().await;
    let mut counts = DispatchCounts::default();
    let mut after = None;
    loop {
        let (rows, next) = match store.outbox(shard, PAGE, after.as_ref()).await {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(shard, %error, "outbox not read");
                return DispatchCounts { failed: counts.failed + 1, ..counts };
            }
        };
        let overdue: Vec<_> =
            rows.into_iter().filter(|row| !row.as_ref().is_ok_and(|row| row.occurred_at + GRACE > now)).collect();
        let found = overdue.len();
        let failed = futures::stream::iter(overdue)
            .map(|row| async { dispatch(app, &row?).await })
            .buffer_unordered(EVENTS_AT_ONCE)
            .filter_map(|done| async { done.err() })
            .inspect(|error| tracing::error!(shard, %error, "event not dispatched"))
            .count()
            .await;
        counts.failed += u32::try_from(failed).unwrap_or(u32::MAX);
        counts.done += u32::try_from(found - failed).unwrap_or(u32::MAX);
        after = next;
        // Rows are in order of time: if none of a page is overdue, none after it is.
        if after.is_none() || found == 0 || Timestamp::now().since(now) > LONGEST_RUN {
            return counts;
        }
    }
}
