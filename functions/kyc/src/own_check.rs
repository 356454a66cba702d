//! What a person does to their own check: read, apply the rule, commit check and account together.

use verinym::{
    domain::{
        check::{Action, CheckForPerson},
        event::Actor,
        id::CheckId,
    },
    error::{RequestError, Result},
    http::{Call, Signed, Versioned, idempotency},
    store::{
        check::{Snapshot, StoredCheck, check_event},
        commit::Tries,
        user::AuthItem,
    },
};

use crate::papers;

/// Applies an action, chosen by the account as it is; at the first submission the person is kept as they are now.
pub(crate) async fn act(
    call: &Call<Signed>,
    id: &CheckId,
    action: impl Fn(&AuthItem) -> Action,
) -> Result<Versioned<CheckForPerson>> {
    let (now, user) = (call.now(), call.caller.user);
    let store = call.app.store().await;
    let key = call.loaded.key(store, now).await?;
    let mut tries = Tries::new();
    loop {
        let (before, auth) = store.check_and_auth(&user, id).await?.ok_or(RequestError::NotFound)?;
        let (check, kind) = before.check.apply(action(&auth), now)?;
        let mut after = StoredCheck { check, work: before.work.clone() };
        let mut held = Vec::new();
        if after.check.document_ids != before.check.document_ids
            || after.check.submitted_at != before.check.submitted_at
        {
            let evidence = papers::evidence_for(store, &user, &after.check.document_ids, now).await?;
            if after.check.submitted_at.is_some() {
                held.clone_from(&after.check.document_ids);
            }
            if after.check.submitted_at != before.check.submitted_at {
                let profile = call.loaded.profile()?.open(&user, &key)?;
                after.take_snapshot(&Snapshot::of(&profile, now)?, &evidence)?;
            }
        }
        let body = after.check.for_person();
        let reply = Versioned { version: body.version, body };
        let event = check_event(kind, &after.check, Actor::User(user));
        let mut commit = store.commit(now, &call.meta.correlation_id).check_moves(&before.check, &after, &auth, now);
        for document in &held {
            commit = commit.document_held(&user, document, id);
        }
        let committed = commit
            .event(event.session(call.caller.session).origin(&key, call.meta.origin()))
            .remember(call.replay.as_ref(), &key, idempotency::keep(&reply))
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(reply),
            Err(error) => tries.again(error).await?,
        }
    }
}
