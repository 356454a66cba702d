//! DELETE /v1/kyc/documents/{id}: deletes a document. Its key is deleted with its item, so that the stored object can no longer
//! be decrypted; the event starts the worker that deletes the object.

use verinym::{
    domain::{
        document::DocumentError,
        event::{EventType, Subject},
        id::DocumentId,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, NoContent, Path, Route, Signed, problem::types},
    run_command,
    store::Table,
    store::event::EventDraft,
};

pub fn endpoint() -> Endpoint {
    Route::delete("kyc-delete-document", "/v1/kyc/documents/{id}")
        .summary("Delete a document")
        .description("Deletes a document that no submitted check uses.")
        .problems(&[&types::NOT_FOUND, &types::DOCUMENT_IN_USE])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Kyc).delete(Table::Kyc))
        .handled_by(delete)
}

async fn delete(call: Call<Signed>, Path(id): Path<DocumentId>) -> Result<Committed<NoContent>> {
    let user = call.caller.user;
    let store = call.app.store().await;
    run_command!(call.command().await?, |attempt| {
        let item = store.document(&user, &id).await?.ok_or(RequestError::NotFound)?;
        if item.held_by.is_some() {
            return Err(DocumentError::InUse.into());
        }
        let event =
            EventDraft::new(EventType::DocumentDeleted, Subject::new("document", id), item.version + 1).person(user);
        Ok(attempt.commit(call.now()).document_deleted(&item).event(event).returning(NoContent))
    })
}
