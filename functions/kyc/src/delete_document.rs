//! DELETE /v1/kyc/documents/{id}: takes a document back. Its key goes with its item, so that what stands in the bucket
//! opens no more; the object itself is deleted by the worker that the event wakes.

use verinym::{
    domain::{
        document::DocumentError,
        event::{Actor, EventType, Subject},
        id::DocumentId,
    },
    error::{RequestError, Result},
    http::{Call, Endpoint, NoContent, Path, Route, Signed},
    store::{commit::Tries, event::EventDraft},
};

pub fn endpoint() -> Endpoint {
    Route::delete("kyc-delete-document", "/v1/kyc/documents/{id}")
        .summary("Take a document back")
        .problems(&[(404, "not_found"), (409, "document_in_use")])
        .opens_profile_keys()
        .handled_by(delete)
}

async fn delete(call: Call<Signed>, Path(id): Path<DocumentId>) -> Result<NoContent> {
    let user = call.caller.user;
    let store = call.app.store().await;
    let key = call.loaded.key(store, call.now()).await?;
    let mut tries = Tries::new();
    loop {
        let item = store.document(&user, &id).await?.ok_or(RequestError::NotFound)?;
        if item.held_by.is_some() {
            return Err(DocumentError::InUse.into());
        }
        let event = EventDraft::new(
            EventType::DocumentDeleted,
            Subject::new("document", id),
            item.version + 1,
            Actor::User(user),
        );
        let committed = store
            .commit(call.now(), &call.meta.correlation_id)
            .document_deleted(&item)
            .event(event.person(user).session(call.caller.session).origin(&key, call.meta.origin()))
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(NoContent),
            Err(error) => tries.again(error).await?,
        }
    }
}
