//! `GET /v1/kyc/checks/{id}`: one of the caller's checks.

use verinym::{
    domain::{check::CheckForPerson, id::CheckId},
    error::{RequestError, Result},
    function::Needs,
    http::{Call, Endpoint, Path, Route, Signed, Versioned, problem::types},
    store::Table,
};

pub fn endpoint() -> Endpoint {
    Route::get("kyc-get-check", "/v1/kyc/checks/{id}")
        .summary("Read one of my checks")
        .description("A check as its person sees it: whether a machine or a reviewer works on it is not shown.")
        .problems(&[&types::NOT_FOUND])
        .needs(Needs::new().get(Table::Kyc))
        .handled_by(get_check)
}

async fn get_check(call: Call<Signed>, Path(id): Path<CheckId>) -> Result<Versioned<CheckForPerson>> {
    let stored = call.app.store().await.check(&call.caller.user, &id).await?.ok_or(RequestError::NotFound)?;
    let body = stored.check.for_person();
    Ok(Versioned { version: body.version, body })
}
