//! Why something about documents and checks is refused.

/// Refusals of the verification area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KycError {
    #[error("another check of this person is open")]
    CheckInProgress,
    #[error("the state does not allow it")]
    IllegalTransition,
    #[error("a submitted check names the document")]
    DocumentInUse,
    #[error("reviewers do not decide their own check")]
    OwnCheck,
    #[error("another reviewer holds the check")]
    ClaimedByAnother,
    #[error("the second reviewer is the first one")]
    SameReviewer,
    #[error("a rejection or a request for documents needs a reason")]
    ReasonMissing,
    #[error("the check names no document")]
    DocumentsMissing,
    #[error("the check names too many documents")]
    TooManyDocuments,
    /// The provider approved, but other steps of the policy have not passed; the worker sees to them first.
    #[error("a step of the policy has not passed")]
    StepsMissing,
    #[error("the check has hits that nobody has decided")]
    OpenHits,
    #[error("the check has a true match")]
    TrueMatch,
    #[error("the profile has no name to check")]
    NameMissing,
    #[error("no such provider, or not here")]
    UnknownProvider,
    #[error("the callback's signature is missing or wrong")]
    BadSignature,
    #[error("the callback's time is off by more than five minutes")]
    StaleSignature,
}
