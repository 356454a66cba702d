//! `workers-expire`: expires approvals and drafts, and deletes stored objects that no document names, every hour.
//!
//! Sessions and the rows of `ephemeral` expire by themselves; DynamoDB deletes them.

use std::time::Duration;

use verinym::{
    app::App,
    config::names::Bucket,
    domain::{
        check::{Action, CheckState},
        event::Actor,
        id::{CheckId, DocumentId, UserId},
        time::Timestamp,
    },
    error::Result,
    function::{Capability, Every, Needs},
    messaging::Worker,
    run_command,
    store::Table,
    store::state_index::INDEX as STATE_INDEX,
    store::{check::StoredCheck, command::Decided},
};

use crate::check_update::CheckUpdate;

/// The largest number of checks of each shard in one run; the next run continues.
const MOST: u32 = 100;
/// An upload whose commit failed leaves its object behind. An upload commits within a minute or never, so an older object
/// without a document is an orphan. Many runs look for it until it is a day old.
const ORPHANS_AFTER: Duration = Duration::from_hours(2);
const ORPHANS_UNTIL: Duration = Duration::from_hours(26);

pub fn worker() -> Worker {
    Worker::of_schedule("workers-expire", Every::Hour, expire)
        .summary("Expire approvals and drafts; delete objects that no document names")
        .timeout(300)
        .needs(
            Needs::new().query_index(Table::Kyc, STATE_INDEX).list_objects(Bucket::Documents).rarely(
                "a check has expired or an object is an orphan",
                Needs::new()
                    .with(Capability::Commit)
                    .get_many(Table::Kyc)
                    .put(Table::Kyc)
                    .get_many(Table::Identity)
                    .put(Table::Identity)
                    .delete_objects(Bucket::Documents, "documents"),
            ),
        )
}

async fn expire(app: &'static App, now: Timestamp) -> Result<u32> {
    let store = app.store().await;
    let mut worked = 0;
    for state in [CheckState::Approved, CheckState::Draft] {
        for stored in store.overdue_checks(state, now, MOST).await? {
            let (user, id) = (stored.check.user_id, stored.check.id);
            match expire_one(app, user, id, now).await {
                Ok(()) => worked += 1,
                Err(error) => tracing::error!(check = %id, %error, "check not expired"),
            }
        }
    }
    Ok(worked + delete_orphans(app, now).await?)
}

async fn expire_one(app: &App, user: UserId, id: CheckId, now: Timestamp) -> Result<()> {
    let store = app.store().await;
    let expiry = Actor::system("expiry");
    run_command!(store.command(&format!("expire-{id}"), expiry.clone()), |attempt| {
        let read = store.check_and_auth(&user, &id).await?;
        let overdue = |stored: &StoredCheck| matches!(stored.check.state, CheckState::Approved | CheckState::Draft);
        let Some((stored, auth)) = read.filter(|(stored, _)| overdue(stored)) else {
            return Ok(Decided::Unchanged(()));
        };
        let mut update = CheckUpdate::of(&stored, now);
        update.act(Action::Expire, expiry.clone())?;
        // A newer approval keeps the person's status.
        if stored.check.state == CheckState::Approved && store.approved_beyond(&user, &id, now).await? {
            update.keep_account();
        }
        Ok(update.commit(&attempt, &auth).returning(()))
    })
}

async fn delete_orphans(app: &App, now: Timestamp) -> Result<u32> {
    let store = app.store().await;
    let mut removed = 0;
    let mut after: Option<DocumentId> = None;
    loop {
        let found = app.documents_created_between(now - ORPHANS_UNTIL, now - ORPHANS_AFTER, after.as_ref()).await?;
        let Some(last) = found.last().copied() else { return Ok(removed) };
        let known = store.known_documents(&found).await?;
        for id in found.iter().filter(|id| !known.contains(id)) {
            app.delete_document(id).await?;
            tracing::info!(document = %id, "object without a document deleted");
            removed += 1;
        }
        after = Some(last);
    }
}
