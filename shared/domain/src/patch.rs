//! Members of a JSON merge patch (RFC 7396).

use serde::{Deserialize, Deserializer};

/// One member of a merge patch. Needs `#[serde(default)]` beside it, so that what is absent stays so.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Not named: stays as it is.
    #[default]
    Keep,
    /// `null`: is cleared.
    Clear,
    /// Is set.
    Set(T),
}

impl<T> Patch<T> {
    /// What stands after the patch, given what stood before.
    pub fn or(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// Patches carry personal data: which of the three it is, and no more.
impl<T> std::fmt::Debug for Patch<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Clear => "Clear",
            Self::Set(_) => "Set(***)",
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct NameForm {
        #[serde(default)]
        name: Patch<String>,
    }

    #[test]
    fn absent_null_and_value_are_told_apart() {
        let form = |json| serde_json::from_str::<NameForm>(json).unwrap().name;
        assert_eq!(form("{}"), Patch::Keep);
        assert_eq!(form(r#"{"name":null}"#), Patch::Clear);
        assert_eq!(form(r#"{"name":"Ada"}"#), Patch::Set("Ada".to_owned()));
        assert_eq!(form("{}").or(Some("Eve".into())), Some("Eve".into()));
        assert_eq!(form(r#"{"name":null}"#).or(Some("Eve".into())), None);
        assert_eq!(format!("{:?}", form(r#"{"name":"Ada"}"#)), "Set(***)");
    }
}
