//! Passkeys of an account: how many there are, since each is a way to sign in.

use super::{Account, AccountState};
use crate::{
    auth::AuthError,
    event::EventType,
    passkey::{MOST_PASSKEYS, PasskeyError},
};

impl Account {
    /// With one more passkey.
    ///
    /// # Errors
    /// [`PasskeyError::TooMany`] beyond [`MOST_PASSKEYS`].
    pub fn add_passkey(&self) -> Result<(Self, EventType), PasskeyError> {
        if self.passkeys >= MOST_PASSKEYS {
            return Err(PasskeyError::TooMany);
        }
        let state = AccountState { passkeys: self.passkeys + 1, ..self.next_unseen() };
        Ok((Self::of(state), EventType::UserPasskeyAdded))
    }

    /// With one passkey less. [`AuthError::LastCredential`] if nobody could sign in after that.
    pub fn remove_passkey(&self) -> Result<(Self, EventType), AuthError> {
        if self.ways_in() <= 1 || self.passkeys == 0 {
            return Err(AuthError::LastCredential);
        }
        let state = AccountState { passkeys: self.passkeys - 1, ..self.next_unseen() };
        Ok((Self::of(state), EventType::UserPasskeyRemoved))
    }

    /// After a passkey was used whose counter ran back: somebody may have a copy of it.
    #[must_use]
    pub fn suspect_passkey(&self) -> (Self, EventType) {
        (Self::of(self.next_unseen()), EventType::UserPasskeySuspected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{BlindIndex, NewVouchedAccount, PasswordHash},
        id::UserId,
        time::Timestamp,
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
    fn there_are_ten_passkeys_at_most_and_the_last_way_in_stays() {
        let mut account = account();
        assert_eq!(account.remove_passkey(), Err(AuthError::LastCredential));
        for n in 1..=MOST_PASSKEYS {
            account = account.add_passkey().unwrap().0;
            assert_eq!((account.passkeys, account.ways_in()), (n, n + 1));
        }
        assert_eq!(account.add_passkey(), Err(PasskeyError::TooMany));
        account = account.unlink_social_account().unwrap().0;
        for _ in 1..MOST_PASSKEYS {
            account = account.remove_passkey().unwrap().0;
        }
        assert_eq!((account.ways_in(), account.remove_passkey()), (1, Err(AuthError::LastCredential)));
    }

    #[test]
    fn a_reset_removes_passkeys_and_a_change_of_the_password_does_not() {
        let (account, _) = account().add_passkey().unwrap();
        let hash = || PasswordHash("new".to_owned());
        assert_eq!(account.change_password(hash(), NOW).0.passkeys, 1);
        assert_eq!(account.reset_password(hash(), NOW).unwrap().0.passkeys, 0);
        let reset = super::super::MailId::from_bytes([7; 16]);
        assert_eq!(account.require_password_reset(reset, NOW).0.passkeys, 0);
        assert_eq!(account.disown_sign_in(reset, false, NOW).unwrap().0.passkeys, 0);
        let undone = account.undo_email_change(BlindIndex::from_text("v1.old".to_owned()), reset, false, NOW);
        assert_eq!(undone.unwrap().0.passkeys, 0);
    }
}
