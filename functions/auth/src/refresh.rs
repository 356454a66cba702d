//! POST /v1/auth/refresh: the next tokens of a session.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::refresh::{RefreshToken, nonce_matches},
    domain::{
        account::UserStatus,
        auth::AuthError,
        event::Actor,
        limit,
        refresh::{RefreshDecision, decide},
        secret::SecretText,
    },
    error::{Error, Result},
    function::{Capability, Concurrency, Needs},
    http::{Anonymous, By, Call, Endpoint, Json, Limited, Plain, Route, problem::types},
    run_command,
    store::Table,
    store::{
        admission::{Admission, AdmissionRequest},
        author::Author,
        kek::KeyPurpose,
        person_key::PersonKey,
        session::{Ending, SessionItem, Turn},
        user::Account,
    },
};

use crate::tokens::{TokenSet, token_set};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshForm {
    #[schema(value_type = String, example = "1.q7Z0mB2vGxkq1nE5lqvXoV2c9H6n")]
    refresh_token: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-refresh", "/v1/auth/refresh")
        .summary("Refresh the tokens")
        .description(
            "Exchanges a refresh token for a new access token and a new refresh token. Within 10 seconds the same token gets the same answer, so a lost answer or two browser tabs do no harm. An older token ends the session.",
        )
        .limited(&[
            Limited { limit: &limit::ANONYMOUS, by: By::IpBeside },
            Limited { limit: &limit::USER, by: By::Submitted },
        ])
        .problems(&[&types::INVALID_REFRESH_TOKEN, &types::REFRESH_TOKEN_REUSED])
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .with(Capability::SignTokens)
                .get_many(Table::Identity)
                .update(Table::Identity)
                .delete(Table::Identity)
                .get_many(Table::Keys)
                .reads(Section::Tokens),
        )
        .handled_by(refresh)
}

/// Two round trips: limits, session, account and key; then the update of the session.
async fn refresh(call: Call<Anonymous>, Json(form): Json<RefreshForm>) -> Result<Plain<TokenSet>> {
    // The first call of a process reads its secrets in parallel.
    let (secrets, ..) = tokio::join!(call.app.token_secrets(), call.app.index_secrets(), call.app.signing_ring());
    let secrets = secrets?;
    let Some((_, token)) = secrets.refresh.open(form.refresh_token.expose()) else {
        call.limit_ip(&limit::ANONYMOUS).await?;
        return Err(AuthError::InvalidRefreshToken.into());
    };
    let store = call.app.store().await;
    let wanted = AdmissionRequest {
        user: token.user,
        session: token.session,
        idempotency_scope: None,
        profile: false,
        owner_of: None,
    };
    let session_name = token.session.to_string();
    let (by_ip, by_session, admission, ()) = tokio::join!(
        call.limit_ip(&limit::ANONYMOUS),
        call.limit(&limit::USER, &session_name),
        store.admit(&wanted, call.now()),
        store.preload_keks(&[KeyPurpose::Profile], call.now()),
    );
    by_ip?;
    by_session?;
    let Admission { auth: Some(auth), session: Some(session), loaded } = admission? else {
        return Err(AuthError::InvalidRefreshToken.into());
    };
    if auth.status != UserStatus::Active {
        return Err(AuthError::InvalidRefreshToken.into());
    }
    let key = loaded.key(store, call.now()).await?;
    let session = next_generation(&call, &token, &auth, session, &key).await?;
    let tokens = token_set(call.app, &auth, &session, &key, call.now()).await?;
    Ok(Plain(tokens.ok_or(AuthError::InvalidRefreshToken)?))
}

/// The session at the generation that follows this token. Of two simultaneous calls with the same token both get the same
/// successor.
async fn next_generation(
    call: &Call<Anonymous>,
    token: &RefreshToken,
    auth: &Account,
    session: SessionItem,
    key: &PersonKey,
) -> Result<SessionItem> {
    let store = call.app.store().await;
    let mut session = session;
    loop {
        let nonce_matches = nonce_matches(&token.nonce, &session.nonce()?);
        match decide(session.generation(), token.counter, nonce_matches, call.now()) {
            RefreshDecision::Turn => {
                let kid = call.app.token_secrets().await?.refresh.current();
                match store.turn_session(&session, kid, call.now()).await? {
                    Turn::Done(session) => return Ok(session),
                    // Another call has increased the counter, so the next decision differs.
                    Turn::Beaten(now) if now.admitted(auth, call.now()) => session = now,
                    Turn::Beaten(_) | Turn::Gone => return Err(AuthError::InvalidRefreshToken.into()),
                }
            }
            RefreshDecision::SameSuccessor => return Ok(session),
            RefreshDecision::Reuse => return Err(end_reused(call, session, key).await),
            RefreshDecision::Invalid => return Err(AuthError::InvalidRefreshToken.into()),
        }
    }
}

/// A used token was presented, so the token was copied. It is unknown which holder is the person, so the session ends for
/// both. The commit can fail because the session has ended already, or because of a conflict; it is retried until the deadline
/// of the request. It needs no read in between, since a session's version changes only when it ends.
async fn end_reused(call: &Call<Anonymous>, session: SessionItem, key: &PersonKey) -> Error {
    let author = Author::from(Actor::Anonymous).origin(key, call.meta.origin());
    let command = call.command_by(author).await.until_deadline();
    let ended = run_command!(command, |attempt| {
        let gone = Some(AuthError::RefreshTokenReused.into());
        let commit = attempt.commit(call.now()).end_session_or(&session, &Ending::refresh_reused(), gone);
        Ok(commit.returning(()))
    });
    ended.err().unwrap_or(AuthError::RefreshTokenReused.into())
}
