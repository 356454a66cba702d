//! Key-encryption keys: sixteen per purpose, wrapped by KMS, cached in memory for at most five minutes.

use std::{collections::HashMap, sync::PoisonError};

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use aws_sdk_kms::{primitives::Blob, types::DataKeySpec};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Store, Table,
    item::{Key, Query, Sort, keyed, read},
};
use crate::{
    crypto::{key::DataKey, wrap::Kek},
    domain::time::Timestamp,
    error::{Internal, Result},
};

/// What a key-encryption key wraps; KMS binds it as encryption context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Keys of profiles, destroyed at erasure.
    Profile,
    /// Keys of evidence, kept for the legal term.
    Evidence,
    /// The months' keys for addresses of people who are not signed in.
    Anonymous,
}

impl Purpose {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Evidence => "evidence",
            Self::Anonymous => "anonymous",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct KekItem {
    wrapped: ByteBuf,
}

fn key(purpose: Purpose, shard: u8, version: u32) -> Key {
    Key::new(format!("KEK#{}", purpose.name()), format!("{shard:02}#{version:08}"))
}

fn context(purpose: Purpose, shard: u8, version: u32) -> HashMap<String, String> {
    HashMap::from([
        ("purpose".to_owned(), purpose.name().to_owned()),
        ("shard".to_owned(), shard.to_string()),
        ("version".to_owned(), version.to_string()),
    ])
}

impl Store {
    /// The key of a stated version, to unwrap what it wrapped.
    pub(super) async fn kek(
        &self,
        purpose: Purpose,
        shard: u8,
        version: u32,
        now: Timestamp,
    ) -> Result<(u32, DataKey)> {
        if let Some(key) = self.keks.get(purpose.name(), shard, version, now) {
            return Ok((version, key));
        }
        let item = self
            .get_as::<KekItem>(Table::Keys, &key(purpose, shard, version))
            .await?
            .ok_or_else(|| Internal::corrupt("a key-encryption key is missing"))?;
        self.unwrap(purpose, shard, version, &item, now).await
    }

    /// The newest key of a shard, to wrap new keys; the first asker makes the first one.
    pub(super) async fn newest_kek(&self, purpose: Purpose, shard: u8, now: Timestamp) -> Result<(u32, DataKey)> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner).get(&(purpose, shard)).copied();
        if let Some(version) = newest
            && let Some(key) = self.keks.get(purpose.name(), shard, version, now)
        {
            return Ok((version, key));
        }
        let partition = format!("KEK#{}", purpose.name());
        let prefix = format!("{shard:02}#");
        let (items, _) = self
            .query(Query {
                table: Table::Keys,
                index: None,
                partition: ("pk", &partition),
                sort: Sort::Prefix("sk", &prefix),
                newest_first: true,
                limit: 1,
                after: None,
            })
            .await?;
        let Some(item) = items.into_iter().next() else {
            return self.first_kek(purpose, shard, now).await;
        };
        let sort = super::item::key_of(&item).sk;
        let version = sort.rsplit('#').next().and_then(|text| text.parse().ok());
        let version = version.ok_or_else(|| Internal::corrupt("the sort key of a key-encryption key"))?;
        let kek = self.unwrap(purpose, shard, version, &read(item)?, now).await?;
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).insert((purpose, shard), version);
        Ok(kek)
    }

    async fn first_kek(&self, purpose: Purpose, shard: u8, now: Timestamp) -> Result<(u32, DataKey)> {
        let made = self
            .kms
            .generate_data_key_without_plaintext()
            .key_id(&self.kms_data_key)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context(purpose, shard, 1)))
            .send()
            .await
            .map_err(|error| Internal::aws("generate data key", &error))?;
        let wrapped = made.ciphertext_blob.ok_or_else(|| Internal::corrupt("KMS gave no key"))?;
        let item = KekItem { wrapped: ByteBuf::from(wrapped.into_inner()) };
        let put = self
            .db
            .put_item()
            .table_name(self.name(Table::Keys))
            .set_item(Some(keyed(&key(purpose, shard, 1), &item)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match put {
            Ok(_) => self.unwrap(purpose, shard, 1, &item, now).await,
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => {
                    // Another function made it first: that one is the shard's key.
                    Box::pin(self.kek(purpose, shard, 1, now)).await
                }
                _ => Err(Internal::aws("put key-encryption key", &error).into()),
            },
        }
    }

    async fn unwrap(
        &self,
        purpose: Purpose,
        shard: u8,
        version: u32,
        item: &KekItem,
        now: Timestamp,
    ) -> Result<(u32, DataKey)> {
        let opened = self
            .kms
            .decrypt()
            .key_id(&self.kms_data_key)
            .ciphertext_blob(Blob::new(item.wrapped.to_vec()))
            .set_encryption_context(Some(context(purpose, shard, version)))
            .send()
            .await
            .map_err(|error| Internal::aws("decrypt key", &error))?;
        let plain = zeroize::Zeroizing::new(opened.plaintext.map(Blob::into_inner).unwrap_or_default());
        let bytes: [u8; 32] =
            plain.as_slice().try_into().map_err(|_| Internal::corrupt("a key-encryption key's length"))?;
        let key = DataKey::from_bytes(bytes);
        let kek = Kek { purpose: purpose.name(), shard, version, key: key.clone(), unwrapped_at: now };
        self.keks.put(kek, now);
        Ok((version, key))
    }
}
