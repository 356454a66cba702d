//! GET /v1/oauth/{provider}/callback: the provider sends the browser here; it goes on to the application. Gives no tokens.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use verinym::{
    config::names::SecretId,
    domain::{secret::SecretText, social::SocialError},
    error::Result,
    function::Needs,
    http::{Anonymous, Call, Endpoint, Path, Query, Route, SeeOther, problem::types},
    providers::oauth::{TENANT, sign_in_provider},
    store::Table,
};

/// What a provider sends (RFC 6749 §4.1.2). Other parameters are not used.
#[derive(Debug, Deserialize, IntoParams, ToSchema)]
pub struct ProviderReply {
    #[schema(value_type = String, max_length = 128)]
    #[param(value_type = String)]
    state: SecretText,
    #[schema(value_type = Option<String>, max_length = 4096)]
    #[param(value_type = Option<String>)]
    code: Option<SecretText>,
    /// Why the person was not signed in, such as `access_denied`.
    #[schema(max_length = 64)]
    error: Option<String>,
    /// RFC 9207.
    #[schema(max_length = 512)]
    iss: Option<String>,
}

pub const NEEDS: fn() -> Needs =
    || Needs::new().read_secret(SecretId::Social).read_secret(SecretId::Indexes).get(Table::Ephemeral);

pub fn endpoint() -> Endpoint {
    Route::get("auth-oauth-callback", "/v1/oauth/{provider}/callback")
        .summary("Return from a provider")
        .description(
            "The provider sends the browser here, and it goes on to the `redirect_uri` of the authorization with `code` and `state`, or with `error` and `state`. No tokens are given here.",
        )
        .problems(&[&types::INVALID_AUTHORIZATION])
        .needs(NEEDS())
        .handled_by(callback)
}

async fn callback(
    call: Call<Anonymous>,
    (Path(name), Query(reply)): (Path<String>, Query<ProviderReply>),
) -> Result<SeeOther> {
    go_on(&call, &name, reply).await
}

/// Sends the browser to the application that began. A state of another provider is refused, so that a provider which imitates
/// another one gets no code of it (RFC 9700 §4.4).
pub async fn go_on(call: &Call<Anonymous>, name: &str, reply: ProviderReply) -> Result<SeeOther> {
    let (app, now) = (call.app, call.now());
    let provider = sign_in_provider(app, name).await?;
    let indexes = app.index_secrets().await?;
    let pending = app.store().await.pending_authorization(&indexes, reply.state.expose(), now).await?;
    let pending = pending.filter(|pending| pending.provider == name).ok_or(SocialError::InvalidAuthorization)?;
    let other_issuer = reply.iss.is_some_and(|iss| !provider.issuer.contains(TENANT) && iss != provider.issuer);
    let (part, value) = match (&reply.code, &reply.error) {
        _ if other_issuer => return Err(SocialError::InvalidAuthorization.into()),
        (Some(code), None) => ("code", code.expose().as_str()),
        (_, Some(error)) => ("error", known_error(error)),
        (None, None) => ("error", "server_error"),
    };
    Ok(SeeOther { location: pending.return_to(part, value, reply.state.expose())? })
}

/// The codes of RFC 6749 §4.1.2.1; anything else becomes `server_error`, so that no provider writes into the application's page.
/// Apple says `user_cancelled_authorize`.
fn known_error(error: &str) -> &'static str {
    const KNOWN: [&str; 6] = [
        "access_denied",
        "invalid_request",
        "invalid_scope",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    ];
    match error {
        "user_cancelled_authorize" => "access_denied",
        _ => KNOWN.into_iter().find(|known| *known == error).unwrap_or("server_error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_the_standard_does_not_know_is_not_passed_on() {
        assert_eq!(known_error("access_denied"), "access_denied");
        assert_eq!(known_error("user_cancelled_authorize"), "access_denied");
        for other in ["", "<script>", "Access_denied", "login_required"] {
            assert_eq!(known_error(other), "server_error");
        }
    }
}
