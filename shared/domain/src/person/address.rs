//! Postal addresses.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Country, line};
use crate::{
    field::{FieldFault, Fields},
    patch::Patch,
};

const BAD_POSTAL_CODE: FieldFault =
    FieldFault::new("invalid_postal_code", "Must be 1 to 16 letters, digits, blanks and hyphens.");

/// A postal address. Lines, city and region are free text (countries differ too much for more), 1 to 100 characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Address {
    #[schema(example = "12 St James's Square")]
    pub line1: String,
    #[schema(example = "Flat 2")]
    pub line2: Option<String>,
    #[schema(example = "London")]
    pub city: String,
    /// State, province or county.
    #[schema(example = "Greater London")]
    pub region: Option<String>,
    #[schema(example = "SW1Y 4JH")]
    pub postal_code: Option<String>,
    pub country: Country,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// An address as a request brings it. On its own it is a whole address; upon another it is a merge patch (RFC 7396),
/// which changes only what it names.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressPatch {
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "12 St James's Square", min_length = 1, max_length = 200)]
    pub line1: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Flat 2", max_length = 200)]
    pub line2: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "London", min_length = 1, max_length = 100)]
    pub city: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Greater London", max_length = 100)]
    pub region: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "SW1Y 4JH", max_length = 64)]
    pub postal_code: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "GB", min_length = 2, max_length = 2)]
    pub country: Patch<String>,
}

impl std::fmt::Debug for AddressPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

fn postal_code(text: &str) -> Result<String, FieldFault> {
    let code = line(text, 16)?.to_uppercase();
    let well_formed = code.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ' || c == '-');
    if well_formed { Ok(code) } else { Err(BAD_POSTAL_CODE) }
}

impl AddressPatch {
    /// The address after the patch; faults are noted as `<path>.line1` and so on.
    pub fn apply(self, path: &str, before: Option<&Address>, fields: &mut Fields) -> Option<Address> {
        let free = |text: String| line(&text, 100);
        let at = |name: &str| format!("{path}.{name}");
        let was = |part: fn(&Address) -> &str| before.map(|address| part(address).to_owned());
        let was_optional = |part: fn(&Address) -> &Option<String>| before.and_then(|address| part(address).clone());

        // A part that must be there is checked even when missing: the empty text is refused as `required`.
        let line1 = fields.check(&at("line1"), free(self.line1.or(was(|a| &a.line1)).unwrap_or_default()));
        let line2 = fields.check_optional(&at("line2"), self.line2.or(was_optional(|a| &a.line2)), free);
        let city = fields.check(&at("city"), free(self.city.or(was(|a| &a.city)).unwrap_or_default()));
        let region = fields.check_optional(&at("region"), self.region.or(was_optional(|a| &a.region)), free);
        let code = self.postal_code.or(was_optional(|a| &a.postal_code));
        let postal_code = fields.check_optional(&at("postal_code"), code, |text| postal_code(&text));
        let code = self.country.or(was(|a| a.country.as_str())).unwrap_or_default();
        let country = fields.check(&at("country"), Country::parse(&code));
        Some(Address { line1: line1?, line2, city: city?, region, postal_code, country: country? })
    }
}

impl Address {
    /// The country and stars, for those who may not see the rest.
    pub fn masked(&self) -> String {
        format!("***, {}", self.country.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(json: &str) -> AddressPatch {
        serde_json::from_str(json).unwrap()
    }

    fn home() -> Address {
        let mut fields = Fields::default();
        let json =
            r#"{"line1":"1 Main St","line2":"Flat 2","city":"Springfield","postal_code":"ab1 2cd","country":"gb"}"#;
        let address = patch(json).apply("address", None, &mut fields).unwrap();
        fields.done().unwrap();
        address
    }

    #[test]
    fn a_whole_address_is_normalised() {
        assert_eq!(home().postal_code.as_deref(), Some("AB1 2CD"));
        assert_eq!(home().country.as_str(), "GB");
        assert_eq!(format!("{:?}", home()), "***");
    }

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let mut fields = Fields::default();
        let after = patch(r#"{"city":"Shelbyville","line2":null}"#).apply("address", Some(&home()), &mut fields);
        fields.done().unwrap();
        assert_eq!(after, Some(Address { city: "Shelbyville".into(), line2: None, ..home() }));
    }

    #[test]
    fn what_must_be_there_cannot_be_left_out_or_cleared() {
        let faults = |json, before: Option<&Address>| {
            let mut fields = Fields::default();
            assert_eq!(patch(json).apply("address", before, &mut fields), None);
            fields.done().unwrap_err().into_iter().map(|f| (f.field, f.code.into_owned())).collect::<Vec<_>>()
        };
        let missing = |name: &str| (format!("address.{name}"), "required".to_owned());
        assert_eq!(faults("{}", None), [missing("line1"), missing("city"), missing("country")]);
        assert_eq!(faults(r#"{"city":null}"#, Some(&home())), [missing("city")]);
        assert_eq!(
            faults(r#"{"country":"XX"}"#, Some(&home())),
            [("address.country".into(), "invalid_country".into())]
        );
    }
}
