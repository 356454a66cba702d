//! What a person does to their own check: read, apply the rule, commit check and account together.

use verinym::{
    domain::{
        check::{Action, CheckError, CheckForPerson},
        event::Actor,
        id::{CheckId, UserId},
    },
    error::{Internal, RequestError, Result},
    http::{Call, Signed, Versioned, idempotency},
    store::{
        check::{Snapshot, StoredCheck, check_event},
        commit::Tries,
        user::AuthItem,
    },
};

use crate::papers;

/// Staff are refused their own check before anything of it is read, so that the answer is the same whatever became of it.
pub(crate) fn refuse_own(owner: UserId, reviewer: UserId) -> Result<()> {
    if owner == reviewer { Err(CheckError::OwnCheck.into()) } else { Ok(()) }
}

/// Applies an action, chosen by the account as it is; at the first submission the person is kept as they are now.
pub(crate) async fn act(
    call: &Call<Signed>,
    id: &CheckId,
    action: impl Fn(&AuthItem) -> Action,
) -> Result<Versioned<CheckForPerson>> {
    let (now, user) = (call.now(), call.caller.user);
    let store = call.app.store().await;
    let key = call.loaded.key(store, now).await?;
    // Of the routes that submit, which declare that they load it.
    let mut profile = call.loaded.profile.clone();
    let mut tries = Tries::new();
    loop {
        let (before, auth) = store.check_and_auth(&user, id).await?.ok_or(RequestError::NotFound)?;
        let (check, kind) = before.check.apply(action(&auth), now)?;
        let mut after = StoredCheck { check, work: before.work.clone() };
        if !after.check.state.is_open() {
            // What a machine was about to look at is over; its snapshot is looked at next.
            after.work.next_run_at = None;
        }
        let (mut held, mut submitted) = (Vec::new(), None);
        if after.check.document_ids != before.check.document_ids
            || after.check.submitted_at != before.check.submitted_at
        {
            let evidence = papers::evidence_for(store, &user, &after.check.document_ids, now).await?;
            if after.check.submitted_at.is_some() {
                held.clone_from(&after.check.document_ids);
            }
            if after.check.submitted_at != before.check.submitted_at {
                let read = profile.clone().ok_or_else(|| Internal::bug("a submission without the profile"))?;
                after.take_snapshot(&Snapshot::of(&read.open(&user, &key)?, now)?, &evidence)?;
                submitted = Some(read);
            }
        }
        let body = after.check.for_person();
        let reply = Versioned { version: body.version, body };
        let event = check_event(kind, &after.check, Actor::User(user));
        let mut commit = store.commit(now, &call.meta.correlation_id).check_moves(&before.check, &after, &auth, now);
        if let Some(read) = &submitted {
            commit = commit.profile_unchanged(&user, read);
        }
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
        if submitted.is_some() {
            let account = store.account(&user, now).await?.ok_or(RequestError::Unauthenticated)?;
            profile = Some(account.profile_item);
        }
    }
}
