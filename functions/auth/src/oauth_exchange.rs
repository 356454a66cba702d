//! POST /v1/oauth/{provider}/exchange: signs in, or links, with the code of a provider.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::names::SecretId,
    domain::{id::UserId, limit, risk::Proof, secret::SecretText, social::SocialError},
    error::Result,
    function::{Capability, Needs},
    http::{AnybodyOrSigned, By, Call, Endpoint, Json, Limited, Path, Plain, Route, problem::types},
    providers::oauth::{call_through_breaker, sign_in_provider},
    store::{
        Table,
        pending_authorization::{BrowserProof, PendingAuthorization},
    },
};

use crate::{
    oauth_authorize::callback_url,
    sign_in::{FirstFactor, SignedIn, UsedUp, first_factor_proved, tokens_of},
    sign_in_device::{DeviceOfSignIn, check_device},
    sign_in_risk::Circumstances,
    social_sign_in::{Proven, account_of},
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    #[schema(value_type = String, max_length = 4096, example = "4/0AX4XfWh")]
    code: SecretText,
    #[schema(value_type = String, max_length = 128, example = "aGVsbG8tc3RhdGUtMzItcmFuZG9tLWJ5dGVzLWhlcmU")]
    state: SecretText,
    /// As `authorize` answered it.
    #[schema(value_type = String, max_length = 128, example = "aGVsbG8tYmluZGluZy0zMi1yYW5kb20tYnl0ZXMtaGVyZQ")]
    binding: SecretText,
    /// The device of a sign-in; ignored while linking.
    device: Option<DeviceOfSignIn>,
}

/// The authentication method: an identity provider vouches for the person. RFC 8176 registers no value for it.
const FEDERATED: &str = "fed";

pub fn endpoint() -> Endpoint {
    Route::post("auth-oauth-exchange", "/v1/oauth/{provider}/exchange")
        .summary("Sign in with the code of a provider")
        .description(
            "Signs in with `code` and `state` of the return and the `binding` that `authorize` answered. They work once. An unknown person gets an account if the provider vouches for the address (Google, Apple, GitHub's verified primary address); an account whose owner has confirmed the same address is linked. Other providers are linked by a signed-in person: begin with `link=true`, and send the access token of the same session here. The answer then has the tokens of that session. A sign-in registers the device that `device` names, as `POST /v1/auth/login` does. Where the account has a second factor, a sign-in is answered with a challenge for `POST /v1/auth/mfa/verify`.",
        )
        .limited(&[Limited { limit: &limit::LOGIN_IP, by: By::Ip }, Limited { limit: &limit::REGISTER, by: By::IpBeside }])
        .problems(&[
            &types::NOT_FOUND,
            &types::INVALID_AUTHORIZATION,
            &types::LINK_REQUIRED,
            &types::LINKED_ELSEWHERE,
            &types::TOO_MANY_LINKED_ACCOUNTS,
            &types::ACCOUNT_DEACTIVATED,
            &types::ACCOUNT_LOCKED,
            &types::EMAIL_NOT_VERIFIED,
            &types::SIGN_IN_REFUSED,
            &types::INVALID_CREDENTIALS,
            &types::CONFLICT,
            &types::PROVIDER_UNAVAILABLE,
        ])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UnwrapEvidenceKeys)
                .with(Capability::MakeKeys)
                .with(Capability::UseTokenKeys)
                .with(Capability::SignTokens)
                .with(Capability::AssessSignIns)
                .read_secret(SecretId::Social)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .query(Table::Identity)
                .put(Table::Identity)
                .rarely("the person has too many sessions or devices", Needs::new().delete(Table::Identity))
                .get_many(Table::Keys)
                .get(Table::Ephemeral)
                .rarely("the account has a second factor or the device is new", Needs::new().put(Table::Ephemeral))
                .update(Table::Ephemeral)
                .delete(Table::Ephemeral),
        )
        .handled_by(exchange)
}

async fn exchange(
    call: Call<AnybodyOrSigned>,
    (Path(name), Json(form)): (Path<String>, Json<Exchange>),
) -> Result<Plain<SignedIn>> {
    let (app, now) = (call.app, call.now());
    check_device(form.device.as_ref())?;
    let provider = sign_in_provider(app, &name).await?;
    let (indexes, store) = (app.index_secrets().await?, app.store().await);
    let proof = BrowserProof::of(&indexes, form.state.expose(), form.binding.expose());
    let pending = store.take_authorization(&indexes, form.state.expose(), &proof.proof, now).await?;
    let pending = pending.filter(|pending| pending.provider == name).ok_or(SocialError::InvalidAuthorization)?;
    let asker = asker(&call, &pending)?;
    let callback = callback_url(&app.config.public_url, &name);
    let identity = call_through_breaker(app, &provider, |remaining| {
        provider.identify(form.code.expose(), &proof, &callback, now, remaining)
    })
    .await?;
    let proven = Proven { provider: &name, identity: &identity, asker };
    let (found, circumstances) = tokio::join!(account_of(&call, proven), Circumstances::of(&call));
    let ((account, key), circumstances) = (found?, circumstances?);
    let Some(person) = call.caller.signed().filter(|_| asker.is_some()) else {
        let device = form.device.map(|device| device.of(&account.user, &indexes));
        let first = FirstFactor {
            auth: &account,
            key: &key,
            amr: FEDERATED,
            proof: Proof::FirstFactor,
            circumstances: &circumstances,
            account_failures: 0,
            before: None,
            device: device.as_ref(),
            change: None,
            used_up: UsedUp::Nothing,
        };
        return first_factor_proved(&call, first).await.map(Plain);
    };
    let tokens = tokens_of(&call, &account, &person.session_item, &key).await?;
    Ok(Plain(SignedIn::Tokens(Box::new(tokens))))
}

/// The person who began to link: only in the same session, so that nobody links their account to another person's session.
fn asker(call: &Call<AnybodyOrSigned>, pending: &PendingAuthorization) -> Result<Option<UserId>, SocialError> {
    match (&pending.linking, call.caller.signed()) {
        (None, _) => Ok(None),
        (Some(began), Some(person)) if *began == (person.user, person.session) => Ok(Some(person.user)),
        (Some(_), _) => Err(SocialError::InvalidAuthorization),
    }
}
