//! POST /v1/auth/password/reset: a new password by a mailed link, which proves the address; every session ends.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    domain::{auth::AuthError, event::Actor, mailed_token::TokenPurpose, secret::SecretText},
    error::Result,
    function::{Capability, Concurrency, Needs},
    http::{Anonymous, Call, Endpoint, Json, NoContent, Route, mailed_token::VerifiedMailedToken, problem::types},
    run_command,
    store::{Table, author::Author, session::Ending, user::PasswordHash},
};

use crate::first_proof::{confirmed_profile, events_of_reset, new_hash, prove_address};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    #[schema(value_type = String, max_length = 512, example = "evt_01h2xcejqtf2nbrexx3vqjhp41.6x0TqUeQ3l1r0m9bWq8Zq2Y5cVvF4h7d")]
    token: SecretText,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 512, example = "another horse, another staple")]
    password: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-reset-password", "/v1/auth/password/reset")
        .summary("Set a new password by a mailed link")
        .description(
            "Sets a new password with the token of the mailed link, which works once within an hour; that of an account which staff or a machine client created, within seven days. All sessions of the account end, and linked accounts at identity providers and passkeys are removed, since somebody else may have added one. A deactivated account stays so until its person signs in.",
        )
        .problems(&[&types::EXPIRED_TOKEN, &types::INVALID_TOKEN, &types::ACCOUNT_DEACTIVATED])
        .memory(1024)
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .get_many(Table::Identity)
                .query(Table::Identity)
                .put(Table::Identity)
                .update(Table::Identity)
                .delete(Table::Identity)
                .get_many(Table::Keys)
                .get(Table::Ephemeral)
                .delete(Table::Ephemeral)
                .rarely(
                    "another write was first, or the account is unconfirmed and has a user name",
                    Needs::new().get(Table::Identity),
                )
                .reads(Section::Accounts),
        )
        .handled_by(reset_password)
}

async fn reset_password(call: Call<Anonymous>, Json(form): Json<ResetPassword>) -> Result<NoContent> {
    let now = call.now();
    let store = call.app.store().await;
    let purposes = [TokenPurpose::ResetPassword, TokenPurpose::FirstPassword];
    let token = VerifiedMailedToken::verify_any(call.app, &form.token, &purposes, now).await?;
    let mut hash = None;
    let command = call.command_by(Actor::Anonymous).await;
    let changed = run_command!(command, |attempt| {
        let account = store.account(&token.user, now).await?.ok_or(AuthError::InvalidToken)?;
        token.check_valid(&account.auth)?;
        if account.auth.is_ending() {
            return Err(AuthError::InvalidToken.into());
        }
        let profile = confirmed_profile(&account);
        let hash: &PasswordHash = match &mut hash {
            Some(hash) => hash,
            none => none.insert(new_hash(&form.password, &profile, &call)?),
        };
        let (after, events) = account.auth.reset_password(hash.clone(), now)?;
        let author = Author::from(Actor::User(after.user)).origin(&account.profile_key, call.meta.origin());
        let commit = attempt.commit(now).by(author).account_changes(&account.auth, &after);
        let commit = events_of_reset(commit, events, (&account, &profile), after.profile_version());
        let commit = prove_address(token.consume(commit), &call, &account, &profile).await?;
        Ok(commit.returning(after))
    });
    let after = changed?;
    // The commit has ended the sessions already; this deletes their items. A failure has no effect.
    let command = call.command_by(Actor::User(after.user)).await;
    if let Err(error) = store.end_sessions(&command, &after, None, &Ending::revoked("password_reset"), now).await {
        tracing::warn!(%error, user_id = %after.user, "sessions of an earlier epoch were not all cleaned away");
    }
    Ok(NoContent)
}
