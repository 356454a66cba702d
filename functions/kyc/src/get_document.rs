//! GET /v1/kyc/documents/{id}: a document without its content.

use verinym::{
    domain::{document::DocumentView, id::DocumentId, role::KycRead},
    error::{RequestError, Result},
    function::Needs,
    http::{Call, Endpoint, OwnerOr, Path, Plain, Route, problem::types},
    store::Table,
    store::document::OpenDocument,
};

pub fn endpoint() -> Endpoint {
    Route::get("kyc-get-document", "/v1/kyc/documents/{id}")
        .summary("Read a document")
        .description("What is known of a document. The owner reads it, and staff with `kyc:read` once it is stored.")
        .problems(&[&types::NOT_FOUND])
        .opens_evidence_keys()
        .needs(Needs::new().get(Table::Kyc))
        .handled_by(get)
}

async fn get(call: Call<OwnerOr<KycRead, OpenDocument>>, _: Path<DocumentId>) -> Result<Plain<DocumentView>> {
    let OpenDocument { item, evidence } = &call.caller.resource;
    // Staff see a document of another person once it was inspected.
    if !call.caller.is_owner() && !item.is_settled() {
        return Err(RequestError::NotFound.into());
    }
    Ok(Plain(item.view(evidence)?))
}
