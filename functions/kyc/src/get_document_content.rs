//! GET /v1/kyc/documents/{id}/content: the file, or a range of it. The event of the read is committed before the answer.

use verinym::{
    config::names::Bucket,
    crypto::document::covering,
    domain::{
        document::ContentType,
        document::DocumentStatus,
        event::{EventType, Subject},
        id::DocumentId,
        role::{KycRead, KycReview, RequiredPermission as _},
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Binary, Call, Endpoint, Headers, NoContent, OwnerOr, Path, Route, problem::types},
    run_command,
    store::Table,
    store::{document::OpenDocument, event::EventDraft},
};

use crate::range;

type DocumentReader = OwnerOr<KycRead, OpenDocument>;

pub fn endpoint() -> Endpoint {
    Route::get("kyc-get-document-content", "/v1/kyc/documents/{id}/content")
        .summary("Download a document")
        .description(
            "The original file, at most 4 MiB per answer; use `Range` for the rest. The owner reads it, and staff with `kyc:review`, for whom an event records the read first.",
        )
        .media_types(ContentType::TEXTS)
        .problems(&[&types::FORBIDDEN, &types::NOT_FOUND, &types::RANGE_NOT_SATISFIABLE])
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

async fn content(
    call: Call<DocumentReader>,
    (Path(id), Headers(headers)): (Path<DocumentId>, Headers),
) -> Result<Binary> {
    let own = call.caller.is_owner();
    if !own && !call.caller.can::<KycReview>() {
        return Err(RequestError::Forbidden(KycReview::PERMISSION).into());
    }
    let OpenDocument { item, evidence } = &call.caller.resource;
    // A rejected document has no content, and staff get only inspected files.
    if item.status == DocumentStatus::Rejected || !own && item.status != DocumentStatus::Stored {
        return Err(RequestError::NotFound.into());
    }
    let header = headers.get("range").and_then(|value| value.to_str().ok());
    let served = range::served_range(header, item.size)
        .map_err(|range::Unsatisfiable| RequestError::RangeNotSatisfiable { size: item.size })?;
    let covering = covering(served.bytes.clone(), item.size);
    let (sealed, ()) = futures::try_join!(call.app.fetch_document(&id, &covering), commit_read(&call))?;
    let sealed = sealed.ok_or_else(|| Internal::corrupt("a document without its object"))?;
    let plain = item.open(evidence, &covering, &sealed)?;
    let extension = item.content_type.as_str().rsplit('/').next().unwrap_or("bin");
    Ok(Binary {
        content_type: item.content_type.as_str(),
        bytes: plain.to_vec(),
        range: served.part.then(|| (served.bytes.start, served.bytes.end - 1, item.size)),
        // An uploaded file is never displayed in a page.
        headers: vec![("content-disposition", format!("attachment; filename=\"{id}.{extension}\""))],
    })
}

async fn commit_read(call: &Call<DocumentReader>) -> Result<()> {
    let (store, read) = (call.app.store().await, &call.caller.resource.item);
    let told = run_command!(call.command().await?, |attempt| {
        let item = if attempt.is_first() {
            read.clone()
        } else {
            store.document(&read.user_id, &read.id).await?.ok_or(RequestError::NotFound)?
        };
        let subject = Subject::new("document", item.id);
        let event = EventDraft::new(EventType::DocumentRead, subject, item.version + 1).person(item.user_id);
        Ok(attempt.commit(call.now()).document_touched(&item).event(event).returning(NoContent))
    });
    told.map(|_| ())
}
