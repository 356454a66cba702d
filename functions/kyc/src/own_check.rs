//! Actions of applicants on their own checks: read, apply the rule, commit check and account together.

use verinym::{
    domain::{
        check::{Action, CheckForPerson},
        id::CheckId,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Signed, Versioned},
    run_command,
    store::Table,
    store::{
        check::{Snapshot, StoredCheck, check_event},
        user::{Account, ProfileItem},
    },
};

use crate::attached_documents;

/// The needs of [`act`] for any action.
pub(crate) fn needs() -> Needs {
    Needs::new().with(Capability::Commit).get_many(Table::Kyc).put(Table::Kyc).put(Table::Identity)
}

/// The needs of [`act`] for an action that adds documents or submits.
pub(crate) fn needs_of_submission() -> Needs {
    needs().update(Table::Kyc).check(Table::Identity)
}

/// Applies an action, which may depend on the account. A submission takes a snapshot of the profile.
pub(crate) async fn act(
    call: &Call<Signed>,
    id: &CheckId,
    action: impl Fn(&Account) -> Action,
) -> Result<Committed<Versioned<CheckForPerson>>> {
    let (now, user) = (call.now(), call.caller.user);
    let store = call.app.store().await;
    let key = call.loaded.key(store, now).await?;
    run_command!(call.command().await?, |attempt| {
        let (before, auth) = store.check_and_auth(&user, id).await?.ok_or(RequestError::NotFound)?;
        let (check, kind) = before.check.apply(action(&auth), now)?;
        let mut after = StoredCheck { check, work: before.work.clone() };
        if after.check.state.is_closed() {
            // A closed check has no next run; the sweep screens its snapshot if that was not done.
            after.work.next_run_at = None;
        }
        let (mut held, mut submitted) = (Vec::new(), None);
        if after.check.document_ids != before.check.document_ids
            || after.check.submitted_at != before.check.submitted_at
        {
            let attached = attached_documents::read_documents(store, &user, &after.check.document_ids, now).await?;
            if after.check.submitted_at.is_some() {
                held.clone_from(&after.check.document_ids);
            }
            if after.check.submitted_at != before.check.submitted_at {
                let read = profile(call, attempt.is_first()).await?;
                let snapshot = Snapshot::of(&read.open(&user, &key)?, &attached.numbers, now)?;
                after.take_snapshot(&snapshot, &attached.evidence)?;
                submitted = Some(read);
            }
        }
        let body = after.check.for_person();
        let reply = Versioned { version: body.version, body };
        let mut commit = attempt.commit(now).check_moves(&before.check, &after, &auth, now);
        if let Some(read) = &submitted {
            commit = commit.profile_unchanged(&user, read);
        }
        for document in &held {
            commit = commit.document_held(&user, document, id);
        }
        Ok(commit.event(check_event(kind, &after.check)).returning(reply))
    })
}

/// The profile for the snapshot: the one that was read with the caller's session; after a conflict, the current one.
async fn profile(call: &Call<Signed>, first: bool) -> Result<ProfileItem> {
    if first {
        return call.loaded.profile.clone().ok_or_else(|| Internal::bug("a submission without the profile").into());
    }
    let account = call.app.store().await.account(&call.caller.user, call.now()).await?;
    Ok(account.ok_or(RequestError::Unauthenticated)?.profile_item)
}
