//! Reads of unmasked personal data of others: the log tells of each before the answer leaves.

use crate::crypto::random::RandomId;
use std::{collections::BTreeMap, ops::Deref};

use super::{call::Call, principal::Person};
use crate::{
    domain::{
        event::{EventData, EventType, HitsShown, Subject},
        id::{HitId, ReadId, UserId},
    },
    error::Result,
    run_command,
    store::{commit::Commit, event::EventDraft, hit::StoredHit},
};

/// What was read of whom.
#[derive(Debug, Clone)]
pub struct Read {
    pub kind: EventType,
    /// Whose data it is; `None` if it is of several people or of strangers.
    pub person: Option<UserId>,
    /// What was read, by ids.
    pub data: EventData,
}

/// The reads of hits, one for each person they are on.
pub fn hits_read<'a>(hits: impl Iterator<Item = &'a StoredHit>) -> Vec<Read> {
    let mut by_person: BTreeMap<UserId, Vec<HitId>> = BTreeMap::new();
    for stored in hits {
        by_person.entry(stored.hit.user_id).or_default().push(stored.hit.id);
    }
    let read = |(person, hits): (UserId, Vec<_>)| Read {
        kind: EventType::HitsRead,
        person: Some(person),
        data: EventData::of(&HitsShown { hits }),
    };
    by_person.into_iter().map(read).collect()
}

/// Each read is an event and an outbox row; one transaction takes 100 writes.
const AT_ONCE: usize = 40;

/// Writes an event for each read. The thing read keeps its version, which is what clients decide upon, so the event's
/// subject is the reading itself.
pub async fn commit_reads<A: Deref<Target = Person>>(call: &Call<A>, reads: &[Read]) -> Result<()> {
    if reads.is_empty() {
        return Ok(());
    }
    let (store, now) = (call.app.store().await, call.now());
    let key = call.loaded.key(store, now).await?;
    let command = call.command_by(call.author(&key)).await;
    for some in reads.chunks(AT_ONCE) {
        let told = run_command!(command, |attempt| {
            let events = some.iter().map(|read| {
                let mut event = EventDraft::new(read.kind, Subject::new("read", ReadId::new(now)), 1);
                event.person = read.person;
                event.data.clone_from(&read.data);
                event
            });
            Ok(events.fold(attempt.commit(now), Commit::event).returning(()))
        });
        told?;
    }
    Ok(())
}
