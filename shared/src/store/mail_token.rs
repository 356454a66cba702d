//! Records of mailed tokens: single-use, bound to their purpose, consumed in the transaction they authorise.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Store, Table, item::Key, secrets::IndexSecrets};
use crate::{
    domain::{account::MailId, id::UserId, mailed_token::TokenPurpose, time::Timestamp},
    error::Result,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MailToken {
    pub user: UserId,
    pub purpose: TokenPurpose,
    /// A keyed digest of the nonce that the token is useless without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    pub expires_at: Timestamp,
    /// Unix seconds, for the table's own cleaning: a day after its end, so that a late click learns why.
    pub expires: i64,
}

impl MailToken {
    pub fn new(user: UserId, purpose: TokenPurpose, now: Timestamp) -> Self {
        let expires_at = now + purpose.lifetime();
        Self { user, purpose, nonce: None, expires_at, expires: (expires_at + Duration::from_hours(24)).unix_seconds() }
    }

    /// Useless without the nonce of this digest.
    #[must_use]
    pub fn with_nonce(self, digest: Option<&str>) -> Self {
        Self { nonce: digest.map(str::to_owned), ..self }
    }

    pub fn key(id: &MailId) -> Key {
        Key::of(format!("MAIL#{id}"))
    }
}

impl IndexSecrets {
    /// The digest of the nonce of a request for a link that signs in.
    pub fn magic_link_nonce(&self, nonce: &str) -> String {
        self.digest(&[b"magic link nonce", nonce.as_bytes()])
    }
}

impl Store {
    pub async fn mail_token(&self, id: &MailId) -> Result<Option<MailToken>> {
        self.get_as(Table::Ephemeral, &MailToken::key(id)).await
    }
}
