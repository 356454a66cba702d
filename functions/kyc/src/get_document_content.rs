//! GET /v1/kyc/documents/{id}/content: the file itself, or a range of it. The event that tells of the read commits
//! before a byte leaves.

use verinym::{
    config::names::Bucket,
    crypto::document::covering,
    domain::{
        document::DocumentStatus,
        event::{Actor, EventType, Subject},
        id::DocumentId,
        role::{KycRead, KycReview, Needs as _},
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Binary, Call, Endpoint, Headers, Path, Route, Signed},
    store::Table,
    store::{commit::Tries, document::DocumentItem, event::EventDraft},
};

use crate::{get_document::readable, range};

pub fn endpoint() -> Endpoint {
    Route::get("kyc-get-document-content", "/v1/kyc/documents/{id}/content")
        .summary("A document's content")
        .loads_owner()
        .problems(&[(403, "forbidden"), (404, "not_found"), (416, "range_not_satisfiable")])
        .opens_profile_keys()
        .opens_evidence_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Kyc)
                .update(Table::Kyc)
                .get_objects(Bucket::Documents, "documents"),
        )
        .handled_by(content)
}

async fn content(call: Call<Signed>, (Path(id), Headers(headers)): (Path<DocumentId>, Headers)) -> Result<Binary> {
    let own = call.owner()? == call.caller.user;
    if !own && call.caller.can::<KycRead>() && !call.caller.can::<KycReview>() {
        return Err(RequestError::Forbidden(KycReview::PERMISSION).into());
    }
    let (item, evidence) = readable(&call, &id).await?;
    // What was rejected has no content any more, and staff get no file that was not inspected.
    if item.status == DocumentStatus::Rejected || !own && item.status != DocumentStatus::Stored {
        return Err(RequestError::NotFound.into());
    }
    let header = headers.get("range").and_then(|value| value.to_str().ok());
    let wanted = range::wanted(header, item.size)
        .map_err(|range::Unsatisfiable| RequestError::RangeNotSatisfiable { size: item.size })?;
    let covering = covering(wanted.bytes.clone(), item.size);
    let (sealed, ()) = futures::try_join!(call.app.fetch_document(&id, &covering), read_is_told(&call, &item))?;
    let sealed = sealed.ok_or_else(|| Internal::corrupt("a document without its object"))?;
    let plain = item.open(&evidence, &covering, &sealed)?;
    let extension = item.content_type.as_str().rsplit('/').next().unwrap_or("bin");
    Ok(Binary {
        content_type: item.content_type.as_str(),
        bytes: plain.to_vec(),
        range: wanted.part.then(|| (wanted.bytes.start, wanted.bytes.end - 1, item.size)),
        // Never shown in a page of ours or anybody's: it is a file of a stranger.
        headers: vec![("content-disposition", format!("attachment; filename=\"{id}.{extension}\""))],
    })
}

async fn read_is_told(call: &Call<Signed>, item: &DocumentItem) -> Result<()> {
    let store = call.app.store().await;
    let key = call.loaded.key(store, call.now()).await?;
    let mut item = item.clone();
    let mut tries = Tries::new();
    loop {
        let event = EventDraft::new(
            EventType::DocumentRead,
            Subject::new("document", item.id),
            item.version + 1,
            Actor::User(call.caller.user),
        );
        let committed = store
            .commit(call.now(), &call.meta.correlation_id)
            .document_touched(&item)
            .event(event.person(item.user_id).session(call.caller.session).origin(&key, call.meta.origin()))
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(()),
            Err(error) => tries.again(error).await?,
        }
        item = store.document(&item.user_id, &item.id).await?.ok_or(RequestError::NotFound)?;
    }
}
