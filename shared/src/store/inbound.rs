//! Callbacks of providers, kept before they are worked off: `INB#<id>` · `CALLBACK`, and `INB#<digest>` · `REF`, by which
//! a repeat is known.
//!
//! Of the body only what names the task is kept: the truth is fetched from the provider, and what a callback says of a
//! person need not stand anywhere.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Store, Table, commit::Commit, item::Key};
use crate::{
    domain::{id::InboundId, time::Timestamp},
    error::{Error, Result},
    providers::Reference,
};

/// A callback as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundItem {
    pub id: InboundId,
    pub provider: String,
    pub reference: Reference,
    /// Of provider and body, hex.
    pub digest: String,
    /// The sender's own id of the message.
    pub message_id: String,
    /// When this delivery was signed.
    pub sent_at: Timestamp,
    pub received_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processed_at: Option<Timestamp>,
    pub version: u64,
}

/// Which callback had this body.
#[derive(Debug, Serialize, Deserialize)]
struct CallbackDigest {
    id: InboundId,
}

impl InboundItem {
    pub fn key(id: &InboundId) -> Key {
        Key::new(format!("INB#{id}"), "CALLBACK")
    }

    fn digest_key(digest: &str) -> Key {
        Key::new(format!("INB#{digest}"), "REF")
    }

    /// What a repeat is known by.
    pub fn digest(provider: &str, body: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(provider.as_bytes());
        hash.update([0]);
        hash.update(body);
        hex::encode(hash.finalize())
    }
}

impl Commit<'_> {
    /// Keeps a callback; `repeated` if one with this body was kept before.
    pub fn new_callback(self, item: &InboundItem, repeated: Error) -> Self {
        self.create(Table::Kyc, &InboundItem::digest_key(&item.digest), &CallbackDigest { id: item.id }, Some(repeated))
            .create(Table::Kyc, &InboundItem::key(&item.id), item, None)
    }

    /// Notes that a callback was worked off.
    pub fn callback_processed(self, item: &InboundItem, now: Timestamp) -> Self {
        let after = InboundItem { processed_at: Some(now), version: item.version + 1, ..item.clone() };
        self.replace(Table::Kyc, &InboundItem::key(&item.id), &after, item.version)
    }
}

impl Store {
    pub async fn callback(&self, id: &InboundId) -> Result<Option<InboundItem>> {
        self.get_as(Table::Kyc, &InboundItem::key(id)).await
    }

    /// The callback that had this body.
    pub async fn callback_seen(&self, digest: &str) -> Result<Option<InboundId>> {
        let seen: Option<CallbackDigest> = self.get_as(Table::Kyc, &InboundItem::digest_key(digest)).await?;
        Ok(seen.map(|seen| seen.id))
    }
}
