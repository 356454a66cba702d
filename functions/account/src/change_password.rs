//! POST /v1/users/password/change: changes the caller's password and ends all other sessions.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::password,
    domain::{
        auth::AuthError,
        field::Fields,
        password::{OwnData, PasswordRules},
        secret::SecretText,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Committed, Endpoint, Json, NoContent, Route, Signed,
        problem::types,
        proof::{PasswordAttempt, check_length},
    },
    run_command,
    store::{
        Table,
        commit::WriteExpression,
        item::number,
        person_key::PersonKey,
        session::{Ending, SessionItem},
        user::{Account, PasswordHash, account_event},
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    current_password: SecretText,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 512, example = "another horse, another staple")]
    new_password: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("account-change-password", "/v1/users/password/change")
        .summary("Change my password")
        .description("Needs the current password, and a session that proved the second factor where one is enrolled. All other sessions end, and links to set a password become invalid.")
        .idempotent()
        .loads_profile()
        .problems(&[&types::WRONG_PASSWORD, &types::REAUTHENTICATION_REQUIRED, &types::TEMPORARILY_LOCKED])
        .opens_profile_keys()
        .memory(1024)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::CountFailures)
                .query(Table::Identity)
                .put(Table::Identity)
                .update(Table::Identity)
                .delete(Table::Identity)
                .rarely("another write to the account was first", Needs::new().get(Table::Identity))
                .reads(Section::Accounts),
        )
        .handled_by(change_password)
}

async fn change_password(call: Call<Signed>, Json(form): Json<ChangePassword>) -> Result<Committed<NoContent>> {
    let store = call.app.store().await;
    let caller = &call.caller;
    // A session of before the enrolment, of somebody who knows the password, must not end those of the owner.
    if !caller.proved_all_factors() {
        return Err(RequestError::ReauthenticationRequired.into());
    }
    let key = call.loaded.key(store, call.now()).await?;
    check_length("current_password", &form.current_password)?;
    check(&call, &key, &form.new_password)?;

    let identifier = caller.auth.email_index.as_ref().ok_or(AuthError::WrongPassword)?;
    // Guesses with a stolen session count like those of a sign-in.
    let attempt = PasswordAttempt {
        tried: call.reserve_try(identifier).await?,
        identifier,
        account: Some(&caller.auth),
        password: &form.current_password,
    };
    let proof = call.prove_password(attempt, AuthError::WrongPassword).await?;
    let changed = change(&call, &form.new_password).await;
    call.settle(&proof).await;
    let (changed, after) = changed?;

    // The sessions are over already, that of the caller perhaps too.
    let command = call.command_by(call.author(&key)).await;
    let (keep, ending) = (Some(&caller.session), Ending::revoked("password_changed"));
    if let Err(error) = store.end_sessions(&command, &after, keep, &ending, call.now()).await {
        // The commit has ended the sessions already; this deletes their items.
        tracing::warn!(%error, user_id = %caller.user, "sessions of an earlier epoch were not all cleaned away");
    }
    Ok(changed)
}

/// Sets the password. Returns the answer and the account after the change.
async fn change(call: &Call<Signed>, password: &SecretText) -> Result<(Committed<NoContent>, Account)> {
    let (store, caller) = (call.app.store().await, &call.caller);
    let hash = PasswordHash(password::hash(password, &password::Params::default()).map_err(Internal::bug)?);
    let mut changed = caller.auth.clone();
    let answer = run_command!(call.command().await?, |attempt| {
        let before = if attempt.is_first() {
            caller.auth.clone()
        } else {
            store.auth(&caller.user).await?.ok_or(RequestError::Unauthenticated)?
        };
        if before.session_epoch != caller.auth.session_epoch {
            // Another change of the password ended this session meanwhile.
            return Err(RequestError::Unauthenticated.into());
        }
        let (after, kind) = before.change_password(hash.clone(), call.now());
        // The current session moves to the new epoch; this commit ends all others.
        let goes_on = WriteExpression {
            update: "SET epoch = :epoch",
            condition: "attribute_exists(pk)",
            values: vec![(":epoch", number(after.session_epoch))],
            ..WriteExpression::default()
        };
        let session = SessionItem::key(&caller.user, &caller.session);
        let commit = attempt
            .commit(call.now())
            .account_changes(&before, &after)
            .update(Table::Identity, &session, &goes_on, Some(RequestError::Unauthenticated.into()))
            .event(account_event(kind, &after));
        changed = after;
        Ok(commit.returning(NoContent))
    });
    Ok((answer?, changed))
}

fn check(call: &Call<Signed>, key: &PersonKey, password: &SecretText) -> Result<()> {
    let profile = call.loaded.profile()?.open(&call.caller.user, key)?;
    let mut fields = Fields::default();
    let rules = PasswordRules { policy: call.app.config.accounts()?.password_policy };
    for fault in rules.check(password.expose(), &OwnData::of(&profile)) {
        fields.refuse("new_password", fault);
    }
    Ok(fields.done().map_err(RequestError::Invalid)?)
}
