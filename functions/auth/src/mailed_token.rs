//! Reading a mailed token: what it is for and whose it is, before the account is asked whether it is the newest.

use verinym::{
    app::App,
    crypto::mailed,
    domain::{
        account::MailId, auth::AuthError, id::UserId, mailed_token::TokenPurpose, secret::SecretText, time::Timestamp,
    },
    error::Result,
    store::{
        Table,
        commit::{Change, Commit},
        mail_token::MailToken,
        user::Account,
    },
};

/// A genuine token whose time is not over.
#[derive(Debug)]
pub struct Mailed {
    pub user: UserId,
    id: MailId,
    purpose: TokenPurpose,
}

impl Mailed {
    /// Refuses what is not ours, is for something else, was used, or has expired.
    pub async fn read(app: &App, text: &SecretText, purpose: TokenPurpose, now: Timestamp) -> Result<Self> {
        let (id, tag) = mailed::parse(text.expose()).ok_or(AuthError::InvalidToken)?;
        let (secrets, store) = tokio::join!(app.token_secrets(), app.store());
        let record = store.mail_token(&id).await?.ok_or(AuthError::InvalidToken)?;
        if record.purpose != purpose || !secrets?.mail.verify(purpose.as_str(), &id, &record.user, &tag) {
            return Err(AuthError::InvalidToken.into());
        }
        if record.expires_at <= now {
            return Err(AuthError::ExpiredToken.into());
        }
        Ok(Self { user: record.user, id, purpose })
    }

    /// Refuses one that a newer one has replaced.
    pub fn newest(&self, auth: &Account) -> Result<(), AuthError> {
        auth.admit_mailed_token(self.purpose, &self.id)
    }

    /// Consumes it, in the transaction it authorises.
    pub fn consume<'a>(&self, commit: Commit<'a>) -> Commit<'a> {
        let present = Change { condition: "attribute_exists(pk)", ..Change::default() };
        commit.delete(Table::Ephemeral, &MailToken::key(&self.id), &present, Some(AuthError::InvalidToken.into()))
    }
}
