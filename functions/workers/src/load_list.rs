//! Queue `lists`: fetches a list from its source, or compiles the loaded lists and puts them in force.

use std::time::Duration;

use verinym::{
    app::App,
    config::names::Bucket,
    domain::event::{EventType, RefreshRequest},
    error::{Error, Internal, RequestError, Result},
    function::{Capability, Concurrency, Needs, QueueTrigger},
    messaging::{Delivery, TaskOutcome, Worker, message::ListTask, queue::Queue},
    store::Table,
    watchlists::Watchlists,
};

/// The time limit of one message. A batch has one message.
const LONGEST: Duration = Duration::from_secs(295);
/// The wait after repeated conflicts. The queue itself would wait half an hour.
const CONTENDED: Duration = Duration::from_secs(10);

pub fn worker() -> Worker {
    Worker::of_queue("workers-load-list", QueueTrigger::of(Queue::Lists).batch(1).late_after(3600), LONGEST, load)
        .summary("Fetch a list, or compile all of them, in memory")
        .timeout(300)
        .memory(3008)
        .concurrency(Concurrency::Fixed(4))
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::ReadListSources)
                .get(Table::Kyc)
                .query(Table::Kyc)
                .put(Table::Kyc)
                .check(Table::Kyc)
                .get_objects(Bucket::Lists, "lists")
                .get_objects(Bucket::Lists, "artifacts")
                .get_objects(Bucket::Lists, "uploads")
                .put_objects(Bucket::Lists, "lists")
                .put_objects(Bucket::Lists, "artifacts")
                .rarely(
                    "files of a list are a day old and no longer needed",
                    Needs::new().delete_objects(Bucket::Lists, "lists"),
                ),
        )
}

async fn load(app: &'static App, delivery: Delivery<ListTask>) -> Result<TaskOutcome> {
    match work(app, &delivery).await {
        Ok(()) => Ok(TaskOutcome::Done),
        Err(Error::Request(RequestError::Contended)) => Ok(TaskOutcome::Later(CONTENDED)),
        Err(error) => Err(error),
    }
}

async fn work(app: &App, delivery: &Delivery<ListTask>) -> Result<()> {
    let (lists, correlation_id) = (Watchlists::of(app).await, &delivery.correlation_id);
    match &delivery.body {
        ListTask::Refresh { list } => lists.refresh(list, false, correlation_id, delivery.deadline).await,
        ListTask::Compile => lists.compile(correlation_id).await,
        ListTask::Event { event } => match event.r#type {
            EventType::ListRefreshRequested => {
                let accept_shrunken = event.part::<RefreshRequest>().is_some_and(|request| request.accept_shrunken);
                lists.refresh(&event.subject.id, accept_shrunken, correlation_id, delivery.deadline).await
            }
            EventType::ListLoaded => lists.compile(correlation_id).await,
            other => Err(Internal::corrupt(format!("the event {other} does not load a list")).into()),
        },
    }
}
