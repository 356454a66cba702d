//! `workers-sweep-checks`: finds checks whose next run is overdue and closed checks that are not screened, every minute. Their
//! message was lost, so the sweep sends a new one. An open check that waited too long goes to review.

use std::time::Duration;

use verinym::{
    app::App,
    domain::{
        check::{CheckState, RetryPolicy},
        time::Timestamp,
    },
    error::Result,
    function::{Capability, Every, Needs},
    messaging::{Message, Worker, message::EventTask, queue::Queue},
    run_command,
    store::Table,
    store::state_index::INDEX as STATE_INDEX,
    store::{check::StoredCheck, command::Decided},
};

use crate::{
    check_update::{CheckUpdate, verification},
    screen_check,
};

/// A message that is late by more than this is lost.
const GRACE: Duration = Duration::from_secs(30);
/// The largest number of checks of each shard in one run.
const MOST: u32 = 50;

pub fn worker() -> Worker {
    Worker::of_schedule("workers-sweep-checks", Every::Minute, sweep)
        .summary("Find checks whose callback or message was lost")
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
        // A check that fails does not stop the others.
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
    let (queue, time_is_up) = if check.state.is_closed() {
        (Queue::Screening, false)
    } else if let Some(since) = check.screening.since {
        (Queue::Screening, now.since(since) >= screen_check::WAIT_LIMIT)
    } else {
        let policy = RetryPolicy::of_provider(&check.policy.provider);
        (Queue::Verification, policy.time_is_up(check.submitted_at.unwrap_or(check.created_at), now))
    };
    // The key is the same in each run, so that messages do not accumulate.
    let key = format!("{correlation_id}-{}", stored.next_run_at().unix_millis());
    let body = EventTask::Again { subject: check.id.to_string(), person: check.user_id };
    let message = Message { key, correlation_id, body };
    if !time_is_up {
        return app.send(queue, &message, Duration::ZERO).await;
    }
    if queue == Queue::Screening {
        // All its messages may be dead letters, and no sweep looks for checks in review: this message stays with it.
        app.send(queue, &message, Duration::ZERO).await?;
    }
    stop_asking_provider(app, stored, now, &message.correlation_id).await
}

async fn stop_asking_provider(app: &App, overdue: &StoredCheck, now: Timestamp, correlation_id: &str) -> Result<()> {
    let store = app.store().await;
    run_command!(store.command(correlation_id, verification()), |attempt| {
        // The index may be stale, so the check is read again.
        let read = store.check_and_auth(&overdue.check.user_id, &overdue.check.id).await?;
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
