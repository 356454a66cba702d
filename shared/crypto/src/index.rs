//! Blind indexes: equality lookups over values that are stored encrypted only.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{DataKey, key::as_base64, mac};

pub use verinym_domain::account::BlindIndex;

/// The index of a value of one attribute. The value must be normalised already: two spellings are two indexes.
pub fn blind_index(key: &DataKey, version: u32, attribute: &str, normalised: &str) -> BlindIndex {
    let tag = mac::tag(key, "blind index", &[attribute.as_bytes(), normalised.as_bytes()]);
    BlindIndex::from_text(format!("v{version}.{}", URL_SAFE_NO_PAD.encode(tag)))
}

/// HMAC-SHA-256 over length-prefixed parts, for comparing what must not be kept (idempotency bodies, filters).
pub fn digest(key: &DataKey, parts: &[&[u8]]) -> [u8; 32] {
    mac::tag(key, "digest", parts)
}

/// The versions of one attribute's index key; JSON in a secret, `{"current":2,"keys":{"1":"…","2":"…"}}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "IndexKeysJson")]
pub struct IndexKeys {
    current: u32,
    keys: BTreeMap<u32, StoredKey>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct StoredKey(#[serde(serialize_with = "as_base64")] DataKey);

#[derive(Deserialize)]
struct IndexKeysJson {
    current: u32,
    keys: BTreeMap<u32, StoredKey>,
}

impl TryFrom<IndexKeysJson> for IndexKeys {
    type Error = super::CryptoError;

    fn try_from(stored: IndexKeysJson) -> Result<Self, Self::Error> {
        Self::checked(stored.current, stored.keys)
    }
}

impl IndexKeys {
    /// One new key, version 1.
    pub fn generate() -> Self {
        Self { current: 1, keys: BTreeMap::from([(1, StoredKey(DataKey::generate()))]) }
    }

    /// [`super::CryptoError::Key`] if the current version has no key.
    pub fn new(current: u32, keys: BTreeMap<u32, DataKey>) -> Result<Self, super::CryptoError> {
        Self::checked(current, keys.into_iter().map(|(version, key)| (version, StoredKey(key))).collect())
    }

    fn checked(current: u32, keys: BTreeMap<u32, StoredKey>) -> Result<Self, super::CryptoError> {
        if keys.contains_key(&current) { Ok(Self { current, keys }) } else { Err(super::CryptoError::Key) }
    }

    /// The index to write.
    pub fn current(&self, attribute: &str, normalised: &str) -> BlindIndex {
        blind_index(&self.keys[&self.current].0, self.current, attribute, normalised)
    }

    /// The index under every version, the current one first: what to look up, and to claim, while a version rotates.
    pub fn all(&self, attribute: &str, normalised: &str) -> Vec<BlindIndex> {
        let older = self.keys.iter().rev().filter(|(version, _)| **version != self.current);
        std::iter::once(self.current(attribute, normalised))
            .chain(older.map(|(version, key)| blind_index(&key.0, *version, attribute, normalised)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_differ_by_attribute_value_version_and_key() {
        let key = DataKey::from_bytes([1; 32]);
        let one = blind_index(&key, 1, "email", "ada@example.org");
        assert_eq!(one, blind_index(&key, 1, "email", "ada@example.org"));
        assert_ne!(one, blind_index(&key, 1, "phone", "ada@example.org"));
        assert_ne!(one, blind_index(&key, 1, "email", "bob@example.org"));
        assert_ne!(one, blind_index(&key, 1, "emaila", "da@example.org"));
        assert_ne!(one, blind_index(&key, 2, "email", "ada@example.org"));
        assert_ne!(one, blind_index(&DataKey::from_bytes([2; 32]), 1, "email", "ada@example.org"));
        assert!(!one.as_ref().contains("ada"));
    }

    #[test]
    fn while_a_version_rotates_the_current_comes_first() {
        let keys = [(1, [1; 32]), (2, [2; 32]), (3, [3; 32])].map(|(v, key)| (v, DataKey::from_bytes(key)));
        let keys = IndexKeys::new(2, keys.into()).unwrap();
        let all: Vec<_> = keys.all("email", "a").iter().map(ToString::to_string).collect();
        let versions: Vec<_> = all.iter().map(|index| &index[..3]).collect();
        assert_eq!(versions, ["v2.", "v3.", "v1."]);
        assert_eq!(keys.current("email", "a").to_string(), all[0]);
    }

    #[test]
    fn keys_round_trip_as_json_and_need_their_current_version() {
        let keys = IndexKeys::generate();
        let json = serde_json::to_string(&keys).unwrap();
        let read: IndexKeys = serde_json::from_str(&json).unwrap();
        assert_eq!(read.current("email", "a"), keys.current("email", "a"));
        let without = json.replace(r#""current":1"#, r#""current":2"#);
        assert!(serde_json::from_str::<IndexKeys>(&without).is_err());
        assert!(!format!("{keys:?}").contains(json.split('"').nth_back(1).unwrap()));
    }

    #[test]
    fn digests_know_where_their_parts_end() {
        let key = DataKey::from_bytes([1; 32]);
        assert_ne!(digest(&key, &[b"ab", b"c"]), digest(&key, &[b"a", b"bc"]));
    }
}
