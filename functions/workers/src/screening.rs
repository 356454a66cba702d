//! Screening of one snapshot: finding hits, doubts about the name, and the events of both. Open and closed checks use it.

use std::{collections::BTreeSet, time::Duration};

use verinym::{
    crypto::random::RandomId,
    domain::{
        aml::{Hit, Match, Source},
        check::ReasonCode,
        event::{EventType, HitOrigin, HitVersions, PublicWord, ScreeningResult, Subject},
        id::HitId,
        secret::Masked,
        time::Timestamp,
    },
    error::Result,
    messaging::TaskOutcome,
    screening::{self, ENGINE_VERSION, Kind, NameDoubt, Options, Query},
    store::{
        Store,
        check::{Snapshot, StoredCheck},
        commit::Commit,
        event::EventDraft,
        hit::StoredHit,
        person_key::PersonKey,
    },
    watchlists::InForce,
};

use crate::earlier_hits::ListedEntity;

/// The largest number of hits of a check, the best ones: a transaction has room for no more, and these are reason enough.
pub const MAX_HITS: usize = 20;
/// The wait for stale lists to become fresh.
pub const UNTIL_FRESH: Duration = Duration::from_mins(10);

/// Compares the snapshot of a check with the lists in force, and makes a hit of each match except for `known` entities.
pub fn find_hits(
    stored: &StoredCheck,
    lists: &InForce,
    evidence: &PersonKey,
    known: &BTreeSet<ListedEntity>,
    now: Timestamp,
) -> Result<Vec<StoredHit>> {
    let check = &stored.check;
    let options = Options { threshold: check.policy.threshold, lists: vec![], limit: MAX_HITS + known.len() };
    let matches = lists.artifact.screen(&query(&stored.snapshot(evidence)?), &options);
    matches
        .into_iter()
        .filter(|found| !known.contains(&(found.list.clone(), found.entity_id.clone())))
        .take(MAX_HITS)
        .map(|found| {
            let source = Source {
                list: found.list.clone(),
                kind: lists.kind_of(&found.list),
                list_version: lists.list(&found.list).map(|list| list.version.clone()).unwrap_or_default(),
                engine_version: ENGINE_VERSION.to_owned(),
            };
            let hit = Hit::new(HitId::new(now), check.id, check.user_id, source, now);
            StoredHit::new(hit, &to_match(found), evidence)
        })
        .collect()
}

/// The engine's query for a person: name, birth date, countries and numbers. The person states the numbers without proof, so they are
/// passed without type and country: an equal number raises a score, and a different one does not lower it.
fn query(person: &Snapshot) -> Query {
    Query {
        name: person.name.0.clone(),
        kind: Some(Kind::Person),
        date_of_birth: person.date_of_birth.as_ref().and_then(|date| screening::date::parse(&date.0)).map(|at| at.from),
        countries: person.countries.iter().map(|country| country.0.clone()).collect(),
        identifiers: person.numbers.iter().map(|number| number.0.as_str().into()).collect(),
    }
}

/// Reasons why the name cannot be compared completely, so that a reviewer decides.
pub fn name_doubts(person: &Snapshot) -> Vec<ReasonCode> {
    let reason = |doubt: &NameDoubt| match doubt {
        NameDoubt::MixedScripts => ReasonCode::NameMixedScripts,
        NameDoubt::NotScreenable => ReasonCode::NameNotScreenable,
    };
    query(person).doubts().iter().map(reason).collect()
}

fn to_match(hit: screening::Hit) -> Match {
    Match {
        entity_id: hit.entity_id,
        name: Masked(hit.name),
        score: hit.score,
        name_score: hit.name_score,
        matched_on: hit.matched_on.iter().map(|field| field.as_str().to_owned()).collect(),
        explanation: Masked(hit.explanation),
        dates_of_birth: hit.dates_of_birth,
        countries: hit.countries,
        programmes: hit.programmes,
    }
}

/// Adds what makes the screening repeatable: versions of engine and lists, and the threshold.
pub fn with_result(event: EventDraft, lists: &InForce, threshold: f64, hits: usize, clears: bool) -> EventDraft {
    event.data(&ScreeningResult {
        engine_version: ENGINE_VERSION.into(),
        lists: lists.versions(),
        threshold,
        hits,
        clears,
    })
}

/// Writes new hits with their events in the commit of the screening.
pub fn with_hits<'s>(commit: Commit<'s>, hits: &[StoredHit]) -> Commit<'s> {
    hits.iter().fold(commit, |commit, stored| commit.new_hit(stored).event(hit_opened(&stored.hit)))
}

fn hit_opened(hit: &Hit) -> EventDraft {
    let subject = Subject::new("hit", hit.id);
    EventDraft::new(EventType::HitOpened, subject, hit.version)
        .person(hit.user_id)
        .data(&HitOrigin { check: hit.check_id, list: PublicWord::named(&hit.list), kind: hit.kind })
        .data(&HitVersions {
            list_version: PublicWord::named(&hit.list_version),
            engine_version: PublicWord::named(&hit.engine_version),
        })
}

/// Lets the message come back after a wait, and stores the time of that run with the check.
pub async fn run_later(store: &Store, stored: &StoredCheck, wait: Duration) -> Result<TaskOutcome> {
    store.schedule_run(stored, Timestamp::now() + wait).await?;
    Ok(TaskOutcome::Later(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_compared_with_the_lists_is_doubtful() {
        let named = |name: &str| Snapshot {
            name: Masked(name.to_owned()),
            date_of_birth: None,
            countries: vec![],
            numbers: vec![],
            given_name: None,
            family_name: None,
            address: None,
            national_id: None,
            taken_at: Timestamp::now(),
        };
        for (name, expected) in [
            ("Karim al-Zubayri", vec![]),
            ("Ka\u{1160}rim al-Zubayri", vec![]),
            ("K\u{430}rim al-Zubayri", vec![ReasonCode::NameMixedScripts]),
            ("-", vec![ReasonCode::NameNotScreenable]),
        ] {
            assert_eq!(name_doubts(&named(name)), expected, "{name:?}");
        }
    }
}
