//! POST /v1/auth/logout: ends a session, named by its access token or its refresh token.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    crypto::refresh::nonce_matches,
    domain::{auth::AuthError, event::Actor, secret::SecretText},
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Endpoint, Json, NoContent, Route, SignedOrNot, problem::types},
    run_command,
    store::Table,
    store::{
        admission::{Admission, AdmissionRequest, Loaded},
        author::Author,
        command::Decided,
        session::{Ending, SessionItem},
    },
};

/// Names the session if the access token is missing or has expired.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    /// Any refresh token of the session.
    #[schema(value_type = Option<String>, example = "1.q7Z0mB2vGxkq1nE5lqvXoV2c9H6n")]
    refresh_token: Option<SecretText>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-logout", "/v1/auth/logout")
        .summary("Sign out")
        .description(
            "Ends the session of the access token, or of the refresh token in the body if the request has no access token.",
        )
        .problems(&[&types::INVALID_REFRESH_TOKEN])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .delete(Table::Identity)
                .rarely("another write to the session was first", Needs::new().get(Table::Identity)),
        )
        .open_without_second_factor()
        .handled_by(logout)
}

async fn logout(call: Call<SignedOrNot>, form: Option<Json<Logout>>) -> Result<NoContent> {
    let token = form.and_then(|Json(form)| form.refresh_token);
    let store = call.app.store().await;
    let (session, loaded) = match (call.caller.signed(), token) {
        (Some(caller), _) => (Some(caller.session_item.clone()), call.loaded.clone()),
        (None, Some(token)) => session_of_token(&call, &token).await?,
        (None, None) => return Err(RequestError::Unauthenticated.into()),
    };
    let Some(session) = session else { return Ok(NoContent) };
    let (user, id) = (session.user, session.session);
    let key = loaded.key(store, call.now()).await?;
    let author = Author::from(Actor::User(user)).origin(&key, call.meta.origin());
    let mut already_read = Some(session);
    let ended = run_command!(call.command_by(author).await, |attempt| {
        let session = match already_read.take() {
            Some(session) => Some(session),
            None => store.session(&user, &id, call.now()).await?,
        };
        let Some(live) = session else { return Ok(Decided::Unchanged(())) };
        let ending = Ending::revoked("signed_out");
        Ok(attempt.commit(call.now()).end_session(&live, &ending).returning(()))
    });
    ended?;
    Ok(NoContent)
}

/// The live session of a refresh token. Any token of the session may end it, used or not.
async fn session_of_token(call: &Call<SignedOrNot>, token: &SecretText) -> Result<(Option<SessionItem>, Loaded)> {
    let secrets = call.app.token_secrets().await?;
    let (_, token) = secrets.refresh.open(token.expose()).ok_or(AuthError::InvalidRefreshToken)?;
    let wanted = AdmissionRequest {
        user: token.user,
        session: token.session,
        idempotency_scope: None,
        profile: false,
        owner_of: None,
    };
    let Admission { session, loaded, .. } = call.app.store().await.admit(&wanted, call.now()).await?;
    match session {
        Some(session) if !nonce_matches(&token.nonce, &session.nonce()?) => Err(AuthError::InvalidRefreshToken.into()),
        session => Ok((session, loaded)),
    }
}
