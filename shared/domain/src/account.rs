//! Why a change to an account is refused.

/// Refusals of the account area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Name, birth date and national id stand still while a check looks at them.
    #[error("an open check holds these fields")]
    CheckInProgress,
}
