//! POST /v1/kyc/documents: stores a document, encrypted before it reaches the bucket.

use verinym::crypto::random::RandomId;
use verinym::{
    config::names::Bucket,
    domain::{
        document::{ContentType, DocumentNumber, DocumentType, DocumentView, MAX_MULTIPART, sniff},
        event::{EventType, Subject, UploadedDocument},
        field::{FieldFault, Fields},
        id::DocumentId,
        limit,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{By, Call, Committed, Created, Endpoint, Form, FormField, Limited, Route, Signed, Upload, problem::types},
    run_command,
    store::Table,
    store::{
        document::{DocumentItem, NewDocument},
        event::EventDraft,
        kek::KeyPurpose,
    },
};

/// The fields other than `file`.
#[derive(Debug)]
pub struct UploadDocument;

impl Form for UploadDocument {
    const FIELDS: &'static [FormField] = &[
        FormField::required::<DocumentType>("document_type"),
        FormField::optional::<DocumentNumber>("document_number"),
    ];
    const FILE_LIMIT: usize = MAX_MULTIPART;
}

/// The size limit of the body: the file, the other fields and the boundaries.
const BODY_LIMIT: usize = MAX_MULTIPART + 16 * 1024;

pub fn endpoint() -> Endpoint {
    Route::post("kyc-upload-document", "/v1/kyc/documents")
        .summary("Upload a document")
        .description(
            "Uploads one file of at most 4 MiB: JPEG, PNG, WebP or PDF, recognised by its content. It is inspected within seconds; until then its status is `uploaded`.",
        )
        .limited(&[Limited { limit: &limit::UPLOAD, by: By::Caller }])
        .body_limit(BODY_LIMIT)
        .idempotent()
        .problems(&[&types::PAYLOAD_TOO_LARGE])
        .opens_profile_keys()
        .opens_evidence_keys()
        .needs(Needs::new().with(Capability::Commit).put(Table::Kyc).put_objects(Bucket::Documents, "documents"))
        .handled_by(upload)
}

async fn upload(call: Call<Signed>, form: Upload<UploadDocument>) -> Result<Committed<Created<DocumentView>>> {
    let (now, user) = (call.now(), call.caller.user);
    let (kind, number, content_type) = fields(&form)?;
    let store = call.app.store().await;
    let evidence = store.read_person_key(&user, KeyPurpose::Evidence, now).await?;
    let new = NewDocument {
        id: DocumentId::new(now),
        user_id: user,
        kind,
        number: number.as_ref(),
        content_type,
        content: &form.file,
        sha256: form.sha256,
    };
    let (item, sealed) = DocumentItem::seal(&new, &evidence, now);
    // Stored before the commit, so that every committed document has its object. `workers-expire` deletes what a failed commit
    // leaves behind.
    call.app.put_document(&item.id, sealed).await?;

    let body = item.view(&evidence)?;
    let reply = Created { location: Some(format!("/v1/kyc/documents/{}", item.id)), version: None, body };
    run_command!(call.command().await?, |attempt| {
        let event = EventDraft::new(EventType::DocumentUploaded, Subject::new("document", item.id), item.version)
            .person(user)
            .data(&UploadedDocument { kind: item.kind, content_type: item.content_type, size: item.size });
        Ok(attempt.commit(now).new_document(&item).event(event).returning(reply.clone()))
    })
}

/// Reports all faults of the form at once. The type of the file follows from its bytes; its name and declared type are ignored.
fn fields(form: &Upload<UploadDocument>) -> Result<(DocumentType, Option<DocumentNumber>, ContentType)> {
    const NOT_A_FORMAT: FieldFault = FieldFault::new("unsupported_type", "Must be a JPEG, PNG, WebP or PDF file.");
    let mut fields = Fields::default();
    let text = form.fields.get("document_type").map_or("", String::as_str);
    let kind = fields.check("document_type", DocumentType::parse_field(text));
    let number = fields
        .check_optional("document_number", form.fields.get("document_number"), |text| DocumentNumber::parse(text));
    let content_type = fields.check("file", sniff(&form.file).map_err(|_| NOT_A_FORMAT));
    fields.done().map_err(RequestError::Invalid)?;
    let checked = kind.zip(content_type).ok_or_else(|| Internal::bug("a form without faults has its values"))?;
    Ok((checked.0, number, checked.1))
}
