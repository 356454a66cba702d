//! Records of mailed tokens: single-use, bound to their purpose, consumed in the transaction they authorise.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Store, Table, item::Key};
use crate::{
    domain::{account::MailId, id::UserId, mailed_token::TokenPurpose, time::Timestamp},
    error::Result,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MailToken {
    pub user: UserId,
    pub purpose: TokenPurpose,
    pub expires_at: Timestamp,
    /// Unix seconds, for the table's own cleaning: a day after its end, so that a late click learns why.
    pub expires: i64,
}

impl MailToken {
    pub fn new(user: UserId, purpose: TokenPurpose, now: Timestamp) -> Self {
        let expires_at = now + purpose.lifetime();
        Self { user, purpose, expires_at, expires: (expires_at + Duration::from_hours(24)).unix_seconds() }
    }

    pub fn key(id: &MailId) -> Key {
        Key::of(format!("MAIL#{id}"))
    }
}

impl Store {
    pub async fn mail_token(&self, id: &MailId) -> Result<Option<MailToken>> {
        self.get_as(Table::Ephemeral, &MailToken::key(id)).await
    }
}
