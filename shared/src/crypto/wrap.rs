//! Keys wrapped by keys: a key-encryption key (KEK, unwrapped by the key service) wraps the keys of people, which wrap
//! or encrypt the rest.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::{
    CryptoError, DataKey,
    field::{self, Place},
};
use crate::domain::time::Timestamp;

/// Shards per purpose: how many KEKs share the people among them.
pub const SHARDS: u8 = 16;

/// How long an unwrapped KEK may be used.
pub const MAX_AGE: Duration = Duration::from_mins(5);

/// Both purposes in all shards, and as many again while a version rotates.
const MAX_CACHED: usize = 64;

/// The wrapped form of `key`: a field ciphertext of its 32 bytes, whose key version is the KEK's.
pub fn wrap(kek: &DataKey, kek_version: u32, place: &Place<'_>, key: &DataKey) -> Vec<u8> {
    field::seal(kek, kek_version, place, key.expose())
}

/// The key that was wrapped for this place; [`field::key_version`] tells which KEK to bring.
pub fn unwrap(kek: &DataKey, place: &Place<'_>, wrapped: &[u8]) -> Result<DataKey, CryptoError> {
    DataKey::try_from(field::open(kek, place, wrapped)?.as_slice())
}

/// The shard of a person, 0 to 15, by SHA-256 of the id's text.
pub fn shard_of(user: &str) -> u8 {
    Sha256::digest(user)[0] % SHARDS
}

/// An unwrapped key-encryption key.
#[derive(Debug, Clone)]
pub struct Kek {
    pub purpose: &'static str,
    pub shard: u8,
    pub version: u32,
    pub key: DataKey,
    pub unwrapped_at: Timestamp,
}

type Name = (&'static str, u8, u32);

/// KEKs kept in memory for [`MAX_AGE`]. The age is checked at use, since a frozen process runs no timers, and at every
/// use what is too old is dropped, and so wiped.
#[derive(Debug, Default)]
pub struct KekCache(Mutex<HashMap<Name, Kek>>);

impl KekCache {
    /// The key, if it was unwrapped within [`MAX_AGE`].
    pub fn get(&self, purpose: &'static str, shard: u8, version: u32, now: Timestamp) -> Option<DataKey> {
        self.live(now).get(&(purpose, shard, version)).map(|kek| kek.key.clone())
    }

    /// Keeps a key; when the cache is full, the oldest makes room.
    pub fn put(&self, kek: Kek, now: Timestamp) {
        let mut kept = self.live(now);
        let name = (kek.purpose, kek.shard, kek.version);
        if kept.len() >= MAX_CACHED && !kept.contains_key(&name) {
            let oldest = kept.values().min_by_key(|kek| kek.unwrapped_at);
            if let Some(oldest) = oldest.map(|kek| (kek.purpose, kek.shard, kek.version)) {
                kept.remove(&oldest);
            }
        }
        kept.insert(name, kek);
    }

    fn live(&self, now: Timestamp) -> MutexGuard<'_, HashMap<Name, Kek>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that went back must not make a key young again.
        kept.retain(|_, kek| kek.unwrapped_at <= now && now.since(kek.unwrapped_at) < MAX_AGE);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
    const PLACE: Place<'_> = Place { table: "keys", partition: "P#user_1", sort: "profile", attribute: "key" };

    fn kek(shard: u8, version: u32, at: Timestamp) -> Kek {
        Kek { purpose: "profile", shard, version, key: DataKey::from_bytes([shard; 32]), unwrapped_at: at }
    }

    #[test]
    fn a_wrapped_key_unwraps_at_its_place_only() {
        let (kek, key) = (DataKey::generate(), DataKey::generate());
        let wrapped = wrap(&kek, 3, &PLACE, &key);
        assert_eq!(field::key_version(&wrapped), Ok(3));
        assert_eq!(unwrap(&kek, &PLACE, &wrapped).unwrap().expose(), key.expose());
        let other = Place { partition: "P#user_2", ..PLACE };
        assert_eq!(unwrap(&kek, &other, &wrapped).unwrap_err(), CryptoError::DoesNotOpen);
        assert_eq!(unwrap(&key, &PLACE, &wrapped).unwrap_err(), CryptoError::DoesNotOpen);
        let short = field::seal(&kek, 3, &PLACE, &[1; 16]);
        assert_eq!(unwrap(&kek, &PLACE, &short).unwrap_err(), CryptoError::Key);
    }

    #[test]
    fn people_spread_over_all_shards() {
        let mut people = [0u32; SHARDS as usize];
        (0..3200).for_each(|n| people[usize::from(shard_of(&format!("user_{n}")))] += 1);
        assert!(people.iter().all(|n| (120..=280).contains(n)), "{people:?}");
    }

    #[test]
    fn a_cached_key_serves_for_five_minutes() {
        let cache = KekCache::default();
        cache.put(kek(1, 1, NOW), NOW);
        let at = |seconds| cache.get("profile", 1, 1, NOW + Duration::from_secs(seconds)).is_some();
        assert!(at(0) && at(299));
        assert!(cache.get("evidence", 1, 1, NOW).is_none());
        assert!(cache.get("profile", 2, 1, NOW).is_none());
        assert!(cache.get("profile", 1, 2, NOW).is_none());
        assert!(!at(300));
        assert!(cache.0.lock().unwrap().is_empty(), "what is too old is dropped, not only hidden");
    }

    #[test]
    fn a_clock_that_went_back_revives_nothing() {
        let cache = KekCache::default();
        cache.put(kek(1, 1, NOW), NOW);
        assert!(cache.get("profile", 1, 1, NOW - Duration::from_secs(1)).is_none());
    }

    #[test]
    fn the_oldest_makes_room() {
        let cache = KekCache::default();
        for version in 0..100 {
            let at = NOW + Duration::from_secs(u64::from(version));
            cache.put(kek(1, version, at), at);
        }
        let at = NOW + Duration::from_secs(99);
        assert_eq!(cache.0.lock().unwrap().len(), MAX_CACHED);
        assert!(cache.get("profile", 1, 99, at).is_some());
        assert!(cache.get("profile", 1, 36, at).is_some());
        assert!(cache.get("profile", 1, 35, at).is_none());
        cache.put(kek(1, 99, at), at);
        assert!(cache.get("profile", 1, 36, at).is_some(), "a key anew evicts nobody");
    }
}
