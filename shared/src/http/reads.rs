//! Reads of unmasked personal data of other persons. Each read is written to the event log before the response is sent.

use crate::crypto::random::RandomId;
use std::{collections::BTreeMap, ops::Deref};

use super::{
    call::{Call, Meta},
    principal::{Caller, caller_key},
};
use crate::{
    app::App,
    domain::{
        event::{CheckShown, EventData, EventType, HitsShown, Subject},
        id::{CheckId, HitId, ReadId, UserId},
    },
    error::Result,
    run_command,
    store::{commit::Commit, event::EventDraft, hit::StoredHit, person_key::PersonKey},
};

/// A read of personal data.
#[derive(Debug, Clone)]
pub struct PersonalDataRead {
    pub kind: EventType,
    /// The person whose data was read; `None` for several persons, or persons without an account.
    pub person: Option<UserId>,
    /// What was read, by ids.
    pub data: EventData,
}

impl PersonalDataRead {
    /// A read of what stands with a check of a person.
    pub fn of_check(kind: EventType, person: UserId, check: CheckId) -> Self {
        Self { kind, person: Some(person), data: EventData::of(&CheckShown { check }) }
    }
}

/// The reads of these hits, one per person.
pub fn hits_read<'a>(hits: impl Iterator<Item = &'a StoredHit>) -> Vec<PersonalDataRead> {
    reads_of_hits(hits.map(|stored| (stored.hit.user_id, stored.hit.id)))
}

/// The same for hits by their ids, each with the person it is on.
pub(super) fn reads_of_hits(hits: impl Iterator<Item = (UserId, HitId)>) -> Vec<PersonalDataRead> {
    let mut by_person: BTreeMap<UserId, Vec<HitId>> = BTreeMap::new();
    for (person, hit) in hits {
        by_person.entry(person).or_default().push(hit);
    }
    let read = |(person, hits): (UserId, Vec<_>)| PersonalDataRead {
        kind: EventType::HitsRead,
        person: Some(person),
        data: EventData::of(&HitsShown { hits }),
    };
    by_person.into_iter().map(read).collect()
}

/// Reads per transaction, which has at most 100 writes. Each read is an event and an outbox row.
const PER_TRANSACTION: usize = 40;

/// Writes an event for each read. The subject of the event is the read itself, not the resource: a read does not change the version
/// of the resource, which clients send in `If-Match`.
pub async fn commit_reads<A: Deref<Target: Caller + Sized>>(call: &Call<A>, reads: &[PersonalDataRead]) -> Result<()> {
    if reads.is_empty() {
        return Ok(());
    }
    let caller: &A::Target = &call.caller;
    let key = caller_key(call.app, caller.client(), &call.loaded, call.now()).await?;
    write_reads(call.app, &call.meta, caller, &key, reads).await
}

/// The same for a call whose handler does not run. `key` is the caller's key.
pub(super) async fn write_reads(
    app: &App,
    meta: &Meta,
    caller: &impl Caller,
    key: &PersonKey,
    reads: &[PersonalDataRead],
) -> Result<()> {
    let (store, now) = (app.store().await, meta.now);
    let command = store.command(&meta.correlation_id, caller.author(key, meta.origin()));
    for chunk in reads.chunks(PER_TRANSACTION) {
        let committed = run_command!(command, |attempt| {
            let events = chunk.iter().map(|read| {
                let mut event = EventDraft::new(read.kind, Subject::new("read", ReadId::new(now)), 1);
                event.person = read.person;
                event.data.clone_from(&read.data);
                event
            });
            Ok(events.fold(attempt.commit(now), Commit::event).returning(()))
        });
        committed?;
    }
    Ok(())
}
