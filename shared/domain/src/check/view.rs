//! The two views of a check, as two types: what is not in the person's type cannot leak to them.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Check, CheckKind, CheckOutcome, CheckState, CheckTrigger, PublicStatus, Reason, ReasonCode, Risk};
use crate::{
    aml::{HitDecision, HitForStaff},
    id::{CheckId, DocumentId, UserId},
    secret::Masked,
    time::Timestamp,
};

/// A check as its person sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CheckForPerson {
    pub id: CheckId,
    pub status: PublicStatus,
    pub document_ids: Vec<DocumentId>,
    /// What is to be done, while `status` is `action_needed`.
    pub needed: Vec<Reason>,
    /// Why it was decided so, from the public list.
    pub reasons: Vec<Reason>,
    pub created_at: Timestamp,
    /// When anything of this changed; what only staff sees does not count, nor does it in `version`.
    pub updated_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub version: u64,
}

/// A check as staff sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CheckForStaff {
    pub id: CheckId,
    pub status: PublicStatus,
    pub document_ids: Vec<DocumentId>,
    pub needed: Vec<Reason>,
    /// Public and internal.
    pub reasons: Vec<Reason>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub version: u64,
    pub user_id: UserId,
    pub state: CheckState,
    pub kind: CheckKind,
    #[schema(example = "sandbox")]
    pub provider: String,
    #[schema(example = "9e9f1d0f-0f1c-4a5e-8f5e-3e8f3a0c2b11")]
    pub provider_reference: Option<String>,
    pub progress: Progress,
    pub decision: Option<DecisionView>,
    pub risk: Option<Risk>,
    pub attempts: u32,
    pub supersedes: Option<CheckId>,
    pub trigger: CheckTrigger,
    /// The reviewer who holds it.
    pub claimed_by: Option<UserId>,
    /// The first of two reviewers, while a second one is waited for.
    pub proposed_by: Option<UserId>,
    /// How many notes reviewers wrote.
    pub notes_count: u32,
    /// How its hits stand.
    pub hit_counts: HitCounts,
    /// Who on the lists may be the person: only where one check is read, and by whom may read hits (`aml:read`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits: Option<Vec<HitForStaff>>,
}

/// A reviewer's note on a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoteForStaff {
    /// The reviewer who wrote it.
    pub author: UserId,
    pub at: Timestamp,
    #[schema(value_type = String, example = "The passport is readable; the face matches.")]
    pub text: Masked<String>,
}

/// How the hits of a check stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct HitCounts {
    pub open: usize,
    pub true_match: usize,
    pub false_positive: usize,
}

/// How far the policy's steps are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    /// The step at hand; absent once all are done.
    pub step: Option<super::StepKind>,
    pub done: usize,
    pub total: usize,
}

/// How a check was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DecisionView {
    pub outcome: CheckOutcome,
    pub reasons: Vec<Reason>,
    /// The deciding reviewer, the second of two; absent where the policy decided.
    pub decided_by: Option<UserId>,
    pub decided_at: Timestamp,
}

impl Check {
    pub fn for_person(&self) -> CheckForPerson {
        let status = self.state.public();
        let rejected = status == PublicStatus::Rejected;
        CheckForPerson {
            id: self.id,
            status,
            document_ids: self.document_ids.clone(),
            needed: ReasonCode::for_applicant(&self.needed, status == PublicStatus::ActionNeeded),
            // An undecided check has reasons only because a machine or a reviewer had doubts.
            reasons: if rejected { ReasonCode::for_applicant(&self.reasons, true) } else { vec![] },
            created_at: self.created_at,
            updated_at: self.applicant_updated_at,
            submitted_at: self.submitted_at,
            expires_at: self.expires_at,
            version: self.applicant_version,
        }
    }

    pub fn for_staff(&self, now: Timestamp) -> CheckForStaff {
        let all = |codes: &[ReasonCode]| codes.iter().map(|code| (*code).into()).collect::<Vec<Reason>>();
        let steps = &self.policy.steps;
        CheckForStaff {
            id: self.id,
            status: self.state.public(),
            document_ids: self.document_ids.clone(),
            needed: all(&self.needed),
            reasons: all(&self.reasons),
            created_at: self.created_at,
            updated_at: self.updated_at,
            submitted_at: self.submitted_at,
            expires_at: self.expires_at,
            version: self.version,
            user_id: self.user_id,
            state: self.state,
            kind: self.policy.kind,
            provider: self.policy.provider.clone(),
            provider_reference: self.provider_reference.clone(),
            progress: Progress {
                step: steps.iter().find(|step| !self.steps_done.contains(step)).copied(),
                done: self.steps_done.len(),
                total: steps.len(),
            },
            decision: self.decision.as_ref().map(|decision| DecisionView {
                outcome: decision.outcome,
                reasons: all(&decision.reasons),
                decided_by: decision.decided_by.last().copied(),
                decided_at: decision.decided_at,
            }),
            risk: self.risk,
            attempts: self.attempts,
            supersedes: self.supersedes,
            trigger: self.trigger,
            claimed_by: self.claimed_by(now),
            proposed_by: self.proposal.as_ref().map(|proposal| proposal.by),
            notes_count: self.notes_count,
            hit_counts: HitCounts {
                open: self.hits(HitDecision::Open),
                true_match: self.hits(HitDecision::TrueMatch),
                false_positive: self.hits(HitDecision::FalsePositive),
            },
            hits: None,
        }
    }
}
