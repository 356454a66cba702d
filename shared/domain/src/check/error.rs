//! Why an action on a check is refused.

/// Refusals of an action on a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    #[error("another check of this person is open")]
    CheckInProgress,
    #[error("the state does not allow it")]
    IllegalTransition,
    #[error("the check was never submitted")]
    NotSubmitted,
    #[error("reviewers do not decide their own check")]
    OwnCheck,
    #[error("another reviewer has claimed the check")]
    ClaimedByAnother,
    #[error("the second reviewer is the first one")]
    SameReviewer,
    #[error("a rejection or a request for documents needs a reason")]
    ReasonMissing,
    #[error("the check names no document")]
    DocumentsMissing,
    #[error("the check names too many documents")]
    TooManyDocuments,
    /// The provider approved, but other steps of the policy have not passed; the worker does them first.
    #[error("a step of the policy has not passed")]
    StepsMissing,
    #[error("the check has hits that nobody has decided")]
    OpenHits,
    #[error("the check has a true match")]
    TrueMatch,
    #[error("the profile has no name to check")]
    NameMissing,
}
