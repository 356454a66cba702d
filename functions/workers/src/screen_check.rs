//! Queue `screening`: the person of a check, as they were when they submitted it, against the lists in force.
//!
//! Whom no list names goes through; whom one may name goes to the desk with the hits. Where the lists could clear nobody
//! the message stays with the check and comes back until they can; so it does where a check at the desk cannot be screened
//! at all, since no sweep looks for those. When it comes back is noted, so that no second message stays beside it.
//!
//! A check that was rejected or cancelled before it was screened is screened all the same (`closed_checks`); the next
//! check of its person screens what is left of that before itself.

use std::{collections::BTreeSet, time::Duration};

use verinym::{
    app::App,
    config::{Section, names::Bucket},
    crypto::random::RandomId,
    domain::{
        aml::{AmlError, Hit, Match, Source},
        check::{CheckState, ReasonCode},
        event::{EventType, HitOrigin, HitVersions, PublicWord, ScreeningResult, Subject},
        id::HitId,
        secret::Masked,
        time::Timestamp,
    },
    error::{Error, Result},
    function::{Capability, Needs, QueueTrigger},
    messaging::{Delivery, Outcome, Worker, message::Task, queue::Queue},
    run_command,
    screening::{self, ENGINE_VERSION, Kind, NameDoubt, Options, Query},
    store::Table,
    store::{
        Store,
        check::{Snapshot, StoredCheck},
        command::{Attempt, Decided},
        commit::{Commit, CommitError},
        event::EventDraft,
        hit::StoredHit,
        kek::KeyPurpose,
        person_key::PersonKey,
        user::Account,
    },
    watchlists::{InForce, Watchlists},
};

use crate::{
    check_update::{CheckUpdate, screening},
    closed_checks::{Screening, earlier_doubts},
    earlier_hits::{Entity, carry_over_unresolved, entities},
    verify::subject,
};

/// One message, the first load of the lists included.
const LONGEST: Duration = Duration::from_secs(25);
/// Lists that are not there yet are there soon.
const SOON: Duration = Duration::from_secs(20);
/// Lists that are stale take longer.
pub(crate) const UNTIL_FRESH: Duration = Duration::from_mins(10);
/// Checks that cannot be screened for so long are a matter for a person; they are screened still, when they can be.
pub(crate) const WAIT_LIMIT: Duration = Duration::from_mins(30);
/// The queue's visibility time-out: until then no sweep need replace a message that failed.
const DELIVERED_AGAIN: Duration = Duration::from_mins(6);
/// Queues deliver to the second, clocks differ a little.
const TOLERANCE: Duration = Duration::from_secs(5);
/// A check keeps at most so many hits, the best: more fit into no transaction, and the first are reason enough.
const MOST_HITS: usize = 20;

pub fn worker() -> Worker {
    Worker::of_queue("workers-screen-check", QueueTrigger::of(Queue::Screening).late_after(900), LONGEST, screen)
        .summary("Screen the people of checks against the lists in force")
        .timeout(60)
        .needs(
            Needs::new()
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

async fn screen(app: &'static App, delivery: Delivery<Task>) -> Result<Outcome> {
    match attempt(app, &delivery).await {
        Err(error) => failed(app.store().await, &delivery, error).await,
        done => done,
    }
}

async fn attempt(app: &App, delivery: &Delivery<Task>) -> Result<Outcome> {
    let (check, user) = subject(&delivery.body)?;
    let store = app.store().await;
    run_command!(store.command(&delivery.correlation_id, screening()), |attempt| {
        let Some((stored, auth)) = store.check_and_auth(&user, &check).await? else {
            return Ok(Decided::Unchanged(Outcome::Done));
        };
        if !stored.check.needs_screening() {
            return Ok(Decided::Unchanged(Outcome::Done));
        }
        if is_one_too_many(&stored, &delivery.body, Timestamp::now()) {
            return Ok(Decided::Unchanged(Outcome::Done));
        }
        let lists = match Watchlists::of(app).await.in_force().await {
            Ok(lists) => lists,
            Err(Error::Aml(AmlError::ListsUnavailable)) => return without(store, &attempt, &stored, &auth).await,
            Err(error) => return Err(error.into()),
        };
        let now = Timestamp::now();
        let clears = lists.is_fresh(now) || !app.config.screening()?.stale_lists_clear_nobody;
        if !clears && stored.check.reasons.contains(&ReasonCode::ListsStale) {
            return Ok(Decided::Unchanged(later(store, &stored, UNTIL_FRESH).await?));
        }
        let evidence = store.read_person_key(&user, KeyPurpose::Evidence, now).await?;
        let against = Screening { app, lists: &lists, evidence: &evidence, clears, now };
        if !stored.check.state.is_open() {
            return against.of_closed(&attempt, &stored, &auth).await;
        }
        against.earlier_than(&attempt, &stored, &auth).await?;
        let hits = hits(store, &stored, &lists, &evidence, now).await?;
        let mut doubts = doubts(&stored.snapshot(&evidence)?);
        doubts.extend(earlier_doubts(store, &stored, &evidence).await?);
        let count = hits.len();
        let mut update = CheckUpdate::of(&stored, now);
        let marks = hits.iter().map(|stored| stored.hit.mark()).collect();
        update.screened(marks, clears, doubts, |event| {
            told(event, &lists, stored.check.policy.threshold, count, clears)
        })?;
        let settled = clears || !update.state().is_open();
        let outcome = if settled { Outcome::Done } else { Outcome::Later(UNTIL_FRESH) };
        Ok(with_hits(update.commit(&attempt, &auth), &hits).returning(outcome))
    })
}

/// Opens hits in the commit of the screening that found them.
pub(crate) fn with_hits<'s>(commit: Commit<'s>, hits: &[StoredHit]) -> Commit<'s> {
    hits.iter().fold(commit, |commit, stored| commit.new_hit(stored).event(opened(&stored.hit)))
}

/// Whether it is a sweep's message though another one of this check is on its way.
fn is_one_too_many(stored: &StoredCheck, task: &Task, now: Timestamp) -> bool {
    let early = stored.work.next_run_at.is_some_and(|due| due > now + TOLERANCE);
    early && is_swept(stored) && matches!(task, Task::Again { .. })
}

/// Whether a sweep replaces the check's message if that gets lost: not while it waits for a reviewer or its person.
fn is_swept(stored: &StoredCheck) -> bool {
    stored.check.state == CheckState::Processing || !stored.check.state.is_open()
}

/// While no lists are in force at all, a check waits for them; after a while it waits at the desk.
async fn without<'s>(
    store: &Store,
    attempt: &Attempt<'s>,
    stored: &StoredCheck,
    auth: &Account,
) -> Result<Decided<'s, Outcome>, CommitError> {
    let (check, now) = (&stored.check, Timestamp::now());
    if check.state != CheckState::Processing {
        return Ok(Decided::Unchanged(later(store, stored, UNTIL_FRESH).await?));
    }
    if check.screening.since.is_some_and(|since| now.since(since) >= WAIT_LIMIT) {
        let mut update = CheckUpdate::of(stored, now);
        update.stop_asking_provider()?;
        return Ok(update.commit(attempt, auth).returning(Outcome::Later(SOON)));
    }
    Ok(Decided::Unchanged(later(store, stored, SOON).await?))
}

/// While the check is a machine's, the queue delivers the message again and at last to the dead letters, and the sweep
/// replaces it. At the desk it must not get lost.
async fn failed(store: &Store, delivery: &Delivery<Task>, error: Error) -> Result<Outcome> {
    let (check, user) = subject(&delivery.body)?;
    let Some((stored, _)) = store.check_and_auth(&user, &check).await? else { return Err(error) };
    if !stored.check.needs_screening() {
        return Err(error);
    }
    if is_swept(&stored) {
        store.schedule_run(&stored, Timestamp::now() + DELIVERED_AGAIN).await?;
        return Err(error);
    }
    tracing::error!(%check, %error, "a check at the desk cannot be screened");
    later(store, &stored, UNTIL_FRESH).await
}

/// Comes back after a while, and notes when.
pub(crate) async fn later(store: &Store, stored: &StoredCheck, wait: Duration) -> Result<Outcome> {
    store.schedule_run(stored, Timestamp::now() + wait).await?;
    Ok(Outcome::Later(wait))
}

/// The check's new hits: what the lists say now, and what they said of its person before. What was found on lists that
/// could clear nobody is there already.
async fn hits(
    store: &Store,
    stored: &StoredCheck,
    lists: &InForce,
    evidence: &PersonKey,
    now: Timestamp,
) -> Result<Vec<StoredHit>> {
    let check = &stored.check;
    let ids: Vec<HitId> = check.screening.hits.iter().map(|hit| hit.id).collect();
    let mut known = entities(&store.hits_of_check(&check.user_id, &check.id, &ids).await?, evidence)?;
    let room = MOST_HITS.saturating_sub(ids.len());
    let mut hits = find(stored, lists, evidence, &known, now)?;
    known.extend(entities(&hits, evidence)?);
    let mut earlier = carry_over_unresolved(store, check, evidence, &known, now).await?;
    earlier.truncate(room);
    hits.truncate(room - earlier.len());
    hits.append(&mut earlier);
    Ok(hits)
}

pub(crate) fn find(
    stored: &StoredCheck,
    lists: &InForce,
    evidence: &PersonKey,
    known: &BTreeSet<Entity>,
    now: Timestamp,
) -> Result<Vec<StoredHit>> {
    let check = &stored.check;
    let options = Options { threshold: check.policy.threshold, lists: vec![], limit: MOST_HITS + known.len() };
    let found = lists.artifact.screen(&query(&stored.snapshot(evidence)?), &options);
    found
        .into_iter()
        .filter(|hit| !known.contains(&(hit.list.clone(), hit.entity_id.clone())))
        .take(MOST_HITS)
        .map(|found| {
            let source = Source {
                list: found.list.clone(),
                kind: lists.kind_of(&found.list),
                list_version: lists.list(&found.list).map(|list| list.version.clone()).unwrap_or_default(),
                engine_version: ENGINE_VERSION.to_owned(),
            };
            let hit = Hit::new(HitId::new(now), check.id, check.user_id, source, now);
            StoredHit::new(hit, &matched(found), evidence)
        })
        .collect()
}

/// Name, birth date and countries, of a person.
fn query(person: &Snapshot) -> Query {
    Query {
        name: person.name.0.clone(),
        kind: Some(Kind::Person),
        date_of_birth: person.date_of_birth.as_ref().and_then(|date| screening::date::parse(&date.0)).map(|at| at.from),
        countries: person.countries.iter().map(|country| country.0.clone()).collect(),
        identifiers: vec![],
    }
}

/// What of the name a machine must not clear.
pub(crate) fn doubts(person: &Snapshot) -> Vec<ReasonCode> {
    let reason = |doubt: &NameDoubt| match doubt {
        NameDoubt::MixedScripts => ReasonCode::NameMixedScripts,
        NameDoubt::NotScreenable => ReasonCode::NameNotScreenable,
    };
    query(person).doubts().iter().map(reason).collect()
}

fn matched(hit: screening::Hit) -> Match {
    Match {
        entity_id: hit.entity_id,
        name: Masked(hit.name),
        score: hit.score,
        name_score: hit.name_score,
        matched_on: hit.matched_on.iter().map(|what| what.as_str().to_owned()).collect(),
        explanation: Masked(hit.explanation),
        dates_of_birth: hit.dates_of_birth,
        countries: hit.countries,
        programmes: hit.programmes,
    }
}

/// What makes the screening repeatable: engine, lists and threshold.
pub(crate) fn told(event: EventDraft, lists: &InForce, threshold: f64, hits: usize, clears: bool) -> EventDraft {
    event.data(&ScreeningResult {
        engine_version: ENGINE_VERSION.into(),
        lists: lists.versions(),
        threshold,
        hits,
        clears,
    })
}

fn opened(hit: &Hit) -> EventDraft {
    let subject = Subject::new("hit", hit.id);
    EventDraft::new(EventType::HitOpened, subject, hit.version)
        .person(hit.user_id)
        .data(&HitOrigin { check: hit.check_id, list: PublicWord::named(&hit.list), kind: hit.kind })
        .data(&HitVersions {
            list_version: PublicWord::named(&hit.list_version),
            engine_version: PublicWord::named(&hit.engine_version),
        })
}

#[cfg(test)]
mod tests {
    use verinym::store::check::Snapshot;

    use super::*;

    #[test]
    fn a_name_that_the_lists_cannot_be_asked_for_is_a_matter_for_a_person() {
        let named = |name: &str| Snapshot {
            name: Masked(name.to_owned()),
            date_of_birth: None,
            countries: vec![],
            taken_at: Timestamp::now(),
        };
        for (name, expected) in [
            ("Karim al-Zubayri", vec![]),
            ("Ka\u{1160}rim al-Zubayri", vec![]),
            ("K\u{430}rim al-Zubayri", vec![ReasonCode::NameMixedScripts]),
            ("-", vec![ReasonCode::NameNotScreenable]),
        ] {
            assert_eq!(doubts(&named(name)), expected, "{name:?}");
        }
    }
}
