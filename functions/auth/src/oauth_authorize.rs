//! GET /v1/oauth/{provider}/authorize: begins a sign-in through an identity provider.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use verinym::config::names::SecretId;
use verinym::{
    config::Section,
    crypto::random,
    domain::{
        field::{FieldFault, InvalidField},
        secret::Masked,
        session::is_recent_authentication,
    },
    error::{RequestError, Result},
    function::Needs,
    http::{AnybodyOrSigned, Call, Endpoint, Path, Plain, Query, Route, problem::types},
    providers::oauth::sign_in_provider,
    store::{
        Table,
        pending_authorization::{BrowserProof, LIFETIME, PendingAuthorization},
    },
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Authorize {
    /// Where the browser returns to: one of the addresses in the parameter `RedirectUris`.
    #[param(example = "http://localhost:3000/callback")]
    redirect_uri: String,
    /// Links the account of the provider to the signed-in person. It needs a recent authentication.
    #[serde(default)]
    #[param(default = false)]
    link: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BegunSignIn {
    /// Send the browser there.
    #[schema(example = "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&state=3q2-7w")]
    authorization_url: String,
    /// Returns with the code.
    #[schema(value_type = String, example = "aGVsbG8tc3RhdGUtMzItcmFuZG9tLWJ5dGVzLWhlcmU")]
    state: Masked<String>,
    /// Keep it where only this browser has it, for example in `sessionStorage`. It never goes to the provider, so a stolen code is
    /// useless without it.
    #[schema(value_type = String, example = "aGVsbG8tYmluZGluZy0zMi1yYW5kb20tYnl0ZXMtaGVyZQ")]
    binding: Masked<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("auth-oauth-authorize", "/v1/oauth/{provider}/authorize")
        .summary("Begin a sign-in through a provider")
        .description(
            "Answers where to send the browser. Keep `state` and `binding`; the browser returns to `redirect_uri` with `code` and `state` within ten minutes. With `link=true` the signed-in person links an account of the provider.",
        )
        .problems(&[&types::REAUTHENTICATION_REQUIRED])
        .needs(
            Needs::new().read_secret(SecretId::Social).read_secret(SecretId::Indexes).put(Table::Ephemeral).reads(Section::Social),
        )
        .handled_by(authorize)
}

const NOT_LISTED: FieldFault = FieldFault::new("not_allowed", "Is not an address that the operator has allowed.");

async fn authorize(
    call: Call<AnybodyOrSigned>,
    (Path(name), Query(query)): (Path<String>, Query<Authorize>),
) -> Result<Plain<BegunSignIn>> {
    let (app, now) = (call.app, call.now());
    let provider = sign_in_provider(app, &name).await?;
    if !app.config.social()?.redirect_uris.contains(&query.redirect_uri) {
        return Err(RequestError::Invalid(vec![InvalidField::new("redirect_uri", NOT_LISTED)]).into());
    }
    let linking = if query.link {
        let person = call.caller.signed().ok_or(RequestError::Unauthenticated)?;
        if !is_recent_authentication(person.auth_time, now) {
            return Err(RequestError::ReauthenticationRequired.into());
        }
        Some((person.user, person.session))
    } else {
        None
    };
    let (state, binding) = (random::token(), random::token());
    let indexes = app.index_secrets().await?;
    let proof = BrowserProof::of(&indexes, &state, &binding);
    let url = provider.authorization_url(&state, &proof, &callback_url(&app.config.public_url, &name));
    let pending = PendingAuthorization {
        provider: name,
        redirect_uri: query.redirect_uri,
        proof: proof.proof,
        linking,
        expires: (now + LIFETIME).unix_seconds(),
    };
    app.store().await.begin_authorization(&indexes, &state, &pending).await?;
    Ok(Plain(BegunSignIn { authorization_url: url.into(), state: Masked(state), binding: Masked(binding) }))
}

/// Where a provider sends the browser: register it there.
pub fn callback_url(public_url: &str, provider: &str) -> String {
    format!("{public_url}/v1/oauth/{provider}/callback")
}
