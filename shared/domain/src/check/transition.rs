//! How a check moves: one table, and what each action does beside moving it.

use super::{
    Check, CheckError, CheckState, Decision, MAX_DOCUMENTS, Outcome, Proposal, ReasonCode, RiskLevel, StepKind,
    VALIDITY,
};
use crate::{
    aml::HitMark,
    event::EventType,
    id::{DocumentId, UserId},
    kyc::KycStatus,
    time::Timestamp,
};

/// What is done to a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Its person hands it in; given their verification status.
    Submit(KycStatus),
    /// A worker takes it up.
    Start,
    /// The provider was heard, or given up: the name is screened next, whatever the provider said.
    Screen {
        /// Whether the provider vouches for the documents.
        vouched: bool,
        /// Why a person has to look at it all the same.
        doubts: Vec<ReasonCode>,
    },
    /// The name was screened.
    Screened {
        hits: Vec<HitMark>,
        /// Whether the lists may clear somebody: none of them stale or missing.
        clears: bool,
        /// Why a person has to look at the name, whatever the lists say.
        doubts: Vec<ReasonCode>,
    },
    /// Every step passed, and nobody has doubts: the policy approves.
    Pass,
    ProviderRejected(Vec<ReasonCode>),
    /// A person has to decide. A technical failure is such a doubt, and never decides by itself.
    Doubt(Vec<ReasonCode>),
    /// A reviewer asks for more documents.
    RequestDocuments {
        by: UserId,
        needed: Vec<ReasonCode>,
    },
    /// Its person adds documents; what was asked for is then with the desk again.
    AddDocuments(Vec<DocumentId>),
    Approve {
        by: UserId,
        reasons: Vec<ReasonCode>,
    },
    Reject {
        by: UserId,
        reasons: Vec<ReasonCode>,
    },
    /// A first reviewer would approve, and policy wants two.
    Propose {
        by: UserId,
        reasons: Vec<ReasonCode>,
    },
    /// The second reviewer agrees.
    Agree {
        by: UserId,
    },
    /// The second reviewer does not.
    Disagree {
        by: UserId,
        reasons: Vec<ReasonCode>,
    },
    /// Its person withdraws it.
    Cancel,
    /// Its time is over.
    Expire,
}

/// An action without what it carries: the rows of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    Submit,
    Start,
    Screen,
    Screened,
    Pass,
    ProviderRejected,
    Doubt,
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
        Self::Doubt,
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

/// Where an action leads from a state: the whole table. What is not in it is refused.
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
        (S::Processing, V::Doubt) => S::InReview,
        // What could not be screened in time is screened while it waits.
        (S::InReview, V::Screened) => S::InReview,
        (S::AwaitingApplicant, V::Screened) => S::AwaitingApplicant,
        // A snapshot that was submitted is screened, whatever became of its check.
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
            Self::Doubt(_) => Verb::Doubt,
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

    /// The reviewer whose action it is.
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

/// The event that tells of an action upon a check in a state.
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
        (Verb::Doubt, _) => EventType::CheckInReview,
        (Verb::RequestDocuments, _) => EventType::CheckActionNeeded,
        (Verb::Propose, _) => EventType::CheckSecondReview,
        (Verb::Disagree, _) => EventType::CheckSecondReviewDenied,
        (Verb::Cancel, _) => EventType::CheckCancelled,
        (Verb::Expire, _) => EventType::CheckExpired,
    }
}

/// What a reviewer decides at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskDecision {
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

    /// A reviewer's decision as the action it is in the state the check is in. Waiting for a second reviewer, their
    /// approval agrees, and anything else sends it back to the desk.
    pub fn desk_action(&self, decision: DeskDecision, by: UserId, four_eyes: bool) -> Action {
        let second = self.state == CheckState::AwaitingSecondReview;
        match decision {
            DeskDecision::Approve(_) if second => Action::Agree { by },
            DeskDecision::Reject(reasons) | DeskDecision::RequestDocuments(reasons) if second => {
                Action::Disagree { by, reasons }
            }
            DeskDecision::Approve(reasons) if self.needs_second_reviewer(four_eyes) => Action::Propose { by, reasons },
            DeskDecision::Approve(reasons) => Action::Approve { by, reasons },
            DeskDecision::Reject(reasons) => Action::Reject { by, reasons },
            DeskDecision::RequestDocuments(needed) => Action::RequestDocuments { by, needed },
        }
    }

    /// The check after an action, and the event that tells of it; or why it may not be.
    pub fn apply(&self, action: Action, now: Timestamp) -> Result<(Self, EventType), CheckError> {
        let verb = action.verb();
        if let Some(reviewer) = action.reviewer() {
            self.admits_other_than_owner(reviewer)?;
        }
        let state = next(self.state, verb)?;
        if let Some(reviewer) = action.reviewer() {
            self.admits_reviewer(reviewer, now)?;
        }
        let mut after = Self { state, updated_at: now, version: self.version + 1, ..self.clone() };
        after.take(action, now)?;
        if !state.is_at_desk() {
            after.claim = None;
        }
        if after.for_person() != self.for_person() {
            after.told_at = now;
            after.told_version = self.told_version + 1;
        }
        Ok((after, event(self.state, verb)))
    }

    /// What the action does beside moving the state.
    fn take(&mut self, action: Action, now: Timestamp) -> Result<(), CheckError> {
        match action {
            Action::Submit(status) => self.hand_in(status, now)?,
            Action::Start => {}
            Action::Screen { vouched, doubts } => self.hand_to_screening(vouched, doubts, now)?,
            Action::Screened { hits, clears, doubts } => self.screened(hits, clears, doubts)?,
            Action::Pass => {
                if !self.is_passed() || !self.reasons.is_empty() {
                    return Err(CheckError::StepsMissing);
                }
                self.decide(Outcome::Approved, vec![], vec![], now);
            }
            Action::ProviderRejected(reasons) => self.decide(Outcome::Rejected, reasons, vec![], now),
            Action::Doubt(reasons) => self.doubt(reasons),
            Action::RequestDocuments { needed, .. } => self.needed = given(needed)?,
            Action::AddDocuments(ids) => self.add(ids)?,
            Action::Approve { by, reasons } => {
                self.admits_approval()?;
                self.decide(Outcome::Approved, reasons, vec![by], now);
            }
            Action::Reject { by, reasons } => self.decide(Outcome::Rejected, given(reasons)?, vec![by], now),
            Action::Propose { by, reasons } => {
                self.admits_approval()?;
                self.proposal = Some(Proposal { by, at: now, reasons });
                // The second reviewer is another: the first one's hold would only keep them away.
                self.claim = None;
            }
            Action::Agree { by } => {
                self.admits_approval()?;
                let first = self.proposal.take().ok_or(CheckError::IllegalTransition)?;
                if first.by == by {
                    return Err(CheckError::SameReviewer);
                }
                self.decide(Outcome::Approved, first.reasons, vec![first.by, by], now);
            }
            Action::Disagree { reasons, .. } => {
                self.proposal = None;
                self.reasons = given(reasons)?;
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

    fn hand_in(&mut self, status: KycStatus, now: Timestamp) -> Result<(), CheckError> {
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

    /// Notes that a step of the policy passed.
    pub fn pass(&mut self, step: StepKind) {
        if self.policy.steps.contains(&step) && !self.steps_done.contains(&step) {
            self.steps_done.push(step);
        }
    }

    /// Whether every step of the policy passed.
    pub fn is_passed(&self) -> bool {
        self.policy.steps.iter().all(|step| self.steps_done.contains(step))
    }

    fn decide(&mut self, outcome: Outcome, reasons: Vec<ReasonCode>, decided_by: Vec<UserId>, now: Timestamp) {
        self.expires_at = (outcome == Outcome::Approved).then(|| now + VALIDITY);
        self.reasons.clone_from(&reasons);
        self.needed.clear();
        self.proposal = None;
        self.decision = Some(Decision { outcome, reasons, decided_by, decided_at: now });
    }
}

/// A rejection or a request says why.
fn given(reasons: Vec<ReasonCode>) -> Result<Vec<ReasonCode>, CheckError> {
    if reasons.is_empty() { Err(CheckError::ReasonMissing) } else { Ok(reasons) }
}
