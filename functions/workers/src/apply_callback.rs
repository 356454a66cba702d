//! Queue `provider-callbacks`: a callback says which task to read again; what it says of the outcome is not believed.

use std::time::Duration;

use verinym::{
    app::App,
    config::{Section, names::SecretId},
    domain::{
        event::{CallbackResult, CallbackSender, EventType, PublicWord, Subject},
        id::InboundId,
        time::Timestamp,
    },
    error::{Internal, Result},
    function::{Capability, Needs, QueueTrigger},
    messaging::{Delivery, Outcome, Worker, message::Task, queue::Queue},
    run_command,
    store::Table,
    store::{command::Decided, event::EventDraft},
};

use crate::{
    check_update::verification,
    verification::{NextRun, VerificationRun},
};

/// One message: a provider's call, and the commits around it.
const LONGEST: Duration = Duration::from_secs(22);
/// A callback may come before we have written down whose task it is; after this it is somebody else's.
const UNKNOWN_FOR: Duration = Duration::from_mins(5);
const SOON: Duration = Duration::from_secs(2);

pub fn worker() -> Worker {
    Worker::of_queue("workers-apply-callback", QueueTrigger::of(Queue::Callbacks).late_after(300), LONGEST, apply)
        .summary("Apply stored callbacks of providers")
        .timeout(30)
        .needs(
            Needs::new()
                .get(Table::Kyc)
                .get_many(Table::Kyc)
                .put(Table::Kyc)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .get(Table::Ephemeral)
                .read_secret(SecretId::Sandbox)
                .rarely("a callback comes after its task failed", Needs::new().with(Capability::UnwrapEvidenceKeys))
                .reads(Section::Providers),
        )
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
                NextRun::Never => "settled",
                NextRun::At(_) => "pending",
            }
        }
    };
    processed(app, &id, outcome, &delivery.correlation_id).await?;
    Ok(Outcome::Done)
}

async fn processed(app: &App, id: &InboundId, outcome: &'static str, correlation_id: &str) -> Result<()> {
    let store = app.store().await;
    run_command!(store.command(correlation_id, verification()), |attempt| {
        let callback = store.callback(id).await?.filter(|callback| callback.processed_at.is_none());
        let Some(callback) = callback else { return Ok(Decided::Unchanged(())) };
        let now = Timestamp::now();
        let subject = Subject::new("callback", id);
        let event = EventDraft::new(EventType::CallbackProcessed, subject, callback.version + 1)
            .data(&CallbackSender { provider: PublicWord::named(&callback.provider) })
            .data(&CallbackResult { outcome: outcome.into() });
        Ok(attempt.commit(now).callback_processed(&callback, now).event(event).returning(()))
    })
}
