//! POST /v1/kyc/checks/{id}/cancel: cancels a check before its decision.

use verinym::{
    domain::{
        check::{Action, CheckForPerson},
        id::CheckId,
    },
    error::Result,
    http::{Call, Committed, Endpoint, Path, Route, Signed, Versioned, problem::types},
};

use crate::own_check;

pub fn endpoint() -> Endpoint {
    Route::post("kyc-cancel-check", "/v1/kyc/checks/{id}/cancel")
        .summary("Cancel a check")
        .description("Cancels a check that is not decided yet.")
        .idempotent()
        .problems(&[&types::NOT_FOUND, &types::ILLEGAL_TRANSITION])
        .opens_profile_keys()
        .needs(own_check::needs())
        .handled_by(cancel)
}

async fn cancel(
    call: Call<Signed>,
    (Path(id), ()): (Path<CheckId>, ()),
) -> Result<Committed<Versioned<CheckForPerson>>> {
    own_check::act(&call, &id, |_| Action::Cancel).await
}
