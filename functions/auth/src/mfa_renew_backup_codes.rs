//! POST /v1/auth/mfa/backup-codes: ten new backup codes.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    domain::{event::EventType, secret::Masked},
    error::Result,
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, Plain, Recent, Route, ShownOnce, problem::types},
    run_command,
    store::{Table, factor::new_backup_codes},
};

use crate::mfa::own_factors;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BackupCodes {
    /// Ten codes, each for one sign-in without the app. They are shown once.
    #[schema(value_type = Vec<String>, example = json!(["7K3QX-9M2AB"]))]
    backup_codes: Vec<Masked<String>>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-mfa-renew-backup-codes", "/v1/auth/mfa/backup-codes")
        .summary("Renew my backup codes")
        .description(
            "Makes ten new backup codes. The old ones are void. Needs a recent authentication by both factors.",
        )
        .idempotent()
        .opens_profile_keys()
        .problems(&[&types::MFA_NOT_ENABLED])
        .needs(
            Needs::new().with(Capability::Commit).get_many(Table::Identity).get_many(Table::Keys).put(Table::Identity),
        )
        .open_without_second_factor()
        .handled_by(renew)
}

async fn renew(call: Call<Recent>, (): ()) -> Result<Committed<ShownOnce<Plain<BackupCodes>>>> {
    let (now, user) = (call.now(), call.caller.user);
    let indexes = call.app.index_secrets().await?;
    let (codes, digests) = new_backup_codes(&indexes, &user);
    let backup_codes: Vec<_> = codes.iter().map(|code| Masked(code.expose().clone())).collect();
    run_command!(call.command().await?, |attempt| {
        let account = own_factors(&call).await?;
        let after = account.factors.renew_backup_codes(digests.clone())?;
        let commit = attempt
            .commit(now)
            .factors(&user, &account.factors, &after)
            .note_mfa(&account.auth, EventType::MfaBackupCodesRenewed);
        Ok(commit.returning(ShownOnce(Plain(BackupCodes { backup_codes: backup_codes.clone() }))))
    })
}
