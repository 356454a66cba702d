//! POST /v1/auth/magic-link/verify: signs in with a mailed link and the nonce of whoever asked for it.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{auth::AuthError, factor::MAILED, limit, mailed_token::TokenPurpose, risk::Proof, secret::SecretText},
    error::Result,
    function::{Capability, Concurrency, Needs},
    http::{
        Anonymous, By, Call, Endpoint, Json, Limited, Plain, Route, mailed_token::VerifiedMailedToken, problem::types,
    },
    store::Table,
};

use crate::{
    sign_in::{FirstFactor, SignedIn, UsedUp, first_factor_proved},
    sign_in_device::{DeviceOfSignIn, check_device},
    sign_in_risk::Circumstances,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyMagicLink {
    /// From the link.
    #[schema(value_type = String, max_length = 512, example = "evt_01h2xcejqtf2nbrexx3vqjhp41.6x0TqUeQ3l1r0m9bWq8Zq2Y5cVvF4h7d")]
    token: SecretText,
    /// From the answer to the request for the link.
    #[schema(value_type = String, max_length = 128, example = "3f0c8e3ad1b2c4d5e6f708192a3b4c5d")]
    nonce: SecretText,
    device: Option<DeviceOfSignIn>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-magic-link-verify", "/v1/auth/magic-link/verify")
        .summary("Sign in with a mailed link")
        .description(
            "Signs in with the token of the link and the nonce that the request for it was answered with. The link works once, within 15 minutes, until the password changes. With another nonce the answer is `invalid_token`, and the link stays valid. Where the account has a second factor, the answer is a challenge for `POST /v1/auth/mfa/verify` instead of tokens. A sign-in registers the device that `device` names, and reactivates an account that its person deactivated at most 30 days ago.",
        )
        .limited(&[Limited { limit: &limit::LOGIN_IP, by: By::Ip }])
        .problems(&[
            &types::INVALID_TOKEN,
            &types::EXPIRED_TOKEN,
            &types::ACCOUNT_DEACTIVATED,
            &types::ACCOUNT_LOCKED,
            &types::INVALID_CREDENTIALS,
        ])
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .with(Capability::SignTokens)
                .with(Capability::AssessSignIns)
                .get_many(Table::Identity)
                .query(Table::Identity)
                .put(Table::Identity)
                .rarely("another write to the account was first", Needs::new().get(Table::Identity))
                .rarely("the person has too many sessions or devices", Needs::new().delete(Table::Identity))
                .get_many(Table::Keys)
                .get(Table::Ephemeral)
                .delete(Table::Ephemeral)
                .rarely("the account has a second factor or the device is new", Needs::new().put(Table::Ephemeral)),
        )
        .handled_by(verify)
}

/// Three round trips: the token; the account; the new session.
async fn verify(call: Call<Anonymous>, Json(form): Json<VerifyMagicLink>) -> Result<Plain<SignedIn>> {
    check_device(form.device.as_ref())?;
    let (app, store, now) = (call.app, call.app.store().await, call.now());
    let indexes = app.index_secrets().await?;
    let (token, circumstances) = tokio::join!(
        VerifiedMailedToken::verify(app, &form.token, TokenPurpose::MagicLink, now),
        Circumstances::of(&call)
    );
    let (token, circumstances) = (token?, circumstances?);
    token.check_nonce(&indexes.magic_link_nonce(form.nonce.expose()))?;
    let (account, key) = store.auth_and_key(&token.user, now).await?.ok_or(AuthError::InvalidToken)?;
    token.check_valid(&account)?;
    let device = form.device.map(|device| device.of(&account.user, &indexes));
    let first = FirstFactor {
        auth: &account,
        key: &key,
        amr: MAILED,
        proof: Proof::Mailbox,
        circumstances: &circumstances,
        account_failures: 0,
        before: None,
        device: device.as_ref(),
        change: None,
        used_up: UsedUp::Link(&token),
    };
    first_factor_proved(&call, first).await.map(Plain)
}
