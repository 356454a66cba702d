//! The AML step of a check: what the lists say of its person, and what that means for an approval.

use serde::{Deserialize, Serialize};

use super::{Check, CheckError, CheckState, ReasonCode, Risk, RiskLevel, StepKind, Verb, next};
use crate::{
    aml::{HitDecision, HitMark, ListKind},
    id::{HitId, UserId},
    time::Timestamp,
};

/// Where the screening of a check stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScreeningState {
    /// When the provider had been heard or given up, and the name was handed on to be screened.
    pub since: Option<Timestamp>,
    /// Whether it was screened against lists of which none was stale or missing.
    pub done: bool,
    /// Who on the lists may be the person, in the order they were found.
    pub hits: Vec<HitMark>,
}

impl Check {
    /// Whether a machine has to screen it still. Every submitted snapshot is screened: of an open check once its
    /// provider was heard, of one that was rejected or withdrawn before that afterwards.
    pub fn needs_screening(&self) -> bool {
        let ready = if self.state.is_closed() { self.submitted_at.is_some() } else { self.screening.since.is_some() };
        ready && !self.screening.done && next(self.state, Verb::Screened).is_ok()
    }

    /// How many of its hits stand so.
    pub fn hits(&self, decision: HitDecision) -> usize {
        self.screening.hits.iter().filter(|hit| hit.decision == decision).count()
    }

    /// How much a reviewer should hurry: the assessed risk, or what an undecided or true hit means if that is more.
    pub fn urgency(&self) -> RiskLevel {
        let of_hit = |hit: &HitMark| match (hit.decision, hit.kind) {
            (HitDecision::TrueMatch, ListKind::Sanctions) => RiskLevel::Critical,
            (HitDecision::TrueMatch, _) | (HitDecision::Open, ListKind::Sanctions) => RiskLevel::High,
            (HitDecision::Open, _) => RiskLevel::Medium,
            (HitDecision::FalsePositive, _) => RiskLevel::Low,
        };
        let hits = self.screening.hits.iter().map(of_hit).max();
        let risk = self.risk.map(|risk| risk.level);
        hits.max(risk).unwrap_or(RiskLevel::Low)
    }

    pub(super) fn start_screening(
        &mut self,
        passed: bool,
        review_reasons: Vec<ReasonCode>,
        now: Timestamp,
    ) -> Result<(), CheckError> {
        if self.screening.since.is_some() {
            return Err(CheckError::IllegalTransition);
        }
        if passed {
            self.pass(StepKind::Provider);
        }
        self.add_review_reasons(review_reasons);
        self.screening.since = Some(now);
        Ok(())
    }

    pub(super) fn screened(
        &mut self,
        hits: Vec<HitMark>,
        lists_are_fresh: bool,
        review_reasons: Vec<ReasonCode>,
    ) -> Result<(), CheckError> {
        if !self.needs_screening() {
            return Err(CheckError::IllegalTransition);
        }
        self.screening.done = lists_are_fresh;
        if self.state.is_closed() {
            // It stays as it was decided; the next check of its person takes the hits on.
            self.screening.hits.extend(hits);
            return Ok(());
        }
        self.add_review_reasons(review_reasons);
        self.add_review_reasons(hits.iter().map(|hit| hit.kind.into()).collect());
        self.screening.hits.extend(hits);
        self.assess_hits();
        if lists_are_fresh {
            self.reasons.retain(|code| !matches!(code, ReasonCode::ListsStale | ReasonCode::ScreeningUnavailable));
        } else {
            self.add_review_reasons(vec![ReasonCode::ListsStale]);
        }
        self.settle_screening();
        Ok(())
    }

    /// Until assessments exist, the risk follows from the hits. A hit that a reviewer cleared still counts: that one
    /// person found it to be somebody else must not be what lets the same person approve alone.
    fn assess_hits(&mut self) {
        let of_hit = |hit: &HitMark| match (hit.kind, hit.decision) {
            (ListKind::Sanctions, HitDecision::TrueMatch) => RiskLevel::Critical,
            (ListKind::Sanctions | ListKind::Pep, _) => RiskLevel::High,
            (ListKind::AdverseMedia, _) => RiskLevel::Medium,
        };
        let level = self.screening.hits.iter().map(of_hit).max();
        let assessed = self.risk.map(|risk| risk.level);
        if level > assessed {
            self.risk = level.map(|level| Risk { score: level.lowest_score(), level });
        }
    }

    /// Adds reasons for a person to look at it.
    pub(super) fn add_review_reasons(&mut self, reasons: Vec<ReasonCode>) {
        for code in reasons {
            if !self.reasons.contains(&code) {
                self.reasons.push(code);
            }
        }
    }

    /// The step has passed once the lists could clear and every hit was found to be somebody else. A kind of list with
    /// no hit left is no reason any more.
    fn settle_screening(&mut self) {
        let speaks = |code: ReasonCode| {
            self.screening.hits.iter().any(|hit| hit.decision != HitDecision::FalsePositive && code == hit.kind.into())
        };
        let of_hits = ListKind::ALL.iter().map(|kind| ReasonCode::from(*kind));
        let silent: Vec<_> = of_hits.filter(|code| !speaks(*code)).collect();
        self.reasons.retain(|code| !silent.contains(code));
        if self.screening.done && self.screening.hits.len() == self.hits(HitDecision::FalsePositive) {
            self.pass(StepKind::Screening);
        } else {
            self.steps_done.retain(|step| *step != StepKind::Screening);
        }
    }

    /// Nobody is approved over a true match, over a hit that nobody decided, or without having been screened.
    pub(super) fn check_approvable(&self) -> Result<(), CheckError> {
        if self.hits(HitDecision::TrueMatch) > 0 {
            return Err(CheckError::TrueMatch);
        }
        if self.hits(HitDecision::Open) > 0 {
            return Err(CheckError::OpenHits);
        }
        let wanted = self.policy.steps.contains(&StepKind::Screening);
        if wanted && !self.steps_done.contains(&StepKind::Screening) {
            return Err(CheckError::StepsMissing);
        }
        Ok(())
    }

    /// Whether a reviewer may decide one of its hits now: in review, and after a rejection or a withdrawal too, since
    /// who was listed is to be known whatever became of the check. `second` is who answers another reviewer's proposal:
    /// that one's hold does not keep them away.
    pub fn check_hit_decidable(&self, reviewer: UserId, second: bool, now: Timestamp) -> Result<(), CheckError> {
        use CheckState as S;
        self.refuse_own_check(reviewer)?;
        if !matches!(self.state, S::InReview | S::AwaitingApplicant | S::Rejected | S::Cancelled) {
            return Err(CheckError::IllegalTransition);
        }
        match self.check_reviewer(reviewer, now) {
            Err(CheckError::ClaimedByAnother) if second => Ok(()),
            answer => answer,
        }
    }

    /// The check after one of its hits was decided. What was closed before stays as it was decided, but for the mark.
    pub fn hit_decided(&self, hit: HitId, decision: HitDecision, now: Timestamp) -> Result<Self, CheckError> {
        let mut after = Self { updated_at: now, version: self.version + 1, ..self.clone() };
        let mark = after.screening.hits.iter_mut().find(|mark| mark.id == hit).ok_or(CheckError::IllegalTransition)?;
        mark.decision = decision;
        if after.state.is_open() {
            after.assess_hits();
            after.add_review_reasons(vec![mark_reason(&after, hit)?]);
            after.settle_screening();
        }
        Ok(after)
    }
}

fn mark_reason(check: &Check, hit: HitId) -> Result<ReasonCode, CheckError> {
    let mark = check.screening.hits.iter().find(|mark| mark.id == hit);
    mark.map(|mark| mark.kind.into()).ok_or(CheckError::IllegalTransition)
}

impl From<ListKind> for ReasonCode {
    fn from(kind: ListKind) -> Self {
        match kind {
            ListKind::Sanctions => Self::SanctionsMatch,
            ListKind::Pep => Self::PepMatch,
            ListKind::AdverseMedia => Self::AdverseMedia,
        }
    }
}
