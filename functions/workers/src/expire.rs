//! Every hour: approvals whose validity is over, drafts that lay too long, and objects that no document names.
//!
//! Sessions and the rows of `ephemeral` end by their time and are cleaned by the table itself.

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

/// Of each shard in one round; what is left comes with the next.
const MOST: u32 = 100;
/// An upload whose commit failed leaves its object behind. It commits within a minute or not at all, so what is older
/// than this and unknown is an orphan; looked for until it is a day old, in many rounds.
const ORPHANS_AFTER: Duration = Duration::from_hours(2);
const ORPHANS_UNTIL: Duration = Duration::from_hours(26);

pub fn worker() -> Worker {
    Worker::of_schedule("workers-expire", Every::Hour, expire)
        .summary("End checks and drafts whose time is over; remove objects that no document names")
        .timeout(300)
        .needs(
            Needs::new().query_index(Table::Kyc, STATE_INDEX).list_objects(Bucket::Documents).rarely(
                "the time of a check or an object is over",
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
    Ok(worked + orphans(app, now).await?)
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
        // A renewal that was approved meanwhile carries the person's standing on.
        if stored.check.state == CheckState::Approved && store.approved_beyond(&user, &id, now).await? {
            update.keep_account();
        }
        Ok(update.commit(&attempt, &auth).returning(()))
    })
}

async fn orphans(app: &App, now: Timestamp) -> Result<u32> {
    let store = app.store().await;
    let mut removed = 0;
    let mut after: Option<DocumentId> = None;
    loop {
        let found = app.documents_created_between(now - ORPHANS_UNTIL, now - ORPHANS_AFTER, after.as_ref()).await?;
        let Some(last) = found.last().copied() else { return Ok(removed) };
        let known = store.known_documents(&found).await?;
        for id in found.iter().filter(|id| !known.contains(id)) {
            app.delete_document(id).await?;
            tracing::info!(document = %id, "object without a document removed");
            removed += 1;
        }
        after = Some(last);
    }
}
