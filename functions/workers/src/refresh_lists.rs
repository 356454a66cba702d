//! `workers-refresh-lists`: requests a refresh of each list and a compilation, and reports the number of stale lists, every
//! hour.

use std::time::Duration;

use verinym::{
    app::App,
    domain::time::Timestamp,
    error::Result,
    function::{Capability, Every, Needs},
    messaging::{Message, Worker, message::ListTask, queue::Queue},
    store::Table,
    telemetry,
    watchlists::Watchlists,
};

/// The metric of the alarm: lists that are stale or not in force.
const STALE_LISTS: &str = "stale_lists";

pub fn worker() -> Worker {
    Worker::of_schedule("workers-refresh-lists", Every::Hour, refresh)
        .summary("Request a refresh of each list, and count the stale ones")
        .timeout(50)
        .needs(Needs::new().with(Capability::ReadListSources).query(Table::Kyc).send(Queue::Lists))
}

async fn refresh(app: &'static App, now: Timestamp) -> Result<u32> {
    let correlation_id = format!("refresh-lists-{}", now.unix_millis());
    let lists = Watchlists::of(app).await;
    let mut sent = 0;
    for source in lists.sources().await?.iter() {
        send(app, &correlation_id, &source.id, ListTask::Refresh { list: source.id.clone() }).await?;
        sent += 1;
    }
    // Needed if a message was lost after a load, the engine is new, or a list is no longer configured.
    send(app, &correlation_id, "compile", ListTask::Compile).await?;
    let mut stale = 0;
    for status in lists.statuses().await?.iter().filter(|status| status.is_stale(now)) {
        tracing::warn!(list = status.id, in_force = status.in_force.is_some(), "list is stale");
        stale += 1;
    }
    telemetry::gauge(STALE_LISTS, stale, now);
    Ok(sent)
}

async fn send(app: &App, correlation_id: &str, what: &str, body: ListTask) -> Result<()> {
    let message = Message { key: format!("{correlation_id}-{what}"), correlation_id: correlation_id.to_owned(), body };
    app.send(Queue::Lists, &message, Duration::ZERO).await
}
