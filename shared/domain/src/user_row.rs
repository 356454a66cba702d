//! One account in the file of an import or an export: a line of JSON.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{
    account::{Account, PasswordHash},
    external::{ExternalId, ExternalRecord, Metadata},
    field::{FieldFault, Fields, InvalidField},
    id::ClientId,
    person::{
        Address, AddressPatch, DateOfBirth, Email, Locale, NationalId, NationalIdForm, PersonName, PhoneNumber,
        PictureUrl, Username,
    },
    personal_details::PersonalDetails,
    profile::Profile,
    time::Timestamp,
};

const PHONE_MISSING: FieldFault = FieldFault::new("required", "Must be given if it is verified.");

/// A line of a file to import.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserRow {
    /// May be absent of a provisioned account with an external id.
    email: Option<String>,
    /// Whether the other system had the address confirmed.
    email_verified: bool,
    username: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    phone: Option<String>,
    phone_verified: bool,
    date_of_birth: Option<String>,
    address: Option<AddressPatch>,
    national_id: Option<NationalIdForm>,
    picture_url: Option<String>,
    locale: Option<String>,
    /// Whether staff or a machine client created the account ([`AccountState::provisioned`](super::account::AccountState::provisioned)).
    provisioned: bool,
    external: Option<ExternalRow>,
    /// In PHC or modular format; without one the person sets a password by a mailed link.
    password_hash: Option<String>,
    /// Whether the hash is of the password's normal form: one that Verinym made.
    password_normalised: bool,
}

impl fmt::Debug for UserRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a machine client of this deployment knows the account by.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExternalRow {
    client_id: String,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl ExternalRow {
    fn check(self, f: &mut Fields) -> Option<ExternalRecord> {
        const NOT_AN_ID: FieldFault = FieldFault::new("invalid_id", "Must be the id of a machine client.");
        let client = f.check("external.client_id", self.client_id.parse().map_err(|_| NOT_AN_ID));
        let external_id = f.check_optional("external.external_id", self.external_id, |text| ExternalId::parse(&text));
        let metadata = f.check("external.metadata", Metadata::new(self.metadata));
        Some(ExternalRecord { client: client?, external_id, metadata: metadata? })
    }
}

/// What a row says, checked.
#[derive(Debug)]
pub struct ImportedUser {
    /// Has an address, or an external id.
    pub profile: Profile,
    pub email_verified: bool,
    pub provisioned: bool,
    pub password: Option<PasswordHash>,
}

impl UserRow {
    /// Reports all faults of the row at once. `stored` gives the form in which the account keeps a hash, or its fault; it is
    /// told whether the hash is of the normal form.
    pub fn check(
        self,
        now: Timestamp,
        stored: impl Fn(&str, bool) -> Result<String, FieldFault>,
    ) -> Result<ImportedUser, Vec<InvalidField>> {
        let mut fields = Fields::default();
        let f = &mut fields;
        let external = self.external.and_then(|external| external.check(f));
        let named = self.provisioned && external.as_ref().is_some_and(|external| external.external_id.is_some());
        let email = match self.email {
            None if named => None,
            email => f.check("email", Email::parse(&email.unwrap_or_default())),
        };
        let username = f.check_optional("username", self.username, |text| Username::parse(&text));
        if self.phone_verified && self.phone.is_none() {
            f.refuse("phone", PHONE_MISSING);
        }
        let details = PersonalDetails {
            given_name: self.given_name,
            family_name: self.family_name,
            phone: self.phone,
            date_of_birth: self.date_of_birth,
            address: self.address,
            national_id: self.national_id,
            locale: self.locale,
        };
        let details = details.check(f, now);
        let picture_url = f.check_optional("picture_url", self.picture_url, |text| PictureUrl::parse(&text));
        let password =
            f.check_optional("password_hash", self.password_hash, |hash| stored(&hash, self.password_normalised));
        fields.done()?;
        let profile =
            Profile { email, username, phone_verified: self.phone_verified, picture_url, external, ..details };
        let (email_verified, provisioned) = (self.email_verified, self.provisioned);
        Ok(ImportedUser { profile, email_verified, provisioned, password: password.map(PasswordHash) })
    }
}

/// A line of an exported file. What is absent is left out.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Serialize)]
pub struct ExportedRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Email>,
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<Username>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<PersonName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<PersonName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<PhoneNumber>,
    phone_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<DateOfBirth>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    national_id: Option<NationalId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture_url: Option<PictureUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<Locale>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    provisioned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    external: Option<ExportedExternal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_hash: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    password_normalised: bool,
}

impl fmt::Debug for ExportedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// [`ExternalRow`] of an exported file.
#[derive(Clone, Serialize)]
struct ExportedExternal {
    client_id: ClientId,
    external_id: Option<ExternalId>,
    metadata: Metadata,
}

impl ExportedRow {
    /// `hash` is the password's hash and whether it is of the normal form; `None` leaves it out.
    pub fn new(account: &Account, profile: Profile, hash: Option<(&str, bool)>) -> Self {
        Self {
            email: profile.email,
            email_verified: account.email_verified,
            username: profile.username,
            given_name: profile.given_name,
            family_name: profile.family_name,
            phone: profile.phone,
            phone_verified: profile.phone_verified,
            date_of_birth: profile.date_of_birth,
            address: profile.address,
            national_id: profile.national_id,
            picture_url: profile.picture_url,
            locale: profile.locale,
            provisioned: account.provisioned,
            external: profile.external.map(|made| ExportedExternal {
                client_id: made.client,
                external_id: made.external_id,
                metadata: made.metadata,
            }),
            password_hash: hash.map(|(hash, _)| hash.to_owned()),
            password_normalised: hash.is_some_and(|(_, normalised)| normalised),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{BlindIndex, ImportedAccount},
        id::UserId,
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
    const WHOLE: &str = r#"{"email":"Ada@example.com","email_verified":true,"username":"ada.l","given_name":"Ada",
        "family_name":"Lovelace","phone":"+442071234567","phone_verified":true,"date_of_birth":"1985-12-10",
        "address":{"line1":"12 St James's Square","line2":null,"city":"London","region":null,"postal_code":"SW1Y 4JH","country":"GB"},
        "national_id":{"country":"GB","type":"nino","value":"QQ123456C"},"picture_url":"https://cdn.example.com/ada.png",
        "locale":"en-GB","provisioned":true,"external":{"client_id":"cli_01h2xcejqtf2nbrexx3vqjhp41","external_id":"7",
        "metadata":{"branch":"Pune"}},"password_hash":"$2b$04$x"}"#;

    fn check(json: &str) -> Result<ImportedUser, Vec<String>> {
        let row: UserRow = serde_json::from_str(json).unwrap();
        let stored = |hash: &str, normalised: bool| {
            let refused = FieldFault::new("unknown_hash", "No.");
            if hash.starts_with('$') { Ok(format!("{normalised}:{hash}")) } else { Err(refused) }
        };
        row.check(NOW, stored).map_err(|faults| faults.into_iter().map(|f| format!("{} {}", f.field, f.code)).collect())
    }

    #[test]
    fn a_row_needs_an_address_only() {
        let user = check(r#"{"email":"ada@example.com"}"#).unwrap();
        assert!(!user.email_verified && user.password.is_none());
        assert_eq!(check("{}").unwrap_err(), ["email required"]);
        // An account without an address is found by its external id alone.
        let external = r#""external":{"client_id":"cli_01h2xcejqtf2nbrexx3vqjhp41","external_id":"7"}"#;
        assert_eq!(check(&format!("{{{external}}}")).unwrap_err(), ["email required"]);
        assert_eq!(check(r#"{"provisioned":true}"#).unwrap_err(), ["email required"]);
        let user = check(&format!(r#"{{"provisioned":true,{external}}}"#)).unwrap();
        assert!(user.provisioned && user.profile.email.is_none());
    }

    #[test]
    fn every_fault_of_a_row_is_reported() {
        let row = r#"{"email":"ada","phone":"12","date_of_birth":"1985-02-30","password_hash":"md5","username":"a"}"#;
        let fields: Vec<_> =
            check(row).unwrap_err().iter().map(|fault| fault.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(fields, ["email", "username", "phone", "date_of_birth", "password_hash"]);
        assert_eq!(check(r#"{"email":"a@example.com","phone_verified":true}"#).unwrap_err(), ["phone required"]);
    }

    #[test]
    fn a_misspelt_member_is_refused() {
        assert!(serde_json::from_str::<UserRow>(r#"{"email":"a@example.com","pasword_hash":"$2b$"}"#).is_err());
    }

    #[test]
    fn an_exported_row_is_imported_as_it_was() {
        let user = check(WHOLE).unwrap();
        assert_eq!(user.password.as_ref().unwrap().0, "false:$2b$04$x");
        let account = ImportedAccount {
            user: UserId::from_parts(NOW, [1; 10]),
            email_index: Some(BlindIndex::from_text("v1.x".to_owned())),
            username_index: None,
            password: user.password.clone(),
            email_verified: user.email_verified,
            provisioned: user.provisioned,
        };
        let (account, _) = Account::import(account, NOW);
        assert!(account.email_verified && account.unverified_until.is_none());
        let row = ExportedRow::new(&account, user.profile.clone(), Some(("$argon2id$", true)));
        let again = check(&serde_json::to_string(&row).unwrap()).unwrap();
        assert_eq!(again.profile, user.profile);
        assert_eq!(again.password.unwrap().0, "true:$argon2id$");
        let without = serde_json::to_string(&ExportedRow::new(&account, user.profile, None)).unwrap();
        assert!(!without.contains("password"), "{without}");
        assert_eq!(format!("{row:?}"), "***");
    }
}
