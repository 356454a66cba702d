//! What administrators do to the accounts of others.

use super::{Account, AccountState, MailId, UserStatus};
use crate::{
    auth::AuthError, event::EventType, factor::FactorError, mailed_token::TokenPurpose, time::Timestamp, words::words,
};

words! {
    /// Why an administrator locks an account. Its person is not told.
    pub enum LockReason {
        /// Somebody else got into the account.
        Compromised = "compromised",
        /// It is used to deceive.
        Fraud = "fraud",
        /// Its person asked for it.
        Requested = "requested",
        /// A law or an order demands it.
        Legal = "legal",
        Other = "other",
    }
}

impl Account {
    /// Closes the account until it is unlocked; `None` if it is locked. All sessions are over.
    pub fn lock(&self, now: Timestamp) -> Option<(Self, EventType)> {
        if self.status == UserStatus::Locked {
            return None;
        }
        let mut state = AccountState { status: UserStatus::Locked, ..self.next(now) };
        state.session_epoch += 1;
        Some((Self::of(state), EventType::UserLocked))
    }

    /// Ends a lock; `None` if the account is not locked. An account that its person had deactivated before is deactivated again.
    pub fn unlock(&self, now: Timestamp) -> Option<(Self, EventType)> {
        if self.status != UserStatus::Locked {
            return None;
        }
        let status = if self.deactivated_at.is_some() { UserStatus::Deactivated } else { UserStatus::Active };
        Some((Self::of(AccountState { status, ..self.next(now) }), EventType::UserUnlocked))
    }

    /// Ends all sessions.
    pub fn end_all_sessions(&self) -> (Self, EventType) {
        let mut state = self.next_unseen();
        state.session_epoch += 1;
        (Self::of(state), EventType::UserSignedOut)
    }

    /// Removes the second factor of somebody who lost it. All sessions are over.
    ///
    /// # Errors
    /// [`FactorError::NotEnabled`] if none is enrolled.
    pub fn reset_mfa(&self, now: Timestamp) -> Result<(Self, EventType), FactorError> {
        let (after, _) = self.disable_mfa(Vec::new(), now)?;
        let mut state = after.state;
        state.session_epoch += 1;
        Ok((Self::of(state), EventType::MfaReset))
    }

    /// Asks for a new password: all sessions are over, the password is void, linked accounts and passkeys are gone, and `reset` is the token to set
    /// another one. What can undo a change of the address stays valid.
    pub fn require_password_reset(&self, reset: MailId, now: Timestamp) -> (Self, EventType) {
        (Self::of(self.without_password(reset, now)), EventType::PasswordResetRequired)
    }

    /// After the owner disowned a sign-in by a mailed token, somebody else knows the password: all sessions are over, the password is
    /// void, linked accounts and passkeys are gone, and `reset` is the token to set another one. What can undo a change of the address stays valid.
    /// With `drop_factors` the second factor goes too: it was enrolled after the sign-in.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`] if the account is being erased.
    pub fn disown_sign_in(
        &self,
        reset: MailId,
        drop_factors: bool,
        now: Timestamp,
    ) -> Result<(Self, EventType), AuthError> {
        if self.is_ending() {
            return Err(AuthError::InvalidToken);
        }
        let mut state = self.without_password(reset, now);
        if drop_factors {
            state.second_factors.clear();
        }
        Ok((Self::of(state), EventType::UserSignInDisowned))
    }

    fn without_password(&self, reset: MailId, now: Timestamp) -> AccountState {
        let mut state = AccountState { password: None, links: 0, passkeys: 0, ..self.next(now) };
        state.session_epoch += 1;
        state.mailed.retain(|purpose, _| purpose == TokenPurpose::UndoEmailChange.as_str());
        state.mailed.insert(TokenPurpose::ResetPassword.as_str().to_owned(), vec![reset]);
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{BlindIndex, NewVouchedAccount, PasswordHash},
        factor::FactorMethod,
        id::UserId,
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn account() -> Account {
        let new = NewVouchedAccount {
            user: UserId::from_parts(NOW, [1; 10]),
            email_index: BlindIndex::from_text("v1.email".to_owned()),
        };
        Account::register_vouched(new, NOW).0
    }

    #[test]
    fn a_lock_ends_every_session_and_lasts_until_it_is_lifted() {
        let account = account();
        let (locked, kind) = account.lock(NOW).unwrap();
        assert_eq!((kind, locked.version), (EventType::UserLocked, account.version + 1));
        assert_eq!(locked.session_epoch, account.session_epoch + 1);
        assert_eq!((locked.admit(NOW), locked.lock(NOW)), (Err(AuthError::AccountLocked), None));
        let (open, kind) = locked.unlock(NOW).unwrap();
        assert_eq!((kind, open.status), (EventType::UserUnlocked, UserStatus::Active));
        assert_eq!(open.session_epoch, locked.session_epoch, "sessions of before the lock stay over");
        assert_eq!(open.unlock(NOW), None);
    }

    #[test]
    fn a_lock_leaves_a_deactivation_as_it_was() {
        let (closed, _) = account().deactivate(NOW).unwrap();
        let (locked, _) = closed.lock(NOW).unwrap();
        assert_eq!(locked.reactivate(NOW), Err(AuthError::AccountLocked));
        let (open, _) = locked.unlock(NOW).unwrap();
        assert_eq!((open.status, open.deactivated_at), (UserStatus::Deactivated, Some(NOW)));
    }

    #[test]
    fn a_reset_of_the_second_factor_ends_every_session() {
        assert_eq!(account().reset_mfa(NOW), Err(FactorError::NotEnabled));
        let (enrolled, _) = account().enable_mfa(vec![FactorMethod::Totp, FactorMethod::BackupCode], NOW).unwrap();
        let (reset, kind) = enrolled.reset_mfa(NOW).unwrap();
        assert_eq!((kind, reset.version), (EventType::MfaReset, enrolled.version + 1));
        assert_eq!((reset.mfa_enabled(), reset.session_epoch), (false, enrolled.session_epoch + 1));
    }

    #[test]
    fn a_required_reset_voids_the_password_and_linked_accounts() {
        let account = account();
        let (account, _) = account.change_password(PasswordHash("new".to_owned()), NOW);
        let reset = MailId::from_bytes([7; 16]);
        let (after, kind) = account.require_password_reset(reset, NOW);
        assert_eq!((kind, after.ways_in()), (EventType::PasswordResetRequired, 0));
        assert_eq!(after.session_epoch, account.session_epoch + 1);
        assert_eq!(after.mailed_tokens(TokenPurpose::ResetPassword), [reset]);
    }
}
