//! POST /v1/users/email/confirm: the mailed token makes the new address the address of the account.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    crypto::{mailed, random::RandomId},
    domain::{
        auth::AuthError,
        id::EventId,
        mailed_token::TokenPurpose,
        profile::{Profile, changes},
        secret::SecretText,
        user::User,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Committed, Endpoint, Json, Route, Signed, Versioned, mailed_token::VerifiedMailedToken, problem::types,
    },
    run_command,
    store::{
        Table,
        email_change::TokenAddress,
        mail_token::MailToken,
        user::{ProfileItem, account_event},
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmEmail {
    #[schema(value_type = String, max_length = 512, example = "evt_01h2xcejqtf2nbrexx3vqjhp41.6x0TqUeQ3l1r0m9bWq8Zq2Y5cVvF4h7d")]
    token: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("account-confirm-email", "/v1/users/email/confirm")
        .summary("Confirm my new address")
        .description(
            "Changes the address with the token of the link that was mailed to the new one. The person who asked for the change has to be signed in, so that the owner of an address cannot give it to a stranger's account by opening the link. The old address gets a mail, whose link undoes the change for 72 hours, unless the change is a return to an address that could still be restored: that one is an undo itself. Links to set a password that were mailed to the old address are void.",
        )
        .idempotent()
        .problems(&[&types::EXPIRED_TOKEN, &types::INVALID_TOKEN, &types::EMAIL_TAKEN])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UseTokenKeys)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .update(Table::Identity)
                .get_many(Table::Keys)
                .get(Table::Ephemeral)
                .put(Table::Ephemeral)
                .delete(Table::Ephemeral)
                .rarely("a person returns to a former address", Needs::new().delete(Table::Identity)),
        )
        .handled_by(confirm_email)
}

async fn confirm_email(call: Call<Signed>, Json(form): Json<ConfirmEmail>) -> Result<Committed<Versioned<User>>> {
    let (store, user, now) = (call.app.store().await, &call.caller.user, call.now());
    let token = VerifiedMailedToken::verify(call.app, &form.token, TokenPurpose::ConfirmEmailChange, now).await?;
    if token.user != *user {
        return Err(AuthError::InvalidToken.into());
    }
    let undo = TokenPurpose::UndoEmailChange;
    run_command!(call.command().await?, |attempt| {
        let read = store.email_changes(user).await?;
        let account = store.account(user, now).await?.ok_or(RequestError::Unauthenticated)?;
        token.check_valid(&account.auth)?;
        let pending = read.pending(token.id()).ok_or(AuthError::InvalidToken)?;
        let email = pending.open(user, &account.profile_key)?;
        let (after, kind) = account.auth.change_email(pending.index.clone(), now);

        // The id of the token to undo the change follows from the id of the event.
        let event = EventId::new(now);
        let id = mailed::id_of_event(&event, undo.as_str());
        let old = account.profile.email.as_ref().zip(account.auth.email_index.as_ref());
        let old = old.ok_or(AuthError::InvalidToken)?;
        let former = TokenAddress::seal(user, id, undo, old, &account.profile_key, now);
        let profile = Profile { email: Some(email), ..account.profile.clone() };
        let sealed = ProfileItem::seal(user, &profile, &account.profile_key)?;
        let commit = attempt
            .commit(now)
            .account_changes(&account.auth, &after)
            .profile_changes(user, &account.profile_item, &sealed)
            .claim_proved_email(&pending.index, user, now)
            .username_counted_under_email(&after);
        let commit = match read.return_to(&pending.index, now) {
            Some(returned) => commit.release_email(&former.index, user).email_changes(user, &read, &returned),
            None => commit
                .keep_former_email(&former, user)
                .email_changes(user, &read, &read.confirm(former, now))
                .create(Table::Ephemeral, &MailToken::key(&id), &MailToken::new(*user, undo, now), None),
        };
        let commit =
            commit.event_of_id(event, account_event(kind, &after).changes(changes(&account.profile, &profile)));
        let reply = Versioned { version: after.profile_version(), body: after.user(profile) };
        Ok(token.consume(commit).returning(reply))
    })
}
