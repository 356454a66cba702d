//! POST /v1/auth/sessions/end: the owner of an account disowns a sign-in by the link of the mail about it.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    crypto::{mailed, random::RandomId},
    domain::{auth::AuthError, event::Actor, id::EventId, mailed_token::TokenPurpose, secret::SecretText},
    error::Result,
    function::{Capability, Needs},
    http::{Anonymous, Call, Endpoint, Json, NoContent, Route, mailed_token::VerifiedMailedToken, problem::types},
    run_command,
    store::{Table, author::Author, commit::Commit, mail_token::MailToken, session::Ending, user::account_event},
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndSession {
    #[schema(value_type = String, max_length = 512, example = "evt_01h2xcejqtf2nbrexx3vqjhp41.6x0TqUeQ3l1r0m9bWq8Zq2Y5cVvF4h7d")]
    token: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-end-session", "/v1/auth/sessions/end")
        .summary("Disown a sign-in by a mailed link")
        .description(
            "Ends the session that the mail about a new device is about, with the token of its link. Somebody else knows the password then, so all other sessions end too, the password is void, linked accounts and passkeys, and devices and a second factor of since the sign-in are removed, and a link to set another password is mailed. The token works once within 7 days, until the password is reset.",
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
                .delete(Table::Identity)
                .get_many(Table::Keys)
                .get(Table::Ephemeral)
                .put(Table::Ephemeral)
                .delete(Table::Ephemeral),
        )
        .handled_by(end_session)
}

async fn end_session(call: Call<Anonymous>, Json(form): Json<EndSession>) -> Result<NoContent> {
    let (store, now) = (call.app.store().await, call.now());
    let token = VerifiedMailedToken::verify(call.app, &form.token, TokenPurpose::EndSession, now).await?;
    let user = &token.user;
    let reset = TokenPurpose::ResetPassword;
    let disowned = run_command!(call.command_by(Actor::Anonymous).await, |attempt| {
        let (account, key) = store.auth_and_key(user, now).await?.ok_or(AuthError::InvalidToken)?;
        token.check_valid(&account)?;
        // The id of the token to set a password follows from the id of the event.
        let event = EventId::new(now);
        let id = mailed::id_of_event(&event, reset.as_str());
        // Whoever signed in may have enrolled a second factor of their own, which would keep the owner out.
        let factors = store.factors(user).await?;
        let drop_factors = factors.totp().is_some_and(|totp| totp.enabled_at >= token.issued_at);
        let (after, kind) = account.disown_sign_in(id, drop_factors, now)?;
        let author = Author::from(Actor::User(*user)).origin(&key, call.meta.origin());
        let mut commit = attempt
            .commit(now)
            .by(author)
            .account_changes(&account, &after)
            .create(Table::Ephemeral, &MailToken::key(&id), &MailToken::new(*user, reset, now), None)
            .event_of_id(event, account_event(kind, &after));
        // Devices that are known since the sign-in may be the stranger's: the next sign-in with one is one on a new device.
        let devices = store.devices(user, now).await?;
        let since = devices.iter().filter(|device| device.state.first_seen_at >= token.issued_at);
        commit = since.fold(commit, Commit::forget_device);
        // The condition on the account's version causes a conflict if one is added or removed meanwhile.
        let commit = store.without_added_ways_in(commit, user).await?;
        let commit = if drop_factors { commit.factors(user, &factors, &factors.disable()) } else { commit };
        Ok(token.consume(commit).returning(after))
    });
    let after = disowned?;
    // The commit has ended the sessions already; this deletes their items. A failure has no effect.
    let command = call.command_by(Actor::User(*user)).await;
    if let Err(error) = store.end_sessions(&command, &after, None, &Ending::revoked("sign_in_disowned"), now).await {
        tracing::warn!(%error, user_id = %user, "sessions of an earlier epoch were not all cleaned away");
    }
    Ok(NoContent)
}
