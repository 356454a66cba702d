//! Key-encryption keys (KEKs), in generations: sixteen per purpose, wrapped by one root key, which KMS wraps.
//!
//! A generation is one item, `KEK#<purpose>` · `<number>`, so it is there whole or not at all. `workers-rotate-keys`
//! makes it; everybody else reads it with one query and one call to KMS, and keeps it for five minutes.

use std::collections::HashMap;

use aws_sdk_dynamodb::{error::SdkError, operation::put_item::PutItemError};
use aws_sdk_kms::{primitives::Blob, types::DataKeySpec};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use super::{
    Store, Table,
    item::{Item, ItemQuery, Key, Sort, key_of, keyed, read},
};
use crate::{
    crypto::{field::Place, key::DataKey, wrap::KekGeneration},
    domain::time::Timestamp,
    error::{Internal, Result},
};

/// What a key-encryption key wraps; KMS binds it as encryption context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyPurpose {
    /// Keys of profiles, destroyed at erasure.
    Profile,
    /// Keys of evidence, kept for the legal term.
    Evidence,
}

impl KeyPurpose {
    pub const ALL: [Self; 2] = [Self::Profile, Self::Evidence];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Evidence => "evidence",
        }
    }
}

/// A generation as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GenerationItem {
    /// The root key, wrapped by KMS for this purpose and number.
    root: ByteBuf,
    /// The KEKs in the order of their shards, wrapped by the root key.
    keks: Vec<ByteBuf>,
    pub made_at: Timestamp,
    /// Where re-wrapping the keys of people under this generation goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_after: Option<KeyPosition>,
    /// When a key was last found that another generation had wrapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_found: Option<Timestamp>,
}

/// Key of the last item that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyPosition {
    pub pk: String,
    pub sk: String,
}

/// Far more generations than there ever are at once.
const MOST_GENERATIONS: u32 = 25;

fn partition(purpose: KeyPurpose) -> String {
    format!("KEK#{}", purpose.name())
}

pub(super) fn generation_key(purpose: KeyPurpose, number: u32) -> Key {
    Key::new(partition(purpose), format!("{number:08}"))
}

fn context(purpose: KeyPurpose, number: u32) -> HashMap<String, String> {
    HashMap::from([("purpose".to_owned(), purpose.name().to_owned()), ("generation".to_owned(), number.to_string())])
}

fn place(at: &Key) -> Place<'_> {
    Place { table: Table::Keys.logical(), partition: &at.pk, sort: &at.sk, attribute: "keks" }
}

impl Store {
    /// The KEKs that wrap new keys.
    pub(super) async fn newest_generation(&self, purpose: KeyPurpose, now: Timestamp) -> Result<KekGeneration> {
        self.generation_or(purpose, None, now).await
    }

    /// The KEKs of a stated generation, to unwrap what they wrapped.
    pub(super) async fn generation(&self, purpose: KeyPurpose, number: u32, now: Timestamp) -> Result<KekGeneration> {
        self.generation_or(purpose, Some(number), now).await
    }

    /// Loads the newest KEKs of these purposes, unless they are in memory. For use beside other reads, before it is
    /// known which keys are needed: a failure is told when they are used.
    pub async fn preload_keks(&self, purposes: &[KeyPurpose], now: Timestamp) {
        let loads = purposes.iter().map(|purpose| self.newest_generation(*purpose, now));
        for error in futures::future::join_all(loads).await.into_iter().filter_map(Result::err) {
            tracing::debug!(%error, "key-encryption keys were not loaded ahead");
        }
    }

    /// A generation by its number, or the newest. Parallel askers wait for one load.
    async fn generation_or(&self, purpose: KeyPurpose, number: Option<u32>, now: Timestamp) -> Result<KekGeneration> {
        let cached = || match number {
            Some(number) => self.keks.get(purpose.name(), number, now),
            None => self.keks.newest(purpose.name(), now),
        };
        if let Some(generation) = cached() {
            return Ok(generation);
        }
        let _loading = self.kek_loading[purpose as usize].lock().await;
        if let Some(generation) = cached() {
            return Ok(generation);
        }
        let stored = self.generations(purpose).await?;
        let newest = stored.first().map(|(number, _)| *number);
        let found = stored.into_iter().find(|(stored, _)| number.is_none_or(|number| number == *stored));
        let (number, item) = match (found, newest) {
            (Some(found), _) => found,
            (None, Some(_)) => return Err(Internal::corrupt("a generation of key-encryption keys is missing").into()),
            (None, None) => {
                return Err(Internal::unavailable("no key-encryption keys yet: workers-rotate-keys makes them").into());
            }
        };
        let generation = self.open_generation(purpose, number, &item).await?;
        self.keks.put(purpose.name(), generation.clone(), newest == Some(number), now);
        Ok(generation)
    }

    /// All generations of a purpose, newest first.
    pub(super) async fn generations(&self, purpose: KeyPurpose) -> Result<Vec<(u32, GenerationItem)>> {
        let (items, _) = self
            .query(ItemQuery {
                table: Table::Keys,
                index: None,
                partition: ("pk", &partition(purpose)),
                sort: Sort::Any,
                newest_first: true,
                limit: MOST_GENERATIONS,
                after: None,
            })
            .await?;
        items.into_iter().map(numbered).collect()
    }

    async fn open_generation(&self, purpose: KeyPurpose, number: u32, item: &GenerationItem) -> Result<KekGeneration> {
        let root = self.open_root(purpose, number, &item.root).await?;
        let at = generation_key(purpose, number);
        KekGeneration::unwrap(number, &root, &place(&at), &item.keks).map_err(|error| Internal::corrupt(error).into())
    }

    async fn open_root(&self, purpose: KeyPurpose, number: u32, wrapped: &[u8]) -> Result<DataKey> {
        let opened = self
            .kms
            .decrypt()
            .key_id(&self.kms_data_key)
            .ciphertext_blob(Blob::new(wrapped))
            .set_encryption_context(Some(context(purpose, number)))
            .send()
            .await
            .map_err(|error| Internal::aws("unwrap root key", &error))?;
        let plain = Zeroizing::new(opened.plaintext.map(Blob::into_inner).unwrap_or_default());
        DataKey::try_from(plain.as_slice()).map_err(|_| Internal::corrupt("a root key's length").into())
    }

    /// Makes a generation, unless one of this number is there already. Whether it was made.
    pub(super) async fn make_generation(&self, purpose: KeyPurpose, number: u32, now: Timestamp) -> Result<bool> {
        let made = self
            .kms
            .generate_data_key_without_plaintext()
            .key_id(&self.kms_data_key)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context(purpose, number)))
            .send()
            .await
            .map_err(|error| Internal::aws("make root key", &error))?;
        let wrapped = made.ciphertext_blob.ok_or_else(|| Internal::corrupt("KMS gave no key"))?.into_inner();
        let root = self.open_root(purpose, number, &wrapped).await?;
        let at = generation_key(purpose, number);
        let item = GenerationItem {
            root: ByteBuf::from(wrapped),
            keks: KekGeneration::generate(number).wrap(&root, &place(&at)).into_iter().map(ByteBuf::from).collect(),
            made_at: now,
            resume_after: None,
            last_found: None,
        };
        let put = self
            .db
            .put_item()
            .table_name(self.name(Table::Keys))
            .set_item(Some(keyed(&at, &item)?))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            // Another run made it first: its keys count.
            Err(error) if already_there(&error) => Ok(false),
            Err(error) => Err(Internal::aws("put key-encryption keys", &error).into()),
        }
    }
}

fn already_there<R>(error: &SdkError<PutItemError, R>) -> bool {
    error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception)
}

fn numbered(item: Item) -> Result<(u32, GenerationItem)> {
    let number = key_of(&item).sk.parse().map_err(|_| Internal::corrupt("the sort key of key-encryption keys"))?;
    Ok((number, read(item)?))
}

#[cfg(test)]
mod tests;
