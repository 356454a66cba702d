//! A ring of keys that rotates: the current key, the next one, and retired ones for as long as what they made is valid.
//!
//! The ring already holds the next key, so a process that still has the ring from before a rotation accepts what is made
//! after it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    CryptoError,
    key::{SymmetricKey, as_base64},
};
use verinym_domain::time::Timestamp;

/// JSON in a secret: `{"current":2,"keys":{"1":{"key":"…","retired_at":"…"},"2":{"key":"…"}}}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "KeyRingJson<N>")]
pub struct KeyRing<const N: usize> {
    current: u32,
    keys: BTreeMap<u32, RingKey<N>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct RingKey<const N: usize> {
    #[serde(serialize_with = "as_base64")]
    key: SymmetricKey<N>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct KeyRingJson<const N: usize> {
    current: u32,
    keys: BTreeMap<u32, RingKey<N>>,
}

impl<const N: usize> TryFrom<KeyRingJson<N>> for KeyRing<N> {
    type Error = CryptoError;

    /// [`CryptoError::Key`] if the current version has no key.
    fn try_from(KeyRingJson { current, keys }: KeyRingJson<N>) -> Result<Self, CryptoError> {
        if keys.contains_key(&current) { Ok(Self { current, keys }) } else { Err(CryptoError::Key) }
    }
}

impl<const N: usize> RingKey<N> {
    fn generate() -> Self {
        Self { key: SymmetricKey::generate(), retired_at: None }
    }
}

impl<const N: usize> KeyRing<N> {
    /// A current key and the next one.
    pub fn generate() -> Self {
        Self { current: 1, keys: [1, 2].map(|version| (version, RingKey::generate())).into() }
    }

    /// The ring after a rotation: the next key is the current one, the one before it is retired, and keys that were retired
    /// longer than `retired_for` ago are dropped.
    pub fn rotated(&self, retired_for: Duration, now: Timestamp) -> Self {
        let mut keys = self.keys.clone();
        keys.retain(|_, key| key.retired_at.is_none_or(|at| now.since(at) <= retired_for));
        if let Some(key) = keys.get_mut(&self.current) {
            key.retired_at = Some(now);
        }
        let current = self.current.wrapping_add(1);
        keys.entry(current).or_insert_with(RingKey::generate);
        keys.entry(current.wrapping_add(1)).or_insert_with(RingKey::generate);
        Self { current, keys }
    }

    /// A ring of new keys only: whatever the keys of this ring made is void. Its versions are new too, so that nobody takes an old
    /// key for a new one.
    pub fn replaced(&self) -> Self {
        let current = self.keys.keys().max().map_or(1, |newest| newest.wrapping_add(1));
        Self { current, keys: [current, current.wrapping_add(1)].map(|version| (version, RingKey::generate())).into() }
    }

    /// The version of the current key.
    pub const fn current(&self) -> u32 {
        self.current
    }

    pub fn current_key(&self) -> &SymmetricKey<N> {
        &self.keys[&self.current].key
    }

    pub fn get(&self, version: u32) -> Option<&SymmetricKey<N>> {
        self.keys.get(&version).map(|key| &key.key)
    }

    pub fn keys(&self) -> impl Iterator<Item = &SymmetricKey<N>> {
        self.keys.values().map(|key| &key.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
    const RETIRED_FOR: Duration = Duration::from_hours(24);

    fn expose(ring: &KeyRing<32>, version: u32) -> Option<[u8; 32]> {
        ring.get(version).map(|key| *key.expose())
    }

    #[test]
    fn a_rotation_makes_the_next_key_the_current_one() {
        let ring = KeyRing::<32>::generate();
        let rotated = ring.rotated(RETIRED_FOR, NOW);
        assert_eq!((ring.current(), rotated.current()), (1, 2));
        assert_eq!(Some(*rotated.current_key().expose()), expose(&ring, 2));
        assert_eq!(expose(&rotated, 1), expose(&ring, 1));
    }

    #[test]
    fn a_retired_key_is_dropped_after_its_term() {
        let ring = KeyRing::<32>::generate().rotated(RETIRED_FOR, NOW);
        assert!(ring.rotated(RETIRED_FOR, NOW + RETIRED_FOR).get(1).is_some());
        let later = ring.rotated(RETIRED_FOR, NOW + RETIRED_FOR + Duration::from_secs(1));
        assert!(later.get(1).is_none());
        assert_eq!(later.keys().count(), 3);
    }

    #[test]
    fn a_replaced_ring_knows_no_key_of_before() {
        let ring = KeyRing::<32>::generate().rotated(RETIRED_FOR, NOW);
        let replaced = ring.replaced();
        assert_eq!((replaced.current(), replaced.keys().count()), (4, 2));
        assert!((1..=3).all(|version| replaced.get(version).is_none()));
        assert!(replaced.keys().all(|key| ring.keys().all(|old| old.expose() != key.expose())));
    }

    #[test]
    fn a_ring_round_trips_as_json_and_hides_its_keys_in_debug() {
        let ring = KeyRing::<64>::generate().rotated(RETIRED_FOR, NOW);
        let json = serde_json::to_string(&ring).unwrap();
        let read: KeyRing<64> = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert_eq!(read.keys[&1].retired_at, Some(NOW));
        assert!(!format!("{ring:?}").contains(&*ring.current_key().to_base64()));
        assert!(serde_json::from_str::<KeyRing<64>>(r#"{"current":1,"keys":{}}"#).is_err());
    }
}
