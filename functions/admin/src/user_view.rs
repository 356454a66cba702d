//! An account as staff see it: personal data masked, or in full for those who may read it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        account::UserStatus,
        factor::FactorMethod,
        id::{ClientId, UserId},
        kyc::KycStatus,
        person::{Address, Country, DateOfBirth, Email, Locale, NationalId, PersonName, PhoneNumber, Username},
        profile::Profile,
        secret::Masked,
        time::Timestamp,
    },
    http::{Caller, Principal},
    store::user::{Account, OpenAccount},
};

/// An account, as staff see it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffUser {
    id: UserId,
    status: UserStatus,
    kyc_status: KycStatus,
    /// Whether the personal data is masked.
    masked: bool,
    #[schema(value_type = Option<String>, example = "a***@y***.net")]
    email: Option<Masked<String>>,
    email_verified: bool,
    #[schema(value_type = Option<String>, example = "a***")]
    username: Option<Masked<String>>,
    #[schema(value_type = Option<String>, example = "A***")]
    given_name: Option<Masked<String>>,
    #[schema(value_type = Option<String>, example = "L***")]
    family_name: Option<Masked<String>>,
    #[schema(value_type = Option<String>, example = "+*******2671")]
    phone: Option<Masked<String>>,
    phone_verified: bool,
    /// Only whether there is one where the data is masked.
    #[schema(value_type = Option<String>, example = "****-**-**")]
    date_of_birth: Option<Masked<String>>,
    /// `null` where the data is masked.
    address: Option<Address>,
    /// The country of the address.
    country: Option<Country>,
    /// Always masked.
    #[schema(value_type = Option<String>, example = "*****456C")]
    national_id: Option<Masked<String>>,
    locale: Option<Locale>,
    #[schema(example = json!(["user"]))]
    roles: Vec<String>,
    /// Whether signing in needs a second factor.
    mfa_enabled: bool,
    mfa_methods: Vec<FactorMethod>,
    /// How many accounts at identity providers are linked.
    linked_accounts: u32,
    passkeys: u32,
    /// The machine client that created the account, if one did.
    client_id: Option<ClientId>,
    /// The id that this client knows the account by; `null` where the data is masked, unless the reader is that client.
    #[schema(value_type = Option<String>, example = "customer-4711")]
    external_id: Option<Masked<String>>,
    /// What this client gave besides; `null` as `external_id`.
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"branch": "Pune"}))]
    metadata: Option<Masked<BTreeMap<String, String>>>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
}

impl StaffUser {
    /// With the personal data masked, for this reader.
    pub fn masked(auth: &Account, profile: &Profile, reader: &Principal) -> Self {
        Self::of(auth, profile, Some(reader))
    }

    /// With the personal data in full, except for the national id.
    pub fn unmasked(account: &OpenAccount) -> Self {
        Self::of(&account.auth, &account.profile, None)
    }

    fn of(auth: &Account, profile: &Profile, masked_for: Option<&Principal>) -> Self {
        let masked = masked_for.is_some();
        let made = profile.external.as_ref();
        let own = made.filter(|made| masked_for.is_none_or(|reader| reader.client() == Some(made.client)));
        let shown = |whole: &str, short: String| Masked(if masked { short } else { whole.to_owned() });
        Self {
            id: auth.user,
            status: auth.status,
            kyc_status: auth.kyc_status,
            masked,
            email: profile.email.as_ref().map(|email| shown(email.as_str(), Email::masked(email))),
            email_verified: auth.email_verified,
            username: profile.username.as_ref().map(|name| shown(name.as_str(), Username::masked(name))),
            given_name: profile.given_name.as_ref().map(|name| shown(name.as_str(), PersonName::masked(name))),
            family_name: profile.family_name.as_ref().map(|name| shown(name.as_str(), PersonName::masked(name))),
            phone: profile.phone.as_ref().map(|phone| shown(phone.as_str(), PhoneNumber::masked(phone))),
            phone_verified: profile.phone_verified,
            date_of_birth: profile.date_of_birth.as_ref().map(|date| shown(date.as_str(), DateOfBirth::masked(date))),
            address: profile.address.clone().filter(|_| !masked),
            country: profile.address.as_ref().map(|address| address.country.clone()),
            national_id: profile.national_id.as_ref().map(|id| Masked(NationalId::masked(id))),
            locale: profile.locale.clone(),
            roles: auth.roles.clone(),
            mfa_enabled: auth.mfa_enabled(),
            mfa_methods: auth.second_factors.clone(),
            linked_accounts: auth.links,
            passkeys: auth.passkeys,
            client_id: made.map(|made| made.client),
            external_id: own.and_then(|own| Some(Masked(own.external_id.as_ref()?.as_str().to_owned()))),
            metadata: own.map(|own| Masked(own.metadata.members().clone())),
            created_at: auth.created_at,
            updated_at: auth.updated_at,
            version: auth.profile_version(),
        }
    }
}
