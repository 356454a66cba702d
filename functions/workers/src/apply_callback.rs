//! Queue `provider-callbacks`: a callback names the task whose result is ready. The result is fetched from the provider and
//! not taken from the callback.

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
    messaging::{Delivery, TaskOutcome, Worker, message::EventTask, queue::Queue},
    run_command,
    store::Table,
    store::{command::Decided, event::EventDraft},
};

use crate::{
    check_update::verification,
    verification::{NextRun, VerificationRun},
};

/// The time limit of one message: a call of the provider, and the commits around it.
const LONGEST: Duration = Duration::from_secs(22);
/// A callback may arrive before its task is stored. After this time the task is unknown.
const UNKNOWN_FOR: Duration = Duration::from_mins(5);
const SOON: Duration = Duration::from_secs(2);

pub fn worker() -> Worker {
    Worker::of_queue("workers-apply-callback", QueueTrigger::of(Queue::Callbacks).late_after(300), LONGEST, apply)
        .summary("Apply stored callbacks of providers")
        .timeout(30)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Kyc)
                .get_many(Table::Kyc)
                .put(Table::Kyc)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .get(Table::Ephemeral)
                .read_secret(SecretId::Sandbox)
                .rarely("a callback arrives after its task failed", Needs::new().with(Capability::UnwrapEvidenceKeys))
                .reads(Section::Providers),
        )
}

async fn apply(app: &'static App, delivery: Delivery<EventTask>) -> Result<TaskOutcome> {
    let EventTask::Event { event } = &delivery.body else {
        return Err(Internal::corrupt("a message of a callback without its event").into());
    };
    let id: InboundId = event.subject.id.parse().map_err(Internal::corrupt)?;
    let store = app.store().await;
    let Some(callback) = store.callback(&id).await? else { return Ok(TaskOutcome::Done) };
    let outcome = match store.check_of_task(&callback.provider, &callback.reference).await? {
        None if delivery.now.since(callback.received_at) < UNKNOWN_FOR => return Ok(TaskOutcome::Later(SOON)),
        None => {
            tracing::warn!(callback = %id, provider = callback.provider, "callback of an unknown task");
            "unknown_task"
        }
        Some(task) => {
            let run = VerificationRun {
                app,
                correlation_id: &delivery.correlation_id,
                user: task.owner,
                check: task.check_id,
                deadline: delivery.deadline,
            };
            // The check's own message polls a result that is pending or could not be fetched.
            match run.run().await? {
                NextRun::Never => "settled",
                NextRun::At(_) => "pending",
            }
        }
    };
    mark_processed(app, &id, outcome, &delivery.correlation_id).await?;
    Ok(TaskOutcome::Done)
}

async fn mark_processed(app: &App, id: &InboundId, outcome: &'static str, correlation_id: &str) -> Result<()> {
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
