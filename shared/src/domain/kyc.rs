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
    #[error("no such provider, or not here")]
    UnknownProvider,
    #[error("the callback's signature is missing or wrong")]
    BadSignature,
    #[error("the callback's time is off by more than five minutes")]
    StaleSignature,
}
