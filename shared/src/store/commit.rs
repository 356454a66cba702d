//! The commit: what changed, the event that says so and the event's outbox row, in one transaction.
//!
//! Each write states its condition and what its failing means, so a transaction that is cancelled comes back as the
//! refusal that the command would have given had it read later.

use crate::crypto::random::RandomId;
use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update},
};

use super::{
    Store, Table,
    author::Author,
    event::{EventDraft, EventRecord},
    guard::{Guard, target},
    idempotency::{self, Kept, Replay},
    item::{Item, Key, keyed, text},
    outbox_row,
    person_key::PersonKey,
};
use crate::{
    deadline::Retries,
    domain::{id::EventId, time::Timestamp},
    error::{Error, Internal, RequestError, Result},
};

/// Why a commit did not happen.
#[derive(Debug)]
pub enum CommitError {
    /// Somebody else wrote first: read again, decide again.
    Conflict,
    /// A condition failed, and this is what it means to the caller.
    Refused(Error),
    /// It is not known to have happened, and trying again within this call is of no use.
    Failed(Error),
}

/// So that a command may fail with `?` before it commits.
impl<E: Into<Error>> From<E> for CommitError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// How to report a failed write condition.
#[derive(Debug)]
enum OnConditionFailed {
    Conflict,
    Refuse(Error),
    AnsweredMeanwhile,
}

/// A transaction in the making.
#[derive(Debug)]
pub struct Commit<'a> {
    store: &'a Store,
    now: Timestamp,
    correlation_id: String,
    author: Option<Author>,
    writes: Vec<(TransactWriteItem, OnConditionFailed)>,
    events: Vec<(EventRecord, Key)>,
    guards: Vec<Guard>,
    broken: Option<Error>,
}

/// DynamoDB takes this many in one transaction.
const MOST: usize = 100;

impl Store {
    /// Begins a commit. The correlation id goes into its events.
    pub fn commit(&self, now: Timestamp, correlation_id: &str) -> Commit<'_> {
        Commit {
            store: self,
            now,
            correlation_id: correlation_id.to_owned(),
            author: None,
            writes: Vec::new(),
            events: Vec::new(),
            guards: Vec::new(),
            broken: None,
        }
    }
}

impl Commit<'_> {
    fn push(mut self, write: Result<TransactWriteItem>, otherwise: OnConditionFailed) -> Self {
        match write {
            Ok(write) => self.writes.push((write, otherwise)),
            Err(error) => self.broken = self.broken.or(Some(error)),
        }
        self
    }

    /// Puts an item where none may stand. If one does: `otherwise`, or read and decide again.
    pub fn create<T: serde::Serialize>(self, table: Table, key: &Key, value: &T, otherwise: Option<Error>) -> Self {
        let item = keyed(key, value);
        self.put_if(table, item, "attribute_not_exists(pk)", &[], otherwise)
    }

    /// Puts an item under a condition.
    pub fn put_if(
        self,
        table: Table,
        item: Result<Item>,
        condition: &str,
        values: &[(&str, AttributeValue)],
        otherwise: Option<Error>,
    ) -> Self {
        let write = item.and_then(|item| {
            let mut put =
                Put::builder().table_name(self.store.name(table)).set_item(Some(item)).condition_expression(condition);
            for (name, value) in values {
                put = put.expression_attribute_values(*name, value.clone());
            }
            Ok(TransactWriteItem::builder().put(put.build().map_err(Internal::bug)?).build())
        });
        self.push(write, otherwise.map_or(OnConditionFailed::Conflict, OnConditionFailed::Refuse))
    }

    /// Replaces an item that still has the version it was read with; the new value carries its own.
    pub fn replace<T: serde::Serialize>(self, table: Table, key: &Key, value: &T, read_version: u64) -> Self {
        let item = keyed(key, value);
        self.put_if(table, item, "version = :read", &[(":read", super::item::number(read_version))], None)
    }

    /// Changes attributes of an item under a condition. Names go through `#name` for each word in `names`.
    pub fn update(self, table: Table, key: &Key, change: &WriteExpression<'_>, otherwise: Option<Error>) -> Self {
        let mut update = Update::builder()
            .table_name(self.store.name(table))
            .set_key(Some(key.to_item()))
            .update_expression(change.update)
            .condition_expression(change.condition);
        for name in change.names {
            update = update.expression_attribute_names(format!("#{name}"), *name);
        }
        for (name, value) in &change.values {
            update = update.expression_attribute_values(*name, value.clone());
        }
        let write = update
            .build()
            .map(|update| TransactWriteItem::builder().update(update).build())
            .map_err(|error| Internal::bug(error).into());
        self.push(write, otherwise.map_or(OnConditionFailed::Conflict, OnConditionFailed::Refuse))
    }

    /// Deletes an item under a condition (`attribute_exists(pk)` where only its presence matters).
    pub fn delete(self, table: Table, key: &Key, change: &WriteExpression<'_>, otherwise: Option<Error>) -> Self {
        let mut delete = Delete::builder()
            .table_name(self.store.name(table))
            .set_key(Some(key.to_item()))
            .condition_expression(change.condition);
        for name in change.names {
            delete = delete.expression_attribute_names(format!("#{name}"), *name);
        }
        for (name, value) in &change.values {
            delete = delete.expression_attribute_values(*name, value.clone());
        }
        let write = delete
            .build()
            .map(|delete| TransactWriteItem::builder().delete(delete).build())
            .map_err(|error| Internal::bug(error).into());
        self.push(write, otherwise.map_or(OnConditionFailed::Conflict, OnConditionFailed::Refuse))
    }

    /// Deletes whatever stands there, if anything does.
    pub fn clear(self, table: Table, key: &Key) -> Self {
        let write = Delete::builder()
            .table_name(self.store.name(table))
            .set_key(Some(key.to_item()))
            .build()
            .map(|delete| TransactWriteItem::builder().delete(delete).build())
            .map_err(|error| Internal::bug(error).into());
        self.push(write, OnConditionFailed::Conflict)
    }

    /// Only goes through if an item is as the condition says; changes nothing of it.
    pub fn check(self, table: Table, key: &Key, change: &WriteExpression<'_>, otherwise: Option<Error>) -> Self {
        let mut check = ConditionCheck::builder()
            .table_name(self.store.name(table))
            .set_key(Some(key.to_item()))
            .condition_expression(change.condition);
        for name in change.names {
            check = check.expression_attribute_names(format!("#{name}"), *name);
        }
        for (name, value) in &change.values {
            check = check.expression_attribute_values(*name, value.clone());
        }
        let write = check
            .build()
            .map(|check| TransactWriteItem::builder().condition_check(check).build())
            .map_err(|error| Internal::bug(error).into());
        self.push(write, otherwise.map_or(OnConditionFailed::Conflict, OnConditionFailed::Refuse))
    }

    /// Refuses the whole commit: a rule forbids what it would write.
    pub(super) fn refused(mut self, refusal: impl Into<Error>) -> Self {
        self.broken = self.broken.or(Some(refusal.into()));
        self
    }

    /// Names who makes the change. It is stamped on the events that follow.
    pub fn by(mut self, author: impl Into<Author>) -> Self {
        self.author = Some(author.into());
        self
    }

    /// The event of this change, and its outbox row. The aggregate's version must be the one the change makes: two
    /// commands that decided on the same state cannot both write it. Data that is not what the table of event types states
    /// is a bug.
    pub fn event(self, draft: EventDraft) -> Self {
        let id = EventId::new(self.now);
        self.event_of_id(id, draft)
    }

    /// The same, under an id that something else in the commit is derived from.
    pub fn event_of_id(mut self, id: EventId, draft: EventDraft) -> Self {
        let Some(author) = self.author.clone().or_else(|| draft.actor.clone().map(Author::from)) else {
            self.broken = self.broken.or(Some(Internal::bug("an event without an author").into()));
            return self;
        };
        let (kind, fits) = (draft.kind, draft.kind.fits(&draft.data));
        let record = EventRecord::new(id, self.now, &self.correlation_id, draft, &author);
        let key = record.key();
        let item = if fits { record.item() } else { Err(Internal::bug(format!("the data of {kind}")).into()) };
        let outbox = outbox_row::item(&record);
        self.events.push((record, key));
        self.put_if(Table::Events, item, "attribute_not_exists(pk)", &[], None).put_if(
            Table::Outbound,
            outbox,
            "attribute_not_exists(pk)",
            &[],
            None,
        )
    }

    /// Remembers the answer for the caller's idempotency key, in this same transaction.
    pub fn remember(self, replay: Option<&Replay>, key: &PersonKey, kept: Result<Kept>) -> Self {
        let Some(replay) = replay else { return self };
        let item = kept.and_then(|kept| idempotency::item(replay, Some((key, &kept)), self.now));
        self.remembered(item)
    }

    /// Remembers that it was done, but not the answer, which carried secrets.
    pub fn remember_done(self, replay: Option<&Replay>) -> Self {
        let Some(replay) = replay else { return self };
        let item = idempotency::item(replay, None, self.now);
        self.remembered(item)
    }

    fn remembered(self, item: Result<Item>) -> Self {
        let now = super::item::number(self.now.unix_seconds());
        let mut this =
            self.put_if(Table::Ephemeral, item, "attribute_not_exists(pk) OR expires <= :now", &[(":now", now)], None);
        if let Some((_, otherwise)) = this.writes.last_mut() {
            *otherwise = OnConditionFailed::AnsweredMeanwhile;
        }
        this
    }

    /// Makes the commit go through only under these conditions.
    pub(super) fn guarded(mut self, guards: Vec<Guard>) -> Self {
        self.guards = guards;
        self
    }

    /// Whether a write or check is about this item.
    fn touches(&self, table: Table, key: &Key) -> bool {
        let name = self.store.name(table);
        self.writes.iter().filter_map(|(write, _)| target(write)).any(|(table, at)| table == name && at == *key)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Commits. What DynamoDB throttled is sent again until the deadline. The client token makes the SDK's own retries of
    /// one attempt harmless; each attempt has its own.
    pub async fn run(mut self) -> Result<(), CommitError> {
        for guard in std::mem::take(&mut self.guards) {
            if !self.touches(guard.table, &guard.key) {
                let Guard { table, key, condition, names, values, refusal } = guard;
                let condition = WriteExpression { condition, names, values, ..WriteExpression::default() };
                self = self.check(table, &key, &condition, Some(refusal.into()));
            }
        }
        if let Some(error) = self.broken {
            return Err(CommitError::Failed(error));
        }
        if self.writes.len() > MOST {
            return Err(CommitError::Failed(Internal::bug("too many writes in one commit").into()));
        }
        let (writes, meanings): (Vec<_>, Vec<_>) = self.writes.into_iter().unzip();
        let mut retries = Retries::new();
        let error = loop {
            let token = uuid::Uuid::from_bytes(crate::crypto::random::bytes()).to_string();
            let request = self.store.db.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = request.client_request_token(token).send().await else { return Ok(()) };
            match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let codes: Vec<_> =
                        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect();
                    if only_throttled(&codes) && retries.wait().await {
                        continue;
                    }
                    return Err(meaning(&codes, meanings));
                }
                // An earlier try of this very request is still being worked on: its outcome is not known yet.
                Some(TransactWriteItemsError::TransactionInProgressException(_)) | None => break error,
                Some(_) => return Err(CommitError::Failed(Internal::aws("commit", &error).into())),
            }
        };
        // The answer was lost, not necessarily the write: our own event id tells.
        if let Some((record, key)) = self.events.first()
            && let Ok(Some(item)) = self.store.get(Table::Events, key).await
            && item.get("event_id") == Some(&text(record.id.to_string()))
        {
            return Ok(());
        }
        Err(CommitError::Failed(Internal::aws("commit", &error).into()))
    }
}

/// Reasons for which DynamoDB would take the same transaction a little later.
const THROTTLED: [&str; 3] = ["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"];

/// Whether throttling alone cancelled a transaction.
fn only_throttled(codes: &[&str]) -> bool {
    codes.iter().any(|code| THROTTLED.contains(code))
        && codes.iter().all(|code| *code == "None" || THROTTLED.contains(code))
}

/// What a cancelled transaction means: an idempotency record that appeared wins, then the first refusal; a mere
/// collision means to try again, and so does a throttle beside one, since the command pauses before it does.
fn meaning(codes: &[&str], meanings: Vec<OnConditionFailed>) -> CommitError {
    let mut failed: Vec<_> = codes
        .iter()
        .zip(meanings)
        .filter(|(code, _)| **code == "ConditionalCheckFailed")
        .map(|(_, otherwise)| otherwise)
        .collect();
    if failed.iter().any(|one| matches!(one, OnConditionFailed::AnsweredMeanwhile)) {
        return CommitError::Refused(RequestError::AnsweredMeanwhile.into());
    }
    if let Some(at) = failed.iter().position(|one| matches!(one, OnConditionFailed::Refuse(_)))
        && let OnConditionFailed::Refuse(error) = failed.swap_remove(at)
    {
        return CommitError::Refused(error);
    }
    let passing = |code: &&str| {
        matches!(*code, "None" | "ConditionalCheckFailed" | "TransactionConflict") || THROTTLED.contains(code)
    };
    if only_throttled(codes) || !codes.iter().all(passing) {
        return CommitError::Failed(Internal::unavailable(format!("commit: {}", codes.join(","))).into());
    }
    CommitError::Conflict
}

/// An update, delete or check: expressions and what they name.
#[derive(Debug, Default)]
pub struct WriteExpression<'a> {
    pub update: &'a str,
    pub condition: &'a str,
    /// Words written as `#word` in the expressions (DynamoDB reserves many).
    pub names: &'a [&'a str],
    pub values: Vec<(&'a str, AttributeValue)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::auth::AuthError;

    fn refuse() -> OnConditionFailed {
        OnConditionFailed::Refuse(AuthError::EmailTaken.into())
    }

    #[test]
    fn the_idempotency_record_wins_over_other_conditions() {
        let codes = ["ConditionalCheckFailed", "ConditionalCheckFailed"];
        let meaning = meaning(&codes, vec![refuse(), OnConditionFailed::AnsweredMeanwhile]);
        assert!(matches!(meaning, CommitError::Refused(Error::Request(RequestError::AnsweredMeanwhile))));
    }

    #[test]
    fn a_refusal_wins_over_a_conflict() {
        let codes = ["ConditionalCheckFailed", "None", "ConditionalCheckFailed"];
        let meaning = meaning(&codes, vec![OnConditionFailed::Conflict, OnConditionFailed::Conflict, refuse()]);
        assert!(matches!(meaning, CommitError::Refused(Error::Auth(AuthError::EmailTaken))));
    }

    #[test]
    fn a_collision_is_a_conflict_and_a_throttle_is_not() {
        assert!(matches!(meaning(&["TransactionConflict"], vec![refuse()]), CommitError::Conflict));
        assert!(matches!(meaning(&["ThrottlingError"], vec![refuse()]), CommitError::Failed(_)));
        let both = ["ThrottlingError", "TransactionConflict"];
        assert!(matches!(meaning(&both, vec![refuse(), refuse()]), CommitError::Conflict));
        assert!(matches!(meaning(&["ValidationError", "None"], vec![refuse(), refuse()]), CommitError::Failed(_)));
    }
}
