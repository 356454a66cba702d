//! Records of mailed tokens: single-use, bound to their purpose, consumed in the transaction they authorise.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Store, Table, item::Key};
use crate::{
    domain::{
        account::MailId,
        id::{SessionId, UserId},
        mailed_token::TokenPurpose,
        time::Timestamp,
    },
    error::Result,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MailToken {
    pub user: UserId,
    pub purpose: TokenPurpose,
    /// The session that it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    pub expires_at: Timestamp,
    /// Unix seconds, for the table's own cleaning: a day after its end, so that a late click learns why.
    pub expires: i64,
}

impl MailToken {
    pub fn new(user: UserId, purpose: TokenPurpose, now: Timestamp) -> Self {
        let expires_at = now + purpose.lifetime();
        let expires = (expires_at + Duration::from_hours(24)).unix_seconds();
        Self { user, purpose, session: None, expires_at, expires }
    }

    /// A token to end a session.
    pub fn of_session(user: UserId, session: SessionId, now: Timestamp) -> Self {
        Self { session: Some(session), ..Self::new(user, TokenPurpose::EndSession, now) }
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
