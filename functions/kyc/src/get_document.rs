//! GET /v1/kyc/documents/{id}: what a document is; its content is another route's.

use verinym::{
    domain::{document::DocumentView, id::DocumentId, role::KycRead},
    error::{RequestError, Result},
    function::Needs,
    http::{Call, Endpoint, OwnerOr, Path, Plain, Route},
    store::Table,
    store::document::OpenDocument,
};

pub fn endpoint() -> Endpoint {
    Route::get("kyc-get-document", "/v1/kyc/documents/{id}")
        .summary("One document")
        .problems(&[(404, "not_found")])
        .opens_evidence_keys()
        .needs(Needs::new().get(Table::Kyc))
        .handled_by(get)
}

async fn get(call: Call<OwnerOr<KycRead, OpenDocument>>, _: Path<DocumentId>) -> Result<Plain<DocumentView>> {
    let OpenDocument { item, evidence } = &call.caller.resource;
    // Staff see a document of somebody else once it was inspected, and its content only if it was found sound.
    if !call.caller.is_owner() && !item.is_settled() {
        return Err(RequestError::NotFound.into());
    }
    Ok(Plain(item.view(evidence)?))
}
