//! What stands in the deployment's secrets, as JSON in Secrets Manager. Made and moved by `workers-rotate-keys`.

use data_encoding::BASE32HEX_NOPAD;
use serde::{Deserialize, Serialize};

use crate::{
    crypto::{
        index::{self, BlindIndex, IndexKeys},
        key::{DataKey, LongKey, as_base64},
        mailed::MailKeys,
        refresh::RefreshKeys,
    },
    domain::{id::ClientId, secret::Secret, time::Timestamp},
    store::person_key::PersonKey,
};

/// Keys of tokens that we alone read.
#[derive(Debug, Serialize, Deserialize)]
pub struct TokenSecrets {
    pub refresh: RefreshKeys,
    pub mail: MailKeys,
    #[serde(serialize_with = "as_base64")]
    pub cursor: LongKey,
    /// When the rings last moved.
    pub rotated_at: Timestamp,
}

/// Keys of blind indexes and digests.
#[derive(Debug, Serialize, Deserialize)]
pub struct IndexSecrets {
    pub email: IndexKeys,
    pub username: IndexKeys,
    #[serde(serialize_with = "as_base64")]
    pub digest: DataKey,
}

impl IndexSecrets {
    pub fn email(&self, normalised: &str) -> BlindIndex {
        self.email.current("email", normalised)
    }

    pub fn username(&self, normalised: &str) -> BlindIndex {
        self.username.current("username", normalised)
    }

    /// The key for what is stored for a machine client, which has no key of its own: replies by idempotency key.
    pub fn client_key(&self, client: &ClientId) -> PersonKey {
        let owner = client.to_string();
        let key = DataKey::from_bytes(index::digest(&self.digest, &[b"key of a machine client", owner.as_bytes()]));
        PersonKey::from_key(&owner, key)
    }

    /// A digest under our key, as text fit for a table key.
    pub fn digest(&self, parts: &[&[u8]]) -> String {
        BASE32HEX_NOPAD.encode(&index::digest(&self.digest, parts))
    }
}

/// What a provider gave us, and the secret its callbacks are signed with.
#[derive(Debug, Deserialize)]
pub struct ProviderSecrets {
    pub api_key: Secret<String>,
    pub account_id: String,
    pub webhook_secret: Secret<String>,
}
