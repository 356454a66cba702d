//! A machine client as the API shows it: without secrets and hashes.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::domain::{
    client::{Client, Credentials},
    id::{ClientId, UserId},
    secret::Masked,
    time::Timestamp,
};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClientView {
    id: ClientId,
    #[schema(example = "Billing service")]
    name: String,
    /// Permissions that it may ask for, sorted.
    #[schema(example = json!(["kyc:read"]))]
    scopes: Vec<String>,
    /// `secret`: a secret by HTTP Basic. `private_key`: assertions signed by its own keys (RFC 7523).
    #[schema(example = "secret")]
    authentication: &'static str,
    /// The secrets that work, newest first.
    secrets: Vec<SecretView>,
    /// Names of its keys (RFC 7638).
    #[schema(example = json!([]))]
    key_ids: Vec<String>,
    created_by: Option<UserId>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SecretView {
    created_at: Timestamp,
    /// When it stops working, because a newer one replaced it.
    expires_at: Option<Timestamp>,
}

/// A client with its new secret, which no other answer shows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClientWithSecret {
    client: ClientView,
    /// Shown once; null for a client with keys.
    #[schema(value_type = Option<String>, example = "vnsec_q7Z0mB2vGxkq1nE5lqvXoV2c9H6nq7Z0mB2vGxkq1nE")]
    secret: Option<Masked<String>>,
}

impl ClientView {
    pub fn new(client: &Client, now: Timestamp) -> Self {
        let (secrets, key_ids) = match &client.credentials {
            Credentials::Secrets(secrets) => {
                let live = secrets.iter().filter(|secret| secret.expires_at.is_none_or(|end| now < end));
                let view = |secret: &verinym::domain::client::ClientSecret| SecretView {
                    created_at: secret.created_at,
                    expires_at: secret.expires_at,
                };
                (live.map(view).collect(), vec![])
            }
            Credentials::Keys(keys) => (vec![], keys.iter().map(|key| key.kid.clone()).collect()),
        };
        Self {
            id: client.id,
            name: client.name.clone(),
            scopes: client.scopes.iter().cloned().collect(),
            authentication: client.credentials.as_str(),
            secrets,
            key_ids,
            created_by: client.created_by,
            created_at: client.created_at,
            updated_at: client.updated_at,
            version: client.version,
        }
    }
}

impl ClientWithSecret {
    pub fn new(client: &Client, secret: Option<&str>, now: Timestamp) -> Self {
        Self { client: ClientView::new(client, now), secret: secret.map(|secret| Masked(secret.to_owned())) }
    }
}
