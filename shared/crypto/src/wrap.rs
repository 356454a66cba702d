//! Keys wrapped by keys. KMS unwraps one root key per purpose and generation, the root key unwraps the sixteen
//! key-encryption keys (KEKs) of that generation, and a KEK wraps the keys of people, which wrap or encrypt the rest.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::{
    CryptoError, DataKey,
    field::{self, Place},
};
use verinym_domain::time::Timestamp;

/// Shards per purpose: how many KEKs share the people among them.
pub const SHARDS: u8 = 16;

/// How long unwrapped KEKs may be used.
pub const MAX_AGE: Duration = Duration::from_mins(5);

/// The wrapped form of `key`: a field ciphertext of its 32 bytes, whose key version is that of the wrapping key.
pub fn wrap(kek: &DataKey, kek_version: u32, place: &Place<'_>, key: &DataKey) -> Vec<u8> {
    field::seal(kek, kek_version, place, key.expose())
}

/// The key that was wrapped for this place; [`field::key_version`] tells which version of the wrapping key to bring.
pub fn unwrap(kek: &DataKey, place: &Place<'_>, wrapped: &[u8]) -> Result<DataKey, CryptoError> {
    DataKey::try_from(field::open(kek, place, wrapped)?.as_slice())
}

/// The shard of a person, 0 to 15, by SHA-256 of the id's text.
pub fn shard_of(user: &str) -> u8 {
    Sha256::digest(user)[0] % SHARDS
}

/// The KEKs of one purpose that were made together, one per shard. A clone shares the keys' memory.
#[derive(Debug, Clone)]
pub struct KekGeneration {
    /// From 1 on; the key version of everything these KEKs wrap.
    pub number: u32,
    keks: Arc<[DataKey]>,
}

impl KekGeneration {
    /// New random keys.
    pub fn generate(number: u32) -> Self {
        Self { number, keks: (0..SHARDS).map(|_| DataKey::generate()).collect() }
    }

    /// The key that wraps the keys of everybody in this shard.
    pub fn kek(&self, shard: u8) -> &DataKey {
        &self.keks[usize::from(shard % SHARDS)]
    }

    /// The wrapped KEKs in the order of their shards. `place` names the item; each KEK is bound to its shard too.
    pub fn wrap(&self, root: &DataKey, place: &Place<'_>) -> Vec<Vec<u8>> {
        let wrap_one =
            |(shard, kek)| wrap(root, self.number, &Place { attribute: &of_shard(place, shard), ..*place }, kek);
        self.keks.iter().enumerate().map(wrap_one).collect()
    }

    /// The generation that [`KekGeneration::wrap`] wrapped under this number at this place. [`CryptoError::Malformed`] if
    /// there are not sixteen keys, or one of another number.
    pub fn unwrap<B: AsRef<[u8]>>(
        number: u32,
        root: &DataKey,
        place: &Place<'_>,
        wrapped: &[B],
    ) -> Result<Self, CryptoError> {
        if wrapped.len() != usize::from(SHARDS) {
            return Err(CryptoError::Malformed);
        }
        let unwrap_one = |(shard, wrapped): (usize, &B)| {
            if field::key_version(wrapped.as_ref())? != number {
                return Err(CryptoError::Malformed);
            }
            unwrap(root, &Place { attribute: &of_shard(place, shard), ..*place }, wrapped.as_ref())
        };
        Ok(Self { number, keks: wrapped.iter().enumerate().map(unwrap_one).collect::<Result<_, _>>()? })
    }
}

fn of_shard(place: &Place<'_>, shard: usize) -> String {
    format!("{}/{shard:02}", place.attribute)
}

#[derive(Debug)]
struct CachedGeneration {
    unwrapped_at: Timestamp,
    generation: KekGeneration,
    /// Whether no newer one was there when it was read.
    newest: bool,
}

/// Generations kept in memory for [`MAX_AGE`], by purpose and number. The age is checked at use, since a frozen process
/// runs no timers, and at every use what is too old is dropped, and so wiped.
#[derive(Debug, Default)]
pub struct KekCache(Mutex<HashMap<(&'static str, u32), CachedGeneration>>);

impl KekCache {
    /// A generation, if it was unwrapped within [`MAX_AGE`].
    pub fn get(&self, purpose: &'static str, number: u32, now: Timestamp) -> Option<KekGeneration> {
        self.live(now).get(&(purpose, number)).map(|held| held.generation.clone())
    }

    /// The generation that was the newest within [`MAX_AGE`].
    pub fn newest(&self, purpose: &'static str, now: Timestamp) -> Option<KekGeneration> {
        let live = self.live(now);
        let mut of_purpose = live.iter().filter(|((of, _), held)| *of == purpose && held.newest);
        // Of two, each was the newest when it was read: the higher one still is.
        of_purpose.by_ref().max_by_key(|((_, number), _)| *number).map(|(_, held)| held.generation.clone())
    }

    /// Keeps a generation that was unwrapped at `now`.
    pub fn put(&self, purpose: &'static str, generation: KekGeneration, newest: bool, now: Timestamp) {
        let number = generation.number;
        self.live(now).insert((purpose, number), CachedGeneration { unwrapped_at: now, generation, newest });
    }

    fn live(&self, now: Timestamp) -> MutexGuard<'_, HashMap<(&'static str, u32), CachedGeneration>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that went back must not make a key young again.
        kept.retain(|_, held| held.unwrapped_at <= now && now.since(held.unwrapped_at) < MAX_AGE);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
    const PLACE: Place<'_> = Place { table: "keys", partition: "P#user_1", sort: "profile", attribute: "key" };
    const KEKS: Place<'_> = Place { table: "keys", partition: "KEK#profile", sort: "00000003", attribute: "keks" };

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
    fn a_generation_unwraps_whole_and_in_its_order_only() {
        let (root, made) = (DataKey::generate(), KekGeneration::generate(3));
        let wrapped = made.wrap(&root, &KEKS);
        let read = KekGeneration::unwrap(3, &root, &KEKS, &wrapped).unwrap();
        assert!((0..SHARDS).all(|shard| read.kek(shard).expose() == made.kek(shard).expose()));
        assert_ne!(made.kek(0).expose(), made.kek(1).expose());

        let refused = |number, root: &DataKey, place: &Place<'_>, wrapped: &[Vec<u8>]| {
            KekGeneration::unwrap(number, root, place, wrapped).unwrap_err()
        };
        let mut swapped = wrapped.clone();
        swapped.swap(4, 5);
        assert_eq!(refused(3, &root, &KEKS, &swapped), CryptoError::DoesNotOpen);
        let mut altered = wrapped.clone();
        *altered[15].last_mut().unwrap() ^= 1;
        assert_eq!(refused(3, &root, &KEKS, &altered), CryptoError::DoesNotOpen);
        assert_eq!(refused(3, &DataKey::generate(), &KEKS, &wrapped), CryptoError::DoesNotOpen);
        let evidence = Place { partition: "KEK#evidence", ..KEKS };
        assert_eq!(refused(3, &root, &evidence, &wrapped), CryptoError::DoesNotOpen);
        assert_eq!(refused(4, &root, &KEKS, &wrapped), CryptoError::Malformed);
        assert_eq!(refused(3, &root, &KEKS, &wrapped[..15]), CryptoError::Malformed);
        assert_eq!(refused(3, &root, &KEKS, &[]), CryptoError::Malformed);
    }

    #[test]
    fn cached_keys_serve_for_five_minutes() {
        let cache = KekCache::default();
        cache.put("profile", KekGeneration::generate(1), true, NOW);
        let at = |seconds| cache.get("profile", 1, NOW + Duration::from_secs(seconds)).is_some();
        assert!(at(0) && at(299));
        assert!(cache.newest("profile", NOW + Duration::from_secs(299)).is_some());
        assert!(cache.get("evidence", 1, NOW).is_none() && cache.newest("evidence", NOW).is_none());
        assert!(cache.get("profile", 2, NOW).is_none());
        assert!(!at(300));
        assert!(cache.0.lock().unwrap().is_empty(), "what is too old is dropped, not only hidden");
    }

    #[test]
    fn the_use_of_one_purpose_drops_old_keys_of_another() {
        let cache = KekCache::default();
        cache.put("profile", KekGeneration::generate(1), true, NOW);
        assert!(cache.newest("evidence", NOW + MAX_AGE).is_none());
        assert!(cache.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_clock_that_went_back_revives_nothing() {
        let cache = KekCache::default();
        cache.put("profile", KekGeneration::generate(1), true, NOW);
        assert!(cache.get("profile", 1, NOW - Duration::from_secs(1)).is_none());
    }

    #[test]
    fn an_older_generation_is_never_the_newest() {
        let cache = KekCache::default();
        cache.put("profile", KekGeneration::generate(1), false, NOW);
        assert!(cache.newest("profile", NOW).is_none());
        cache.put("profile", KekGeneration::generate(1), true, NOW);
        cache.put("profile", KekGeneration::generate(2), true, NOW);
        assert_eq!(cache.newest("profile", NOW).unwrap().number, 2);
        assert_eq!(cache.get("profile", 1, NOW).unwrap().number, 1);
    }
}
