//! Queue `verification`: submits checks to their provider, polls for the result and applies it.
//!
//! The message of a submission comes back for each next run of its check until the check is settled. The sweep replaces a
//! message that was lost.

use std::time::Duration;

use verinym::{
    app::App,
    config::{Section, names::SecretId},
    domain::time::Timestamp,
    error::Result,
    function::{Capability, Needs, QueueTrigger},
    messaging::{Delivery, TaskOutcome, Worker, message::EventTask, queue::Queue},
    store::Table,
};

use crate::verification::{NextRun, VerificationRun};

/// The time limit of one message: a call of the provider, and the commits around it.
const LONGEST: Duration = Duration::from_secs(25);
/// Queues deliver to the second, and clocks differ a little.
const TOLERANCE: Duration = Duration::from_secs(2);

pub fn worker() -> Worker {
    Worker::of_queue("workers-verify", QueueTrigger::of(Queue::Verification).late_after(900), LONGEST, verify)
        .summary("Submit checks to their provider, and poll")
        .timeout(60)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapEvidenceKeys)
                .get(Table::Kyc)
                .get_many(Table::Kyc)
                .put(Table::Kyc)
                .get_many(Table::Identity)
                .get(Table::Ephemeral)
                .read_secret(SecretId::Sandbox)
                .rarely("a provider rejects after a retry", Needs::new().put(Table::Identity))
                .reads(Section::Providers),
        )
}

async fn verify(app: &'static App, delivery: Delivery<EventTask>) -> Result<TaskOutcome> {
    let (check, user) = delivery.body.subject()?;
    let store = app.store().await;
    let Some(stored) = store.check(&user, &check).await? else { return Ok(TaskOutcome::Done) };
    let early = stored.work.next_run_at.filter(|_| stored.check.state.is_open());
    if let Some(due) = early.filter(|due| *due > Timestamp::now() + TOLERANCE) {
        // Another message of this check is waiting, so the one of a sweep is dropped.
        return Ok(match delivery.body {
            EventTask::Again { .. } => TaskOutcome::Done,
            EventTask::Event { .. } => later(due),
        });
    }
    let run =
        VerificationRun { app, correlation_id: &delivery.correlation_id, user, check, deadline: delivery.deadline };
    Ok(match run.run().await? {
        NextRun::Never => TaskOutcome::Done,
        NextRun::At(at) => later(at),
    })
}

fn later(at: Timestamp) -> TaskOutcome {
    TaskOutcome::Later(at.since(Timestamp::now()).max(Duration::from_secs(1)))
}
