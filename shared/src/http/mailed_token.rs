//! Verifies a mailed token.

use crate::{
    app::App,
    crypto::mailed,
    domain::{
        account::MailId, auth::AuthError, id::UserId, mailed_token::TokenPurpose, secret::SecretText, time::Timestamp,
    },
    error::Result,
    store::{
        Table,
        commit::{Commit, WriteExpression},
        mail_token::MailToken,
        user::Account,
    },
};

/// A valid token that has not expired.
#[derive(Debug)]
pub struct VerifiedMailedToken {
    pub user: UserId,
    pub issued_at: Timestamp,
    nonce: Option<String>,
    id: MailId,
    purpose: TokenPurpose,
}

impl VerifiedMailedToken {
    /// Refuses a token that is forged, for another purpose, used, or expired.
    pub async fn verify(app: &App, text: &SecretText, purpose: TokenPurpose, now: Timestamp) -> Result<Self> {
        Self::verify_any(app, text, &[purpose], now).await
    }

    /// The same for a token of any of these purposes.
    pub async fn verify_any(app: &App, text: &SecretText, purposes: &[TokenPurpose], now: Timestamp) -> Result<Self> {
        let (id, tag) = mailed::parse(text.expose()).ok_or(AuthError::InvalidToken)?;
        let (secrets, store) = tokio::join!(app.token_secrets(), app.store());
        let record = store.mail_token(&id).await?.ok_or(AuthError::InvalidToken)?;
        let purpose = record.purpose;
        if !purposes.contains(&purpose) || !secrets?.mail.verify(purpose.as_str(), &id, &record.user, &tag) {
            return Err(AuthError::InvalidToken.into());
        }
        if record.expires_at <= now {
            return Err(AuthError::ExpiredToken.into());
        }
        let issued_at = record.expires_at - purpose.lifetime();
        Ok(Self { user: record.user, issued_at, nonce: record.nonce, id, purpose })
    }

    pub const fn id(&self) -> &MailId {
        &self.id
    }

    /// Refuses the token if another one has made it void.
    pub fn check_valid(&self, auth: &Account) -> Result<(), AuthError> {
        auth.admit_mailed_token(self.purpose, &self.id)
    }

    /// Refuses whoever lacks the nonce of this digest, which only the program that asked for the mail has.
    pub fn check_nonce(&self, digest: &str) -> Result<(), AuthError> {
        if self.nonce.as_deref() == Some(digest) { Ok(()) } else { Err(AuthError::InvalidToken) }
    }

    /// Consumes the token in the transaction that it authorises.
    pub fn consume<'a>(&self, commit: Commit<'a>) -> Commit<'a> {
        let present = WriteExpression { condition: "attribute_exists(pk)", ..WriteExpression::default() };
        commit.delete(Table::Ephemeral, &MailToken::key(&self.id), &present, Some(AuthError::InvalidToken.into()))
    }
}
