//! Queue `verification`: hands checks to their provider, asks how they stand and decides by the policy.
//!
//! The message of a submission stays with its check until that is settled: it comes back whenever the check is to be
//! looked at again. A message that got lost is replaced by the sweep.

use std::time::Duration;

use verinym::{
    app::App,
    config::{Section, names::SecretId},
    domain::{
        id::{CheckId, UserId},
        time::Timestamp,
    },
    error::{Internal, Result},
    function::{Capability, Needs, QueueTrigger},
    messaging::{Delivery, Outcome, Worker, message::Task, queue::Queue},
    store::Table,
};

use crate::verification::{NextRun, VerificationRun};

/// One message: a provider's call, and the commits around it.
const LONGEST: Duration = Duration::from_secs(25);
/// Queues deliver to the second, clocks differ a little.
const TOLERANCE: Duration = Duration::from_secs(2);

pub fn worker() -> Worker {
    Worker::of_queue("workers-verify", QueueTrigger::of(Queue::Verification).late_after(900), LONGEST, verify)
        .summary("Hand checks to their provider, and poll")
        .timeout(60)
        .needs(
            Needs::new()
                .with(Capability::UnwrapEvidenceKeys)
                .get(Table::Kyc)
                .get_many(Table::Kyc)
                .put(Table::Kyc)
                .get_many(Table::Identity)
                .get(Table::Ephemeral)
                .read_secret(SecretId::Sandbox)
                .rarely("a provider that was asked again rejects", Needs::new().put(Table::Identity))
                .reads(Section::Providers),
        )
}

async fn verify(app: &'static App, delivery: Delivery<Task>) -> Result<Outcome> {
    let (check, user) = subject(&delivery.body)?;
    let store = app.store().await;
    let Some(stored) = store.check(&user, &check).await? else { return Ok(Outcome::Done) };
    let early = stored.work.next_run_at.filter(|_| stored.check.state.is_open());
    if let Some(due) = early.filter(|due| *due > Timestamp::now() + TOLERANCE) {
        // Another message of this check is on its way: a sweep's is one too many.
        return Ok(match delivery.body {
            Task::Again { .. } => Outcome::Done,
            Task::Event { .. } => later(due),
        });
    }
    let look =
        VerificationRun { app, correlation_id: &delivery.correlation_id, user, check, deadline: delivery.deadline };
    Ok(match look.run().await? {
        NextRun::Never => Outcome::Done,
        NextRun::At(at) => later(at),
    })
}

fn later(at: Timestamp) -> Outcome {
    Outcome::Later(at.since(Timestamp::now()).max(Duration::from_secs(1)))
}

/// Which check a message is about, and whose.
pub(crate) fn subject(task: &Task) -> Result<(CheckId, UserId)> {
    let (subject, person) = match task {
        Task::Event { event } => (&event.subject.id, event.person),
        Task::Again { subject, person } => (subject, Some(*person)),
    };
    let check = subject.parse().map_err(Internal::corrupt)?;
    Ok((check, person.ok_or_else(|| Internal::corrupt("a check's event names no person"))?))
}
