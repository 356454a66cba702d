//! POST /v1/auth/verify-email: the mailed token and the password together confirm the address.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    domain::{auth::AuthError, event::Actor, mailed_token::TokenPurpose, secret::SecretText, user::User},
    error::Result,
    function::{Capability, Concurrency, Needs},
    http::{
        Anonymous, Call, Endpoint, Json, Plain, Route,
        mailed_token::VerifiedMailedToken,
        problem::types,
        proof::{PasswordAttempt, Proof, check_length},
    },
    run_command,
    store::Table,
    store::{
        author::Author,
        user::{ValueClaim, account_event},
    },
};

use crate::claims;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmail {
    #[schema(value_type = String, max_length = 512, example = "evt_01h2xcejqtf2nbrexx3vqjhp41.6x0TqUeQ3l1r0m9bWq8Zq2Y5cVvF4h7d")]
    token: SecretText,
    /// The password of the registration. It keeps the owner of an address from confirming the account of a stranger who
    /// registered it.
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    password: SecretText,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Verified {
    user: User,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-verify-email", "/v1/auth/verify-email")
        .summary("Confirm the address")
        .description(
            "Confirms the address with the token of the mailed link and the password of the registration. The password keeps the owner of an address from activating an account that a stranger registered.",
        )
        .problems(&[
            &types::EXPIRED_TOKEN,
            &types::WRONG_PASSWORD,
            &types::INVALID_TOKEN,
            &types::ACCOUNT_DEACTIVATED,
            &types::ACCOUNT_LOCKED,
            &types::TEMPORARILY_LOCKED,
        ])
        .memory(1024)
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .with(Capability::CountFailures)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .update(Table::Identity)
                .get_many(Table::Keys),
        )
        .handled_by(verify_email)
}

async fn verify_email(call: Call<Anonymous>, Json(form): Json<VerifyEmail>) -> Result<Plain<Verified>> {
    check_length("password", &form.password)?;
    let token = VerifiedMailedToken::verify(call.app, &form.token, TokenPurpose::VerifyEmail, call.now()).await?;
    let mut proof = None;
    let confirmed = confirm(&call, &form, &token, &mut proof).await;
    if let Some(proof) = &proof {
        call.settle(proof).await;
    }
    confirmed.map(Plain)
}

async fn confirm(
    call: &Call<Anonymous>,
    form: &VerifyEmail,
    token: &VerifiedMailedToken,
    proof: &mut Option<Proof>,
) -> Result<Verified> {
    let (now, store) = (call.now(), call.app.store().await);
    let command = call.command_by(Actor::Anonymous).await;
    let confirmed = run_command!(command, |attempt| {
        let account = store.account(&token.user, now).await?.ok_or(AuthError::InvalidToken)?;
        let before = account.auth;
        let address = before.email_index.as_ref().ok_or(AuthError::InvalidToken)?;
        token.check_valid(&before)?;
        // Proven once: only a reset can change the password meanwhile, and it voids the token.
        if proof.is_none() {
            let attempt = PasswordAttempt {
                tried: call.reserve_try(address).await?,
                identifier: address,
                account: Some(&before),
                password: &form.password,
            };
            *proof = Some(call.prove_password(attempt, AuthError::WrongPassword).await?);
        }
        let (after, kind) = before.verify_email(now)?;
        let author = Author::from(Actor::User(after.user)).origin(&account.profile_key, call.meta.origin());
        let commit = attempt.commit(now).by(author).account_changes(&before, &after).event(account_event(kind, &after));
        let mut commit = token.consume(commit);
        commit = claims::confirm(commit, &ValueClaim::email_key(address), &after.user);
        if let Some(index) = &after.username_index {
            commit = claims::confirm(commit, &ValueClaim::username_key(index), &after.user);
        }
        Ok(commit.returning(Verified { user: after.user(account.profile) }))
    });
    confirmed
}
