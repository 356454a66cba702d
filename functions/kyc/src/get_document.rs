//! GET /v1/kyc/documents/{id}: what a document is; its content is another route's.

use verinym::{
    domain::{document::DocumentView, id::DocumentId, role::KycRead},
    error::{RequestError, Result},
    function::Needs,
    http::{Call, Endpoint, Path, Plain, Route, Signed},
    store::Table,
    store::{document::DocumentItem, kek::Purpose, person_key::PersonKey},
};

pub fn endpoint() -> Endpoint {
    Route::get("kyc-get-document", "/v1/kyc/documents/{id}")
        .summary("One document")
        .loads_owner()
        .problems(&[(404, "not_found")])
        .opens_evidence_keys()
        .needs(Needs::new().get(Table::Kyc))
        .handled_by(get)
}

async fn get(call: Call<Signed>, Path(id): Path<DocumentId>) -> Result<Plain<DocumentView>> {
    let (item, evidence) = readable(&call, &id).await?;
    if !is_own(&call, &item) && !item.is_settled() {
        return Err(RequestError::NotFound.into());
    }
    Ok(Plain(item.view(&evidence)?))
}

/// Whether it is the caller's. Staff see a document of somebody else once it was inspected, and its content only if it
/// was found sound.
pub(crate) fn is_own(call: &Call<Signed>, item: &DocumentItem) -> bool {
    item.user_id == call.caller.user
}

/// A document that the caller may read, theirs or as staff, and the key that opens it.
pub(crate) async fn readable(call: &Call<Signed>, id: &DocumentId) -> Result<(DocumentItem, PersonKey)> {
    let owner = call.owner()?;
    if owner != call.caller.user && !call.caller.can::<KycRead>() {
        return Err(RequestError::NotFound.into());
    }
    let store = call.app.store().await;
    let (item, evidence) =
        futures::try_join!(store.document(&owner, id), store.read_person_key(&owner, Purpose::Evidence, call.now()),)?;
    Ok((item.ok_or(RequestError::NotFound)?, evidence))
}
