//! A hit: a listed entity that may be the person of a check, until reviewers say whether it is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AmlError, HitDecision, HitVerdict, ListKind};
use crate::{
    event::EventType,
    id::{CheckId, HitId, UserId},
    secret::Masked,
    time::Timestamp,
};

/// What a check keeps of each of its hits, so that one read tells whether it may be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitMark {
    pub id: HitId,
    pub kind: ListKind,
    pub decision: HitDecision,
}

/// What a first reviewer would decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitProposal {
    pub by: UserId,
    pub at: Timestamp,
}

/// A hit, but for what it says of the person ([`Match`]), which stands encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub id: HitId,
    pub check_id: CheckId,
    pub user_id: UserId,
    pub list: String,
    pub kind: ListKind,
    /// The list as it was.
    pub list_version: String,
    /// The engine as it was: with the list's version, what the hit can be found again by.
    pub engine_version: String,
    pub decision: HitDecision,
    pub proposal: Option<HitProposal>,
    /// The reviewers, first and second.
    pub decided_by: Vec<UserId>,
    pub decided_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub version: u64,
}

/// What named somebody: an entry's list, and list and engine as they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub list: String,
    pub kind: ListKind,
    pub list_version: String,
    pub engine_version: String,
}

impl Hit {
    /// A hit that nobody has looked at.
    pub fn new(id: HitId, check_id: CheckId, user_id: UserId, source: Source, now: Timestamp) -> Self {
        let Source { list, kind, list_version, engine_version } = source;
        Self {
            id,
            check_id,
            user_id,
            list,
            kind,
            list_version,
            engine_version,
            decision: HitDecision::Open,
            proposal: None,
            decided_by: vec![],
            decided_at: None,
            created_at: now,
            version: 1,
        }
    }

    /// What named the person.
    pub fn source(&self) -> Source {
        Source {
            list: self.list.clone(),
            kind: self.kind,
            list_version: self.list_version.clone(),
            engine_version: self.engine_version.clone(),
        }
    }

    pub fn mark(&self) -> HitMark {
        HitMark { id: self.id, kind: self.kind, decision: self.decision }
    }

    /// Whether clearing it takes two reviewers.
    fn needs_second_reviewer(&self, four_eyes: bool) -> bool {
        four_eyes && self.kind == ListKind::Sanctions
    }

    /// The hit after a reviewer's verdict, and the event that tells of it.
    ///
    /// To clear somebody of a sanctions list takes two reviewers; to hold them takes one, whether or not another would
    /// have cleared them. Who was cleared can still be held, and a true match stays one.
    pub fn decide(
        &self,
        verdict: HitVerdict,
        by: UserId,
        four_eyes: bool,
        now: Timestamp,
    ) -> Result<(Self, EventType), AmlError> {
        if by == self.user_id {
            return Err(AmlError::OwnHit);
        }
        let mut after = Self { version: self.version + 1, ..self.clone() };
        match (self.decision, verdict) {
            (HitDecision::TrueMatch, _) | (HitDecision::FalsePositive, HitVerdict::FalsePositive) => {
                return Err(AmlError::HitDecided);
            }
            (HitDecision::Open, HitVerdict::FalsePositive) if self.needs_second_reviewer(four_eyes) => {
                let Some(first) = after.proposal.take() else {
                    after.proposal = Some(HitProposal { by, at: now });
                    return Ok((after, EventType::HitClearanceProposed));
                };
                if first.by == by {
                    return Err(AmlError::SameReviewer);
                }
                after.decided_by = vec![first.by, by];
            }
            (HitDecision::Open | HitDecision::FalsePositive, _) => {
                after.proposal = None;
                after.decided_by = vec![by];
            }
        }
        after.decision = verdict.into();
        after.decided_at = Some(now);
        Ok((after, EventType::HitDecided))
    }
}

/// What a list says, and what of it agrees with the person. It quotes the person's own name, so it is personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    pub entity_id: String,
    /// The listed name that agrees best, as published.
    pub name: Masked<String>,
    pub score: f64,
    pub name_score: f64,
    pub matched_on: Vec<String>,
    pub explanation: Masked<String>,
    pub dates_of_birth: Vec<String>,
    pub countries: Vec<String>,
    pub programmes: Vec<String>,
}

/// What reviewers wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasons {
    /// The last one.
    pub last: Option<Masked<String>>,
    /// The first of two, once the second has decided.
    pub first: Option<Masked<String>>,
}

/// A hit as staff sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HitForStaff {
    pub id: HitId,
    pub check_id: CheckId,
    pub user_id: UserId,
    #[schema(example = "ofac_sdn")]
    pub list: String,
    pub kind: ListKind,
    #[schema(example = "2026-02-27")]
    pub list_version: String,
    #[schema(example = "2")]
    pub engine_version: String,
    /// The list's own key.
    #[schema(example = "ofac-7157")]
    pub entity_id: String,
    /// The listed name that agrees best, as published. It is the person's own where the hit is true, so it is absent for
    /// readers who may not see personal data (`users:read_pii`).
    #[schema(value_type = Option<String>, example = "Karim Nabil al-Zubayri")]
    pub name: Option<Masked<String>>,
    /// That this is the person; 0 to 1.
    pub score: f64,
    /// That the names agree, and no more; 0 to 1.
    pub name_score: f64,
    /// `name`, `alias`, `date_of_birth`, `country`, `identifier`.
    #[schema(example = json!(["name"]))]
    pub matched_on: Vec<String>,
    /// What agrees, what does not, and what it cost. It quotes the person, so it is absent for the same readers.
    #[schema(value_type = Option<String>, example = "al-Zubayri = al-Zubayri")]
    pub explanation: Option<Masked<String>>,
    /// Empty for the same readers: where `matched_on` names the date of birth, these tell the person's.
    #[schema(example = json!(["1971-03-09"]))]
    pub dates_of_birth: Vec<String>,
    #[schema(example = json!(["YE"]))]
    pub countries: Vec<String>,
    #[schema(example = json!(["SDGT"]))]
    pub programmes: Vec<String>,
    pub decision: HitDecision,
    /// The deciding reviewer, the second of two.
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Timestamp>,
    /// The first of two reviewers, while a second one is waited for.
    pub proposed_by: Option<UserId>,
    /// What the last reviewer wrote.
    #[schema(value_type = Option<String>, example = "The passport shows another date of birth.")]
    pub reason: Option<Masked<String>>,
    /// What the first of two reviewers wrote, once the second has decided.
    #[schema(value_type = Option<String>, example = "The passport shows another date of birth.")]
    pub first_reason: Option<Masked<String>>,
    pub created_at: Timestamp,
    pub version: u64,
}

impl Hit {
    /// As staff sees it; `plain` is whether they may see personal data.
    pub fn for_staff(&self, found: &Match, reasons: &Reasons, plain: bool) -> HitForStaff {
        HitForStaff {
            id: self.id,
            check_id: self.check_id,
            user_id: self.user_id,
            list: self.list.clone(),
            kind: self.kind,
            list_version: self.list_version.clone(),
            engine_version: self.engine_version.clone(),
            entity_id: found.entity_id.clone(),
            name: plain.then(|| found.name.clone()),
            score: found.score,
            name_score: found.name_score,
            matched_on: found.matched_on.clone(),
            explanation: plain.then(|| found.explanation.clone()),
            dates_of_birth: if plain { found.dates_of_birth.clone() } else { vec![] },
            countries: found.countries.clone(),
            programmes: found.programmes.clone(),
            decision: self.decision,
            decided_by: self.decided_by.last().copied(),
            decided_at: self.decided_at,
            proposed_by: self.proposal.map(|proposal| proposal.by),
            reason: reasons.last.clone().filter(|_| plain),
            first_reason: reasons.first.clone().filter(|_| plain),
            created_at: self.created_at,
            version: self.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn user(n: u8) -> UserId {
        UserId::from_parts(NOW, [n; 10])
    }

    fn hit(kind: ListKind) -> Hit {
        let source = Source { list: "un".into(), kind, list_version: "v1".into(), engine_version: "1".into() };
        Hit::new(HitId::new(NOW), CheckId::new(NOW), user(0), source, NOW)
    }

    fn decide(hit: &Hit, verdict: HitVerdict, by: u8) -> Result<(Hit, EventType), AmlError> {
        hit.decide(verdict, user(by), true, NOW)
    }

    #[test]
    fn clearing_a_sanctions_hit_takes_two_reviewers() {
        let (first, event) = decide(&hit(ListKind::Sanctions), HitVerdict::FalsePositive, 1).unwrap();
        assert_eq!((first.decision, event), (HitDecision::Open, EventType::HitClearanceProposed));
        assert_eq!(decide(&first, HitVerdict::FalsePositive, 1), Err(AmlError::SameReviewer));
        let (second, event) = decide(&first, HitVerdict::FalsePositive, 2).unwrap();
        assert_eq!((second.decision, event), (HitDecision::FalsePositive, EventType::HitDecided));
        assert_eq!((second.decided_by, second.version), (vec![user(1), user(2)], 3));
    }

    #[test]
    fn one_reviewer_is_enough_without_four_eyes_and_for_other_lists() {
        let alone = hit(ListKind::Sanctions).decide(HitVerdict::FalsePositive, user(1), false, NOW).unwrap().0;
        assert_eq!(alone.decision, HitDecision::FalsePositive);
        for kind in [ListKind::Pep, ListKind::AdverseMedia] {
            assert_eq!(
                decide(&hit(kind), HitVerdict::FalsePositive, 1).unwrap().0.decision,
                HitDecision::FalsePositive
            );
        }
    }

    #[test]
    fn one_reviewer_holds_whom_another_would_clear() {
        let (first, _) = decide(&hit(ListKind::Sanctions), HitVerdict::FalsePositive, 1).unwrap();
        let (held, _) = decide(&first, HitVerdict::TrueMatch, 2).unwrap();
        assert_eq!((held.decision, held.proposal), (HitDecision::TrueMatch, None));
        let cleared = decide(&hit(ListKind::Pep), HitVerdict::FalsePositive, 1).unwrap().0;
        assert_eq!(decide(&cleared, HitVerdict::TrueMatch, 1).unwrap().0.decision, HitDecision::TrueMatch);
    }

    #[test]
    fn a_true_match_stays_one_and_nothing_is_decided_twice() {
        let held = decide(&hit(ListKind::Sanctions), HitVerdict::TrueMatch, 1).unwrap().0;
        for verdict in HitVerdict::ALL {
            assert_eq!(decide(&held, *verdict, 2), Err(AmlError::HitDecided));
        }
        let cleared = decide(&hit(ListKind::Pep), HitVerdict::FalsePositive, 1).unwrap().0;
        assert_eq!(decide(&cleared, HitVerdict::FalsePositive, 2), Err(AmlError::HitDecided));
    }

    #[test]
    fn nobody_decides_a_hit_on_themselves() {
        assert_eq!(decide(&hit(ListKind::Pep), HitVerdict::FalsePositive, 0), Err(AmlError::OwnHit));
    }

    #[test]
    fn what_quotes_the_person_is_kept_from_who_may_not_read_it_and_from_logs() {
        let found = Match {
            entity_id: "900001".into(),
            name: Masked("KARIM NABIL AL-ZUBAYRI".into()),
            score: 0.93,
            name_score: 0.95,
            matched_on: vec!["name".into()],
            explanation: Masked("\"karim\" is the same".into()),
            dates_of_birth: vec!["1971-03-09".into()],
            countries: vec![],
            programmes: vec![],
        };
        let wrote = |text: &str| Some(Masked(text.to_owned()));
        let reasons = Reasons { last: wrote("another Karim"), first: wrote("other passport") };
        let hit = hit(ListKind::Sanctions);
        let masked = hit.for_staff(&found, &reasons, false);
        assert_eq!((&masked.name, &masked.explanation), (&None, &None));
        assert_eq!((&masked.reason, &masked.first_reason, masked.dates_of_birth.len()), (&None, &None, 0));
        let plain = hit.for_staff(&found, &reasons, true);
        assert!(plain.name.is_some() && plain.explanation.is_some() && plain.dates_of_birth.len() == 1);
        assert!(plain.reason.is_some() && plain.first_reason.is_some());
        assert!(!format!("{plain:?}{found:?}").contains("arim"));
    }
}
