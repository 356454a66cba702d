//! POST /v1/auth/mfa/disable: removes a second factor.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{factor::FactorMethod, secret::SecretText},
    error::Result,
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, Json, NoContent, Recent, Route, problem::types},
    run_command,
    store::{Table, user::account_event},
};

use crate::mfa::{own_factors, prove_code};

/// A code of the second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableMfa {
    method: FactorMethod,
    /// The code that the app shows, that was sent, or a backup code.
    #[schema(value_type = String, max_length = 64, example = "287082")]
    code: SecretText,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-mfa-disable", "/v1/auth/mfa/disable")
        .summary("Remove a second factor")
        .description(
            "Removes the second factor whose code it is: the authenticator app (`totp`) or the number (`sms`, after `POST /v1/auth/mfa/code/send`). The last one takes the backup codes along. A backup code removes all second factors. Needs a recent authentication by both factors.",
        )
        .idempotent()
        .opens_profile_keys()
        .problems(&[&types::INVALID_CODE, &types::MFA_NOT_ENABLED, &types::TOO_MANY_CODES])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get_many(Table::Identity)
                .get_many(Table::Keys)
                .put(Table::Identity),
        )
        .open_without_second_factor()
        .handled_by(disable)
}

async fn disable(call: Call<Recent>, Json(form): Json<DisableMfa>) -> Result<Committed<NoContent>> {
    let (now, user) = (call.now(), call.caller.user);
    prove_code(&call, form.method, &form.code).await?;
    run_command!(call.command().await?, |attempt| {
        let account = own_factors(&call).await?;
        let factors = account.factors.remove(form.method);
        let (after, kind) = account.auth.disable_mfa(factors.methods(), now)?;
        let commit = attempt
            .commit(now)
            .factors(&user, &account.factors, &factors)
            .account_changes(&account.auth, &after)
            .event(account_event(kind, &after));
        Ok(commit.returning(NoContent))
    })
}
