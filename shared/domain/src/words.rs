//! Enums whose values have one text form, the same in the API, the tables and the logs.

/// The message of a field whose value is not one of the given texts.
macro_rules! one_of {
    ($first:literal $(, $rest:literal)*) => {
        concat!("Must be one of: ", $first $(, ", ", $rest)*, ".")
    };
}

pub(crate) use one_of;

/// The text is none of the words of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known word")]
pub struct UnknownWord;

/// Declares an enum with its words: `as_str`, `ALL`, `Display`, `FromStr`, serde and the schema all follow from the
/// one table, so that they cannot drift apart.
macro_rules! words {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every value, in the order declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The text form of every value, in the same order.
            pub const TEXTS: &'static [&'static str] = &[$($text,)+];

            /// The fault of a field with another value.
            pub const NOT_ALLOWED: $crate::field::FieldFault =
                $crate::field::FieldFault::new("not_allowed", $crate::words::one_of!($($text),+));

            /// Parses the value of a field.
            pub fn parse_field(text: impl AsRef<str>) -> Result<Self, $crate::field::FieldFault> {
                text.as_ref().parse().map_err(|_| Self::NOT_ALLOWED)
            }

            /// The text form.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::words::UnknownWord),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse_field(text).map_err(serde::de::Error::custom)
            }
        }

        impl $crate::event::Classified for $name {
            const CLASS: $crate::event::Class = $crate::event::Class::Word;

            fn json(&self) -> Option<serde_json::Value> {
                Some(self.as_str().into())
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($text,)+]))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::UnknownWord;

    words! {
        /// Two tastes.
        pub enum Taste { Sweet = "sweet", Sour = "sour.ish", }
    }

    #[test]
    fn text_forms_round_trip_and_others_are_refused() {
        for taste in Taste::ALL {
            assert_eq!(taste.as_str().parse(), Ok(*taste));
            let json = serde_json::to_string(taste).unwrap();
            assert_eq!(json, format!("\"{taste}\""));
            assert_eq!(serde_json::from_str::<Taste>(&json).unwrap(), *taste);
        }
        assert_eq!(Taste::TEXTS, ["sweet", "sour.ish"]);
        assert_eq!("Sweet".parse::<Taste>(), Err(UnknownWord));
        let error = serde_json::from_str::<Taste>("\"bitter\"").unwrap_err().to_string();
        assert!(error.starts_with("not_allowed: Must be one of: sweet, sour.ish."), "{error}");
    }
}
