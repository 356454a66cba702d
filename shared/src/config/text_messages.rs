//! Variables of text messages.

use super::VariableReader;
use crate::domain::person::Country;

impl VariableReader<'_> {
    /// A comma-separated list of countries (ISO 3166-1 alpha-2). It may be empty.
    pub(super) fn countries(&mut self, name: &str) -> Vec<Country> {
        let value = self.optional(name).unwrap_or_default();
        let mut countries = Vec::new();
        for text in value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            match Country::parse(text) {
                Ok(country) => countries.push(country),
                Err(_) => self.errors.push(format!("{name} holds '{text}', which is not a country")),
            }
        }
        countries
    }

    /// The name of a sender: 1 to 11 letters, digits and hyphens, a letter among them (AWS, "Sender IDs").
    pub(super) fn sender_id(&mut self, name: &str) -> Option<String> {
        let value = self.optional(name)?;
        let known = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-';
        let valid = value.len() <= 11 && value.bytes().all(known) && value.bytes().any(|b| b.is_ascii_alphabetic());
        if !valid {
            self.errors.push(format!("{name} is not a sender ID of 1 to 11 letters, digits and hyphens"));
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Section, tests::sample};

    fn read(name: &str, value: &str) -> Result<Config, super::super::ConfigErrors> {
        Config::from_lookup(
            &[Section::Sms],
            |variable| {
                if variable == name { Some(value.to_owned()) } else { sample(variable) }
            },
        )
    }

    #[test]
    fn countries_are_named_by_their_codes_and_may_be_none() {
        let countries = |value| read("SMS_COUNTRIES", value).unwrap().sms().unwrap().countries.len();
        assert_eq!((countries("DE, IN"), countries(""), countries("US,")), (2, 0, 1));
        for wrong in ["49", "Germany", "DE;IN", "*"] {
            assert!(read("SMS_COUNTRIES", wrong).unwrap_err().to_string().contains("SMS_COUNTRIES"), "{wrong}");
        }
    }

    #[test]
    fn a_sender_id_is_what_networks_accept() {
        assert_eq!(read("SMS_SENDER_ID", "").unwrap().sms().unwrap().sender_id, None);
        assert!(read("SMS_SENDER_ID", "ACME-1").is_ok());
        for wrong in ["12345", "A name of its own", "ACMEACMEACME", "Acme\n"] {
            let read = read("SMS_SENDER_ID", wrong);
            // Spaces at the ends are ignored.
            assert!(read.is_err() || wrong.trim() != wrong, "{wrong}");
        }
    }
}
