//! `GET /v1/kyc/checks/{id}`: one of the caller's checks.

use verinym::{
    domain::{check::CheckForPerson, id::CheckId},
    error::{RequestError, Result},
    function::Needs,
    http::{Call, Endpoint, Path, Route, Signed, Versioned},
    store::Table,
};

pub fn endpoint() -> Endpoint {
    Route::get("kyc-get-check", "/v1/kyc/checks/{id}")
        .summary("One of my checks")
        .problems(&[(404, "not_found")])
        .needs(Needs::new().get(Table::Kyc))
        .handled_by(get_check)
}

async fn get_check(call: Call<Signed>, Path(id): Path<CheckId>) -> Result<Versioned<CheckForPerson>> {
    let stored = call.app.store().await.check(&call.caller.user, &id).await?.ok_or(RequestError::NotFound)?;
    let body = stored.check.for_person();
    Ok(Versioned { version: body.version, body })
}
