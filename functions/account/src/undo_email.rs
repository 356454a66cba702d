//! POST /v1/users/email/undo: the holder of a former address restores it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    crypto::{mailed, random::RandomId},
    domain::{
        auth::AuthError,
        event::Actor,
        factor::TotpFactor,
        id::EventId,
        mailed_token::TokenPurpose,
        profile::{Profile, changes},
        secret::SecretText,
    },
    error::Result,
    function::{Capability, Needs},
    http::{Anonymous, Call, Endpoint, Json, Plain, Route, mailed_token::VerifiedMailedToken, problem::types},
    run_command,
    store::{
        Table,
        author::Author,
        mail_token::MailToken,
        session::Ending,
        user::{ProfileItem, account_event},
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoEmail {
    #[schema(value_type = String, max_length = 512, example = "evt_01h2xcejqtf2nbrexx3vqjhp41.6x0TqUeQ3l1r0m9bWq8Zq2Y5cVvF4h7d")]
    token: SecretText,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EmailRestored {
    /// Always `check_your_email`: a mail with a link to set a new password is on its way.
    #[schema(example = "check_your_email")]
    status: &'static str,
}

pub fn endpoint() -> Endpoint {
    Route::post("account-undo-email", "/v1/users/email/undo")
        .summary("Undo a change of my address")
        .description(
            "Restores the address that the link was mailed to, within 72 hours of the change. A stranger may have made the change, so all sessions end, the password is void, linked accounts are removed, and a link to set another one is mailed to the restored address.",
        )
        .problems(&[&types::EXPIRED_TOKEN, &types::INVALID_TOKEN])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .query(Table::Identity)
                .put(Table::Identity)
                .update(Table::Identity)
                .delete(Table::Identity)
                .get_many(Table::Keys)
                .get(Table::Ephemeral)
                .put(Table::Ephemeral)
                .delete(Table::Ephemeral),
        )
        .handled_by(undo_email)
}

async fn undo_email(call: Call<Anonymous>, Json(form): Json<UndoEmail>) -> Result<Plain<EmailRestored>> {
    let (store, now) = (call.app.store().await, call.now());
    let token = VerifiedMailedToken::verify(call.app, &form.token, TokenPurpose::UndoEmailChange, now).await?;
    let user = &token.user;
    let reset = TokenPurpose::ResetPassword;
    let token_life = TokenPurpose::UndoEmailChange.lifetime();
    let restored = run_command!(call.command_by(Actor::Anonymous).await, |attempt| {
        let read = store.email_changes(user).await?;
        let account = store.account(user, now).await?.ok_or(AuthError::InvalidToken)?;
        let former = read.former(token.id()).ok_or(AuthError::InvalidToken)?;
        let email = former.open(user, &account.profile_key)?;

        // The id of the token to set a password follows from the id of the event.
        let event = EventId::new(now);
        let id = mailed::id_of_event(&event, reset.as_str());
        // Whoever changed the address may have enrolled a second factor of their own, which would keep the owner out.
        let factors = store.factors(user).await?;
        let enrolled_later = |totp: &TotpFactor| totp.enabled_at + token_life > former.until;
        let drop_factors = factors.totp().is_some_and(enrolled_later);
        let (after, kind) = account.auth.undo_email_change(former.index.clone(), id, drop_factors, now)?;
        let profile = Profile { email: Some(email), ..account.profile.clone() };
        let sealed = ProfileItem::seal(user, &profile, &account.profile_key)?;
        let author = Author::from(Actor::User(*user)).origin(&account.profile_key, call.meta.origin());
        let commit = attempt
            .commit(now)
            .by(author)
            .account_changes(&account.auth, &after)
            .profile_changes(user, &account.profile_item, &sealed)
            .claim_proved_email(&former.index, user, now)
            .username_counted_under_email(&after)
            .email_changes(user, &read, &read.undo(token.id(), now))
            .create(Table::Ephemeral, &MailToken::key(&id), &MailToken::new(*user, reset, now), None)
            .event_of_id(event, account_event(kind, &after).changes(changes(&account.profile, &profile)));
        let commit =
            account.auth.email_index.iter().fold(commit, |commit, changed| commit.release_email(changed, user));
        // The condition on the account's version causes a conflict if one is added or removed meanwhile.
        let commit = store.without_added_ways_in(commit, user).await?;
        let commit = if drop_factors { commit.factors(user, &factors, &factors.disable()) } else { commit };
        Ok(token.consume(commit).returning(after))
    });
    let after = restored?;
    // The commit has ended the sessions already; this deletes their items. A failure has no effect.
    let command = call.command_by(Actor::User(*user)).await;
    if let Err(error) = store.end_sessions(&command, &after, None, &Ending::revoked("email_change_undone"), now).await {
        tracing::warn!(%error, user_id = %user, "sessions of an earlier epoch were not all cleaned away");
    }
    Ok(Plain(EmailRestored { status: "check_your_email" }))
}
