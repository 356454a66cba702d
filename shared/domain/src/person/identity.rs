//! What tells one person from another.

use serde::{Deserialize, Serialize};
use time::{Date, macros::format_description};
use utoipa::ToSchema;

use super::{Country, EMPTY, TOO_LONG, comparable, in_printed_number, mask_tail, personal_text, printed};
use crate::{
    field::{FieldFault, Fields},
    time::Timestamp,
};

const BAD_DATE: FieldFault = FieldFault::new("invalid_date", "Must be a date, YYYY-MM-DD.");
const FUTURE: FieldFault = FieldFault::new("in_the_future", "Must not be in the future.");
const TOO_EARLY: FieldFault = FieldFault::new("too_early", "Must not be before 1900-01-01.");
const BAD_KIND: FieldFault = FieldFault::new("invalid_type", "Must be 1 to 32 of a-z, 0-9 and '_'.");
const BAD_NUMBER: FieldFault = FieldFault::new(
    "invalid_number",
    "Must be 4 to 32 letters, digits, blanks and any of '-', '/', '.', '(', ')', '+', '&'.",
);

/// A date of birth, `YYYY-MM-DD` in the Gregorian calendar, 1900 or later.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateOfBirth(String);

personal_text! {
    DateOfBirth: "1985-12-10",
}

impl DateOfBirth {
    /// A date of birth as a request brings it: a real day, not after `now` (UTC).
    pub fn new(text: &str, now: Timestamp) -> Result<Self, FieldFault> {
        let date = Self::parse(text)?;
        // Both are YYYY-MM-DD, which sorts by time.
        if date.0 > now.day() { Err(FUTURE) } else { Ok(date) }
    }

    /// The same without asking for the day it is: for what was accepted before.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        if text.is_empty() {
            return Err(EMPTY);
        }
        let well_formed = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if !well_formed {
            return Err(BAD_DATE);
        }
        let date = Date::parse(text, format_description!("[year]-[month]-[day]")).map_err(|_| BAD_DATE)?;
        if date.year() < 1900 { Err(TOO_EARLY) } else { Ok(Self(text.to_owned())) }
    }

    pub fn masked(&self) -> String {
        "****-**-**".to_owned()
    }
}

/// A number a state gave a person: social security, PAN, tax number, identity card.
///
/// Two are equal if they name the same number, however its signs and digits are written ([`NationalId::normalised`]).
#[derive(Clone, Eq, Serialize, Deserialize)]
#[serde(try_from = "NationalIdForm")]
pub struct NationalId {
    country: Country,
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

/// A national id as a request brings it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NationalIdForm {
    #[schema(min_length = 2, max_length = 2, example = "GB")]
    pub country: String,
    /// What number it is in that country: `ssn`, `pan`, `national_id` …
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 32, pattern = "^[a-z0-9_]+$", example = "nino")]
    pub kind: String,
    #[schema(min_length = 1, max_length = 64, example = "QQ123456C")]
    pub value: String,
}

impl std::fmt::Debug for NationalIdForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl std::fmt::Debug for NationalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl NationalIdForm {
    /// The checked value; faults are noted as `<path>.value` and so on.
    pub fn check(self, path: &str, fields: &mut Fields) -> Option<NationalId> {
        let country = fields.check(&format!("{path}.country"), Country::parse(&self.country));
        let kind = fields.check(&format!("{path}.type"), kind(&self.kind));
        let value = fields.check(&format!("{path}.value"), number(&self.value));
        Some(NationalId { country: country?, kind: kind?, value: value? })
    }
}

impl TryFrom<NationalIdForm> for NationalId {
    type Error = FieldFault;

    fn try_from(form: NationalIdForm) -> Result<Self, FieldFault> {
        Ok(Self { country: Country::parse(&form.country)?, kind: kind(&form.kind)?, value: number(&form.value)? })
    }
}

fn kind(text: &str) -> Result<String, FieldFault> {
    let kind = text.trim_matches(' ').to_ascii_lowercase();
    match kind.len() {
        0 => Err(EMPTY),
        1..=32 if kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') => Ok(kind),
        _ => Err(BAD_KIND),
    }
}

fn number(text: &str) -> Result<String, FieldFault> {
    let value = printed(text, 32).map_err(|fault| if fault == TOO_LONG { BAD_NUMBER } else { fault })?;
    let well_formed = value.chars().all(in_printed_number);
    let digits_and_letters = value.chars().filter(|c| c.is_alphanumeric()).count();
    if well_formed && digits_and_letters >= 4 { Ok(value) } else { Err(BAD_NUMBER) }
}

impl PartialEq for NationalId {
    fn eq(&self, other: &Self) -> bool {
        (&self.country, &self.kind) == (&other.country, &other.kind) && self.normalised() == other.normalised()
    }
}

impl NationalId {
    pub fn country(&self) -> &Country {
        &self.country
    }

    /// What number it is in that country, lower case.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// As its person writes it, in the spelling that [`printed`] gives it.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Upper-case letters, digits, `&` and `+` only: one number has one such form, for blind indexes and comparison.
    pub fn normalised(&self) -> String {
        comparable(&self.value)
    }

    /// `***-**-6789`.
    pub fn masked(&self) -> String {
        mask_tail(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T09:30:00.000Z".parse().unwrap()
    }

    #[test]
    fn birth_dates_are_real_days_of_the_past() {
        assert_eq!(DateOfBirth::new("2000-02-29", now()).unwrap().as_str(), "2000-02-29");
        assert_eq!(DateOfBirth::new("2026-03-01", now()).unwrap().as_str(), "2026-03-01");
        assert_eq!(DateOfBirth::new("2026-03-02", now()), Err(FUTURE));
        assert_eq!(DateOfBirth::new("1899-12-31", now()), Err(TOO_EARLY));
        for text in ["2001-02-29", "2001-13-01", "01-02-2001", "2001-2-3", "+2001-02-3", "2001-02-03T00:00:00Z"] {
            assert_eq!(DateOfBirth::new(text, now()), Err(BAD_DATE), "{text}");
        }
    }

    #[test]
    fn national_ids_are_masked_normalised_and_checked_when_read_back() {
        let form = NationalIdForm { country: "us".into(), kind: "SSN".into(), value: " 123-45-6789 ".into() };
        let mut fields = Fields::default();
        let id = form.check("national_id", &mut fields).unwrap();
        fields.done().unwrap();
        assert_eq!((id.masked().as_str(), id.normalised().as_str()), ("***-**-6789", "123456789"));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, r#"{"country":"US","type":"ssn","value":"123-45-6789"}"#);
        assert_eq!(serde_json::from_str::<NationalId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<NationalId>(&json.replace("US", "XX")).is_err());
        assert_eq!(format!("{id:?}"), "***");
    }

    fn id(country: &str, value: &str) -> Result<NationalId, FieldFault> {
        NationalIdForm { country: country.into(), kind: "national_id".into(), value: value.into() }.try_into()
    }

    #[test]
    fn numbers_are_taken_as_states_print_them() {
        for (country, printed, value, normalised) in [
            ("HK", "A123456(3)", "A123456(3)", "A1234563"),
            ("HK", "Ａ１２３４５６（３）", "A123456(3)", "A1234563"),
            ("MO", "1234567(8)", "1234567(8)", "12345678"),
            ("MX", "ñ&b850101ab1", "Ñ&B850101AB1", "Ñ&B850101AB1"),
            ("MX", "N\u{303}AB850101AB1", "ÑAB850101AB1", "ÑAB850101AB1"),
            ("SE", "121212+1212", "121212+1212", "121212+1212"),
            ("SE", "19121212-1212", "19121212-1212", "191212121212"),
            ("FI", "131052–308t", "131052-308T", "131052308T"),
            ("FI", "131052\u{2212}308T", "131052-308T", "131052308T"),
            ("CZ", "736028/5163", "736028/5163", "7360285163"),
            ("CL", "12.345.678-k", "12.345.678-K", "12345678K"),
            ("EG", "٢٩٠٠١٠١١٢٣٤٥٦٧", "29001011234567", "29001011234567"),
            ("IR", "۰۰۱۲۳۴۵۶۷۸", "0012345678", "0012345678"),
            ("IN", "१२३४ ५६७८ ९०१२", "1234 5678 9012", "123456789012"),
            ("TH", "๑-๒๓๔๕-๖๗๘๙๐-๑๒-๓", "1-2345-67890-12-3", "1234567890123"),
            ("MM", "၁၂/OUKAMA(N)123456", "12/OUKAMA(N)123456", "12OUKAMAN123456"),
            ("GR", "ΑΒ 123456", "ΑΒ 123456", "ΑΒ123456"),
            ("RU", "IV-АЮ № 123456", "IV-АЮ NO 123456", "IVАЮNO123456"),
            ("US", "\u{200e}123-45-6789\u{202c}", "123-45-6789", "123456789"),
            ("US", "123\u{a0}45\u{2011}6789", "123 45-6789", "123456789"),
        ] {
            let id = id(country, printed).unwrap_or_else(|fault| panic!("{printed}: {fault}"));
            assert_eq!((id.value(), id.normalised().as_str()), (value, normalised), "{printed}");
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<NationalId>(&json).unwrap().value(), value, "{printed}");
        }
        for text in
            ["A12", "1234;5678", "1234_5678", "1234<5678", "1234'5678", "12\u{fffd}456", "12\n3456", "----", "😀1234"]
        {
            assert!(id("US", text).is_err(), "{text:?}");
        }
        assert!(id("US", &"1".repeat(33)).is_err());
        // Seventeen digits in one sign of a compatibility form do not pass the limit folded.
        assert!(id("US", &"ﷺ".repeat(4)).is_err());
    }

    #[test]
    fn numbers_are_compared_in_their_normal_form() {
        let same = |one: &str, other: &str| id("SE", one).unwrap() == id("SE", other).unwrap();
        assert!(same("A123456(3)", "a123456 3"));
        assert!(same("١٢٣٤", "12-34"));
        assert!(!same("121212+1212", "121212-1212"), "a person of a hundred years more");
        assert!(!same("A&B850101AB1", "AB850101AB1"));
        assert!(id("SE", "1234").unwrap() != id("NO", "1234").unwrap());
    }

    #[test]
    fn all_faults_of_a_national_id_are_told_at_once() {
        let mut fields = Fields::default();
        assert!(NationalIdForm::default().check("national_id", &mut fields).is_none());
        let faults = fields.done().unwrap_err();
        let paths: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(paths, ["national_id.country", "national_id.type", "national_id.value"]);
    }
}
