//! Every minute: checks that a machine should have gone on with, and closed ones whose snapshot is not screened yet. Their
//! message got lost, so another one is sent; open checks that waited too long go to a reviewer, without a call that could
//! fail again.

use std::time::Duration;

use verinym::{
    app::App,
    domain::{
        check::{CheckState, RetryPolicy},
        time::Timestamp,
    },
    error::Result,
    function::{Capability, Every, Needs},
    messaging::{Message, Worker, message::Task, queue::Queue},
    run_command,
    store::Table,
    store::state_index::INDEX as STATE_INDEX,
    store::{check::StoredCheck, command::Decided},
};

use crate::{
    check_update::{CheckUpdate, verification},
    screen_check,
};

/// A message may be a little late before it counts as lost.
const GRACE: Duration = Duration::from_secs(30);
/// Of each shard in one round.
const MOST: u32 = 50;

pub fn worker() -> Worker {
    Worker::of_schedule("workers-sweep-checks", Every::Minute, sweep)
        .summary("Find checks whose callback or message never came")
        .timeout(50)
        .needs(
            Needs::new().query_index(Table::Kyc, STATE_INDEX).rarely(
                "a check is overdue",
                Needs::new()
                    .with(Capability::Commit)
                    .get_many(Table::Kyc)
                    .put(Table::Kyc)
                    .get_many(Table::Identity)
                    .put(Table::Identity)
                    .send(Queue::Verification)
                    .send(Queue::Screening),
            ),
        )
}

async fn sweep(app: &'static App, now: Timestamp) -> Result<u32> {
    let store = app.store().await;
    let mut worked = 0;
    let mut overdue = store.unscreened_checks(now - GRACE, MOST).await?;
    for state in [CheckState::Submitted, CheckState::Processing] {
        overdue.extend(store.overdue_checks(state, now - GRACE, MOST).await?);
    }
    for stored in overdue {
        let id = stored.check.id;
        // One check that cannot be swept must not keep the others from it.
        match sweep_one(app, &stored, now).await {
            Ok(()) => worked += 1,
            Err(error) => tracing::error!(check = %id, %error, "check not swept"),
        }
    }
    Ok(worked)
}

async fn sweep_one(app: &App, stored: &StoredCheck, now: Timestamp) -> Result<()> {
    let check = &stored.check;
    let correlation_id = format!("sweep-{}", check.id);
    let (queue, run_out) = if !check.state.is_open() {
        (Queue::Screening, false)
    } else if let Some(since) = check.screening.since {
        (Queue::Screening, now.since(since) >= screen_check::WAIT_LIMIT)
    } else {
        let policy = RetryPolicy::of_provider(&check.policy.provider);
        (Queue::Verification, policy.time_is_up(check.submitted_at.unwrap_or(check.created_at), now))
    };
    // The same find has the same key, so that rounds do not pile up messages.
    let key = format!("{correlation_id}-{}", stored.next_run_at().unix_millis());
    let body = Task::Again { subject: check.id.to_string(), person: check.user_id };
    let message = Message { key, correlation_id, body };
    if !run_out {
        return app.send(queue, &message, Duration::ZERO).await;
    }
    if queue == Queue::Screening {
        // Its messages may all be dead letters, and at the desk no sweep looks for it: this one stays with it.
        app.send(queue, &message, Duration::ZERO).await?;
    }
    stop_asking_provider(app, stored, now, &message.correlation_id).await
}

async fn stop_asking_provider(app: &App, found: &StoredCheck, now: Timestamp, correlation_id: &str) -> Result<()> {
    let store = app.store().await;
    run_command!(store.command(correlation_id, verification()), |attempt| {
        // The index may be behind: what is decided upon is read.
        let read = store.check_and_auth(&found.check.user_id, &found.check.id).await?;
        let Some((stored, auth)) = read else { return Ok(Decided::Unchanged(())) };
        let mut update = CheckUpdate::of(&stored, now);
        match stored.check.state {
            CheckState::Submitted => update.start_processing()?,
            CheckState::Processing => {}
            _ => return Ok(Decided::Unchanged(())),
        }
        update.stop_asking_provider()?;
        Ok(update.commit(&attempt, &auth).returning(()))
    })
}
