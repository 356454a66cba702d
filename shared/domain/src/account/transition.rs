//! The transitions of an account: each gives the account after it and the type of the event that tells of it. They know
//! nothing of who asks; what has to be proved first is the caller's to check.

use std::{collections::BTreeMap, time::Duration};

use super::{Account, AccountError, AccountState, BlindIndex, MailId, PasswordHash, UserStatus};
use crate::{
    auth::AuthError,
    check::{self, Check, CheckError},
    event::EventType,
    factor::{FactorError, FactorMethod},
    id::UserId,
    kyc::KycStatus,
    mailed_token::TokenPurpose,
    profile::Profile,
    role,
    social::{MOST_LINKED_ACCOUNTS, SocialError},
    time::Timestamp,
};

/// An unconfirmed account may be replaced by another registration of its address after this.
pub const UNVERIFIED_LIFE: Duration = Duration::from_hours(7 * 24);

/// What an account is registered with.
#[derive(Debug)]
pub struct NewAccount {
    pub user: UserId,
    pub email_index: BlindIndex,
    pub username_index: Option<BlindIndex>,
    pub password: PasswordHash,
}

/// The data of a new account whose address an identity provider vouches for.
#[derive(Debug)]
pub struct NewVouchedAccount {
    pub user: UserId,
    pub email_index: BlindIndex,
}

/// The data of an account that is imported from another system.
#[derive(Debug)]
pub struct ImportedAccount {
    pub user: UserId,
    pub email_index: Option<BlindIndex>,
    pub username_index: Option<BlindIndex>,
    /// Without one, the person sets a password by a mailed link.
    pub password: Option<PasswordHash>,
    pub email_verified: bool,
    /// Whether staff or a machine client created it.
    pub provisioned: bool,
}

impl AccountState {
    /// The first version. Nobody else may take the address while it is not confirmed and the account is young, or provisioned.
    pub(super) fn first(new: ImportedAccount, now: Timestamp) -> Self {
        Self {
            user: new.user,
            status: UserStatus::Active,
            email_verified: new.email_verified,
            unverified_until: (!new.email_verified && !new.provisioned).then(|| now + UNVERIFIED_LIFE),
            roles: vec![role::USER.to_owned()],
            kyc_status: KycStatus::None,
            password: new.password,
            password_changed_at: None,
            links: 0,
            passkeys: 0,
            second_factors: Vec::new(),
            session_epoch: 0,
            open_check: None,
            mailed: BTreeMap::new(),
            email_index: new.email_index,
            username_index: new.username_index,
            created_at: now,
            updated_at: now,
            version: 1,
            unseen: 0,
            provisioned: new.provisioned,
            deactivated_at: None,
        }
    }

    /// The next version, which the person sees.
    pub(super) fn next(&self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self.clone() }
    }

    /// The next version, of which the person sees nothing.
    pub(super) fn next_unseen(&self) -> Self {
        Self { version: self.version + 1, unseen: self.unseen + 1, ..self.clone() }
    }

    /// The verification status after a change of the profile. Name, birth date and national id may not change while a check
    /// is open, so that a reviewer decides on what was submitted; if they change after an approval, the approval ends.
    fn kyc_status_after_change(&self, before: &Profile, after: &Profile) -> Result<KycStatus, AccountError> {
        if before.same_identity(after) {
            return Ok(self.kyc_status);
        }
        if self.open_check.is_some() {
            return Err(AccountError::CheckInProgress);
        }
        Ok(if self.kyc_status == KycStatus::Approved { KycStatus::Expired } else { self.kyc_status })
    }

    /// The next version with another password: every session is over, and mailed tokens to set one or to sign in are void.
    fn with_password(&self, hash: PasswordHash, now: Timestamp) -> Self {
        let mut state = self.next_unseen();
        state.password = Some(hash);
        state.password_changed_at = Some(now);
        state.session_epoch += 1;
        for purpose in [TokenPurpose::ResetPassword, TokenPurpose::FirstPassword, TokenPurpose::MagicLink] {
            state.mailed.remove(purpose.as_str());
        }
        state
    }
}

impl Account {
    pub(super) const fn of(state: AccountState) -> Self {
        Self { state }
    }

    /// A new account, whose address is not confirmed.
    pub fn register(new: NewAccount, now: Timestamp) -> (Self, EventType) {
        let imported = ImportedAccount {
            user: new.user,
            email_index: Some(new.email_index),
            username_index: new.username_index,
            password: Some(new.password),
            email_verified: false,
            provisioned: false,
        };
        (Self::of(AccountState::first(imported, now)), EventType::UserRegistered)
    }

    /// An account of another system, which says whether the address is confirmed.
    pub fn import(imported: ImportedAccount, now: Timestamp) -> (Self, EventType) {
        (Self::of(AccountState::first(imported, now)), EventType::UserImported)
    }

    /// A new account of somebody who signs in through a provider that vouches for the address. It has one linked account and no
    /// password.
    pub fn register_vouched(new: NewVouchedAccount, now: Timestamp) -> (Self, EventType) {
        let imported = ImportedAccount {
            user: new.user,
            email_index: Some(new.email_index),
            username_index: None,
            password: None,
            email_verified: true,
            provisioned: false,
        };
        let state = AccountState { links: 1, ..AccountState::first(imported, now) };
        (Self::of(state), EventType::UserRegisteredByProvider)
    }

    /// Links an account at an identity provider.
    ///
    /// # Errors
    /// [`SocialError::TooManyLinkedAccounts`] beyond [`MOST_LINKED_ACCOUNTS`].
    pub fn link_social_account(&self) -> Result<(Self, EventType), SocialError> {
        if self.links >= MOST_LINKED_ACCOUNTS {
            return Err(SocialError::TooManyLinkedAccounts);
        }
        let state = AccountState { links: self.links + 1, ..self.next_unseen() };
        Ok((Self::of(state), EventType::UserSocialAccountLinked))
    }

    /// Removes a linked account. [`AuthError::LastCredential`] if nobody could sign in after that.
    pub fn unlink_social_account(&self) -> Result<(Self, EventType), AuthError> {
        if self.ways_in() <= 1 || self.links == 0 {
            return Err(AuthError::LastCredential);
        }
        let state = AccountState { links: self.links - 1, ..self.next_unseen() };
        Ok((Self::of(state), EventType::UserSocialAccountUnlinked))
    }

    /// Confirms the address. [`AuthError::InvalidToken`] if it is confirmed already.
    pub fn verify_email(&self, now: Timestamp) -> Result<(Self, EventType), AuthError> {
        if self.email_verified {
            return Err(AuthError::InvalidToken);
        }
        self.status.admit()?;
        let mut state = self.next(now);
        state.email_verified = true;
        state.unverified_until = None;
        state.mailed.remove(TokenPurpose::VerifyEmail.as_str());
        Ok((Self::of(state), EventType::UserEmailVerified))
    }

    /// Sets another password in place of the present one. All sessions are over, unless one goes on to the new epoch. Links to disown a
    /// sign-in stay valid: whoever signed in may be who changes the password.
    pub fn change_password(&self, hash: PasswordHash, now: Timestamp) -> (Self, EventType) {
        (Self::of(self.with_password(hash, now)), EventType::PasswordChanged)
    }

    /// Sets a password by a mailed token, which proves the address; all sessions are over, and linked accounts and passkeys are gone,
    /// since a stranger may have added one. Of an address that was not
    /// confirmed before, whoever registered it may have been a stranger: the username goes, and a second event at a
    /// version of its own tells of the confirmation. What staff or a machine client gave stays. A deactivated account stays so: the next sign-in ends that.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`] if the account is being erased, [`AuthError::AccountDeactivated`] if it can no longer be
    /// reactivated.
    pub fn reset_password(
        &self,
        hash: PasswordHash,
        now: Timestamp,
    ) -> Result<(Self, Vec<(EventType, u64)>), AuthError> {
        if self.is_ending() {
            return Err(AuthError::InvalidToken);
        }
        if self.status == UserStatus::Deactivated {
            self.admit(now)?;
        }
        let mut state = self.with_password(hash, now);
        (state.links, state.passkeys) = (0, 0);
        // Links to disown a sign-in stay valid: a second factor that a stranger enrolled goes only with them.
        let mut events = vec![(EventType::PasswordReset, state.version)];
        // There is nothing left to confirm.
        state.mailed.remove(TokenPurpose::VerifyEmail.as_str());
        if !self.email_verified {
            state = state.next(now);
            state.email_verified = true;
            state.unverified_until = None;
            if !state.provisioned {
                state.username_index = None;
            }
            events.push((EventType::UserEmailVerified, state.version));
        }
        Ok((Self::of(state), events))
    }

    /// Enrolls a second factor; `second_factors` are all methods after it. [`FactorError::AlreadyEnabled`] if they are enrolled.
    pub fn enable_mfa(
        &self,
        second_factors: Vec<FactorMethod>,
        now: Timestamp,
    ) -> Result<(Self, EventType), FactorError> {
        if self.second_factors == second_factors {
            return Err(FactorError::AlreadyEnabled);
        }
        Ok((Self::of(AccountState { second_factors, ..self.next(now) }), EventType::MfaEnabled))
    }

    /// Removes a second factor; `second_factors` are the methods that are left. [`FactorError::NotEnabled`] if none is enrolled.
    pub fn disable_mfa(
        &self,
        second_factors: Vec<FactorMethod>,
        now: Timestamp,
    ) -> Result<(Self, EventType), FactorError> {
        if !self.mfa_enabled() {
            return Err(FactorError::NotEnabled);
        }
        Ok((Self::of(AccountState { second_factors, ..self.next(now) }), EventType::MfaDisabled))
    }

    /// A code is sent to the number of the profile, which `changes` or is the same.
    pub fn request_phone_code(&self, changes: bool, now: Timestamp) -> (Self, EventType) {
        let state = if changes { self.next(now) } else { self.next_unseen() };
        (Self::of(state), EventType::UserPhoneCodeRequested)
    }

    /// The number of the profile is verified.
    pub fn verify_phone(&self, now: Timestamp) -> (Self, EventType) {
        (Self::of(self.next(now)), EventType::UserPhoneVerified)
    }

    /// Records something about the second factor that the account does not show: new backup codes, a used one, or too many wrong
    /// codes.
    #[must_use]
    pub fn note_mfa(&self, kind: EventType) -> (Self, EventType) {
        (Self::of(self.next_unseen()), kind)
    }

    /// After a sign-in with the right password was refused. Its owner is told unless they were told shortly before.
    #[must_use]
    pub fn refuse_sign_in(&self, is_told: bool) -> (Self, EventType) {
        let kind = if is_told { EventType::UserSignInRefused } else { EventType::UserSignInRefusedAgain };
        (Self::of(self.next_unseen()), kind)
    }

    /// Keeps the same password under another hash. Sessions go on.
    pub fn rehash_password(&self, hash: PasswordHash) -> (Self, EventType) {
        let state = AccountState { password: Some(hash), ..self.next_unseen() };
        (Self::of(state), EventType::PasswordRehashed)
    }

    /// Records a mailed token that somebody asked for. It voids the oldest of its purpose if there are too many.
    pub fn request_mail(&self, purpose: TokenPurpose, id: MailId) -> (Self, EventType) {
        let kind = match purpose {
            TokenPurpose::VerifyEmail => EventType::UserVerificationRequested,
            TokenPurpose::ResetPassword => EventType::PasswordResetRequested,
            TokenPurpose::ConfirmEmailChange => EventType::UserEmailChangeRequested,
            TokenPurpose::UndoEmailChange => EventType::UserEmailChanged,
            TokenPurpose::EndSession => EventType::UserNewDevice,
            TokenPurpose::FirstPassword => EventType::UserProvisioned,
            TokenPurpose::Invitation => EventType::UserInvited,
            TokenPurpose::MagicLink => EventType::UserMagicLinkRequested,
        };
        (self.record_mail(purpose, id), kind)
    }

    /// Records the mailed token of an event that is told already: a registration's.
    #[must_use]
    pub fn record_mail(&self, purpose: TokenPurpose, id: MailId) -> Self {
        let mut state = self.next_unseen();
        let tokens = state.mailed.entry(purpose.as_str().to_owned()).or_default();
        tokens.push(id);
        let surplus = tokens.len().saturating_sub(purpose.most_valid());
        tokens.drain(..surplus);
        Self::of(state)
    }

    /// Changes the address to one that a mailed token proved. Tokens that were mailed to the old address are void. Sessions go on:
    /// whoever asked is signed in, and whoever holds the old address can undo it.
    pub fn change_email(&self, email_index: BlindIndex, now: Timestamp) -> (Self, EventType) {
        let mut state = AccountState { email_index: Some(email_index), ..self.next(now) };
        state.mailed.clear();
        (Self::of(state), EventType::UserEmailChanged)
    }

    /// Restores a former address by a token that was mailed to it, since the change may be a stranger's: all sessions are over, the
    /// password is void, linked accounts are gone, and `reset` is the token to set another one. With `drop_factors` the second factor
    /// goes too: it was enrolled after the change. [`AuthError::InvalidToken`] if the account is being erased or
    /// has the address already.
    pub fn undo_email_change(
        &self,
        email_index: BlindIndex,
        reset: MailId,
        drop_factors: bool,
        now: Timestamp,
    ) -> Result<(Self, EventType), AuthError> {
        if self.is_ending() || self.email_index.as_ref() == Some(&email_index) {
            return Err(AuthError::InvalidToken);
        }
        let email_index = Some(email_index);
        let mut state = AccountState { email_index, password: None, links: 0, passkeys: 0, ..self.next(now) };
        if drop_factors {
            state.second_factors.clear();
        }
        state.session_epoch += 1;
        state.mailed = BTreeMap::from([(TokenPurpose::ResetPassword.as_str().to_owned(), vec![reset])]);
        Ok((Self::of(state), EventType::UserEmailChangeUndone))
    }

    /// Gives a role; `None` if the account has it.
    pub fn grant_role(&self, role: &str, now: Timestamp) -> Option<(Self, EventType)> {
        if self.roles.iter().any(|held| held == role) {
            return None;
        }
        let mut state = self.next(now);
        state.roles.push(role.to_owned());
        Some((Self::of(state), EventType::UserRolesChanged))
    }

    /// Gives the account exactly these roles; `None` if it has them already.
    pub fn set_roles(&self, roles: &[String], now: Timestamp) -> Option<(Self, EventType)> {
        let has = |roles: &[String], role: &String| roles.contains(role);
        if roles.len() == self.roles.len() && roles.iter().all(|role| has(&self.roles, role)) {
            return None;
        }
        let state = AccountState { roles: roles.to_vec(), ..self.next(now) };
        Some((Self::of(state), EventType::UserRolesChanged))
    }

    /// Changes the profile; `username_index` is that of the name after it. [`AccountError::CheckInProgress`] if an open
    /// check holds what changes.
    pub fn change_profile(
        &self,
        before: &Profile,
        after: &Profile,
        username_index: Option<BlindIndex>,
        now: Timestamp,
    ) -> Result<(Self, EventType), AccountError> {
        let kyc_status = self.kyc_status_after_change(before, after)?;
        let state = AccountState { kyc_status, username_index, ..self.next(now) };
        Ok((Self::of(state), EventType::UserUpdated))
    }

    /// The account after its person's check moved; `None` if it stays as it is. It has no event of its own: the event of the
    /// check tells of both.
    ///
    /// # Errors
    /// [`CheckError::CheckInProgress`] if the check is open now while another one is. The caller writes the result under a
    /// condition on the account's version, so of two checks that are submitted at once one is refused.
    pub fn follow_check(&self, before: &Check, after: &Check, now: Timestamp) -> Result<Option<Self>, CheckError> {
        if after.state.is_open() && self.open_check.is_some_and(|open| open != after.id) {
            return Err(CheckError::CheckInProgress);
        }
        let open_check =
            if after.state.is_open() { Some(after.id) } else { self.open_check.filter(|open| *open != after.id) };
        let kyc_status = check::kyc_status(before, after, self.kyc_status);
        if kyc_status == self.kyc_status && open_check == self.open_check {
            return Ok(None);
        }
        Ok(Some(Self::of(AccountState { kyc_status, open_check, ..self.next(now) })))
    }
}
