//! What tells one person from another.

use serde::{Deserialize, Serialize};
use time::{Date, macros::format_description};
use utoipa::ToSchema;

use super::{Country, EMPTY, TOO_LONG, line, mask_head, mask_tail, personal_text};
use crate::domain::{
    field::{Fault, Fields},
    time::Timestamp,
};

const BAD_DATE: Fault = Fault::new("invalid_date", "must be a date, YYYY-MM-DD");
const FUTURE: Fault = Fault::new("in_the_future", "must not be in the future");
const TOO_EARLY: Fault = Fault::new("too_early", "must not be before 1900-01-01");
const BAD_KIND: Fault = Fault::new("invalid_type", "must be 1 to 32 of a-z, 0-9 and '_'");
const BAD_NUMBER: Fault =
    Fault::new("invalid_number", "must be 4 to 32 letters, digits, blanks and any of '-', '/' and '.'");

/// A given or family name, in any script: NFC, trimmed, 1 to 100 characters, none of them hidden.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonName(String);

/// A date of birth, `YYYY-MM-DD` in the Gregorian calendar, 1900 or later.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateOfBirth(String);

personal_text! {
    PersonName: "Ada",
    DateOfBirth: "1985-12-10",
}

impl PersonName {
    pub fn parse(text: &str) -> Result<Self, Fault> {
        line(text, 100).map(Self)
    }

    pub fn masked(&self) -> String {
        mask_head(&self.0)
    }
}

impl DateOfBirth {
    /// A date of birth as a request brings it: a real day, not after `now` (UTC).
    pub fn new(text: &str, now: Timestamp) -> Result<Self, Fault> {
        let date = Self::parse(text)?;
        // Both are YYYY-MM-DD, which sorts by time.
        if date.0 > now.day() { Err(FUTURE) } else { Ok(date) }
    }

    /// The same without asking for the day it is: for what was accepted before.
    pub fn parse(text: &str) -> Result<Self, Fault> {
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
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    pub country: String,
    /// What number it is in that country: `ssn`, `pan`, `national_id` …
    #[serde(rename = "type")]
    pub kind: String,
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
    type Error = Fault;

    fn try_from(form: NationalIdForm) -> Result<Self, Fault> {
        Ok(Self { country: Country::parse(&form.country)?, kind: kind(&form.kind)?, value: number(&form.value)? })
    }
}

fn kind(text: &str) -> Result<String, Fault> {
    let kind = text.trim_matches(' ').to_ascii_lowercase();
    match kind.len() {
        0 => Err(EMPTY),
        1..=32 if kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') => Ok(kind),
        _ => Err(BAD_KIND),
    }
}

fn number(text: &str) -> Result<String, Fault> {
    let value = line(text, 32).map_err(|fault| if fault == TOO_LONG { BAD_NUMBER } else { fault })?.to_uppercase();
    let digits_and_letters = value.chars().filter(char::is_ascii_alphanumeric).count();
    let well_formed = value.chars().all(|c| c.is_ascii_alphanumeric() || " -/.".contains(c));
    if well_formed && digits_and_letters >= 4 { Ok(value) } else { Err(BAD_NUMBER) }
}

impl NationalId {
    pub fn country(&self) -> &Country {
        &self.country
    }

    /// What number it is in that country, lower case.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// As its person writes it, upper case.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Upper-case letters and digits only: one number has one such form, for blind indexes.
    pub fn normalised(&self) -> String {
        self.value.chars().filter(char::is_ascii_alphanumeric).collect()
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
    fn names_of_all_scripts_pass_and_controls_do_not() {
        for text in ["Ada", "O’Neill-Čapek", "王小明", "Ng", "María José"] {
            assert_eq!(PersonName::parse(text).unwrap().as_str(), text);
        }
        for text in ["", "  ", "A\nB", "A\u{0}", "\u{202e}adA", &"x".repeat(101)] {
            assert!(PersonName::parse(text).is_err(), "{text:?}");
        }
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

    #[test]
    fn all_faults_of_a_national_id_are_told_at_once() {
        let mut fields = Fields::default();
        assert!(NationalIdForm::default().check("national_id", &mut fields).is_none());
        let faults = fields.done().unwrap_err();
        let paths: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(paths, ["national_id.country", "national_id.type", "national_id.value"]);
    }
}
