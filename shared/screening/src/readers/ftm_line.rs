//! One line of a `FollowTheMoney` file.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
pub(super) struct Line {
    pub id: String,
    pub schema: String,
    #[serde(default)]
    pub caption: String,
    #[serde(default)]
    pub datasets: Vec<String>,
    #[serde(default)]
    properties: HashMap<String, Values>,
}

/// The texts of a property; numbers and whatever else is there are passed over, as are more than any entity has.
#[derive(Default)]
struct Values(Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Values, A::Error> {
                let mut out = Vec::new();
                while let Some(value) = seq.next_element::<Value<'de>>()? {
                    match value {
                        Value::Text(text) if out.len() < MAX_VALUES => out.push(text.into_owned()),
                        Value::Text(_) | Value::Other(IgnoredAny) => {}
                    }
                }
                Ok(Values(out))
            }
        }
        deserializer.deserialize_seq(Texts)
    }
}

/// One value of a property.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(IgnoredAny),
}

/// No entity has more values of one property.
const MAX_VALUES: usize = 2000;

impl Line {
    /// The texts of a property.
    pub fn values<'l>(&'l self, property: &str) -> impl Iterator<Item = &'l str> + use<'l> {
        self.properties.get(property).into_iter().flat_map(|values| values.0.iter().map(String::as_str))
    }

    pub fn has(&self, property: &str) -> bool {
        self.values(property).any(|value| !value.trim().is_empty())
    }
}
