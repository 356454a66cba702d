//! What is known of a person, as checked values.
//!
//! All of it is personal data: `Debug` prints `***`, `Serialize` gives the value (to its owner, or into a ciphertext),
//! and reading one back checks it again.

mod address;
mod contact;
mod country;
mod identity;
mod name;
mod text;
mod web;

pub use address::{Address, AddressPatch};
pub use contact::{Email, PhoneNumber, Username};
pub use country::Country;
pub use identity::{DateOfBirth, NationalId, NationalIdForm};
pub use name::PersonName;
pub(crate) use text::{comparable, in_printed_number, is_hidden, printed};
pub use web::{Locale, PictureUrl};

use super::field::FieldFault;
use text::line;

/// A checked personal text: `Debug` is `***`, serde goes through `parse` (or the function named behind `=>`, which takes
/// what earlier rules accepted), the schema is a string.
macro_rules! personal_text {
    (@read $text:ident) => { Self::parse(&$text) };
    (@read $text:ident $read:ident) => { Self::$read(&$text) };
    ($($name:ident: $example:literal $(=> $read:ident)?,)+) => {$(
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
                personal_text!(@read text $($read)?).map_err(serde::de::Error::custom)
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
const EMPTY: FieldFault = FieldFault::new("required", "Must not be empty.");
const TOO_LONG: FieldFault = FieldFault::new("too_long", "Is too long.");
const CONTROL: FieldFault = FieldFault::new("invalid_characters", "Must not contain control characters.");

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
}
