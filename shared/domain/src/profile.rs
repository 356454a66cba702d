//! A person's profile: what it holds, how it is changed, and what a change means for their verification.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    event::Change,
    external::ExternalRecord,
    field::{Fields, InvalidField},
    patch::Patch,
    person::{
        Address, AddressPatch, DateOfBirth, Email, Locale, NationalId, NationalIdForm, PersonName, PhoneNumber,
        PictureUrl, Username, mask_head,
    },
    time::Timestamp,
};

/// What a person told of themselves; stands encrypted in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// `None` for an account without an address.
    pub email: Option<Email>,
    pub username: Option<Username>,
    pub given_name: Option<PersonName>,
    pub family_name: Option<PersonName>,
    pub phone: Option<PhoneNumber>,
    pub phone_verified: bool,
    pub date_of_birth: Option<DateOfBirth>,
    pub address: Option<Address>,
    pub national_id: Option<NationalId>,
    pub picture_url: Option<PictureUrl>,
    pub locale: Option<Locale>,
    /// What the machine client that created the account knows the person by.
    #[serde(default)]
    pub external: Option<ExternalRecord>,
}

/// A change of a profile, as JSON merge patch (RFC 7396): what is absent stays, `null` clears. E-mail address and phone
/// have ways of their own, since they must be proven. The address merges part by part; the national id, shown only
/// masked, is replaced as a whole.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfilePatch {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 400, example = "Ada")]
    pub given_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 400, example = "Lovelace")]
    pub family_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, example = "1990-04-23")]
    pub date_of_birth: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<AddressPatch>)]
    pub address: Patch<AddressPatch>,
    #[serde(default)]
    #[schema(value_type = Option<NationalIdForm>)]
    pub national_id: Patch<NationalIdForm>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 32, example = "ada.l")]
    pub username: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048, example = "https://cdn.your-company.net/ada.png")]
    pub picture_url: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255, example = "en-GB")]
    pub locale: Patch<String>,
}

impl ProfilePatch {
    /// The profile after the patch, or every fault found.
    pub fn apply(self, before: &Profile, now: Timestamp) -> Result<Profile, Vec<InvalidField>> {
        let mut fields = Fields::default();
        let f = &mut fields;
        let after = Profile {
            given_name: part(f, "given_name", self.given_name, before.given_name.as_ref(), PersonName::parse),
            family_name: part(f, "family_name", self.family_name, before.family_name.as_ref(), PersonName::parse),
            date_of_birth: part(f, "date_of_birth", self.date_of_birth, before.date_of_birth.as_ref(), |t| {
                DateOfBirth::new(t, now)
            }),
            address: match self.address {
                Patch::Keep => before.address.clone(),
                Patch::Clear => None,
                Patch::Set(patch) => patch.apply("address", before.address.as_ref(), f),
            },
            national_id: match self.national_id {
                Patch::Keep => before.national_id.clone(),
                Patch::Clear => None,
                Patch::Set(form) => form.check("national_id", f),
            },
            username: part(f, "username", self.username, before.username.as_ref(), Username::parse),
            picture_url: part(f, "picture_url", self.picture_url, before.picture_url.as_ref(), PictureUrl::parse),
            locale: part(f, "locale", self.locale, before.locale.as_ref(), Locale::parse),
            ..before.clone()
        };
        fields.done().map(|()| after)
    }
}

/// One member of a patch upon the value before it.
fn part<T: Clone>(
    fields: &mut Fields,
    name: &str,
    patch: Patch<String>,
    before: Option<&T>,
    parse: impl FnOnce(&str) -> Result<T, super::field::FieldFault>,
) -> Option<T> {
    match patch {
        Patch::Keep => before.cloned(),
        Patch::Clear => None,
        Patch::Set(text) => fields.check(name, parse(&text)),
    }
}

impl Profile {
    /// A profile of nothing but an address.
    pub fn new(email: Email) -> Self {
        Self { email: Some(email), ..Self::empty() }
    }

    /// A profile of nothing.
    pub const fn empty() -> Self {
        Self {
            email: None,
            username: None,
            given_name: None,
            family_name: None,
            phone: None,
            phone_verified: false,
            date_of_birth: None,
            address: None,
            national_id: None,
            picture_url: None,
            locale: None,
            external: None,
        }
    }

    /// Whether the two are the same person on paper: name, birth date and national id are what a check vouches for.
    pub fn same_identity(&self, other: &Self) -> bool {
        self.given_name == other.given_name
            && self.family_name == other.family_name
            && self.date_of_birth == other.date_of_birth
            && self.national_id == other.national_id
    }
}

/// What differs, masked: fit for an event.
pub fn changes(before: &Profile, after: &Profile) -> Vec<Change> {
    let masked = |p: &Profile| -> [(&'static str, Option<String>); 11] {
        [
            ("email", p.email.as_ref().map(Email::masked)),
            ("username", p.username.as_ref().map(Username::masked)),
            ("given_name", p.given_name.as_ref().map(PersonName::masked)),
            ("family_name", p.family_name.as_ref().map(PersonName::masked)),
            ("phone", p.phone.as_ref().map(PhoneNumber::masked)),
            ("phone_verified", Some(p.phone_verified.to_string())),
            ("date_of_birth", p.date_of_birth.as_ref().map(DateOfBirth::masked)),
            ("address", p.address.as_ref().map(Address::masked)),
            ("national_id", p.national_id.as_ref().map(NationalId::masked)),
            ("picture_url", p.picture_url.as_ref().map(|url| mask_head(url.as_str()))),
            ("locale", p.locale.as_ref().map(|locale| locale.as_str().to_owned())),
        ]
    };
    // Compared by value: two values can look the same when masked.
    let differs = [
        before.email != after.email,
        before.username != after.username,
        before.given_name != after.given_name,
        before.family_name != after.family_name,
        before.phone != after.phone,
        before.phone_verified != after.phone_verified,
        before.date_of_birth != after.date_of_birth,
        before.address != after.address,
        before.national_id != after.national_id,
        before.picture_url != after.picture_url,
        before.locale != after.locale,
    ];
    std::iter::zip(masked(before), masked(after))
        .zip(differs)
        .filter(|(_, differs)| *differs)
        .map(|(((field, before_masked), (_, after_masked)), _)| Change {
            field: field.to_owned(),
            before_masked,
            after_masked,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T09:30:00.000Z".parse().unwrap()
    }

    fn ada() -> Profile {
        let form = r#"{"given_name":"Ada","family_name":"Lovelace","date_of_birth":"1985-12-10","username":"ada.l",
            "address":{"line1":"1 Main St","city":"London","country":"GB"},
            "national_id":{"country":"GB","type":"nino","value":"QQ 12 34 56 C"}}"#;
        patch(form).apply(&Profile::new(Email::parse("ada@example.com").unwrap()), now()).unwrap()
    }

    fn patch(json: &str) -> ProfilePatch {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_patch_keeps_clears_and_sets() {
        let after = patch(r#"{"username":null,"given_name":"Augusta","address":{"city":"Bath"}}"#);
        let after = after.apply(&ada(), now()).unwrap();
        assert_eq!(after.username, None);
        assert_eq!(after.given_name, Some(PersonName::parse("Augusta").unwrap()));
        assert_eq!(after.family_name, ada().family_name);
        assert_eq!(after.address, ada().address.map(|home| Address { city: "Bath".into(), ..home }));
    }

    #[test]
    fn an_empty_patch_changes_nothing() {
        let after = patch("{}").apply(&ada(), now()).unwrap();
        assert_eq!(after, ada());
        assert!(changes(&ada(), &after).is_empty());
    }

    #[test]
    fn unknown_fields_and_those_to_be_proven_are_refused() {
        for json in [r#"{"nickname":"A"}"#, r#"{"email":"a@example.com"}"#, r#"{"phone":"+14155552671"}"#] {
            assert!(serde_json::from_str::<ProfilePatch>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = patch(r#"{"username":"-","date_of_birth":"2026-03-02","address":{"country":"XX"},"locale":"?"}"#)
            .apply(&ada(), now())
            .unwrap_err();
        let told: Vec<_> = faults.iter().map(|fault| (fault.field.as_str(), fault.code.as_ref())).collect();
        assert_eq!(
            told,
            [
                ("date_of_birth", "in_the_future"),
                ("address.country", "invalid_country"),
                ("username", "invalid_username"),
                ("locale", "invalid_locale"),
            ]
        );
    }

    #[test]
    fn changes_are_masked_and_seen_even_where_masks_are_equal() {
        let after = patch(r#"{"given_name":"Augusta","national_id":null}"#).apply(&ada(), now()).unwrap();
        let change = |field: &str, before: Option<&str>, after: Option<&str>| Change {
            field: field.to_owned(),
            before_masked: before.map(str::to_owned),
            after_masked: after.map(str::to_owned),
        };
        assert_eq!(
            changes(&ada(), &after),
            [change("given_name", Some("A***"), Some("A***")), change("national_id", Some("** ** *4 56 C"), None),]
        );
    }

    #[test]
    fn a_profile_reads_back_and_shows_nothing_in_debug() {
        let json = serde_json::to_string(&ada()).unwrap();
        assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), ada());
        let debug = format!("{:?}", ada());
        assert!(!debug.contains("Ada") && !debug.contains("London") && !debug.contains("1985"), "{debug}");
    }
}
