//! Classes of the fields of an event's data. A type without a class cannot be a field: free text, which may hold personal
//! data, does not compile.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{Id, Kind},
    time::Timestamp,
};

/// The class of a field. No class holds personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An id of this system or of a provider.
    Identifier,
    /// One of a known set of words, or the name or version of something that is not a person.
    Word,
    /// A number, in the unit that the documentation of the field states.
    Number,
    /// True or false.
    Flag,
    /// A time, RFC 3339.
    Time,
}

/// A type that may be a field of an event's data.
///
/// ```compile_fail,E0277
/// fn is_field<T: verinym_domain::event::Classified>() {}
/// is_field::<String>();
/// ```
pub trait Classified {
    const CLASS: Class;

    /// The JSON of the value; `None` leaves the field out.
    fn json(&self) -> Option<Value>;
}

impl<K: Kind> Classified for Id<K> {
    const CLASS: Class = Class::Identifier;

    fn json(&self) -> Option<Value> {
        Some(self.to_string().into())
    }
}

impl Classified for Timestamp {
    const CLASS: Class = Class::Time;

    fn json(&self) -> Option<Value> {
        Some(self.to_string().into())
    }
}

macro_rules! plain {
    ($($type:ty = $class:ident),+) => {$(
        impl Classified for $type {
            const CLASS: Class = Class::$class;

            fn json(&self) -> Option<Value> {
                Some((*self).into())
            }
        }
    )+};
}

plain!(bool = Flag, u32 = Number, u64 = Number, usize = Number, f64 = Number);

impl<T: Classified> Classified for Option<T> {
    const CLASS: Class = T::CLASS;

    fn json(&self) -> Option<Value> {
        self.as_ref().and_then(T::json)
    }
}

impl<T: Classified> Classified for Vec<T> {
    const CLASS: Class = T::CLASS;

    fn json(&self) -> Option<Value> {
        Some(Value::Array(self.iter().filter_map(T::json).collect()))
    }
}

impl<T: Classified> Classified for BTreeMap<PublicWord, T> {
    const CLASS: Class = T::CLASS;

    fn json(&self) -> Option<Value> {
        Some(Value::Object(self.iter().filter_map(|(name, value)| Some((name.0.clone(), value.json()?))).collect()))
    }
}

/// The longest text of a [`PublicWord`] or [`ExternalId`], in characters.
const LONGEST: usize = 128;

/// The name or version of something that is not a person: a provider, a list, a role, an engine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PublicWord(String);

impl PublicWord {
    /// A name or version from the configuration or from a publisher. At most 128 printable ASCII characters are kept; any
    /// other character becomes `?`.
    pub fn named(text: &str) -> Self {
        Self(restricted(text, |c| c.is_ascii_graphic() || c == ' '))
    }
}

impl From<&'static str> for PublicWord {
    fn from(word: &'static str) -> Self {
        Self::named(word)
    }
}

impl Classified for PublicWord {
    const CLASS: Class = Class::Word;

    fn json(&self) -> Option<Value> {
        Some(self.0.clone().into())
    }
}

/// An id of a provider: at most 128 of `[A-Za-z0-9_-]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalId(String);

impl ExternalId {
    /// Replaces any other character by `?`.
    pub fn new(text: &str) -> Self {
        Self(restricted(text, |c| c.is_ascii_alphanumeric() || c == '_' || c == '-'))
    }
}

impl Classified for ExternalId {
    const CLASS: Class = Class::Identifier;

    fn json(&self) -> Option<Value> {
        Some(self.0.clone().into())
    }
}

fn restricted(text: &str, allowed: impl Fn(char) -> bool) -> String {
    text.chars().take(LONGEST).map(|c| if allowed(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_external_ids_keep_the_characters_they_may_have() {
        assert_eq!(PublicWord::named("2026-03-01 v1.2+3").0, "2026-03-01 v1.2+3");
        assert_eq!(PublicWord::named("Zoë\n").0, "Zo??");
        assert_eq!(ExternalId::new("req_1-A").0, "req_1-A");
        assert_eq!(ExternalId::new("a@b.example").0, "a?b?example");
        assert_eq!(PublicWord::named(&"a".repeat(200)).0.len(), 128);
    }

    #[test]
    fn absent_values_leave_their_field_out() {
        assert_eq!(None::<bool>.json(), None);
        assert_eq!(Some(false).json(), Some(Value::Bool(false)));
        assert_eq!(vec![Some(1_u64), None].json(), Some(serde_json::json!([1])));
        let versions = BTreeMap::from([(PublicWord::named("un"), PublicWord::named("7"))]);
        assert_eq!(versions.json(), Some(serde_json::json!({"un": "7"})));
    }
}
