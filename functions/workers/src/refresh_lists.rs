//! Every hour: has each list looked at, and what is loaded put in force; tells how many lists are stale.

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

/// What the alarm watches: lists that are stale or not in force.
const STALE_LISTS: &str = "stale_lists";

pub fn worker() -> Worker {
    Worker::of_schedule("workers-refresh-lists", Every::Hour, refresh)
        .summary("Have each list looked at, and count how many are stale")
        .timeout(50)
        .needs(Needs::new().with(Capability::ReadListSources).get_many(Table::Kyc).send(Queue::Lists))
}

async fn refresh(app: &'static App, now: Timestamp) -> Result<u32> {
    let correlation_id = format!("refresh-lists-{}", now.unix_millis());
    let lists = Watchlists::of(app).await;
    let mut sent = 0;
    for source in lists.sources().await?.iter() {
        send(app, &correlation_id, &source.id, ListTask::Refresh { list: source.id.clone() }).await?;
        sent += 1;
    }
    // What a lost message left loaded and not in force; a new engine's artifact; lists that are configured no more.
    send(app, &correlation_id, "compile", ListTask::Compile).await?;
    let mut stale = 0;
    for standing in lists.statuses().await?.iter().filter(|standing| standing.is_stale(now)) {
        tracing::warn!(list = standing.id, in_force = standing.in_force.is_some(), "list is stale");
        stale += 1;
    }
    telemetry::gauge(STALE_LISTS, stale, now);
    Ok(sent)
}

async fn send(app: &App, correlation_id: &str, what: &str, body: ListTask) -> Result<()> {
    let message = Message { key: format!("{correlation_id}-{what}"), correlation_id: correlation_id.to_owned(), body };
    app.send(Queue::Lists, &message, Duration::ZERO).await
}
