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
