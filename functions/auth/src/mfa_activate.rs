//! POST /v1/auth/mfa/activate: enrolls an authenticator app or a number by its first code.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    domain::{
        factor::{
            CodeDigest, CodeUse, FactorError, FactorMethod, Factors, Presented, SetupMethod, SmsSetup, TotpSetup,
        },
        secret::{Masked, SecretText},
        time::Timestamp,
    },
    error::Result,
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, Json, Plain, Recent, Route, ShownOnce, problem::types},
    run_command,
    store::{
        Table,
        command::Decided,
        factor::{Expected, new_backup_codes, present},
        sent_code::sent_digest,
        user::account_event,
    },
};

use crate::mfa::{both_factors, own_factors, own_session, record_code, wrong};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivateMfa {
    method: SetupMethod,
    /// The code that the app shows, or that was sent.
    #[schema(value_type = String, max_length = 64, example = "287082")]
    code: SecretText,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MfaActivated {
    /// Always true.
    #[schema(example = true)]
    mfa_enabled: bool,
    /// Ten codes, each for one sign-in without the app. They are shown once.
    #[schema(value_type = Vec<String>, example = json!(["7K3QX-9M2AB"]))]
    backup_codes: Vec<Masked<String>>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-mfa-activate", "/v1/auth/mfa/activate")
        .summary("Activate the second factor")
        .description(
            "Enrolls the authenticator app that was set up, by a code that it shows, or the number, by the code that was sent to it. Backup codes of before are void. From then on signing in needs a code, and so do acts that need recent authentication. The session of the call counts as proved; other sessions go on without such acts. Show the person the backup codes.",
        )
        .idempotent()
        .opens_profile_keys()
        .problems(&[
            &types::INVALID_CODE,
            &types::MFA_ALREADY_ENABLED,
            &types::NO_MFA_SETUP,
            &types::TOO_MANY_CODES,
        ])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get_many(Table::Identity)
                .get_many(Table::Keys)
                .put(Table::Identity)
                .update(Table::Identity)
                .rarely("another write to the session was first", Needs::new().get(Table::Identity)),
        )
        .open_without_second_factor()
        .handled_by(activate)
}

async fn activate(
    call: Call<Recent>,
    Json(form): Json<ActivateMfa>,
) -> Result<Committed<ShownOnce<Plain<MfaActivated>>>> {
    let (store, now, user) = (call.app.store().await, call.now(), call.caller.user);
    let indexes = call.app.index_secrets().await?;
    let proved = prove_first_code(&call, form.method, &form.code).await?;
    let (codes, digests) = new_backup_codes(&indexes, &user);
    let backup_codes: Vec<_> = codes.iter().map(|code| Masked(code.expose().clone())).collect();
    let body = MfaActivated { mfa_enabled: true, backup_codes };
    run_command!(call.command().await?, |attempt| {
        let account = own_factors(&call).await?;
        let session = own_session(&call, store, attempt.is_first()).await?;
        // Another setup may have replaced the one whose code was right.
        let factors = proved.enroll(&account.factors, digests.clone(), now)?;
        let (after, kind) = account.auth.enable_mfa(factors.methods(), now)?;
        let first = session.amr.first().map_or("pwd", String::as_str);
        let proved = session.reauthenticated(&both_factors(first, proved.method()), session.auth_time);
        let commit = attempt
            .commit(now)
            .factors(&user, &account.factors, &factors)
            .account_changes(&account.auth, &after)
            .event(account_event(kind, &after))
            .reauthenticate(&session, &proved);
        Ok(commit.returning(ShownOnce(Plain(body.clone()))))
    })
}

/// A setup whose first code was right.
#[derive(Debug, Clone)]
enum ProvedSetup {
    /// With the step of the code.
    Totp(TotpSetup, u64),
    Sms(SmsSetup),
}

impl ProvedSetup {
    const fn method(&self) -> FactorMethod {
        match self {
            Self::Totp(..) => FactorMethod::Totp,
            Self::Sms(_) => FactorMethod::Sms,
        }
    }

    /// The second factors with this one, unless another setup replaced it.
    fn enroll(&self, factors: &Factors, backup_codes: Vec<CodeDigest>, now: Timestamp) -> Result<Factors, FactorError> {
        match self {
            Self::Totp(setup, step) => {
                if factors.totp().is_none() && factors.setup(now)? != setup {
                    return Err(FactorError::NoSetup);
                }
                factors.activate(*step, backup_codes, now)
            }
            Self::Sms(setup) => {
                if factors.sms().is_none() && factors.sms_setup(now)?.code.digest != setup.code.digest {
                    return Err(FactorError::NoSetup);
                }
                factors.activate_sms(backup_codes, now)
            }
        }
    }
}

/// The setup whose code it is. A wrong code is counted.
async fn prove_first_code(call: &Call<Recent>, method: SetupMethod, code: &SecretText) -> Result<ProvedSetup> {
    let (store, now) = (call.app.store().await, call.now());
    let (key, indexes) = (call.loaded.key(store, now).await?, call.app.index_secrets().await?);
    let command = call.command_without_reply(&key).await.until_deadline();
    let proved = run_command!(command, |attempt| {
        let account = own_factors(call).await?;
        let factors = &account.factors;
        factors.admit_code(now)?;
        if method == SetupMethod::Sms {
            if factors.sms().is_some() {
                return Err(FactorError::AlreadyEnabled.into());
            }
            let setup = factors.sms_setup(now)?.clone();
            let digest =
                sent_digest(&indexes, &account.auth.user, account.number(&setup.number)?.as_str(), code.expose());
            if setup.code.is(FactorMethod::Sms, &digest, now) {
                return Ok(Decided::Unchanged(Some(ProvedSetup::Sms(setup))));
            }
            let outcome = wrong(factors, Some(CodeUse::SmsSetup), now);
            let commit = record_code(attempt.commit(now), &account, FactorMethod::Sms, &outcome, now)?;
            return Ok(commit.returning(None));
        }
        if factors.totp().is_some() {
            return Err(FactorError::AlreadyEnabled.into());
        }
        let setup = factors.setup(now)?.clone();
        let presented = present(
            &account.auth.user,
            FactorMethod::Totp,
            code.expose(),
            Expected { secret: Some(&setup.secret), sent: None },
            (&indexes, &account.key),
            now,
        )?;
        if let Presented::Totp(Some(step)) = presented {
            return Ok(Decided::Unchanged(Some(ProvedSetup::Totp(setup, step))));
        }
        let commit = record_code(attempt.commit(now), &account, FactorMethod::Totp, &wrong(factors, None, now), now)?;
        Ok(commit.returning(None))
    });
    proved?.ok_or_else(|| FactorError::InvalidCode.into())
}
