//! The keys of a person: `profile`, destroyed at erasure, and `evidence`, kept for the legal term; and the months'
//! keys for people who are not signed in. Destroying the wrapped key destroys what it encrypted.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use super::{
    Store, Table,
    item::{Item, Key, keyed, read},
    kek::Purpose,
};
use crate::{
    crypto::{
        CryptoError,
        field::{self, Place},
        key::DataKey,
        wrap::{self, Generation},
    },
    domain::{id::UserId, time::Timestamp},
    error::{Internal, Result},
};

/// An unwrapped key and whose it is. Wiped from memory when dropped.
#[derive(Debug, Clone)]
pub struct PersonKey {
    /// A user, or `anonymous/<month>`.
    pub owner: String,
    pub version: u32,
    key: DataKey,
}

impl PersonKey {
    #[cfg(test)]
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

pub fn key(user: &UserId, purpose: Purpose) -> Key {
    Key::new(format!("P#{user}"), purpose.name())
}

fn place<'a>(owner: &'a str, purpose: &'a str) -> Place<'a> {
    Place { table: Table::Keys.logical(), partition: owner, sort: purpose, attribute: "wrapped" }
}

fn wrap_under(generation: &Generation, owner: &str, purpose: &str, key: &DataKey) -> Vec<u8> {
    wrap::wrap(generation.kek(wrap::shard_of(owner)), generation.number, &place(owner, purpose), key)
}

fn unwrap_under(generation: &Generation, item: &KeyItem) -> Result<DataKey, CryptoError> {
    wrap::unwrap(generation.kek(wrap::shard_of(&item.owner)), &place(&item.owner, &item.purpose), &item.wrapped)
}

/// The same key, wrapped by another generation.
pub(super) fn rewrapped(item: &KeyItem, from: &Generation, to: &Generation) -> Result<Vec<u8>, CryptoError> {
    Ok(wrap_under(to, &item.owner, &item.purpose, &unwrap_under(from, item)?))
}

fn anonymous_key_of(month: &str) -> Key {
    Key::new("KEK#anonymous-month", month)
}

/// Where the key of an origin's owner stands.
fn origin_key(owner: &str) -> Option<Key> {
    match owner.strip_prefix("anonymous/") {
        Some(month) => Some(anonymous_key_of(month)),
        None => owner.parse().ok().map(|user| key(&user, Purpose::Profile)),
    }
}

/// Version of a person's first key; others follow when keys are renewed.
const FIRST: u32 = 1;

impl Store {
    /// A new key of a person and the item to put into the transaction that makes the person.
    pub async fn new_person_key(&self, user: &UserId, purpose: Purpose, now: Timestamp) -> Result<(PersonKey, Item)> {
        let (key_made, item) = self.new_key(user.to_string(), purpose, now).await?;
        Ok((key_made, keyed(&key(user, purpose), &item)?))
    }

    async fn new_key(&self, owner: String, purpose: Purpose, now: Timestamp) -> Result<(PersonKey, KeyItem)> {
        let generation = self.newest_generation(purpose, now).await?;
        let key = DataKey::generate();
        let wrapped = wrap_under(&generation, &owner, purpose.name(), &key);
        let item =
            KeyItem { owner: owner.clone(), purpose: purpose.name().to_owned(), wrapped: ByteBuf::from(wrapped) };
        Ok((PersonKey { owner, version: FIRST, key }, item))
    }

    /// Unwraps a key that was read along with something else. No item: the key is gone, and with it what it encrypted.
    pub async fn person_key(&self, item: Option<&KeyItem>, now: Timestamp) -> Result<PersonKey> {
        let item = item.ok_or_else(|| Internal::corrupt("a person's key is gone"))?;
        let purpose = match item.purpose.as_str() {
            "profile" => Purpose::Profile,
            "evidence" => Purpose::Evidence,
            "anonymous" => Purpose::Anonymous,
            other => return Err(Internal::corrupt(format!("key purpose {other}")).into()),
        };
        let number = field::key_version(&item.wrapped).map_err(Internal::corrupt)?;
        let generation = self.generation(purpose, number, now).await?;
        let key = unwrap_under(&generation, item).map_err(Internal::corrupt)?;
        Ok(PersonKey { owner: item.owner.clone(), version: FIRST, key })
    }

    /// Reads and unwraps a person's key.
    pub async fn read_person_key(&self, user: &UserId, purpose: Purpose, now: Timestamp) -> Result<PersonKey> {
        let item: Option<KeyItem> = self.get_as(Table::Keys, &key(user, purpose)).await?;
        self.person_key(item.as_ref(), now).await
    }

    /// Keys that origins of events were encrypted with, by owner; those that were destroyed are not among them.
    pub async fn origin_keys(
        &self,
        owners: impl Iterator<Item = &str>,
        now: Timestamp,
    ) -> Result<HashMap<String, PersonKey>> {
        let owners: BTreeSet<&str> = owners.collect();
        let wanted: Vec<_> = owners.iter().filter_map(|owner| Some((Table::Keys, origin_key(owner)?))).collect();
        let mut keys = HashMap::new();
        for item in self.get_many(&wanted).await?.into_values() {
            let item: KeyItem = read(item)?;
            keys.insert(item.owner.clone(), self.person_key(Some(&item), now).await?);
        }
        Ok(keys)
    }

    /// The month's key for addresses of people who are not signed in; made by whoever needs it first.
    pub async fn anonymous_key(&self, now: Timestamp) -> Result<PersonKey> {
        let month = now.month();
        let owner = format!("anonymous/{month}");
        let at = anonymous_key_of(&month);
        if let Some(item) = self.get_as::<KeyItem>(Table::Keys, &at).await? {
            return self.person_key(Some(&item), now).await;
        }
        let (made, item) = self.new_key(owner, Purpose::Anonymous, now).await?;
        let put = self
            .db
            .put_item()
            .table_name(self.name(Table::Keys))
            .set_item(Some(keyed(&at, &item)?))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match put {
            Ok(_) => Ok(made),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                let item = self.get(Table::Keys, &at).await?.map(read::<KeyItem>).transpose()?;
                self.person_key(item.as_ref(), now).await
            }
            Err(error) => Err(Internal::aws("put month's key", &error).into()),
        }
    }
}
