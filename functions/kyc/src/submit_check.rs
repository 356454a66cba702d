//! POST /v1/kyc/checks/{id}/submit: submits a draft.

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
    Route::post("kyc-submit-check", "/v1/kyc/checks/{id}/submit")
        .summary("Submit a check")
        .description(
            "Submits a draft, or a check that asked for documents. The answer comes at once; the verification runs afterwards.",
        )
        .idempotent()
        .loads_profile()
        .problems(&[
            &types::DOCUMENTS_REQUIRED,
            &types::NAME_REQUIRED,
            &types::NOT_FOUND,
            &types::CHECK_IN_PROGRESS,
            &types::ILLEGAL_TRANSITION,
        ])
        .opens_profile_keys()
        .opens_evidence_keys()
        .needs(own_check::needs_of_submission())
        .handled_by(submit)
}

async fn submit(
    call: Call<Signed>,
    (Path(id), ()): (Path<CheckId>, ()),
) -> Result<Committed<Versioned<CheckForPerson>>> {
    own_check::act(&call, &id, |auth| Action::Submit(auth.kyc_status)).await
}
