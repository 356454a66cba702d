//! Checks: `U#<user>` · `CHK#<id>`, `CHK#<id>` · `REF` (whose it is), and `REQ#<provider>#<reference>` · `REF` (which
//! check a provider's task belongs to).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Position, Store, Table,
    commit::Commit,
    event::EventDraft,
    item::{Item, ItemQuery, Key, Sort, keyed, number, read, text},
    owner::{OwnedResource, Owner},
    state_index::{self, StateKey},
    user::{Account, account_key},
};
use crate::{
    domain::{
        check::{Check, CheckState},
        event::{CheckProgress, EventType, PublicWord, Subject},
        id::{CheckId, UserId},
        time::Timestamp,
    },
    error::{Internal, Result},
    providers::Reference,
};

/// A check with what the workers need to go on with it.
#[derive(Debug, Clone)]
pub struct StoredCheck {
    pub check: Check,
    pub work: ProcessingState,
}

/// Of no interest to anybody but the workers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ProcessingState {
    /// Ciphertext of [`Snapshot`] under the evidence key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<ByteBuf>,
    /// Counts the tasks made at the provider on purpose, from 0.
    #[serde(default)]
    pub task: u32,
    /// Calls of the provider that failed.
    #[serde(default)]
    pub failures: u32,
    /// When the provider took the task at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_at: Option<Timestamp>,
    /// When to look at it next, while a machine is at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_run_at: Option<Timestamp>,
}

/// A machine is expected to have gone on with a check by then, once the queue has it.
const EXPECTED_WITHIN: Duration = Duration::from_mins(1);

impl StoredCheck {
    pub fn new(check: Check) -> Self {
        Self { check, work: ProcessingState::default() }
    }

    pub fn key(user: &UserId, id: &CheckId) -> Key {
        Key::new(format!("U#{user}"), format!("CHK#{id}"))
    }

    /// The position of the page of a queue that starts after this check. A check that is in no queue any more ends the list.
    pub fn position_in_queue(&self) -> Position {
        queue::state_key(self).map_or_else(state_index::end, StateKey::position)
    }

    fn own_key(&self) -> Key {
        Self::key(&self.check.user_id, &self.check.id)
    }

    pub fn from_item(item: Item) -> Result<Self> {
        Ok(Self { work: read(item.clone())?, check: read(item)? })
    }

    fn item(&self) -> Result<Item> {
        let mut item = keyed(&self.own_key(), &self.check)?;
        item.extend(keyed(&self.own_key(), &self.work)?);
        if let Some(key) = queue::state_key(self) {
            key.add_to(&mut item);
        }
        Ok(item)
    }

    /// When to look at it next, while a machine is at work.
    pub fn next_run_at(&self) -> Timestamp {
        self.work.next_run_at.unwrap_or(self.check.updated_at + EXPECTED_WITHIN)
    }
}

impl OwnedResource for StoredCheck {
    type Id = CheckId;

    fn owner_key(id: &CheckId) -> Key {
        Key::new(format!("CHK#{id}"), "REF")
    }

    async fn load(store: &Store, owner: &UserId, id: CheckId, _: Timestamp) -> Result<Option<Self>> {
        store.check(owner, &id).await
    }
}

/// A check that need not be read: its id and owner are enough.
impl OwnedResource for CheckId {
    type Id = Self;

    fn owner_key(id: &Self) -> Key {
        StoredCheck::owner_key(id)
    }

    async fn load(_: &Store, _: &UserId, id: Self, _: Timestamp) -> Result<Option<Self>> {
        Ok(Some(id))
    }
}

/// The event of a check as it is now. Its data may name what only staff sees; the person's history shows none of it.
pub fn check_event(kind: EventType, check: &Check) -> EventDraft {
    let codes = if check.state == CheckState::AwaitingApplicant { &check.needed } else { &check.reasons };
    EventDraft::new(kind, Subject::new("check", check.id), check.version)
        .shown_as(check.applicant_version)
        .person(check.user_id)
        .data(&CheckProgress {
            provider: PublicWord::named(&check.policy.provider),
            state: check.state,
            reasons: (!codes.is_empty()).then(|| codes.clone()),
        })
}

/// Which check a provider's task belongs to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskOf {
    pub check_id: CheckId,
    pub owner: UserId,
}

fn task_key(provider: &str, reference: &Reference) -> Key {
    Key::new(format!("REQ#{provider}#{reference}"), "REF")
}

impl Commit<'_> {
    /// A new check, its owner, and the account if the check is submitted at once.
    pub fn new_check(self, stored: &StoredCheck, auth: &Account, now: Timestamp) -> Self {
        let check = &stored.check;
        let before = Check::draft(check.id, check.user_id, check.policy.clone(), check.trigger, now);
        self.put_if(Table::Kyc, stored.item(), "attribute_not_exists(pk)", &[], None)
            .create(Table::Kyc, &StoredCheck::owner_key(&check.id), &Owner { owner: check.user_id }, None)
            .account_follows(&before, check, auth, now)
    }

    /// A check in its next state, and its person's account with it: what it means for their status and for the one
    /// check that may be open is written in the same transaction.
    pub fn check_moves(self, before: &Check, after: &StoredCheck, auth: &Account, now: Timestamp) -> Self {
        self.check_changes(before, after).account_follows(before, &after.check, auth, now)
    }

    /// A check that changes without moving.
    pub fn check_changes(self, before: &Check, after: &StoredCheck) -> Self {
        self.put_if(Table::Kyc, after.item(), "version = :read", &[(":read", number(before.version))], None)
    }

    fn account_follows(self, before: &Check, after: &Check, auth: &Account, now: Timestamp) -> Self {
        match auth.follow_check(before, after, now) {
            Ok(Some(next)) => self.account_changes(auth, &next),
            Ok(None) => self,
            Err(refusal) => self.refused(refusal),
        }
    }

    /// Writes down whose task a provider took on. The same task may be taken twice, by the same check only.
    pub fn task_taken(self, provider: &str, reference: &Reference, check: &Check) -> Self {
        let owner = TaskOf { check_id: check.id, owner: check.user_id };
        self.put_if(
            Table::Kyc,
            keyed(&task_key(provider, reference), &owner),
            "attribute_not_exists(pk) OR check_id = :check",
            &[(":check", text(check.id.to_string()))],
            None,
        )
    }
}

impl Store {
    pub async fn check(&self, user: &UserId, id: &CheckId) -> Result<Option<StoredCheck>> {
        self.get(Table::Kyc, &StoredCheck::key(user, id)).await?.map(StoredCheck::from_item).transpose()
    }

    /// A check and its person's account, in one read; nothing if either is gone.
    pub async fn check_and_auth(&self, user: &UserId, id: &CheckId) -> Result<Option<(StoredCheck, Account)>> {
        let (check, auth) = (StoredCheck::key(user, id), account_key(user));
        let mut found = self.get_many(&[(Table::Kyc, check.clone()), (Table::Identity, auth.clone())]).await?;
        let check = found.remove(&check).map(StoredCheck::from_item).transpose()?;
        let auth = found.remove(&auth).map(read::<Account>).transpose()?;
        Ok(check.zip(auth))
    }

    /// Whose a check is.
    pub async fn owner_of_check(&self, id: &CheckId) -> Result<Option<UserId>> {
        let owner: Option<Owner> = self.get_as(Table::Kyc, &StoredCheck::owner_key(id)).await?;
        Ok(owner.map(|owner| owner.owner))
    }

    /// The check that a provider's task belongs to.
    pub async fn check_of_task(&self, provider: &str, reference: &Reference) -> Result<Option<TaskOf>> {
        self.get_as(Table::Kyc, &task_key(provider, reference)).await
    }

    /// One page of a person's checks begun in `[from, to)`, newest first.
    pub async fn checks(
        &self,
        user: &UserId,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<StoredCheck>, Option<Position>)> {
        let at = |time: Timestamp| format!("CHK#{}", CheckId::from_parts(time, [0; 10]));
        let low = from.map_or_else(|| "CHK#".to_owned(), at);
        let high = to.map_or_else(|| "CHK#~".to_owned(), at);
        if low >= high {
            return Ok((Vec::new(), None));
        }
        let partition = format!("U#{user}");
        let (items, next) = self
            .query(ItemQuery {
                table: Table::Kyc,
                index: None,
                partition: ("pk", &partition),
                sort: Sort::Between("sk", &low, &high),
                newest_first: true,
                limit,
                after,
            })
            .await?;
        Ok((items.into_iter().map(StoredCheck::from_item).collect::<Result<_>>()?, next))
    }

    /// Whether a person has another approval that still holds.
    pub async fn approved_beyond(&self, user: &UserId, other_than: &CheckId, now: Timestamp) -> Result<bool> {
        let mut after = None;
        loop {
            let (page, next) = self.checks(user, None, None, 100, after.as_ref()).await?;
            let mut others = page.iter().map(|stored| &stored.check).filter(|check| check.id != *other_than);
            if others.any(|check| check.state == CheckState::Approved && check.expires_at.is_some_and(|at| at > now)) {
                return Ok(true);
            }
            after = next;
            if after.is_none() {
                return Ok(false);
            }
        }
    }

    /// Where a page of a person's checks goes on after one of them.
    pub fn position_after(stored: &StoredCheck) -> Position {
        Position::of(stored.own_key())
    }

    /// Moves the time of the next look, and nothing else: no event tells of a look that found nothing new. What moved on
    /// meanwhile is left alone.
    pub async fn schedule_run(&self, stored: &StoredCheck, at: Timestamp) -> Result<()> {
        let next =
            StoredCheck { work: ProcessingState { next_run_at: Some(at), ..stored.work.clone() }, ..stored.clone() };
        let put = self
            .db
            .put_item()
            .table_name(self.name(Table::Kyc))
            .set_item(Some(next.item()?))
            .condition_expression("version = :read")
            .expression_attribute_values(":read", number(stored.check.version))
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(Internal::aws("move the next look", &error).into()),
        }
    }
}

mod notes;
mod queue;
mod snapshot;

pub use notes::{NewNote, NoteItem};
pub use snapshot::Snapshot;

#[cfg(test)]
mod pair_tests;
#[cfg(test)]
mod tests;
