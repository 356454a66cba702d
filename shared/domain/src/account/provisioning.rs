//! Accounts that staff or machine clients create for somebody.

use super::{Account, AccountState, BlindIndex, ImportedAccount, MailId};
use crate::{auth::AuthError, event::EventType, id::UserId, mailed_token::TokenPurpose, time::Timestamp};

/// The data of an account that staff or a machine client creates.
#[derive(Debug)]
pub struct ProvisionedAccount {
    pub user: UserId,
    pub email_index: Option<BlindIndex>,
    /// The mailed token by which its person sets a password.
    pub token: Option<MailId>,
}

impl Account {
    /// An account that staff or a machine client creates. It has no way in until its person sets a password by the mailed token, which
    /// confirms the address, or comes through a provider that vouches for it. It does not lapse: its creator vouches for the address.
    pub fn provision(new: ProvisionedAccount, now: Timestamp) -> (Self, EventType) {
        let purpose = TokenPurpose::FirstPassword.as_str().to_owned();
        let imported = ImportedAccount {
            user: new.user,
            email_index: new.email_index,
            username_index: None,
            password: None,
            email_verified: false,
            provisioned: true,
        };
        let mailed = new.token.map(|token| (purpose, vec![token])).into_iter().collect();
        let state = AccountState { mailed, ..AccountState::first(imported, now) };
        (Self::of(state), EventType::UserProvisioned)
    }

    /// Confirms the address of an account that staff or a machine client created, whose person came through an identity provider that
    /// vouches for the address; `None` if it is confirmed already.
    ///
    /// # Errors
    /// [`AuthError::EmailNotVerified`] of any other account: a stranger may have registered it.
    pub fn confirm_vouched(&self, now: Timestamp) -> Result<Option<(Self, EventType)>, AuthError> {
        if self.email_verified {
            return Ok(None);
        }
        if !self.provisioned {
            return Err(AuthError::EmailNotVerified);
        }
        let mut state = AccountState { email_verified: true, ..self.next(now) };
        state.mailed.remove(TokenPurpose::FirstPassword.as_str());
        Ok(Some((Self::of(state), EventType::UserEmailVerified)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{NewAccount, PasswordHash};

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn token(byte: u8) -> MailId {
        MailId::from_bytes([byte; 16])
    }

    fn provisioned(email: bool) -> Account {
        let email_index = email.then(|| BlindIndex::from_text("v1.email".to_owned()));
        let token = email.then(|| token(1));
        let (account, kind) =
            Account::provision(ProvisionedAccount { user: UserId::from_parts(NOW, [1; 10]), email_index, token }, NOW);
        assert_eq!(kind, EventType::UserProvisioned);
        account
    }

    #[test]
    fn a_provisioned_account_does_not_lapse_and_has_no_way_in() {
        for email in [true, false] {
            let account = provisioned(email);
            assert_eq!((account.version, account.unverified_until, account.ways_in()), (1, None, 0));
            assert_eq!((account.email_verified, account.email_index.is_some()), (false, email));
            assert_eq!(account.mailed_tokens(TokenPurpose::FirstPassword).len(), usize::from(email));
        }
    }

    #[test]
    fn the_first_password_confirms_the_address_and_voids_the_token() {
        let account = provisioned(true);
        assert_eq!(account.admit_mailed_token(TokenPurpose::FirstPassword, &token(1)), Ok(()));
        let (after, events) = account.reset_password(PasswordHash("new".to_owned()), NOW).unwrap();
        assert_eq!(events, [(EventType::PasswordReset, 2), (EventType::UserEmailVerified, 3)]);
        assert!(after.email_verified && after.provisioned && after.mailed.is_empty());
    }

    #[test]
    fn who_has_no_password_gets_a_link_to_set_one_instead_of_one_that_asks_for_it() {
        let account = provisioned(true);
        for asked in [TokenPurpose::VerifyEmail, TokenPurpose::MagicLink, TokenPurpose::ResetPassword] {
            assert_eq!(account.mailed_instead_of(asked), TokenPurpose::ResetPassword);
        }
        assert!(account.may_request_mail(TokenPurpose::ResetPassword, NOW));
    }

    #[test]
    fn a_vouching_provider_confirms_the_address_of_a_provisioned_account_only() {
        let (confirmed, kind) = provisioned(true).confirm_vouched(NOW).unwrap().unwrap();
        assert_eq!((kind, confirmed.version), (EventType::UserEmailVerified, 2));
        assert!(confirmed.email_verified && confirmed.mailed.is_empty());
        assert_eq!(confirmed.confirm_vouched(NOW), Ok(None));
        let new = NewAccount {
            user: UserId::from_parts(NOW, [2; 10]),
            email_index: BlindIndex::from_text("v1.email".to_owned()),
            username_index: None,
            password: PasswordHash("a stranger's".to_owned()),
        };
        assert_eq!(Account::register(new, NOW).0.confirm_vouched(NOW), Err(AuthError::EmailNotVerified));
    }
}
