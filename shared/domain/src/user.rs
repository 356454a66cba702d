//! An account as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    account::UserStatus,
    factor::FactorMethod,
    id::UserId,
    kyc::KycStatus,
    person::{Address, DateOfBirth, Email, Locale, PersonName, PhoneNumber, PictureUrl, Username},
    profile::Profile,
    secret::Masked,
    time::Timestamp,
};

/// What the API shows of an account besides its profile.
#[derive(Debug, Clone)]
pub struct AccountSummary {
    pub id: UserId,
    pub status: UserStatus,
    pub kyc_status: KycStatus,
    pub email_verified: bool,
    pub roles: Vec<String>,
    pub second_factors: Vec<FactorMethod>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: u64,
}

/// A person's account, as the API shows it to them; what is absent is `null`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    pub id: UserId,
    pub email: Option<Email>,
    pub email_verified: bool,
    pub username: Option<Username>,
    pub given_name: Option<PersonName>,
    pub family_name: Option<PersonName>,
    pub phone: Option<PhoneNumber>,
    pub phone_verified: bool,
    pub date_of_birth: Option<DateOfBirth>,
    pub address: Option<Address>,
    /// Masked: `***-**-6789`.
    #[schema(value_type = Option<String>, example = "*****456C")]
    pub national_id: Option<Masked<String>>,
    pub picture_url: Option<PictureUrl>,
    pub locale: Option<Locale>,
    #[schema(example = json!(["user"]))]
    pub roles: Vec<String>,
    pub status: UserStatus,
    pub kyc_status: KycStatus,
    /// Whether signing in needs a second factor.
    pub mfa_enabled: bool,
    /// The methods of the second factor; empty without one.
    pub mfa_methods: Vec<FactorMethod>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: u64,
}

impl User {
    pub fn new(summary: AccountSummary, profile: Profile) -> Self {
        Self {
            id: summary.id,
            email: profile.email,
            email_verified: summary.email_verified,
            username: profile.username,
            given_name: profile.given_name,
            family_name: profile.family_name,
            phone: profile.phone,
            phone_verified: profile.phone_verified,
            date_of_birth: profile.date_of_birth,
            address: profile.address,
            national_id: profile.national_id.map(|id| Masked(id.masked())),
            picture_url: profile.picture_url,
            locale: profile.locale,
            roles: summary.roles,
            status: summary.status,
            kyc_status: summary.kyc_status,
            mfa_enabled: !summary.second_factors.is_empty(),
            mfa_methods: summary.second_factors,
            created_at: summary.created_at,
            updated_at: summary.updated_at,
            version: summary.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_values_are_null_and_the_national_id_is_masked() {
        let summary = AccountSummary {
            id: UserId::new(Timestamp::from_unix_millis(0)),
            status: UserStatus::Active,
            kyc_status: KycStatus::None,
            email_verified: false,
            roles: vec!["user".into()],
            second_factors: vec![FactorMethod::Totp],
            created_at: Timestamp::from_unix_millis(0),
            updated_at: Timestamp::from_unix_millis(0),
            version: 1,
        };
        let mut profile = Profile::new(Email::parse("ada@example.com").unwrap());
        let id = r#"{"country":"US","type":"ssn","value":"123-45-6789"}"#;
        profile.national_id = Some(serde_json::from_str(id).unwrap());
        let user = User::new(summary, profile);
        let json = serde_json::to_value(&user).unwrap();
        assert_eq!(json["username"], serde_json::Value::Null);
        assert_eq!(json["national_id"], "***-**-6789");
        assert_eq!(json["kyc_status"], "none");
        assert_eq!((&json["mfa_enabled"], &json["mfa_methods"][0]), (&true.into(), &"totp".into()));
        assert!(!format!("{user:?}").contains("ada"));
    }
}
