//! GET /v1/auth/mfa/backup-codes: how many backup codes are left.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    error::Result,
    function::Needs,
    http::{Call, Endpoint, Plain, Route, Signed},
    store::Table,
};

#[derive(Debug, Serialize, ToSchema)]
pub struct RemainingCodes {
    /// 0 to 10; 0 without a second factor.
    #[schema(example = 10)]
    remaining: usize,
}

pub fn endpoint() -> Endpoint {
    Route::get("auth-mfa-backup-codes", "/v1/auth/mfa/backup-codes")
        .summary("Count my backup codes")
        .description("How many backup codes were not used yet. The codes themselves are not stored.")
        .needs(Needs::new().get(Table::Identity))
        .open_without_second_factor()
        .handled_by(remaining)
}

async fn remaining(call: Call<Signed>, (): ()) -> Result<Plain<RemainingCodes>> {
    let factors = call.app.store().await.factors(&call.caller.user).await?;
    Ok(Plain(RemainingCodes { remaining: factors.remaining_backup_codes() }))
}
