//! Queue `documents`: inspects uploaded documents, and deletes the content of rejected and deleted ones.

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
    error::Result,
    function::{Capability, Needs, QueueTrigger},
    messaging::{Delivery, TaskOutcome, Worker, message::EventTask, queue::Queue},
    run_command,
    store::Table,
    store::{command::Decided, document::DocumentItem, event::EventDraft, kek::KeyPurpose},
};

/// The time limit of one message. The two messages of a batch are processed in parallel.
const LONGEST: Duration = Duration::from_secs(55);

pub fn worker() -> Worker {
    Worker::of_queue("workers-process-document", QueueTrigger::of(Queue::Documents).batch(2), LONGEST, process)
        .summary("Inspect documents, each whole in memory; remove the content of deleted ones")
        .timeout(60)
        .memory(1024)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapEvidenceKeys)
                .get(Table::Kyc)
                .update(Table::Kyc)
                .get_objects(Bucket::Documents, "documents")
                .delete_objects(Bucket::Documents, "documents"),
        )
}

async fn process(app: &'static App, delivery: Delivery<EventTask>) -> Result<TaskOutcome> {
    let (id, person) = delivery.body.subject()?;
    let uploaded = match &delivery.body {
        EventTask::Event { event } => event.r#type == EventType::DocumentUploaded,
        EventTask::Again { .. } => true,
    };
    if uploaded {
        inspect_document(app, &person, &id, &delivery.correlation_id).await?;
    } else {
        app.delete_document(&id).await?;
    }
    Ok(TaskOutcome::Done)
}

async fn inspect_document(app: &App, user: &UserId, id: &DocumentId, correlation_id: &str) -> Result<()> {
    let store = app.store().await;
    let mut found = None;
    run_command!(store.command(correlation_id, Actor::system("documents")), |attempt| {
        let item = store.document(user, id).await?.filter(|item| !item.is_settled());
        let Some(item) = item else { return Ok(Decided::Unchanged(())) };
        let result = match found {
            Some(result) => result,
            None => *found.insert(read_and_inspect(app, &item).await?),
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

/// Decrypts and inspects the whole document. A document that cannot be decrypted is an error of ours, not a rejection.
async fn read_and_inspect(app: &App, item: &DocumentItem) -> Result<Result<(), RejectReason>> {
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
