//! Starts the session of a person who proved their identity by other means than a password.

use verinym::{
    domain::event::Actor,
    error::{Internal, Result},
    http::Call,
    run_command,
    store::{author::Author, person_key::PersonKey, session::SessionItem, user::Account},
};

use crate::{
    reactivation::{SignInChanges, with_account_changes},
    tokens::{TokenSet, token_set},
};

/// Begins a session of somebody who showed who they are by `amr`, if their account admits them.
pub async fn begin_session<A>(call: &Call<A>, auth: &Account, key: &PersonKey, amr: &str) -> Result<TokenSet> {
    let (app, store, now) = (call.app, call.app.store().await, call.now());
    auth.admit(now)?;
    let kid = app.token_secrets().await?.refresh.current();
    let session = SessionItem::begin(auth, amr, kid, &call.meta.origin(), key, now)?;
    let author = Author::from(Actor::User(auth.user)).origin(key, call.meta.origin());
    // Simultaneous sign-ins of the same person conflict; none of them is refused for that.
    let command = call.command_by(author).await.until_deadline();
    let begun = run_command!(command, |attempt| {
        let sign_ins = store.sign_ins(&auth.user).await?;
        let commit = attempt.commit(now).begin_session(&session, auth, &sign_ins);
        let changes = SignInChanges { signing_in: auth, rehashed: None, on_new_device: None };
        let commit = with_account_changes(commit, &attempt, store, changes, now).await?;
        Ok(commit.returning(()))
    });
    begun?;
    let tokens = token_set(app, auth, &session, key, now).await?;
    Ok(tokens.ok_or_else(|| Internal::unavailable("the key that mints refresh tokens is gone"))?)
}
