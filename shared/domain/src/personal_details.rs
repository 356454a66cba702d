//! What a form of a new account says of its person.

use super::{
    field::Fields,
    person::{AddressPatch, DateOfBirth, Locale, NationalIdForm, PersonName, PhoneNumber},
    profile::Profile,
    time::Timestamp,
};

/// The fields of a form beside address, username and password, as they were sent.
#[derive(Debug, Default)]
pub struct PersonalDetails {
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub phone: Option<String>,
    pub date_of_birth: Option<String>,
    pub address: Option<AddressPatch>,
    pub national_id: Option<NationalIdForm>,
    pub locale: Option<String>,
}

impl PersonalDetails {
    /// A profile with them and nothing else. Faults are noted by field.
    pub fn check(self, fields: &mut Fields, now: Timestamp) -> Profile {
        Profile {
            given_name: fields.check_optional("given_name", self.given_name, |text| PersonName::parse(&text)),
            family_name: fields.check_optional("family_name", self.family_name, |text| PersonName::parse(&text)),
            phone: fields.check_optional("phone", self.phone, |text| PhoneNumber::parse(&text)),
            date_of_birth: fields
                .check_optional("date_of_birth", self.date_of_birth, |text| DateOfBirth::new(&text, now)),
            address: self.address.and_then(|address| address.apply("address", None, fields)),
            national_id: self.national_id.and_then(|form| form.check("national_id", fields)),
            locale: fields.check_optional("locale", self.locale, |text| Locale::parse(&text)),
            ..Profile::empty()
        }
    }
}
