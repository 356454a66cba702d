//! Machine clients: programs that call the API with an identity of their own (OAuth 2.0 client credentials, RFC 6749 §4.4).
//!
//! A client proves itself by a secret or by a signed assertion (RFC 7523). It may do what its scopes name, and no more.

mod scope;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    event::EventType,
    field::FieldFault,
    id::{ClientId, UserId},
    time::Timestamp,
};

pub use scope::{InvalidScope, granted_scope, parse_scopes};

/// How long the previous secret works after a rotation.
pub const SECRET_OVERLAP: Duration = Duration::from_hours(24);

/// The longest name of a client, in characters.
pub const LONGEST_NAME: usize = 100;

/// The longest life that an assertion may state.
pub const LONGEST_ASSERTION: Duration = Duration::from_mins(10);

/// Why an act on a client is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// A client with keys has no secret to rotate.
    #[error("the client authenticates by its keys")]
    NoSecret,
    /// Nobody gives a permission that they lack.
    #[error("the caller lacks a permission that the client would get")]
    BeyondOwn,
}

/// A hash of a secret. The secret itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(pub String);

/// How long a secret works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSecret {
    pub hash: SecretHash,
    pub created_at: Timestamp,
    /// Set when a newer secret replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A public RSA key of a client (RFC 7517), for `private_key_jwt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientKey {
    /// Its RFC 7638 thumbprint.
    pub kid: String,
    /// Modulus and exponent, base64url.
    pub n: String,
    pub e: String,
}

/// How a client proves itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credentials {
    /// The newest secret first.
    Secrets(Vec<ClientSecret>),
    Keys(Vec<ClientKey>),
}

impl Credentials {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Secrets(_) => "secret",
            Self::Keys(_) => "private_key",
        }
    }
}

/// A machine client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    pub id: ClientId,
    /// What it is for, in words of its maker.
    pub name: String,
    /// The permissions that it may ask for.
    pub scopes: BTreeSet<String>,
    pub credentials: Credentials,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: u64,
}

/// The name of a client: 1 to 100 characters, none of them a control character.
pub fn parse_name(text: &str) -> Result<String, FieldFault> {
    const INVALID: FieldFault = FieldFault::new("invalid_name", "Must have 1 to 100 printable characters.");
    let name = text.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(INVALID) }
}

impl Client {
    /// The hashes of the secrets that work at `now`.
    pub fn live_secrets(&self, now: Timestamp) -> impl Iterator<Item = &SecretHash> {
        let secrets = match &self.credentials {
            Credentials::Secrets(secrets) => secrets.as_slice(),
            Credentials::Keys(_) => &[],
        };
        secrets.iter().filter(move |secret| secret.expires_at.is_none_or(|end| now < end)).map(|secret| &secret.hash)
    }

    /// The key that signs the client's assertions under this name.
    pub fn key(&self, kid: &str) -> Option<&ClientKey> {
        match &self.credentials {
            Credentials::Keys(keys) => keys.iter().find(|key| key.kid == kid),
            Credentials::Secrets(_) => None,
        }
    }

    /// Adds a secret. The previous one works for [`SECRET_OVERLAP`] more; an older one ends at once, so that at most two work.
    pub fn rotate(&self, hash: SecretHash, now: Timestamp) -> Result<(Self, EventType), ClientError> {
        let Credentials::Secrets(secrets) = &self.credentials else { return Err(ClientError::NoSecret) };
        let newest = ClientSecret { hash, created_at: now, expires_at: None };
        let previous = secrets.first().map(|secret| ClientSecret {
            expires_at: Some(secret.expires_at.unwrap_or(now + SECRET_OVERLAP)),
            ..secret.clone()
        });
        let credentials = Credentials::Secrets(std::iter::once(newest).chain(previous).collect());
        let rotated = Self { credentials, updated_at: now, version: self.version + 1, ..self.clone() };
        Ok((rotated, EventType::ClientSecretRotated))
    }
}
