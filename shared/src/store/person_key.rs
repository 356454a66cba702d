//! The keys of a person: the `profile` key, destroyed at erasure, and the `evidence` key, kept for the legal term. Destroying
//! a wrapped key makes everything that it encrypted unreadable.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use super::{
    Store, Table,
    item::{Item, Key, keyed, read},
    kek::KeyPurpose,
};
use crate::{
    crypto::{
        CryptoError,
        field::{self, Place},
        key::DataKey,
        wrap::{self, KekGeneration},
    },
    domain::{id::UserId, time::Timestamp},
    error::{Internal, Result},
};

/// An unwrapped key and its owner, a person or a machine client. The key is wiped from memory when it is dropped.
#[derive(Debug, Clone)]
pub struct PersonKey {
    /// The id of the user or client.
    pub owner: String,
    pub version: u32,
    key: DataKey,
}

impl PersonKey {
    pub fn from_key(owner: &str, key: DataKey) -> Self {
        Self { owner: owner.to_owned(), version: FIRST, key }
    }

    pub fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
        field::seal(&self.key, self.version, place, plain)
    }

    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        field::open(&self.key, place, sealed).map_err(|error| Internal::corrupt(error).into())
    }

    /// Wraps another key (a document's) under this one.
    pub fn wrap(&self, place: &Place<'_>, key: &DataKey) -> Vec<u8> {
        self.seal(place, key.expose())
    }

    pub fn unwrap(&self, place: &Place<'_>, wrapped: &[u8]) -> Result<DataKey> {
        let plain = self.open(place, wrapped)?;
        let bytes: [u8; 32] = plain.as_slice().try_into().map_err(|_| Internal::corrupt("a wrapped key's length"))?;
        Ok(DataKey::from_bytes(bytes))
    }
}

/// A wrapped key as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyItem {
    pub owner: String,
    pub purpose: String,
    pub wrapped: ByteBuf,
}

pub fn key(user: &UserId, purpose: KeyPurpose) -> Key {
    Key::new(format!("P#{user}"), purpose.name())
}

fn place<'a>(owner: &'a str, purpose: &'a str) -> Place<'a> {
    Place { table: Table::Keys.logical(), partition: owner, sort: purpose, attribute: "wrapped" }
}

fn wrap_under(generation: &KekGeneration, owner: &str, purpose: &str, key: &DataKey) -> Vec<u8> {
    wrap::wrap(generation.kek(wrap::shard_of(owner)), generation.number, &place(owner, purpose), key)
}

fn unwrap_under(generation: &KekGeneration, item: &KeyItem) -> Result<DataKey, CryptoError> {
    wrap::unwrap(generation.kek(wrap::shard_of(&item.owner)), &place(&item.owner, &item.purpose), &item.wrapped)
}

/// The same key, wrapped by another generation.
pub(super) fn rewrapped(item: &KeyItem, from: &KekGeneration, to: &KekGeneration) -> Result<Vec<u8>, CryptoError> {
    Ok(wrap_under(to, &item.owner, &item.purpose, &unwrap_under(from, item)?))
}

/// The version of a person's key.
const FIRST: u32 = 1;

impl Store {
    /// A new key of a person, and its item for the transaction that creates the person.
    pub async fn new_person_key(
        &self,
        user: &UserId,
        purpose: KeyPurpose,
        now: Timestamp,
    ) -> Result<(PersonKey, Item)> {
        let owner = user.to_string();
        let generation = self.newest_generation(purpose, now).await?;
        let data_key = DataKey::generate();
        let wrapped = wrap_under(&generation, &owner, purpose.name(), &data_key);
        let item =
            KeyItem { owner: owner.clone(), purpose: purpose.name().to_owned(), wrapped: ByteBuf::from(wrapped) };
        let item = keyed(&key(user, purpose), &item)?;
        Ok((PersonKey { owner, version: FIRST, key: data_key }, item))
    }

    /// Unwraps a key whose item was read together with other items. Without an item the key was destroyed.
    pub async fn person_key(&self, item: Option<&KeyItem>, now: Timestamp) -> Result<PersonKey> {
        let item = item.ok_or_else(|| Internal::corrupt("a person's key was destroyed"))?;
        let purpose = match item.purpose.as_str() {
            "profile" => KeyPurpose::Profile,
            "evidence" => KeyPurpose::Evidence,
            other => return Err(Internal::corrupt(format!("key purpose {other}")).into()),
        };
        let number = field::key_version(&item.wrapped).map_err(Internal::corrupt)?;
        let generation = self.generation(purpose, number, now).await?;
        let key = unwrap_under(&generation, item).map_err(Internal::corrupt)?;
        Ok(PersonKey { owner: item.owner.clone(), version: FIRST, key })
    }

    /// Reads and unwraps a person's key.
    pub async fn read_person_key(&self, user: &UserId, purpose: KeyPurpose, now: Timestamp) -> Result<PersonKey> {
        let item: Option<KeyItem> = self.get_as(Table::Keys, &key(user, purpose)).await?;
        self.person_key(item.as_ref(), now).await
    }

    /// The profile keys that encrypted the origins of events, by owner. Destroyed keys are missing.
    pub async fn origin_keys(
        &self,
        owners: impl Iterator<Item = &str>,
        now: Timestamp,
    ) -> Result<HashMap<String, PersonKey>> {
        let owners: BTreeSet<&str> = owners.collect();
        let wanted: Vec<_> = owners
            .iter()
            .filter_map(|owner| Some((Table::Keys, key(&owner.parse().ok()?, KeyPurpose::Profile))))
            .collect();
        let mut keys = HashMap::new();
        for item in self.get_many(&wanted).await?.into_values() {
            let item: KeyItem = read(item)?;
            keys.insert(item.owner.clone(), self.person_key(Some(&item), now).await?);
        }
        Ok(keys)
    }
}
