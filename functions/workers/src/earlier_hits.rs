//! Hits of a person's earlier checks that nobody cleared. The next check carries them over, so that neither withdrawing a
//! check nor changing the name avoids them.

use std::collections::BTreeSet;

use verinym::{
    crypto::random::RandomId,
    domain::{
        aml::{Hit, HitDecision, Match},
        check::Check,
        id::HitId,
        secret::Masked,
        time::Timestamp,
    },
    error::Result,
    store::{Store, hit::StoredHit, person_key::PersonKey},
};

/// The id of a list, and the id of an entity on it.
pub type ListedEntity = (String, String);

const PAGE: u32 = 100;

/// The entities that hits name.
pub fn listed_entities(hits: &[StoredHit], evidence: &PersonKey) -> Result<BTreeSet<ListedEntity>> {
    hits.iter().map(|stored| Ok((stored.hit.list.clone(), stored.found(evidence)?.entity_id))).collect()
}

/// Copies hits of earlier checks to this check, to be decided again, except for entities that it already has a hit on
/// (`known`). Of several hits on one entity the newest counts.
pub async fn carry_over_unresolved(
    store: &Store,
    check: &Check,
    evidence: &PersonKey,
    known: &BTreeSet<ListedEntity>,
    now: Timestamp,
) -> Result<Vec<StoredHit>> {
    let mut seen = known.clone();
    let mut carried_over = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = store.hits_of(&check.user_id, PAGE, after.as_ref()).await?;
        for stored in page.iter().filter(|stored| stored.hit.check_id != check.id) {
            let found = stored.found(evidence)?;
            if !seen.insert((stored.hit.list.clone(), found.entity_id.clone())) {
                continue;
            }
            if let Some((hit, found)) = carry_over(check, &stored.hit, found, now) {
                carried_over.push(StoredHit::new(hit, &found, evidence)?);
            }
        }
        after = next;
        if after.is_none() {
            return Ok(carried_over);
        }
    }
}

/// A hit of an earlier check as an open hit of this one, unless it was cleared.
fn carry_over(check: &Check, earlier: &Hit, found: Match, now: Timestamp) -> Option<(Hit, Match)> {
    if earlier.decision == HitDecision::FalsePositive {
        return None;
    }
    let was = if earlier.decision == HitDecision::TrueMatch { "a true match" } else { "not decided" };
    let explanation = format!("Found in an earlier check, {}, {was}. {}", earlier.check_id, found.explanation.0);
    let hit = Hit::new(HitId::new(now), check.id, check.user_id, earlier.source(), now);
    Some((hit, Match { explanation: Masked(explanation), ..found }))
}

#[cfg(test)]
mod tests {
    use verinym::domain::{
        aml::{HitVerdict, ListKind, Source},
        check::{CheckTrigger, Policy},
        id::{CheckId, UserId},
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn hit(user: UserId) -> Hit {
        let (list, list_version, engine_version) = ("un".into(), "v1".into(), "1".into());
        Hit::new(
            HitId::new(NOW),
            CheckId::new(NOW),
            user,
            Source { list, kind: ListKind::Sanctions, list_version, engine_version },
            NOW,
        )
    }

    fn found() -> Match {
        Match {
            entity_id: "900001".into(),
            name: Masked("KARIM NABIL AL-ZUBAYRI".into()),
            score: 0.97,
            name_score: 1.0,
            matched_on: vec![],
            explanation: Masked("The names are the same.".into()),
            dates_of_birth: vec![],
            countries: vec![],
            programmes: vec![],
        }
    }

    #[test]
    fn an_uncleared_hit_is_carried_over_and_states_the_earlier_decision() {
        let (user, reviewer) = (UserId::new(NOW), UserId::from_parts(NOW, [1; 10]));
        let check =
            Check::draft(CheckId::new(NOW), user, Policy::document("sandbox", 0.85), CheckTrigger::Applicant, NOW);
        let open = hit(user);
        let held = open.decide(HitVerdict::TrueMatch, reviewer, true, NOW).unwrap().0;
        for (earlier, was) in [(&open, "not decided"), (&held, "a true match")] {
            let (hit, found) = carry_over(&check, earlier, found(), NOW).unwrap();
            assert_eq!((hit.decision, hit.version, hit.check_id), (HitDecision::Open, 1, check.id));
            assert!(hit.decided_by.is_empty() && hit.id != earlier.id && hit.list_version == "v1");
            let told = format!("Found in an earlier check, {}, {was}. The names are the same.", earlier.check_id);
            assert_eq!(found.explanation.0, told);
        }
        let cleared = open.decide(HitVerdict::FalsePositive, reviewer, false, NOW).unwrap().0;
        assert!(carry_over(&check, &cleared, found(), NOW).is_none());
    }
}
