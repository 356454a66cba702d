//! What stands in the deployment's secrets, as JSON in Secrets Manager. Made and moved by `workers-rotate-keys`.

use std::collections::BTreeMap;

use data_encoding::BASE32HEX_NOPAD;
use serde::{Deserialize, Serialize};

use crate::{
    crypto::{
        id_token::SignatureAlgorithm,
        index::{self, BlindIndex, IndexKeys},
        key::{DataKey, LongKey, as_base64},
        mailed::MailKeys,
        refresh::RefreshKeys,
    },
    domain::{
        id::{ClientId, WebhookId},
        secret::Secret,
        time::Timestamp,
    },
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

    /// The key for what is stored for an endpoint of webhooks: its URL, its secrets and what it answered.
    pub fn webhook_key(&self, endpoint: &WebhookId) -> PersonKey {
        let owner = endpoint.to_string();
        let key = DataKey::from_bytes(index::digest(&self.digest, &[b"key of a webhook endpoint", owner.as_bytes()]));
        PersonKey::from_key(&owner, key)
    }

    /// A digest under our key, as text fit for a table key.
    pub fn digest(&self, parts: &[&[u8]]) -> String {
        BASE32HEX_NOPAD.encode(&self.digest_bytes(parts))
    }

    /// The same as bytes, which look like random ones.
    pub fn digest_bytes(&self, parts: &[&[u8]]) -> Vec<u8> {
        index::digest(&self.digest, parts).to_vec()
    }
}

/// The identity providers that people sign in through, by name. The operator gives them.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct SocialSecrets(pub BTreeMap<String, SocialSettings>);

/// One of them. What is absent has the value of the provider's `kind`, or is not used by it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocialSettings {
    /// `google`, `github`, `microsoft`, `facebook`, `apple` or `oidc`; by default the name.
    pub kind: Option<String>,
    pub client_id: String,
    /// Absent for Apple, which has a key instead.
    pub client_secret: Option<Secret<String>>,
    pub apple: Option<AppleSettings>,
    pub issuer: Option<String>,
    pub authorization_endpoint: Option<String>,
    pub token_endpoint: Option<String>,
    pub jwks_uri: Option<String>,
    /// OpenID's `userinfo`; for GitHub and Facebook the user API.
    pub user_endpoint: Option<String>,
    pub scope: Option<String>,
    /// What it signs ID tokens with.
    pub algorithm: Option<SignatureAlgorithm>,
    /// How it takes the client secret (RFC 6749 §2.3.1).
    pub client_authentication: Option<ClientAuthentication>,
    /// When it vouches for an address.
    pub vouches: Option<Vouching>,
}

/// The key that Apple gave us.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppleSettings {
    pub team_id: String,
    pub key_id: String,
    /// The content of the `.p8` file.
    pub private_key: Secret<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    Basic,
    Post,
}

/// When a provider vouches that an address is the person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vouching {
    Never,
    /// Where it states that the address is verified.
    Verified,
    /// For every address: a company's own provider, whose administrator sets the addresses.
    Always,
}

/// What a provider gave us, and the secret its callbacks are signed with.
#[derive(Debug, Deserialize)]
pub struct ProviderSecrets {
    pub api_key: Secret<String>,
    pub account_id: String,
    pub webhook_secret: Secret<String>,
}
