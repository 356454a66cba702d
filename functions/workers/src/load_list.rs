//! Queue `lists`: looks at a list's source, and puts what is loaded in force.

use std::time::Duration;

use verinym::{
    app::App,
    domain::event::EventType,
    error::{Internal, Result},
    messaging::{Delivery, Outcome, Worker, message::ListTask, queue::Queue},
};

/// The function's own time-out.
const LEASE: Duration = Duration::from_mins(5);

pub fn worker() -> Worker {
    Worker::of_queue("workers-load-list", Queue::Lists, LEASE, load)
}

async fn load(app: &'static App, delivery: Delivery<ListTask>) -> Result<Outcome> {
    let correlation_id = &delivery.correlation_id;
    let refresh = async |list: &str, vouched| app.refresh_list(list, vouched, correlation_id, delivery.deadline).await;
    match &delivery.body {
        ListTask::Refresh { list } => refresh(list, false).await?,
        ListTask::Event { event } if event.r#type == EventType::ListRefreshRequested => {
            let vouched = event.data.get("accept_shrunken").is_some_and(|vouched| vouched == true);
            refresh(&event.subject.id, vouched).await?;
        }
        ListTask::Event { event } if event.r#type == EventType::ListLoaded => app.compile_lists(correlation_id).await?,
        ListTask::Event { event } => {
            return Err(Internal::corrupt(format!("{} is nothing to load a list for", event.r#type)).into());
        }
        ListTask::Compile => app.compile_lists(correlation_id).await?,
    }
    Ok(Outcome::Done)
}
