//! Queue `screening`: compares the snapshot of a check with the lists in force.
//!
//! Without a hit, the check goes on; with hits, it goes to the review queue. While stale lists clear nobody, the message
//! comes back until they are fresh. It also comes back for a check in review that cannot be screened, since no sweep looks for
//! those. The time of the next run is stored with the check, so that a second message for it is dropped.
//!
//! A check that was rejected or cancelled before it was screened is screened too (`closed_checks`). The person's next check
//! first screens the earlier ones that are left.

use std::time::Duration;

use verinym::{
    app::App,
    config::{Section, names::Bucket},
    domain::{
        aml::AmlError,
        check::{CheckState, ReasonCode},
        id::HitId,
        time::Timestamp,
    },
    error::{Error, Result},
    function::{Capability, Needs, QueueTrigger},
    messaging::{Delivery, TaskOutcome, Worker, message::EventTask, queue::Queue},
    run_command,
    store::Table,
    store::{
        Store,
        check::StoredCheck,
        command::{Attempt, Decided},
        commit::CommitError,
        hit::StoredHit,
        kek::KeyPurpose,
        person_key::PersonKey,
        user::Account,
    },
    watchlists::{InForce, Watchlists},
};

use crate::{
    check_update::{CheckUpdate, screening},
    closed_checks::{ClosedCheckScreening, earlier_doubts},
    earlier_hits::{carry_over_unresolved, listed_entities},
    screening::{MAX_HITS, UNTIL_FRESH, find_hits, name_doubts, run_later, with_hits, with_result},
};

/// The time limit of one message, which may include the first load of the lists.
const LONGEST: Duration = Duration::from_secs(25);
/// The wait for lists that are not in force yet.
const UNTIL_LOADED: Duration = Duration::from_secs(20);
/// A check that cannot be screened for this long goes to review. It is still screened once that is possible.
pub(crate) const WAIT_LIMIT: Duration = Duration::from_mins(30);
/// The queue's visibility time-out: until then the sweep does not replace a message that failed.
const DELIVERED_AGAIN: Duration = Duration::from_mins(6);
/// Queues deliver to the second, and clocks differ a little.
const TOLERANCE: Duration = Duration::from_secs(5);

pub fn worker() -> Worker {
    Worker::of_queue("workers-screen-check", QueueTrigger::of(Queue::Screening).late_after(900), LONGEST, work)
        .summary("Screen the people of checks against the lists in force")
        .timeout(60)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapEvidenceKeys)
                .with(Capability::ReadListSources)
                .get_many(Table::Kyc)
                .query(Table::Kyc)
                .put(Table::Kyc)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .get_objects(Bucket::Lists, "artifacts")
                .reads(Section::Screening),
        )
}

async fn work(app: &'static App, delivery: Delivery<EventTask>) -> Result<TaskOutcome> {
    match screen(app, &delivery).await {
        Err(error) => after_failure(app.store().await, &delivery, error).await,
        outcome => outcome,
    }
}

async fn screen(app: &App, delivery: &Delivery<EventTask>) -> Result<TaskOutcome> {
    let (check, user) = delivery.body.subject()?;
    let store = app.store().await;
    run_command!(store.command(&delivery.correlation_id, screening()), |attempt| {
        let Some((stored, auth)) = store.check_and_auth(&user, &check).await? else {
            return Ok(Decided::Unchanged(TaskOutcome::Done));
        };
        if !stored.check.needs_screening() || is_surplus(&stored, &delivery.body, Timestamp::now()) {
            return Ok(Decided::Unchanged(TaskOutcome::Done));
        }
        let lists = match Watchlists::of(app).await.in_force().await {
            Ok(lists) => lists,
            Err(Error::Aml(AmlError::ListsUnavailable)) => {
                return wait_for_lists(store, &attempt, &stored, &auth).await;
            }
            Err(error) => return Err(error.into()),
        };
        let now = Timestamp::now();
        let clears = lists.is_fresh(now) || !app.config.screening()?.stale_lists_clear_nobody;
        if !clears && stored.check.reasons.contains(&ReasonCode::ListsStale) {
            return Ok(Decided::Unchanged(run_later(store, &stored, UNTIL_FRESH).await?));
        }
        let evidence = store.read_person_key(&user, KeyPurpose::Evidence, now).await?;
        let closed_checks = ClosedCheckScreening { app, lists: &lists, evidence: &evidence, clears, now };
        if stored.check.state.is_closed() {
            return closed_checks.screen(&attempt, &stored, &auth).await;
        }
        closed_checks.screen_earlier(&attempt, &stored, &auth).await?;
        let hits = new_hits(store, &stored, &lists, &evidence, now).await?;
        let mut doubts = name_doubts(&stored.snapshot(&evidence)?);
        doubts.extend(earlier_doubts(store, &stored, &evidence).await?);
        let mut update = CheckUpdate::of(&stored, now);
        let marks = hits.iter().map(|stored| stored.hit.mark()).collect();
        update.screened(marks, clears, doubts, |event| {
            with_result(event, &lists, stored.check.policy.threshold, hits.len(), clears)
        })?;
        let settled = clears || update.state().is_closed();
        let outcome = if settled { TaskOutcome::Done } else { TaskOutcome::Later(UNTIL_FRESH) };
        Ok(with_hits(update.commit(&attempt, &auth), &hits).returning(outcome))
    })
}

/// Whether the message comes from a sweep although another message of the check is still waiting.
fn is_surplus(stored: &StoredCheck, task: &EventTask, now: Timestamp) -> bool {
    let early = stored.work.next_run_at.is_some_and(|due| due > now + TOLERANCE);
    early && is_swept(stored) && matches!(task, EventTask::Again { .. })
}

/// Whether a sweep replaces a lost message of the check: not while it waits for a reviewer or its applicant.
fn is_swept(stored: &StoredCheck) -> bool {
    stored.check.state == CheckState::Processing || stored.check.state.is_closed()
}

/// While no lists are in force, a check waits for them; after [`WAIT_LIMIT`] it waits in review.
async fn wait_for_lists<'s>(
    store: &Store,
    attempt: &Attempt<'s>,
    stored: &StoredCheck,
    auth: &Account,
) -> Result<Decided<'s, TaskOutcome>, CommitError> {
    let (check, now) = (&stored.check, Timestamp::now());
    if check.state != CheckState::Processing {
        return Ok(Decided::Unchanged(run_later(store, stored, UNTIL_FRESH).await?));
    }
    if check.screening.since.is_some_and(|since| now.since(since) >= WAIT_LIMIT) {
        let mut update = CheckUpdate::of(stored, now);
        update.stop_asking_provider()?;
        return Ok(update.commit(attempt, auth).returning(TaskOutcome::Later(UNTIL_LOADED)));
    }
    Ok(Decided::Unchanged(run_later(store, stored, UNTIL_LOADED).await?))
}

/// Decides what follows an error. While the check is processed by workers, the queue delivers the message again and at last
/// moves it to the dead letters, and the sweep replaces it. The message of a check in review comes back instead.
async fn after_failure(store: &Store, delivery: &Delivery<EventTask>, error: Error) -> Result<TaskOutcome> {
    let (check, user) = delivery.body.subject()?;
    let Some((stored, _)) = store.check_and_auth(&user, &check).await? else { return Err(error) };
    if !stored.check.needs_screening() {
        return Err(error);
    }
    if is_swept(&stored) {
        store.schedule_run(&stored, Timestamp::now() + DELIVERED_AGAIN).await?;
        return Err(error);
    }
    tracing::error!(%check, %error, "a check in review cannot be screened");
    run_later(store, &stored, UNTIL_FRESH).await
}

/// The new hits of the check: those of the lists in force, and unresolved ones of the person's earlier checks. Hits that the
/// check has from a screening against stale lists are not repeated.
async fn new_hits(
    store: &Store,
    stored: &StoredCheck,
    lists: &InForce,
    evidence: &PersonKey,
    now: Timestamp,
) -> Result<Vec<StoredHit>> {
    let check = &stored.check;
    let ids: Vec<HitId> = check.screening.hits.iter().map(|hit| hit.id).collect();
    let mut known = listed_entities(&store.hits_of_check(&check.user_id, &check.id, &ids).await?, evidence)?;
    let room = MAX_HITS.saturating_sub(ids.len());
    let mut hits = find_hits(stored, lists, evidence, &known, now)?;
    known.extend(listed_entities(&hits, evidence)?);
    let mut earlier = carry_over_unresolved(store, check, evidence, &known, now).await?;
    earlier.truncate(room);
    hits.truncate(room - earlier.len());
    hits.append(&mut earlier);
    Ok(hits)
}
