//! The transitions of a check: one table of states, and what each action changes besides the state.

use super::{
    Check, CheckDecision, CheckError, CheckOutcome, CheckState, MAX_DOCUMENTS, Proposal, ReasonCode, RiskLevel,
    StepKind, VALIDITY,
};
use crate::{
    aml::HitMark,
    event::EventType,
    id::{DocumentId, UserId},
    kyc::KycStatus,
    time::Timestamp,
};

/// An action on a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The applicant submits it; with their verification status.
    Submit(KycStatus),
    /// A worker starts processing it.
    Start,
    /// The provider finished or is not asked any more; the name is screened next, whatever the result was.
    Screen {
        /// Whether the provider confirmed the documents.
        passed: bool,
        /// Why a reviewer has to decide all the same.
        review_reasons: Vec<ReasonCode>,
    },
    /// The name was screened.
    Screened {
        hits: Vec<HitMark>,
        /// Whether no list was stale or missing: only then does "no hit" clear the person.
        lists_are_fresh: bool,
        /// Why a reviewer has to examine the name, whatever the lists contain.
        review_reasons: Vec<ReasonCode>,
    },
    /// Every step passed and there is no reason for a review: the policy approves.
    Pass,
    ProviderRejected(Vec<ReasonCode>),
    /// A reviewer has to decide. A technical failure leads here and never to a decision.
    SendToReview(Vec<ReasonCode>),
    /// A reviewer asks for more documents.
    RequestDocuments {
        by: UserId,
        needed: Vec<ReasonCode>,
    },
    /// The applicant adds documents; if they were requested, the check returns to the review queue.
    AddDocuments(Vec<DocumentId>),
    Approve {
        by: UserId,
        reasons: Vec<ReasonCode>,
    },
    Reject {
        by: UserId,
        reasons: Vec<ReasonCode>,
    },
    /// A first reviewer proposes approval; the policy requires two reviewers.
    Propose {
        by: UserId,
        reasons: Vec<ReasonCode>,
    },
    /// The second reviewer confirms the approval.
    Agree {
        by: UserId,
    },
    /// The second reviewer rejects the proposal.
    Disagree {
        by: UserId,
        reasons: Vec<ReasonCode>,
    },
    /// The applicant withdraws it.
    Cancel,
    /// Its validity or retention period ended.
    Expire,
}

/// The kind of an action, without its data: the key of the transition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    Submit,
    Start,
    Screen,
    Screened,
    Pass,
    ProviderRejected,
    SendToReview,
    RequestDocuments,
    AddDocuments,
    Approve,
    Reject,
    Propose,
    Agree,
    Disagree,
    Cancel,
    Expire,
}

impl Verb {
    /// Every verb.
    pub const ALL: &'static [Self] = &[
        Self::Submit,
        Self::Start,
        Self::Screen,
        Self::Screened,
        Self::Pass,
        Self::ProviderRejected,
        Self::SendToReview,
        Self::RequestDocuments,
        Self::AddDocuments,
        Self::Approve,
        Self::Reject,
        Self::Propose,
        Self::Agree,
        Self::Disagree,
        Self::Cancel,
        Self::Expire,
    ];
}

/// The transition table: the state after an action. A pair that is not in the table is refused.
#[expect(clippy::match_same_arms, reason = "a table reads by the state one comes from")]
pub const fn next(state: CheckState, verb: Verb) -> Result<CheckState, CheckError> {
    use CheckState as S;
    use Verb as V;
    Ok(match (state, verb) {
        (S::Draft, V::AddDocuments) => S::Draft,
        (S::Draft, V::Submit) => S::Submitted,
        (S::Submitted, V::Start) => S::Processing,

        (S::Processing, V::Screen | V::Screened) => S::Processing,
        (S::Processing, V::Pass) => S::Approved,
        (S::Processing, V::ProviderRejected) => S::Rejected,
        (S::Processing, V::SendToReview) => S::InReview,
        // A name that could not be screened in time is screened during the review.
        (S::InReview, V::Screened) => S::InReview,
        (S::AwaitingApplicant, V::Screened) => S::AwaitingApplicant,
        // Every submitted snapshot is screened, even if its check was closed before.
        (S::Rejected, V::Screened) => S::Rejected,
        (S::Cancelled, V::Screened) => S::Cancelled,

        (S::InReview, V::RequestDocuments) => S::AwaitingApplicant,
        (S::AwaitingApplicant, V::AddDocuments | V::Submit) => S::InReview,

        (S::InReview, V::Approve) => S::Approved,
        (S::InReview, V::Reject) => S::Rejected,
        (S::InReview, V::Propose) => S::AwaitingSecondReview,
        (S::AwaitingSecondReview, V::Agree) => S::Approved,
        (S::AwaitingSecondReview, V::Disagree) => S::InReview,

        (
            S::Draft | S::Submitted | S::Processing | S::InReview | S::AwaitingApplicant | S::AwaitingSecondReview,
            V::Cancel,
        ) => S::Cancelled,
        (S::Draft | S::Approved, V::Expire) => S::Expired,

        _ => return Err(CheckError::IllegalTransition),
    })
}

impl Action {
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Submit(_) => Verb::Submit,
            Self::Start => Verb::Start,
            Self::Screen { .. } => Verb::Screen,
            Self::Screened { .. } => Verb::Screened,
            Self::Pass => Verb::Pass,
            Self::ProviderRejected(_) => Verb::ProviderRejected,
            Self::SendToReview(_) => Verb::SendToReview,
            Self::RequestDocuments { .. } => Verb::RequestDocuments,
            Self::AddDocuments(_) => Verb::AddDocuments,
            Self::Approve { .. } => Verb::Approve,
            Self::Reject { .. } => Verb::Reject,
            Self::Propose { .. } => Verb::Propose,
            Self::Agree { .. } => Verb::Agree,
            Self::Disagree { .. } => Verb::Disagree,
            Self::Cancel => Verb::Cancel,
            Self::Expire => Verb::Expire,
        }
    }

    /// The reviewer who takes the action; `None` for the applicant's and the workers' actions.
    const fn reviewer(&self) -> Option<UserId> {
        match self {
            Self::RequestDocuments { by, .. }
            | Self::Approve { by, .. }
            | Self::Reject { by, .. }
            | Self::Propose { by, .. }
            | Self::Agree { by }
            | Self::Disagree { by, .. } => Some(*by),
            _ => None,
        }
    }
}

/// The event that an action on a check in a state records.
pub const fn event(from: CheckState, verb: Verb) -> EventType {
    match (verb, from) {
        (Verb::Submit | Verb::AddDocuments, CheckState::AwaitingApplicant) => EventType::CheckResubmitted,
        (Verb::Submit, _) => EventType::CheckSubmitted,
        (Verb::AddDocuments, _) => EventType::CheckDocumentsAdded,
        (Verb::Start, _) => EventType::CheckProcessing,
        (Verb::Screen, _) => EventType::CheckScreening,
        (Verb::Screened, _) => EventType::CheckScreened,
        (Verb::Pass | Verb::Approve | Verb::Agree, _) => EventType::CheckApproved,
        (Verb::ProviderRejected | Verb::Reject, _) => EventType::CheckRejected,
        (Verb::SendToReview, _) => EventType::CheckInReview,
        (Verb::RequestDocuments, _) => EventType::CheckActionNeeded,
        (Verb::Propose, _) => EventType::CheckSecondReview,
        (Verb::Disagree, _) => EventType::CheckSecondReviewDenied,
        (Verb::Cancel, _) => EventType::CheckCancelled,
        (Verb::Expire, _) => EventType::CheckExpired,
    }
}

/// A reviewer's decision on a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewDecision {
    Approve(Vec<ReasonCode>),
    Reject(Vec<ReasonCode>),
    RequestDocuments(Vec<ReasonCode>),
}

impl Check {
    /// Whether an approval needs two reviewers.
    pub fn needs_second_reviewer(&self, four_eyes: bool) -> bool {
        let high = self.risk.is_some_and(|risk| risk.level >= RiskLevel::High);
        four_eyes && (high || self.reasons.contains(&ReasonCode::SanctionsMatch))
    }

    /// The action that a reviewer's decision is in the current state. While a second reviewer is awaited, an approval
    /// confirms the proposal, and any other decision returns the check to the review queue.
    pub fn review_action(&self, decision: ReviewDecision, by: UserId, four_eyes: bool) -> Action {
        let second = self.state == CheckState::AwaitingSecondReview;
        match decision {
            ReviewDecision::Approve(_) if second => Action::Agree { by },
            ReviewDecision::Reject(reasons) | ReviewDecision::RequestDocuments(reasons) if second => {
                Action::Disagree { by, reasons }
            }
            ReviewDecision::Approve(reasons) if self.needs_second_reviewer(four_eyes) => {
                Action::Propose { by, reasons }
            }
            ReviewDecision::Approve(reasons) => Action::Approve { by, reasons },
            ReviewDecision::Reject(reasons) => Action::Reject { by, reasons },
            ReviewDecision::RequestDocuments(needed) => Action::RequestDocuments { by, needed },
        }
    }

    /// The check after an action and the event to record; or the reason for refusal.
    pub fn apply(&self, action: Action, now: Timestamp) -> Result<(Self, EventType), CheckError> {
        let verb = action.verb();
        if let Some(reviewer) = action.reviewer() {
            self.refuse_own_check(reviewer)?;
        }
        let state = next(self.state, verb)?;
        if let Some(reviewer) = action.reviewer() {
            self.check_reviewer(reviewer, now)?;
        }
        let mut after = Self { state, updated_at: now, version: self.version + 1, ..self.clone() };
        after.apply_effects(action, now)?;
        if !state.is_waiting_for_reviewer() {
            after.claim = None;
        }
        if after.for_person() != self.for_person() {
            after.applicant_updated_at = now;
            after.applicant_version = self.applicant_version + 1;
        }
        Ok((after, event(self.state, verb)))
    }

    /// Applies what the action changes besides the state.
    fn apply_effects(&mut self, action: Action, now: Timestamp) -> Result<(), CheckError> {
        match action {
            Action::Submit(status) => self.submit_documents(status, now)?,
            Action::Start => {}
            Action::Screen { passed, review_reasons } => self.start_screening(passed, review_reasons, now)?,
            Action::Screened { hits, lists_are_fresh, review_reasons } => {
                self.screened(hits, lists_are_fresh, review_reasons)?;
            }
            Action::Pass => {
                if !self.is_passed() || !self.reasons.is_empty() {
                    return Err(CheckError::StepsMissing);
                }
                self.decide(CheckOutcome::Approved, vec![], vec![], now);
            }
            Action::ProviderRejected(reasons) => self.decide(CheckOutcome::Rejected, reasons, vec![], now),
            Action::SendToReview(reasons) => self.add_review_reasons(reasons),
            Action::RequestDocuments { needed, .. } => self.needed = require_reason(needed)?,
            Action::AddDocuments(ids) => self.add(ids)?,
            Action::Approve { by, reasons } => {
                self.check_approvable()?;
                self.decide(CheckOutcome::Approved, reasons, vec![by], now);
            }
            Action::Reject { by, reasons } => {
                self.decide(CheckOutcome::Rejected, require_reason(reasons)?, vec![by], now);
            }
            Action::Propose { by, reasons } => {
                self.check_approvable()?;
                self.proposal = Some(Proposal { by, at: now, reasons });
                // The second reviewer is another person, whom the first one's claim would block.
                self.claim = None;
            }
            Action::Agree { by } => {
                self.check_approvable()?;
                let first = self.proposal.take().ok_or(CheckError::IllegalTransition)?;
                if first.by == by {
                    return Err(CheckError::SameReviewer);
                }
                self.decide(CheckOutcome::Approved, first.reasons, vec![first.by, by], now);
            }
            Action::Disagree { reasons, .. } => {
                self.proposal = None;
                self.reasons = require_reason(reasons)?;
            }
            Action::Cancel => self.expires_at = None,
            Action::Expire => {
                if self.expires_at.is_none_or(|at| at > now) {
                    return Err(CheckError::IllegalTransition);
                }
            }
        }
        Ok(())
    }

    fn submit_documents(&mut self, status: KycStatus, now: Timestamp) -> Result<(), CheckError> {
        if self.document_ids.is_empty() {
            return Err(CheckError::DocumentsMissing);
        }
        self.needed.clear();
        if self.submitted_at.is_none() {
            self.status_before = status;
            self.submitted_at = Some(now);
            self.expires_at = None;
        }
        Ok(())
    }

    fn add(&mut self, ids: Vec<DocumentId>) -> Result<(), CheckError> {
        if ids.is_empty() {
            return Err(CheckError::DocumentsMissing);
        }
        for id in ids {
            if !self.document_ids.contains(&id) {
                self.document_ids.push(id);
            }
        }
        if self.document_ids.len() > MAX_DOCUMENTS {
            return Err(CheckError::TooManyDocuments);
        }
        self.needed.clear();
        Ok(())
    }

    /// Marks a step of the policy as passed.
    pub fn pass(&mut self, step: StepKind) {
        if self.policy.steps.contains(&step) && !self.steps_done.contains(&step) {
            self.steps_done.push(step);
        }
    }

    /// Whether every step of the policy passed.
    pub fn is_passed(&self) -> bool {
        self.policy.steps.iter().all(|step| self.steps_done.contains(step))
    }

    fn decide(&mut self, outcome: CheckOutcome, reasons: Vec<ReasonCode>, decided_by: Vec<UserId>, now: Timestamp) {
        self.expires_at = (outcome == CheckOutcome::Approved).then(|| now + VALIDITY);
        self.reasons.clone_from(&reasons);
        self.needed.clear();
        self.proposal = None;
        self.decision = Some(CheckDecision { outcome, reasons, decided_by, decided_at: now });
    }
}

/// A rejection and a request for documents need a reason.
fn require_reason(reasons: Vec<ReasonCode>) -> Result<Vec<ReasonCode>, CheckError> {
    if reasons.is_empty() { Err(CheckError::ReasonMissing) } else { Ok(reasons) }
}
