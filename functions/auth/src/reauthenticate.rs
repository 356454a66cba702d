//! POST /v1/auth/reauthenticate: proves the caller again in the same session.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    domain::{
        auth::AuthError,
        factor::FactorMethod,
        field::{FieldFault, Fields},
        secret::SecretText,
    },
    error::{RequestError, Result},
    function::{Capability, Concurrency, Needs},
    http::{
        Call, Endpoint, Json, Plain, Route, Signed,
        problem::types,
        proof::{PasswordAttempt, check_length},
    },
    run_command,
    store::Table,
};

use crate::{
    mfa::{both_factors, own_session, prove_code},
    sign_in::tokens_of,
    tokens::TokenSet,
};

/// The password, and a code where the account has a second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reauthenticate {
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    password: SecretText,
    method: Option<FactorMethod>,
    /// The code that the app shows, that was sent (`POST /v1/auth/mfa/code/send`), or a backup code.
    #[schema(value_type = Option<String>, max_length = 64, example = "287082")]
    code: Option<SecretText>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-reauthenticate", "/v1/auth/reauthenticate")
        .summary("Prove again who I am")
        .description(
            "Gives tokens of the same session with a new `auth_time`, for acts that need recent authentication. Where the account has a second factor, `method` and `code` are required.",
        )
        .opens_profile_keys()
        .problems(&[
            &types::WRONG_PASSWORD,
            &types::INVALID_CODE,
            &types::TEMPORARILY_LOCKED,
            &types::TOO_MANY_CODES,
            &types::CONFLICT,
        ])
        .memory(1024)
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::CountFailures)
                .with(Capability::UseTokenKeys)
                .with(Capability::SignTokens)
                .get_many(Table::Identity)
                .get_many(Table::Keys)
                .put(Table::Identity)
                .update(Table::Identity)
                .rarely("another write to the session was first", Needs::new().get(Table::Identity))
                .reads(Section::Tokens),
        )
        .open_without_second_factor()
        .handled_by(reauthenticate)
}

const REQUIRED: FieldFault = FieldFault::new("required", "The account has a second factor.");

async fn reauthenticate(call: Call<Signed>, Json(form): Json<Reauthenticate>) -> Result<Plain<TokenSet>> {
    let (store, caller, now) = (call.app.store().await, &call.caller, call.now());
    check_length("password", &form.password)?;
    let second = second_factor(caller.auth.mfa_enabled(), &form)?;
    let key = call.loaded.key(store, now).await?;

    let identifier = caller.auth.email_index.as_ref().ok_or(AuthError::WrongPassword)?;
    // Guesses with a stolen session count like those of a sign-in.
    let attempt = PasswordAttempt {
        tried: call.reserve_try(identifier).await?,
        identifier,
        account: Some(&caller.auth),
        password: &form.password,
    };
    let proof = call.prove_password(attempt, AuthError::WrongPassword).await?;
    call.settle(&proof).await;
    if let Some((method, code)) = second {
        prove_code(&call, method, code).await?;
    }

    let amr = second.map_or_else(|| vec!["pwd"], |(method, _)| both_factors("pwd", method));
    let command = call.command_without_reply(&key).await.until_deadline();
    let proved = run_command!(command, |attempt| {
        let session = own_session(&call, store, attempt.is_first()).await?;
        let proved = session.reauthenticated(&amr, now);
        Ok(attempt.commit(now).reauthenticate(&session, &proved).returning(proved))
    })?;
    tokens_of(&call, &caller.auth, &proved, &key).await.map(Plain)
}

/// The code of the form, which an account with a second factor needs.
fn second_factor(enabled: bool, form: &Reauthenticate) -> Result<Option<(FactorMethod, &SecretText)>> {
    if !enabled {
        return Ok(None);
    }
    let mut fields = Fields::default();
    if form.method.is_none() {
        fields.refuse("method", REQUIRED);
    }
    if form.code.is_none() {
        fields.refuse("code", REQUIRED);
    }
    fields.done().map_err(RequestError::Invalid)?;
    Ok(form.method.zip(form.code.as_ref()))
}
