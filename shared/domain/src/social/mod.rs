//! Sign-in through another identity provider: whose account a proven identity belongs to, and what it adds to a profile.

mod decision;
mod fill;

use crate::{
    id::LinkId,
    person::{Email, Locale, PersonName, PictureUrl},
    secret::Masked,
    time::Timestamp,
};

pub use decision::{AddressHolder, LinkDecision, decide};
pub use fill::fill;

use serde::Serialize;
use utoipa::ToSchema;

/// Refusals of sign-in through a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SocialError {
    #[error("no provider of this name is configured")]
    UnknownProvider,
    /// State, binding or code is unknown, used or expired, or what the provider gave for the code does not fit them.
    #[error("the authorization is not valid")]
    InvalidAuthorization,
    /// Its provider does not vouch for the address, so that only a session of the account can link it.
    #[error("the identity is linked to no account, and its provider does not vouch for the address")]
    LinkRequired,
    #[error("the identity is linked to another account")]
    LinkedElsewhere,
    #[error("the account has as many linked accounts as it may have")]
    TooManyLinkedAccounts,
    #[error("the identity provider cannot be reached")]
    ProviderUnavailable,
}

/// The most linked accounts of one person: so few that one transaction removes them all.
pub const MOST_LINKED_ACCOUNTS: u32 = 10;

/// Who somebody is at a provider, as its verified answer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocialIdentity {
    pub issuer: String,
    /// The issuer's name for the person: never reassigned, unlike an address.
    pub subject: Masked<String>,
    pub email: Option<Email>,
    /// Whether the provider vouches that the address is the person's.
    pub vouched: bool,
    pub offered: Offered,
}

impl SocialIdentity {
    /// The address, if the provider vouches for it.
    pub fn vouched_email(&self) -> Option<&Email> {
        self.email.as_ref().filter(|_| self.vouched)
    }
}

/// What a provider tells of a person; it fills empty fields of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    pub given_name: Option<PersonName>,
    pub family_name: Option<PersonName>,
    pub picture_url: Option<PictureUrl>,
    pub locale: Option<Locale>,
}

/// A linked account, as its person sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SocialAccount {
    pub id: LinkId,
    /// Name of the provider in the configuration.
    #[schema(example = "google")]
    pub provider: String,
    /// The address at the provider when it was linked.
    #[schema(value_type = Option<String>, example = "ada@your-company.net")]
    pub email: Option<Masked<String>>,
    pub linked_at: Timestamp,
}
