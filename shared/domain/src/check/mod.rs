//! Identity checks: their data, their states and transitions, and who may see which part of one.

mod applicant;
mod error;
mod reason;
mod retry_policy;
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

pub use applicant::{ApplicantForStaff, NationalIdForStaff};
pub use error::CheckError;
pub use reason::{Reason, ReasonCode};
pub use retry_policy::RetryPolicy;
pub use screening::ScreeningState;
pub use transition::{Action, ReviewDecision, Verb, event, next};
pub use view::{CheckForPerson, CheckForStaff, DecisionView, HitCounts, NoteForStaff, Progress};

/// How long an approval is valid.
pub const VALIDITY: Duration = Duration::from_hours(365 * 24);
/// How long a draft is kept.
pub const DRAFT_LIFE: Duration = Duration::from_hours(30 * 24);
/// How long a reviewer's claim on a check lasts.
pub const CLAIM_LEASE: Duration = Duration::from_mins(15);
/// The provider that simulates every outcome; refused in `prod`.
pub const SANDBOX: &str = "sandbox";
/// The provider for checks without an external service: the documents are inspected, the name is screened, and a
/// reviewer decides.
pub const MANUAL: &str = "manual";
/// The largest number of documents in one check.
pub const MAX_DOCUMENTS: usize = 10;

words! {
    /// The state of a check, as staff sees it.
    pub enum CheckState {
        /// The applicant is still adding documents.
        Draft = "draft",
        /// Submitted; no worker has started on it yet.
        Submitted = "submitted",
        /// A worker is processing it.
        Processing = "processing",
        /// It waits for a reviewer.
        InReview = "in_review",
        /// It waits for more documents from the applicant.
        AwaitingApplicant = "awaiting_applicant",
        /// A first reviewer proposed approval; a second one has to confirm it.
        AwaitingSecondReview = "awaiting_second_review",
        Approved = "approved",
        Rejected = "rejected",
        /// Withdrawn by the applicant before a decision.
        Cancelled = "cancelled",
        /// An approval that is no longer valid, or a draft that was kept too long.
        Expired = "expired",
    }

    /// The state of a check, as the applicant sees it. It does not show whether a worker or a reviewer is at work.
    pub enum PublicStatus {
        Draft = "draft",
        Processing = "processing",
        ActionNeeded = "action_needed",
        Approved = "approved",
        Rejected = "rejected",
        Cancelled = "cancelled",
        Expired = "expired",
    }

    /// The assessed risk of a person.
    pub enum RiskLevel {
        Low = "LOW",
        Medium = "MEDIUM",
        High = "HIGH",
        Critical = "CRITICAL",
    }

    /// What a check verifies.
    pub enum CheckKind {
        /// That an identity document is genuine and belongs to the applicant.
        Document = "document",
    }

    /// One part of a check.
    pub enum StepKind {
        /// All documents passed inspection and are stored encrypted.
        Documents = "documents",
        /// The provider confirmed the documents.
        Provider = "provider",
        /// No list has a match for the person, or reviewers found each match to be somebody else.
        Screening = "screening",
    }

    /// Why a check was started.
    pub enum CheckTrigger {
        /// The applicant asked for it.
        Applicant = "applicant",
        /// The approval before it expires soon.
        Renewal = "renewal",
        /// The person's data or a list changed.
        Monitoring = "monitoring",
        /// The applicant appealed a rejection.
        Appeal = "appeal",
    }

    /// How a check ends.
    pub enum CheckOutcome {
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
    /// The status that the applicant sees.
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

    /// Whether it is decided, cancelled or expired.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Approved | Self::Rejected | Self::Cancelled | Self::Expired)
    }

    /// Whether it is submitted and not closed; a draft is not open. A person has at most one open check.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Draft) && !self.is_closed()
    }

    /// Whether it is in the review queue.
    pub const fn is_waiting_for_reviewer(self) -> bool {
        matches!(self, Self::InReview | Self::AwaitingSecondReview)
    }
}

/// Which steps a check has and which provider does them. The deployment's configuration chooses, not the applicant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    pub kind: CheckKind,
    /// Name of the identity provider.
    pub provider: String,
    /// In their order. A check is approved only if every step passed.
    pub steps: Vec<StepKind>,
    /// The lowest score (0 to 1) at which a listed entity is a hit.
    pub threshold: f64,
}

impl Policy {
    /// The steps of a document check: documents, provider, screening.
    pub fn document(provider: &str, threshold: f64) -> Self {
        Self {
            kind: CheckKind::Document,
            provider: provider.to_owned(),
            steps: vec![StepKind::Documents, StepKind::Provider, StepKind::Screening],
            threshold,
        }
    }
}

/// A reviewer's claim on a check: nobody else decides it until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewClaim {
    pub by: UserId,
    pub until: Timestamp,
}

/// The approval that a first reviewer proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub by: UserId,
    pub at: Timestamp,
    pub reasons: Vec<ReasonCode>,
}

/// How a check was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckDecision {
    pub outcome: CheckOutcome,
    pub reasons: Vec<ReasonCode>,
    /// The reviewers, first and second; empty where the policy decided.
    pub decided_by: Vec<UserId>,
    pub decided_at: Timestamp,
}

/// The result of a risk assessment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Risk {
    /// 0 to 1.
    pub score: f64,
    pub level: RiskLevel,
}

/// An identity check, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub id: CheckId,
    pub user_id: UserId,
    pub state: CheckState,
    pub policy: Policy,
    pub document_ids: Vec<DocumentId>,
    /// What the applicant has to do.
    pub needed: Vec<ReasonCode>,
    /// The reasons for its state, public and internal.
    pub reasons: Vec<ReasonCode>,
    pub steps_done: Vec<StepKind>,
    /// The state of its screening.
    #[serde(default)]
    pub screening: ScreeningState,
    /// The provider's id of the task.
    pub provider_reference: Option<String>,
    /// The number of calls to the provider.
    pub attempts: u32,
    pub claim: Option<ReviewClaim>,
    pub proposal: Option<Proposal>,
    pub decision: Option<CheckDecision>,
    pub risk: Option<Risk>,
    /// How many notes reviewers wrote, which stand beside it.
    #[serde(default)]
    pub notes_count: u32,
    pub supersedes: Option<CheckId>,
    pub trigger: CheckTrigger,
    /// The person's verification status before submission; cancelling the check restores it.
    pub status_before: KycStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    /// When a draft or an approval expires.
    pub expires_at: Option<Timestamp>,
    pub version: u64,
    /// Time and version of the last change that the applicant can see. The check's own `updated_at` and `version` would
    /// reveal when a reviewer works on it.
    pub applicant_updated_at: Timestamp,
    pub applicant_version: u64,
}

impl Check {
    /// A new draft.
    pub fn draft(id: CheckId, user_id: UserId, policy: Policy, trigger: CheckTrigger, now: Timestamp) -> Self {
        Self {
            id,
            user_id,
            state: CheckState::Draft,
            policy,
            document_ids: vec![],
            needed: vec![],
            reasons: vec![],
            steps_done: vec![],
            screening: ScreeningState::default(),
            provider_reference: None,
            attempts: 0,
            claim: None,
            proposal: None,
            decision: None,
            risk: None,
            notes_count: 0,
            supersedes: None,
            trigger,
            status_before: KycStatus::None,
            created_at: now,
            updated_at: now,
            submitted_at: None,
            expires_at: Some(now + DRAFT_LIFE),
            version: 1,
            applicant_updated_at: now,
            applicant_version: 1,
        }
    }

    /// Whether this check is submitted and names the document, which then cannot be deleted.
    pub fn holds(&self, document: DocumentId) -> bool {
        self.submitted_at.is_some() && self.document_ids.contains(&document)
    }

    /// The reviewer whose claim is valid at `now`.
    pub fn claimed_by(&self, now: Timestamp) -> Option<UserId> {
        self.claim.filter(|claim| claim.until > now).map(|claim| claim.by)
    }

    /// [`CheckError::OwnCheck`] if the reviewer is the applicant. Called before anything else, so that
    /// the answer does not reveal the state of the check.
    pub fn refuse_own_check(&self, reviewer: UserId) -> Result<(), CheckError> {
        if reviewer == self.user_id { Err(CheckError::OwnCheck) } else { Ok(()) }
    }

    /// Refuses reviewers their own check, and a check that another reviewer has claimed.
    fn check_reviewer(&self, reviewer: UserId, now: Timestamp) -> Result<(), CheckError> {
        self.refuse_own_check(reviewer)?;
        match self.claimed_by(now) {
            Some(holder) if holder != reviewer => Err(CheckError::ClaimedByAnother),
            _ => Ok(()),
        }
    }

    /// Claims it for [`CLAIM_LEASE`], or renews the reviewer's own claim.
    pub fn claim(&self, reviewer: UserId, now: Timestamp) -> Result<Self, CheckError> {
        self.refuse_own_check(reviewer)?;
        if !self.state.is_waiting_for_reviewer() {
            return Err(CheckError::IllegalTransition);
        }
        self.check_reviewer(reviewer, now)?;
        let claim = Some(ReviewClaim { by: reviewer, until: now + CLAIM_LEASE });
        Ok(Self { claim, updated_at: now, version: self.version + 1, ..self.clone() })
    }

    /// Releases a claim. Only the reviewer who has it can; without a valid claim nothing changes.
    pub fn release(&self, reviewer: UserId, now: Timestamp) -> Result<Self, CheckError> {
        self.refuse_own_check(reviewer)?;
        match self.claimed_by(now) {
            Some(holder) if holder != reviewer => Err(CheckError::ClaimedByAnother),
            Some(_) => Ok(Self { claim: None, updated_at: now, version: self.version + 1, ..self.clone() }),
            None => Ok(self.clone()),
        }
    }

    /// With one more note, which a reviewer wrote. Who holds the check does not matter: a note decides nothing.
    pub fn note_added(&self, author: UserId, now: Timestamp) -> Result<Self, CheckError> {
        self.refuse_own_check(author)?;
        if self.submitted_at.is_none() {
            return Err(CheckError::NotSubmitted);
        }
        let mut after = Self { updated_at: now, version: self.version + 1, ..self.clone() };
        after.count_note();
        Ok(after)
    }

    /// Counts a note that is written together with another change.
    pub fn count_note(&mut self) {
        self.notes_count = self.notes_count.saturating_add(1);
    }
}

/// The person's verification status after their check changed from `before` to `after`; `was` is the status until then.
///
/// Drafts have no effect. A renewal keeps the approval until it is decided.
pub fn kyc_status(before: &Check, after: &Check, was: KycStatus) -> KycStatus {
    // Until a draft is submitted, it has no effect: another check may be open meanwhile.
    let is_unsubmitted = before.state == CheckState::Draft && after.state != CheckState::Submitted;
    if before.state == after.state || is_unsubmitted {
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
