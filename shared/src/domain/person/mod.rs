//! What is known of a person, as checked values.
//!
//! All of it is personal data: `Debug` prints `***`, `Serialize` gives the value (to its owner, or into a ciphertext),
//! and reading one back checks it again.

mod address;
mod contact;
mod country;
mod identity;
mod web;

pub use address::{Address, AddressPatch};
pub use contact::{Email, PhoneNumber, Username};
pub use country::Country;
pub use identity::{DateOfBirth, NationalId, NationalIdForm, PersonName};
pub use web::{Locale, PictureUrl};

use super::field::Fault;

/// A checked personal text: `Debug` is `***`, serde goes through `parse`, the schema is a string.
macro_rules! personal_text {
    ($($name:ident: $example:literal,)+) => {$(
        impl $name {
            /// The normalised text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("***")
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .examples([serde_json::Value::from($example)])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}
use personal_text;

/// Nothing was given where something is needed.
const EMPTY: Fault = Fault::new("required", "must not be empty");
const TOO_LONG: Fault = Fault::new("too_long", "is too long");
const CONTROL: Fault = Fault::new("invalid_characters", "must not contain control characters");

/// Characters that do not show, or change how others show: controls, and the marks that turn or hide text.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// NFC, trimmed, runs of blanks made one; 1 to `max` characters, none of them hidden.
fn line(text: &str, max: usize) -> Result<String, Fault> {
    use unicode_normalization::UnicodeNormalization;
    // Normalising can lengthen a text at most threefold: what is far beyond the limit is not worth the work.
    if text.len() > max.saturating_mul(16) {
        return Err(TOO_LONG);
    }
    let text: String = text.nfc().collect();
    if text.chars().any(is_hidden) {
        return Err(CONTROL);
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.chars().count() {
        0 => Err(EMPTY),
        n if n > max => Err(TOO_LONG),
        _ => Ok(text),
    }
}

/// Letters and digits hidden but for the last four, signs between them kept: `123-45-6789` is `***-**-6789`.
///
/// Short values show less: the last two of five to seven, nothing of four or fewer.
pub fn mask_tail(value: &str) -> String {
    let total = value.chars().filter(|c| c.is_alphanumeric()).count();
    let shown = match total {
        8.. => 4,
        5..=7 => 2,
        _ => 0,
    };
    let mut hidden = total - shown;
    value
        .chars()
        .map(|c| {
            if c.is_alphanumeric() && hidden > 0 {
                hidden -= 1;
                '*'
            } else {
                c
            }
        })
        .collect()
}

/// The first letter and three stars: `Ada` is `A***`. Says nothing of the length.
pub fn mask_head(value: &str) -> String {
    value.chars().next().map_or_else(String::new, |first| format!("{first}***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_keep_signs_and_show_less_of_short_values() {
        assert_eq!(mask_tail("123-45-6789"), "***-**-6789");
        assert_eq!(mask_tail("P1234567"), "****4567");
        assert_eq!(mask_tail("12345"), "***45");
        assert_eq!(mask_tail("1234"), "****");
        assert_eq!(mask_tail(""), "");
    }

    #[test]
    fn heads_do_not_tell_the_length() {
        assert_eq!(mask_head("Ada"), mask_head("Alexandra"));
        assert_eq!(mask_head(""), "");
    }

    #[test]
    fn lines_are_composed_and_single_spaced() {
        assert_eq!(line("  e\u{301}  a ", 3).unwrap(), "\u{e9} a");
        assert_eq!(line(" \t ", 3), Err(CONTROL));
        assert_eq!(line("  ", 3), Err(EMPTY));
        assert_eq!(line("abcd", 3), Err(TOO_LONG));
        assert_eq!(line("a\u{202E}b", 3), Err(CONTROL));
    }
}
