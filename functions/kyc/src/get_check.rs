//! GET /v1/kyc/checks/{id}: a check, as its person or as staff sees it.

use verinym::{
    domain::{
        check::{CheckForPerson, CheckForStaff},
        id::CheckId,
        role::KycRead,
    },
    error::{RequestError, Result},
    http::{Call, Either, Endpoint, Path, Route, Signed, Versioned},
};

type Answer = Either<Versioned<CheckForPerson>, Versioned<CheckForStaff>>;

pub fn endpoint() -> Endpoint {
    Route::get("kyc-get-check", "/v1/kyc/checks/{id}")
        .summary("One check")
        .loads_owner()
        .problems(&[(404, "not_found")])
        .handled_by(get)
}

async fn get(call: Call<Signed>, Path(id): Path<CheckId>) -> Result<Answer> {
    let owner = call.owner()?;
    let own = owner == call.caller.user;
    if !own && !call.caller.can::<KycRead>() {
        return Err(RequestError::NotFound.into());
    }
    let stored = call.app.store().await.check(&owner, &id).await?.ok_or(RequestError::NotFound)?;
    let version = stored.check.version;
    // Staff see their own checks as anybody sees theirs.
    Ok(if own {
        Either::One(Versioned { version, body: stored.check.for_person() })
    } else {
        Either::Other(Versioned { version, body: stored.check.for_staff(call.now()) })
    })
}
