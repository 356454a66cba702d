//! POST /v1/kyc/checks/{id}/documents: adds documents to a draft, or the documents that a reviewer requested.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        check::{Action, CheckForPerson},
        id::CheckId,
    },
    error::Result,
    http::{Call, Committed, Endpoint, Json, Path, Route, Signed, Versioned, problem::types},
};

use crate::{attached_documents, own_check};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachDocuments {
    /// A check names at most 10.
    #[schema(value_type = Vec<verinym::domain::id::DocumentId>, min_items = 1, max_items = 10)]
    document_ids: Vec<String>,
}

pub fn endpoint() -> Endpoint {
    Route::post("kyc-attach-documents", "/v1/kyc/checks/{id}/documents")
        .summary("Add documents to a check")
        .description("Adds documents to a draft, or to a check that asks for documents.")
        .idempotent()
        .problems(&[
            &types::DOCUMENTS_REQUIRED,
            &types::TOO_MANY_DOCUMENTS,
            &types::NOT_FOUND,
            &types::ILLEGAL_TRANSITION,
        ])
        .opens_profile_keys()
        .opens_evidence_keys()
        .needs(own_check::needs_of_submission())
        .handled_by(attach)
}

async fn attach(
    call: Call<Signed>,
    (Path(id), Json(form)): (Path<CheckId>, Json<AttachDocuments>),
) -> Result<Committed<Versioned<CheckForPerson>>> {
    let documents = attached_documents::document_ids(&form.document_ids)?;
    own_check::act(&call, &id, |_| Action::AddDocuments(documents.clone())).await
}
