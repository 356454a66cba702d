//! Accounts: what decides whether a person may sign in and what they may do, and how that changes.
//!
//! An [`Account`] can be read by everybody ([`AccountState`]) and changes by its transitions alone (`transition.rs`). Each
//! transition makes one version per event that it returns.

mod administration;
mod deactivation;
mod derived;
mod invitations;
mod passkeys;
mod provisioning;
mod status;
mod transition;

use std::{collections::BTreeMap, ops::Deref};

use serde::{Deserialize, Serialize};

use super::{
    auth::AuthError,
    factor::FactorMethod,
    id::{CheckId, UserId},
    kyc::KycStatus,
    mailed_token::TokenPurpose,
    profile::Profile,
    role,
    time::Timestamp,
    user::{AccountSummary, User},
};

pub use administration::LockReason;
pub use deactivation::REACTIVATION_PERIOD;
pub use derived::{BlindIndex, MailId, MalformedMailId, PasswordHash};
pub use provisioning::ProvisionedAccount;
pub use status::UserStatus;
pub use transition::{ImportedAccount, NewAccount, NewVouchedAccount, UNVERIFIED_LIFE};

/// Refusals of the account area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Name, birth date and national id stand still while a check looks at them.
    #[error("an open check holds these fields")]
    CheckInProgress,
    /// Without the account nobody could administer the deployment.
    #[error("the last administrator stays")]
    LastAdmin,
    /// Administrators act on the accounts of others.
    #[error("the account is the caller's own")]
    OwnAccount,
    /// One machine client knows two accounts by one id.
    #[error("another account has the external id")]
    ExternalIdTaken,
    /// Nobody acts on the account of somebody who may do more.
    #[error("the account may do more than the caller")]
    MorePermitted,
}

/// An account. Its stored form is that of its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Account {
    state: AccountState,
}

impl Deref for Account {
    type Target = AccountState;
    fn deref(&self) -> &AccountState {
        &self.state
    }
}

/// Status, roles, credential and version of an account: small, since every authenticated call reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountState {
    pub user: UserId,
    pub status: UserStatus,
    pub email_verified: bool,
    /// An address that is not confirmed by then may be claimed by somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified_until: Option<Timestamp>,
    pub roles: Vec<String>,
    pub kyc_status: KycStatus,
    /// `None` for accounts that have no password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordHash>,
    /// When the password was last changed or reset; `None` while it is the first one of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_changed_at: Option<Timestamp>,
    /// How many accounts at identity providers are linked; each is an item of its own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub links: u32,
    /// How many passkeys there are; each is an item of its own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub passkeys: u32,
    /// The methods of the second factor that is enrolled, if any; its data is an item of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub second_factors: Vec<FactorMethod>,
    /// Sessions of an earlier epoch are over: raising it ends them at once, and deleting them is mere cleaning.
    #[serde(default)]
    pub session_epoch: u64,
    /// The one check that may be open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_check: Option<CheckId>,
    /// The mailed tokens that are valid, by purpose, oldest first. Their records state when they expire.
    #[serde(default)]
    pub mailed: BTreeMap<String, Vec<MailId>>,
    /// `None` for an account without an address: nobody signs in to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_index: Option<BlindIndex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_index: Option<BlindIndex>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The user aggregate's version: its events stand at it.
    pub version: u64,
    /// How many of its versions changed nothing that the person sees of the account: strangers' requests for mails, and
    /// passwords. [`Self::profile_version`] leaves them out.
    #[serde(default)]
    pub unseen: u64,
    /// Whether staff or a machine client created it, who vouch for its data: no stranger chose any of it, so it stays when its person
    /// confirms the address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisioned: bool,
    /// When its person deactivated it, while it is deactivated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deactivated_at: Option<Timestamp>,
}

impl AccountState {
    /// The version of what the person sees of the account; its entity tag.
    pub const fn profile_version(&self) -> u64 {
        self.version.saturating_sub(self.unseen)
    }

    /// How many ways to sign in there are. Each change of one is a new version of the account, so of two that are removed at the
    /// same time one sees the other.
    pub const fn ways_in(&self) -> u32 {
        self.links + self.passkeys + self.password.is_some() as u32
    }

    /// Whether the account has more than the role `user`.
    pub fn is_staff(&self) -> bool {
        self.roles.iter().any(|role| role != role::USER)
    }

    /// Whether a second factor is enrolled.
    pub const fn mfa_enabled(&self) -> bool {
        !self.second_factors.is_empty()
    }

    /// Whether the name may be filled in by a provider: no check looks at it, and none approved it.
    pub fn is_name_open(&self) -> bool {
        self.open_check.is_none() && self.kyc_status != KycStatus::Approved
    }

    /// The valid mailed tokens of a purpose, oldest first.
    pub fn mailed_tokens(&self, purpose: TokenPurpose) -> &[MailId] {
        self.mailed.get(purpose.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Refuses a mailed token that was used, or that another one has made void.
    pub fn admit_mailed_token(&self, purpose: TokenPurpose, id: &MailId) -> Result<(), AuthError> {
        if self.mailed_tokens(purpose).contains(id) { Ok(()) } else { Err(AuthError::InvalidToken) }
    }

    /// Whether the account is being erased or is erased.
    pub const fn is_ending(&self) -> bool {
        matches!(self.status, UserStatus::Erasing | UserStatus::Erased)
    }

    /// What is mailed to whoever asks for a mail of this purpose. A link must not sign in to an account whose address is not confirmed,
    /// since a stranger may have registered it; a new password drops what the stranger set. Confirming an address needs the password, so
    /// who has none gets the link to set one, which confirms the address too.
    pub const fn mailed_instead_of(&self, purpose: TokenPurpose) -> TokenPurpose {
        match purpose {
            TokenPurpose::MagicLink if !self.email_verified => TokenPurpose::ResetPassword,
            TokenPurpose::VerifyEmail if !self.email_verified && self.password.is_none() => TokenPurpose::ResetPassword,
            _ => purpose,
        }
    }

    /// Whether a token of this purpose may be mailed: one to confirm an address that is not confirmed yet, one to set a
    /// new password also to whoever deactivated their account and can still reactivate it. Nothing is mailed about an account
    /// that an administrator locked or that is being erased.
    pub fn may_request_mail(&self, purpose: TokenPurpose, now: Timestamp) -> bool {
        match purpose {
            TokenPurpose::VerifyEmail => self.status == UserStatus::Active && !self.email_verified,
            TokenPurpose::ResetPassword => self.admit(now).is_ok(),
            TokenPurpose::MagicLink => self.email_verified && self.admit(now).is_ok(),
            // These follow from an act of the person, who is signed in, or of staff.
            TokenPurpose::ConfirmEmailChange
            | TokenPurpose::UndoEmailChange
            | TokenPurpose::EndSession
            | TokenPurpose::FirstPassword
            | TokenPurpose::Invitation => false,
        }
    }

    /// The account as the API shows it.
    pub fn user(&self, profile: Profile) -> User {
        User::new(
            AccountSummary {
                id: self.user,
                status: self.status,
                kyc_status: self.kyc_status,
                email_verified: self.email_verified,
                roles: self.roles.clone(),
                second_factors: self.second_factors.clone(),
                created_at: self.created_at,
                updated_at: self.updated_at,
                version: self.profile_version(),
            },
            profile,
        )
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests;
