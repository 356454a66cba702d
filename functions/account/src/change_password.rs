//! POST /v1/users/password/change: a new password for the present one; every other session ends.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::password,
    domain::{
        auth::AuthError,
        event::{Actor, EventType, Subject},
        field::Fields,
        password::{OwnData, PasswordRules},
        secret::SecretText,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Endpoint, Json, NoContent, Route, Signed, idempotency,
        proof::{Attempt, Proof, check_length},
    },
    store::{
        Table,
        commit::{Change, Tries},
        event::EventDraft,
        item::number,
        person_key::PersonKey,
        session::{Ending, SessionItem},
        user::AuthItem,
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    current_password: SecretText,
    new_password: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("account-change-password", "/v1/users/password/change")
        .summary("Change one's own password")
        .idempotent()
        .loads_profile()
        .problems(&[(400, "invalid_credentials"), (429, "temporarily_locked")])
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

async fn change_password(call: Call<Signed>, Json(form): Json<ChangePassword>) -> Result<NoContent> {
    let store = call.app.store().await;
    let caller = &call.caller;
    let key = call.loaded.key(store, call.now()).await?;
    check_length("current_password", &form.current_password)?;
    check(&call, &key, &form.new_password)?;

    // Guesses of whoever holds a stolen session count like any others.
    let attempt = Attempt {
        tried: call.reserve_try(&caller.auth.email_index).await?,
        identifier: &caller.auth.email_index,
        account: Some(&caller.auth),
        password: &form.current_password,
    };
    let proof = call.prove_password(attempt, AuthError::WrongPassword).await?;
    let changed = change(&call, &key, &proof, &form.new_password).await;
    let after = call.settle(&proof, changed).await?;

    let ending = Ending::revoked("password_changed", Actor::User(caller.user)).from(&key, call.meta.origin());
    let cleaned =
        store.end_sessions(&after, Some(&caller.session), &ending, call.now(), &call.meta.correlation_id).await;
    if let Err(error) = cleaned {
        // They are over since the commit, and what is left of them lets nobody in.
        tracing::warn!(%error, user_id = %caller.user, "sessions of an earlier epoch were not all cleaned away");
    }
    Ok(NoContent)
}

/// Sets the password; the account after it.
async fn change(call: &Call<Signed>, key: &PersonKey, proof: &Proof, password: &SecretText) -> Result<AuthItem> {
    let (store, caller) = (call.app.store().await, &call.caller);
    let hash = password::hash(password, &password::Params::default()).map_err(Internal::bug)?;
    let mut before = caller.auth.clone();
    let mut tries = Tries::new();
    loop {
        let mut after = before.clone();
        after.set_password(hash.clone());
        // The session that asks goes on to the new epoch; all others are over with this commit.
        let goes_on = Change {
            update: "SET epoch = :epoch",
            condition: "attribute_exists(pk)",
            values: vec![(":epoch", number(after.session_epoch))],
            ..Change::default()
        };
        let session = SessionItem::key(&caller.user, &caller.session);
        let subject = Subject::new("user", caller.user);
        let commit = store
            .commit(call.now(), &call.meta.correlation_id)
            .replace(Table::Identity, &AuthItem::key(&caller.user), &after, before.version)
            .update(Table::Identity, &session, &goes_on, Some(RequestError::Unauthenticated.into()))
            .event(
                EventDraft::new(EventType::PasswordChanged, subject, after.version, Actor::User(caller.user))
                    .person(caller.user)
                    .session(caller.session)
                    .origin(key, call.meta.origin()),
            )
            .remember(call.replay.as_ref(), key, idempotency::keep(&NoContent));
        match call.forgive(proof, commit).run().await {
            Ok(()) => return Ok(after),
            Err(error) => tries.again(error).await?,
        }
        before = store.auth(&caller.user).await?.ok_or(RequestError::Unauthenticated)?;
        if before.session_epoch != caller.auth.session_epoch {
            // Somebody else set another password meanwhile, which ended this session.
            return Err(RequestError::Unauthenticated.into());
        }
    }
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
