//! Deactivation: a person closes their account, and comes back by a sign-in.

use std::time::Duration;

use super::{Account, AccountState, UserStatus};
use crate::{auth::AuthError, event::EventType, time::Timestamp};

/// How long after its deactivation a sign-in reactivates an account.
pub const REACTIVATION_PERIOD: Duration = Duration::from_hours(30 * 24);

impl AccountState {
    /// Admits somebody who proved that the account is theirs, if the account is in use, or if their sign-in may reactivate it.
    ///
    /// # Errors
    /// As [`UserStatus::admit`].
    pub fn admit(&self, now: Timestamp) -> Result<(), AuthError> {
        let returns = self.status == UserStatus::Deactivated
            && self.deactivated_at.is_some_and(|at| now.since(at) <= REACTIVATION_PERIOD);
        if returns { Ok(()) } else { self.status.admit() }
    }
}

impl Account {
    /// Closes the account at the wish of its person. All sessions are over.
    ///
    /// # Errors
    /// As [`UserStatus::admit`] if the account is not in use.
    pub fn deactivate(&self, now: Timestamp) -> Result<(Self, EventType), AuthError> {
        self.status.admit()?;
        let mut state = self.next(now);
        state.status = UserStatus::Deactivated;
        state.deactivated_at = Some(now);
        state.session_epoch += 1;
        Ok((Self::of(state), EventType::UserDeactivated))
    }

    /// The account after a sign-in of its person: in use again if it was deactivated; `None` if it is in use already. Sessions
    /// from before the deactivation stay over.
    ///
    /// # Errors
    /// As [`AccountState::admit`].
    pub fn reactivate(&self, now: Timestamp) -> Result<Option<(Self, EventType)>, AuthError> {
        self.admit(now)?;
        if self.status == UserStatus::Active {
            return Ok(None);
        }
        let state = AccountState { status: UserStatus::Active, deactivated_at: None, ..self.next(now) };
        Ok(Some((Self::of(state), EventType::UserReactivated)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{BlindIndex, NewVouchedAccount, PasswordHash},
        id::UserId,
        mailed_token::TokenPurpose,
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn account() -> Account {
        let new = NewVouchedAccount {
            user: UserId::from_parts(NOW, [1; 10]),
            email_index: BlindIndex::from_text("v1.email".to_owned()),
        };
        Account::register_vouched(new, NOW).0
    }

    fn hash() -> PasswordHash {
        PasswordHash("new".to_owned())
    }

    #[test]
    fn deactivating_ends_every_session_and_cannot_be_repeated() {
        let account = account();
        let (closed, kind) = account.deactivate(NOW).unwrap();
        assert_eq!((kind, closed.version), (EventType::UserDeactivated, account.version + 1));
        assert_eq!((closed.status, closed.deactivated_at), (UserStatus::Deactivated, Some(NOW)));
        assert_eq!(closed.session_epoch, account.session_epoch + 1);
        assert_eq!(closed.deactivate(NOW), Err(AuthError::AccountDeactivated));
    }

    #[test]
    fn a_sign_in_reactivates_for_thirty_days_and_leaves_old_sessions_ended() {
        let (closed, _) = account().deactivate(NOW).unwrap();
        let last = NOW + REACTIVATION_PERIOD;
        let (open, kind) = closed.reactivate(last).unwrap().unwrap();
        assert_eq!((kind, open.version), (EventType::UserReactivated, closed.version + 1));
        assert_eq!((open.status, open.deactivated_at), (UserStatus::Active, None));
        assert_eq!(open.session_epoch, closed.session_epoch);
        assert_eq!(open.reactivate(last), Ok(None));
        let late = last + Duration::from_millis(1);
        assert_eq!(closed.reactivate(late), Err(AuthError::AccountDeactivated));
        assert_eq!(closed.admit(late), Err(AuthError::AccountDeactivated));
    }

    #[test]
    fn a_sign_in_reactivates_nothing_that_an_administrator_locked() {
        let (closed, _) = account().deactivate(NOW).unwrap();
        let locked = Account { state: AccountState { status: UserStatus::Locked, ..closed.state.clone() } };
        assert_eq!(locked.reactivate(NOW), Err(AuthError::AccountLocked));
    }

    #[test]
    fn a_reset_leaves_the_account_deactivated_and_ends_with_the_time_to_return() {
        let (closed, _) = account().deactivate(NOW).unwrap();
        let (reset, _) = closed.reset_password(hash(), NOW).unwrap();
        assert_eq!((reset.status, reset.deactivated_at), (UserStatus::Deactivated, Some(NOW)));
        let late = NOW + REACTIVATION_PERIOD + Duration::from_millis(1);
        assert_eq!(closed.reset_password(hash(), late), Err(AuthError::AccountDeactivated));
        let of = |now| closed.may_request_mail(TokenPurpose::ResetPassword, now);
        assert_eq!((of(NOW), of(late)), (true, false));
    }
}
