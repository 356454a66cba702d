//! The status of an account, and who may use the account.

use crate::{auth::AuthError, words::words};

words! {
    /// Whether an account is in use, and who closed it.
    pub enum UserStatus {
        /// In use. Whether the address is confirmed is another field.
        Active = "active",
        /// Locked by an administrator, until an administrator unlocks it.
        Locked = "locked",
        /// Closed by its person, who can come back within 30 days.
        Deactivated = "deactivated",
        /// Its person asked for deletion; the grace period runs.
        Erasing = "erasing",
        /// Its personal data cannot be read any more.
        Erased = "erased",
    }
}

impl UserStatus {
    /// Admits somebody who proved that the account is theirs, if the account is in use. An account that is being erased is refused
    /// like a deactivated one. Of an erased account the refusal reveals nothing.
    pub const fn admit(self) -> Result<(), AuthError> {
        match self {
            Self::Active => Ok(()),
            Self::Locked => Err(AuthError::AccountLocked),
            Self::Deactivated | Self::Erasing => Err(AuthError::AccountDeactivated),
            Self::Erased => Err(AuthError::InvalidCredentials),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_active_account_admits_and_an_erased_one_reveals_nothing() {
        let refusals = UserStatus::ALL.iter().map(|status| status.admit());
        let closed = Err(AuthError::AccountDeactivated);
        let expected = [Ok(()), Err(AuthError::AccountLocked), closed, closed, Err(AuthError::InvalidCredentials)];
        assert!(refusals.eq(expected));
    }
}
