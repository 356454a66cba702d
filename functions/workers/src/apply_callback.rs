//! Queue `provider-callbacks`: a callback says which task to read again; what it says of the outcome is not believed.

use std::time::Duration;

use verinym::{
    app::App,
    domain::{
        event::{Actor, EventType, Subject},
        id::InboundId,
        time::Timestamp,
    },
    error::{Internal, Result},
    messaging::{Delivery, Outcome, Worker, message::Task, queue::Queue},
    store::{commit::Tries, event::EventDraft},
};

use crate::verification::{NextRun, VerificationRun};

/// One message: a provider's call, and the commits around it.
const LONGEST: Duration = Duration::from_secs(22);
/// A callback may come before we have written down whose task it is; after this it is somebody else's.
const UNKNOWN_FOR: Duration = Duration::from_mins(5);
const SOON: Duration = Duration::from_secs(2);

pub fn worker() -> Worker {
    Worker::of_queue("workers-apply-callback", Queue::Callbacks, LONGEST, apply)
}

async fn apply(app: &'static App, delivery: Delivery<Task>) -> Result<Outcome> {
    let Task::Event { event } = &delivery.body else {
        return Err(Internal::corrupt("a callback's message without its event").into());
    };
    let id: InboundId = event.subject.id.parse().map_err(Internal::corrupt)?;
    let store = app.store().await;
    let Some(callback) = store.callback(&id).await? else { return Ok(Outcome::Done) };
    let outcome = match store.check_of_task(&callback.provider, &callback.reference).await? {
        None if delivery.now.since(callback.received_at) < UNKNOWN_FOR => return Ok(Outcome::Later(SOON)),
        None => {
            tracing::warn!(callback = %id, provider = callback.provider, "callback of a task that is not ours");
            "unknown_task"
        }
        Some(task) => {
            let look = VerificationRun {
                app,
                correlation_id: &delivery.correlation_id,
                user: task.owner,
                check: task.check_id,
                deadline: delivery.deadline,
            };
            // What is still pending, or could not be read just now, is polled by the check's own message.
            match look.run().await? {
                NextRun::Finished => "settled",
                NextRun::At(_) => "pending",
            }
        }
    };
    processed(app, &id, outcome, &delivery.correlation_id).await?;
    Ok(Outcome::Done)
}

async fn processed(app: &App, id: &InboundId, outcome: &'static str, correlation_id: &str) -> Result<()> {
    let store = app.store().await;
    let mut tries = Tries::new();
    loop {
        let Some(callback) = store.callback(id).await?.filter(|callback| callback.processed_at.is_none()) else {
            return Ok(());
        };
        let now = Timestamp::now();
        let subject = Subject::new("callback", id);
        let actor = Actor::system("verification");
        let event = EventDraft::new(EventType::CallbackProcessed, subject, callback.version + 1, actor)
            .data("provider", callback.provider.clone())
            .data("outcome", outcome);
        match store.commit(now, correlation_id).callback_processed(&callback, now).event(event).run().await {
            Ok(()) => return Ok(()),
            Err(error) => tries.again(error).await?,
        }
    }
}
