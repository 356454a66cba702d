//! Queue `lists`: looks at a list's source, and puts what is loaded in force.

use std::time::Duration;

use verinym::{
    app::App,
    domain::event::EventType,
    error::{Error, Internal, RequestError, Result},
    messaging::{Delivery, Outcome, Worker, message::ListTask, queue::Queue},
    watchlists::Watchlists,
};

/// One message, which is a whole batch.
const LONGEST: Duration = Duration::from_secs(295);
/// Where others were always first. Sooner than the queue, which would wait half an hour.
const CONTENDED: Duration = Duration::from_secs(10);

pub fn worker() -> Worker {
    Worker::of_queue("workers-load-list", Queue::Lists, LONGEST, load)
}

async fn load(app: &'static App, delivery: Delivery<ListTask>) -> Result<Outcome> {
    match work(app, &delivery).await {
        Ok(()) => Ok(Outcome::Done),
        Err(Error::Request(RequestError::Contended)) => Ok(Outcome::Later(CONTENDED)),
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
                let vouched = event.data.get("accept_shrunken").is_some_and(|vouched| vouched == true);
                lists.refresh(&event.subject.id, vouched, correlation_id, delivery.deadline).await
            }
            EventType::ListLoaded => lists.compile(correlation_id).await,
            other => Err(Internal::corrupt(format!("{other} is nothing to load a list for")).into()),
        },
    }
}
