//! Queue `documents`: opens what was handed in and says whether it is sound; takes away the content of what is rejected
//! or deleted.

use std::time::Duration;

use verinym::{
    app::App,
    config::names::Bucket,
    crypto::document::covering,
    domain::{
        document::{RejectReason, inspect},
        event::{Actor, EventType, Rejection, Subject},
        id::{DocumentId, UserId},
        time::Timestamp,
    },
    error::{Internal, Result},
    function::{Capability, Needs, QueueTrigger},
    messaging::{Delivery, Outcome, Worker, message::Task, queue::Queue},
    run_command,
    store::Table,
    store::{command::Decided, document::DocumentItem, event::EventDraft, kek::KeyPurpose},
};

/// One message; both of a batch are worked at once.
const LONGEST: Duration = Duration::from_secs(55);

pub fn worker() -> Worker {
    Worker::of_queue("workers-process-document", QueueTrigger::of(Queue::Documents).batch(2), LONGEST, process)
        .summary("Inspect documents, each whole in memory; remove the content of deleted ones")
        .timeout(60)
        .memory(1024)
        .needs(
            Needs::new()
                .with(Capability::UnwrapEvidenceKeys)
                .get(Table::Kyc)
                .update(Table::Kyc)
                .get_objects(Bucket::Documents, "documents")
                .delete_objects(Bucket::Documents, "documents"),
        )
}

async fn process(app: &'static App, delivery: Delivery<Task>) -> Result<Outcome> {
    let (subject, person, kind) = match &delivery.body {
        Task::Event { event } => (&event.subject.id, event.person, event.r#type),
        Task::Again { subject, person } => (subject, Some(*person), EventType::DocumentUploaded),
    };
    let id: DocumentId = subject.parse().map_err(Internal::corrupt)?;
    let person = person.ok_or_else(|| Internal::corrupt("a document's event names no person"))?;
    if kind == EventType::DocumentUploaded {
        run_again_at(app, &person, &id, &delivery.correlation_id).await?;
    } else {
        app.delete_document(&id).await?;
    }
    Ok(Outcome::Done)
}

async fn run_again_at(app: &App, user: &UserId, id: &DocumentId, correlation_id: &str) -> Result<()> {
    let store = app.store().await;
    let mut found = None;
    run_command!(store.command(correlation_id, Actor::system("documents")), |attempt| {
        let item = store.document(user, id).await?.filter(|item| !item.is_settled());
        let Some(item) = item else { return Ok(Decided::Unchanged(())) };
        let result = match found {
            Some(result) => result,
            None => *found.insert(inspected(app, &item).await?),
        };
        let now = Timestamp::now();
        let (kind, reason) = match result {
            Ok(()) => (EventType::DocumentStored, None),
            Err(reason) => (EventType::DocumentRejected, Some(reason)),
        };
        let mut event = EventDraft::new(kind, Subject::new("document", id), item.version + 1).person(*user);
        if let Some(reason) = reason {
            event = event.data(&Rejection { reason });
        }
        Ok(attempt.commit(now).document_inspected(&item, result).event(event).returning(()))
    })
}

/// Opens the whole document: what does not open is not the applicant's fault, and fails.
async fn inspected(app: &App, item: &DocumentItem) -> Result<Result<(), RejectReason>> {
    let covering = covering(0..item.size, item.size);
    let store = app.store().await;
    let evidence = store.read_person_key(&item.user_id, KeyPurpose::Evidence, Timestamp::now());
    let (evidence, sealed) = futures::try_join!(evidence, app.fetch_document(&item.id, &covering))?;
    let Some(sealed) = sealed else { return Ok(Err(RejectReason::UploadMissing)) };
    let plain = item.open(&evidence, &covering, &sealed)?;
    Ok(match inspect(&plain) {
        Ok(found) if found.content_type != item.content_type => Err(RejectReason::TypeMismatch),
        Ok(_) => Ok(()),
        Err(reason) => Err(reason),
    })
}
