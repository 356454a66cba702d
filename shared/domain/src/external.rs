//! What a machine client knows an account by that it created: an id and metadata of its own. Both may identify a person, so they stand
//! encrypted in the store.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{field::FieldFault, id::ClientId, person::is_hidden, secret::LOST};

/// The most characters of an external id.
pub const LONGEST_ID: usize = 128;
/// The most members of metadata.
pub const MOST_MEMBERS: usize = 20;
/// The most characters of a member's name.
pub const LONGEST_NAME: usize = 40;
/// The most bytes of metadata as JSON.
pub const LARGEST: usize = 4096;

/// The id of an account in the system of the machine client that created it: 1 to 128 visible ASCII characters, compared as they are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExternalId(String);

impl ExternalId {
    /// # Errors
    /// `invalid_external_id` for any other text.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        const INVALID: FieldFault =
            FieldFault::new("invalid_external_id", "Must have 1 to 128 visible ASCII characters, without spaces.");
        let fits = (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(INVALID) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Texts by name, which we store and do not interpret.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// # Errors
    /// `too_many` members, an `invalid_name`, a text that was damaged on its way or has characters that do not show, or `too_large`
    /// as a whole.
    pub fn new(members: BTreeMap<String, String>) -> Result<Self, FieldFault> {
        const TOO_MANY: FieldFault = FieldFault::new("too_many", "Must have at most 20 members.");
        const NAME: FieldFault = FieldFault::new(
            "invalid_name",
            "The names must have 1 to 40 of the characters A-Z, a-z, 0-9, _, - and dot.",
        );
        const HIDDEN: FieldFault = FieldFault::new(
            "invalid_characters",
            "The texts must not have control characters or ones that do not show.",
        );
        const TOO_LARGE: FieldFault = FieldFault::new("too_large", "Must have at most 4,096 bytes as JSON.");
        if members.len() > MOST_MEMBERS {
            return Err(TOO_MANY);
        }
        let is_name = |name: &String| {
            (1..=LONGEST_NAME).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        if !members.keys().all(is_name) {
            return Err(NAME);
        }
        if members.values().any(|text| text.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(LOST);
        }
        if members.values().flat_map(|text| text.chars()).any(is_hidden) {
            return Err(HIDDEN);
        }
        let metadata = Self(members);
        if serde_json::to_string(&metadata).is_ok_and(|json| json.len() <= LARGEST) {
            Ok(metadata)
        } else {
            Err(TOO_LARGE)
        }
    }

    pub const fn members(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*** ({} members)", self.0.len())
    }
}

/// What the machine client that created an account gave beside the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalRecord {
    pub client: ClientId,
    pub external_id: Option<ExternalId>,
    #[serde(default)]
    pub metadata: Metadata,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members<const N: usize>(members: [(&str, &str); N]) -> BTreeMap<String, String> {
        members.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
    }

    #[test]
    fn an_external_id_is_kept_as_it_was_given() {
        for id in ["7", "CRM:0042/a", &"x".repeat(128)] {
            assert_eq!(ExternalId::parse(id).unwrap().as_str(), id);
        }
        for id in ["", " ", "a b", "ä", "a\n", &"x".repeat(129)] {
            assert_eq!(ExternalId::parse(id).unwrap_err().code, "invalid_external_id", "{id:?}");
        }
    }

    #[test]
    fn metadata_is_bounded_in_number_names_and_bytes() {
        let code = |given| Metadata::new(given).unwrap_err().code;
        let many = |n: usize| (0..n).map(|n| (format!("k{n}"), String::new())).collect::<BTreeMap<_, _>>();
        assert!(Metadata::new(many(20)).is_ok());
        assert_eq!(code(many(21)), "too_many");
        for name in ["", "a b", "ä", &"x".repeat(41)] {
            assert_eq!(code(members([(name, "v")])), "invalid_name", "{name:?}");
        }
        assert_eq!(code(members([("a", "x\u{FFFD}")])), LOST.code);
        assert_eq!(code(members([("a", "x\u{202E}y")])), "invalid_characters");
        // `{"a":"…"}` has eight bytes besides the text.
        let of = |length: usize| members([("a", &*"x".repeat(length))]);
        assert!(Metadata::new(of(LARGEST - 8)).is_ok());
        assert_eq!(code(of(LARGEST - 7)), "too_large");
        // Quotation marks count as they are stored.
        assert_eq!(code(members([("a", &*"\"".repeat(2045))])), "too_large");
    }

    #[test]
    fn neither_is_printed() {
        let record = ExternalRecord {
            client: "cli_01h2xcejqtf2nbrexx3vqjhp41".parse().unwrap(),
            external_id: Some(ExternalId::parse("customer-7").unwrap()),
            metadata: Metadata::new(members([("branch", "Pune")])).unwrap(),
        };
        let shown = format!("{record:?}");
        assert!(!shown.contains("customer-7") && !shown.contains("Pune") && !shown.contains("branch"), "{shown}");
        assert_eq!(serde_json::from_str::<ExternalRecord>(&serde_json::to_string(&record).unwrap()).unwrap(), record);
    }
}
