//! Identity checks: what one is, how it moves from state to state, and who may see what of it.

mod error;
mod patience;
mod reason;
mod screening;
mod transition;
mod view;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    id::{CheckId, DocumentId, UserId},
    kyc::KycStatus,
    time::Timestamp,
    words::words,
};

pub use error::CheckError;
pub use patience::Patience;
pub use reason::{Reason, ReasonCode};
pub use screening::Screening;
pub use transition::{Action, DeskDecision, Verb, event, next};
pub use view::{CheckForPerson, CheckForStaff, DecisionView, HitCounts, Progress};

/// An approval holds this long.
pub const VALIDITY: Duration = Duration::from_hours(365 * 24);
/// A draft is kept this long.
pub const DRAFT_LIFE: Duration = Duration::from_hours(30 * 24);
/// A reviewer holds a check this long.
pub const CLAIM_LEASE: Duration = Duration::from_mins(15);
/// The provider that rehearses every outcome; refused in `prod`.
pub const SANDBOX: &str = "sandbox";
/// The provider without a service: documents are inspected, the name is screened, and a reviewer decides.
pub const MANUAL: &str = "manual";
/// A check names this many documents at most.
pub const MAX_DOCUMENTS: usize = 10;

words! {
    /// Where a check stands, as staff sees it.
    pub enum CheckState {
        /// Being put together by its person.
        Draft = "draft",
        /// Handed in; no worker has taken it up yet.
        Submitted = "submitted",
        /// A machine is at work.
        Processing = "processing",
        /// A person has to look at it.
        InReview = "in_review",
        /// Its person has to hand in more.
        AwaitingApplicant = "awaiting_applicant",
        /// A first reviewer would approve; a second one has to agree.
        AwaitingSecondReview = "awaiting_second_review",
        Approved = "approved",
        Rejected = "rejected",
        /// Withdrawn by its person before a decision.
        Cancelled = "cancelled",
        /// An approval whose validity is over, or a draft that lay too long.
        Expired = "expired",
    }

    /// Where a check stands, as its person sees it: whether a machine or a desk is at work never shows.
    pub enum PublicStatus {
        Draft = "draft",
        Processing = "processing",
        ActionNeeded = "action_needed",
        Approved = "approved",
        Rejected = "rejected",
        Cancelled = "cancelled",
        Expired = "expired",
    }

    /// How risky a person is held to be.
    pub enum RiskLevel {
        Low = "LOW",
        Medium = "MEDIUM",
        High = "HIGH",
        Critical = "CRITICAL",
    }

    /// What a check is to find out.
    pub enum CheckKind {
        /// That an identity document is genuine and its holder's.
        Document = "document",
    }

    /// One part of a check.
    pub enum StepKind {
        /// All documents are sound and stand encrypted.
        Documents = "documents",
        /// The provider vouches for them.
        Provider = "provider",
        /// No list names the person, or reviewers found that whom it names is somebody else.
        Screening = "screening",
    }

    /// Why a check was begun.
    pub enum Trigger {
        /// Its person asked for it.
        Applicant = "applicant",
        /// The validity of the one before is ending.
        Renewal = "renewal",
        /// Something about the person or a list changed.
        Monitoring = "monitoring",
        /// Its person appealed a rejection.
        Appeal = "appeal",
    }

    /// How a check ends.
    pub enum Outcome {
        Approved = "approved",
        Rejected = "rejected",
    }
}

impl RiskLevel {
    /// The lowest score (0 to 1) of this level.
    pub const fn lowest_score(self) -> f64 {
        match self {
            Self::Low => 0.0,
            Self::Medium => 0.3,
            Self::High => 0.6,
            Self::Critical => 0.85,
        }
    }
}

impl CheckState {
    /// What its person sees of it.
    pub const fn public(self) -> PublicStatus {
        match self {
            Self::Draft => PublicStatus::Draft,
            Self::Submitted | Self::Processing | Self::InReview | Self::AwaitingSecondReview => {
                PublicStatus::Processing
            }
            Self::AwaitingApplicant => PublicStatus::ActionNeeded,
            Self::Approved => PublicStatus::Approved,
            Self::Rejected => PublicStatus::Rejected,
            Self::Cancelled => PublicStatus::Cancelled,
            Self::Expired => PublicStatus::Expired,
        }
    }

    /// Whether it can still come to a decision. A person has one open check at most.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Approved | Self::Rejected | Self::Cancelled | Self::Expired)
    }

    /// Whether reviewers work on it.
    pub const fn is_at_desk(self) -> bool {
        matches!(self, Self::InReview | Self::AwaitingSecondReview)
    }
}

/// What is done in a check and by whom: chosen by the installation's policy, not by the applicant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    pub kind: CheckKind,
    /// Name of the identity provider.
    pub provider: String,
    /// In this order; an approval counts only when each of them passed.
    pub steps: Vec<StepKind>,
    /// A listed entity that scores at least this is a hit (0 to 1).
    pub threshold: f64,
}

impl Policy {
    /// Documents, then the provider's word on them, then the lists.
    pub fn document(provider: &str, threshold: f64) -> Self {
        Self {
            kind: CheckKind::Document,
            provider: provider.to_owned(),
            steps: vec![StepKind::Documents, StepKind::Provider, StepKind::Screening],
            threshold,
        }
    }
}

/// A reviewer's hold on a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub by: UserId,
    pub until: Timestamp,
}

/// What a first reviewer would decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub by: UserId,
    pub at: Timestamp,
    pub reasons: Vec<ReasonCode>,
}

/// How a check was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub outcome: Outcome,
    pub reasons: Vec<ReasonCode>,
    /// The reviewers, first and second; empty where the policy decided.
    pub decided_by: Vec<UserId>,
    pub decided_at: Timestamp,
}

/// The outcome of an assessment, as far as a check needs it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Risk {
    /// 0 to 1.
    pub score: f64,
    pub level: RiskLevel,
}

/// A check, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub id: CheckId,
    pub user_id: UserId,
    pub state: CheckState,
    pub policy: Policy,
    pub document_ids: Vec<DocumentId>,
    /// What its person has to do.
    pub needed: Vec<ReasonCode>,
    /// Why it stands where it stands, public and internal.
    pub reasons: Vec<ReasonCode>,
    pub steps_done: Vec<StepKind>,
    /// What the lists say of its person.
    #[serde(default)]
    pub screening: Screening,
    /// The provider's name for the task.
    pub provider_reference: Option<String>,
    /// How often the provider was asked.
    pub attempts: u32,
    pub claim: Option<Claim>,
    pub proposal: Option<Proposal>,
    pub decision: Option<Decision>,
    pub risk: Option<Risk>,
    pub assessment_id: Option<String>,
    pub supersedes: Option<CheckId>,
    pub trigger: Trigger,
    /// The person's verification status before it was submitted: a cancelled check leaves that again.
    pub status_before: KycStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    /// When a draft or an approval ends.
    pub expires_at: Option<Timestamp>,
    pub version: u64,
    /// When what its person sees last changed, and how often it did. Were these the check's own, they would tell
    /// when a reviewer takes it up.
    pub told_at: Timestamp,
    pub told_version: u64,
}

impl Check {
    /// A draft.
    pub fn draft(id: CheckId, user_id: UserId, policy: Policy, trigger: Trigger, now: Timestamp) -> Self {
        Self {
            id,
            user_id,
            state: CheckState::Draft,
            policy,
            document_ids: vec![],
            needed: vec![],
            reasons: vec![],
            steps_done: vec![],
            screening: Screening::default(),
            provider_reference: None,
            attempts: 0,
            claim: None,
            proposal: None,
            decision: None,
            risk: None,
            assessment_id: None,
            supersedes: None,
            trigger,
            status_before: KycStatus::None,
            created_at: now,
            updated_at: now,
            submitted_at: None,
            expires_at: Some(now + DRAFT_LIFE),
            version: 1,
            told_at: now,
            told_version: 1,
        }
    }

    /// Whether a submitted check, this one, names the document, so that it cannot be deleted.
    pub fn holds(&self, document: DocumentId) -> bool {
        self.submitted_at.is_some() && self.document_ids.contains(&document)
    }

    /// The reviewer holding it at `now`.
    pub fn claimed_by(&self, now: Timestamp) -> Option<UserId> {
        self.claim.filter(|claim| claim.until > now).map(|claim| claim.by)
    }

    /// [`CheckError::OwnCheck`] to the check's person. To be asked before anything else, so that the answer tells them
    /// nothing about where their check stands.
    pub fn admits_other_than_owner(&self, reviewer: UserId) -> Result<(), CheckError> {
        if reviewer == self.user_id { Err(CheckError::OwnCheck) } else { Ok(()) }
    }

    /// Reviewers neither decide their own check nor one that another holds.
    fn admits_reviewer(&self, reviewer: UserId, now: Timestamp) -> Result<(), CheckError> {
        self.admits_other_than_owner(reviewer)?;
        match self.claimed_by(now) {
            Some(holder) if holder != reviewer => Err(CheckError::ClaimedByAnother),
            _ => Ok(()),
        }
    }

    /// Takes it for [`CLAIM_LEASE`], or for that long again.
    pub fn claim(&self, reviewer: UserId, now: Timestamp) -> Result<Self, CheckError> {
        self.admits_other_than_owner(reviewer)?;
        if !self.state.is_at_desk() {
            return Err(CheckError::IllegalTransition);
        }
        self.admits_reviewer(reviewer, now)?;
        let claim = Some(Claim { by: reviewer, until: now + CLAIM_LEASE });
        Ok(Self { claim, updated_at: now, version: self.version + 1, ..self.clone() })
    }

    /// Gives it back. Only its holder can; a lease that ran out is gone anyway, and giving back nothing is no fault.
    pub fn release(&self, reviewer: UserId, now: Timestamp) -> Result<Self, CheckError> {
        self.admits_other_than_owner(reviewer)?;
        match self.claimed_by(now) {
            Some(holder) if holder != reviewer => Err(CheckError::ClaimedByAnother),
            Some(_) => Ok(Self { claim: None, updated_at: now, version: self.version + 1, ..self.clone() }),
            None => Ok(self.clone()),
        }
    }
}

/// The person's verification status after their check moved from `before` to `after`; given what it was.
///
/// Drafts have no effect, whether begun, cancelled or expired. A renewal does not take the approval away while it is
/// under way.
pub fn kyc_status(before: &Check, after: &Check, was: KycStatus) -> KycStatus {
    if before.state == after.state {
        return was;
    }
    match after.state {
        CheckState::Submitted if was != KycStatus::Approved => KycStatus::Pending,
        CheckState::Approved => KycStatus::Approved,
        CheckState::Rejected => KycStatus::Rejected,
        CheckState::Cancelled if was == KycStatus::Pending => after.status_before,
        CheckState::Expired if before.state == CheckState::Approved && was == KycStatus::Approved => KycStatus::Expired,
        _ => was,
    }
}

#[cfg(test)]
mod tests;
