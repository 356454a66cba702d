//! Lock-outs by blind index: tries at a password are reserved before it is compared, and settled after.
//!
//! The index is the one of the address, whether the address was submitted or a username that is claimed beside it: so an
//! account has one budget, and an address has the same before and after somebody registers it. A username that nobody
//! has counts under its own index.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use serde::{Deserialize, Serialize};

use super::{
    Store, Table,
    commit::{Commit, CommitError},
    event::EventDraft,
    item::{Item, Key, keyed, number, read},
};
use crate::{
    crypto::random,
    domain::{
        event::{Actor, EventType, FailedSignIns, Period, Subject},
        id::UserId,
        lockout::{self, Lockout, NoTryLeft, REPORTED_EVERY, WINDOW},
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// An identifier's tries as they are stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LockoutItem {
    #[serde(flatten)]
    pub state: Lockout,
    /// Drawn anew with each write, so that an item that was deleted and made again is not taken for the one before.
    pub version: u64,
    /// Unix seconds.
    pub expires: i64,
}

/// Where the tries of an identifier (a blind index) are counted.
pub fn key(identifier: &str) -> Key {
    Key::of(format!("LOCK#{identifier}"))
}

/// A reserved try. Its holder settles it: by [`Store::count_failure`], [`Store::count_success`] or [`Store::give_back`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ReservedTry {
    identifier: String,
    at: Timestamp,
    /// The item that the reservation wrote.
    item: LockoutItem,
}

impl ReservedTry {
    /// How many failures count for the identifier besides it.
    pub fn failures(&self) -> u32 {
        u32::try_from(self.item.state.failures.len()).unwrap_or(u32::MAX)
    }
}

/// A failed try.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// What the log calls the identifier where it tells of locks: a digest, so that the log holds nothing one could look
    /// accounts up by.
    pub locks: &'a str,
    /// The same where it tells of failures.
    pub failures: &'a str,
    /// Digest of the network that the try came from.
    pub network: &'a str,
    /// Whose the identifier is, if anybody's.
    pub person: Option<UserId>,
    pub now: Timestamp,
    pub correlation_id: &'a str,
}

/// Others write at the same time at most as often as there are tries to reserve and to settle.
const ROUNDS: usize = 32;
/// The longest wait after meeting somebody's transaction.
const CONFLICT_WAIT: Duration = Duration::from_millis(20);

impl LockoutItem {
    fn new(state: Lockout, now: Timestamp) -> Self {
        let expires = state.expires_at().unwrap_or(now + WINDOW).unix_seconds();
        Self { state, version: u64::from_be_bytes(random::bytes()), expires }
    }
}

impl Store {
    pub async fn lockout(&self, identifier: &str) -> Result<LockoutItem> {
        Ok(self.get_as(Table::Ephemeral, &key(identifier)).await?.unwrap_or_default())
    }

    /// Reserves a try: one conditional write where nothing stands against the identifier, one more where something does.
    pub async fn reserve_try(&self, identifier: &str, now: Timestamp) -> Result<Result<ReservedTry, NoTryLeft>> {
        let mut seen = LockoutItem::default();
        for _ in 0..ROUNDS {
            let state = match seen.state.reserve(now) {
                Ok(state) => state,
                Err(refused) => return Ok(Err(refused)),
            };
            let item = LockoutItem::new(state, now);
            match self.put_lockout(identifier, &item, seen.version).await? {
                Ok(()) => return Ok(Ok(ReservedTry { identifier: identifier.to_owned(), at: now, item })),
                Err(current) => seen = current,
            }
        }
        Err(contended())
    }

    /// Settles a try as a failure; concurrent failures each count. The failure that locks the identifier writes its event
    /// with it, and so does the first one of a person in a quarter of an hour: an attacker buys a few events and no more.
    pub async fn count_failure(&self, tried: &ReservedTry, failure: &Failure<'_>) -> Result<()> {
        let mut seen = tried.item.clone();
        for _ in 0..ROUNDS {
            match self.settle(tried, failure, &seen).await? {
                None => return Ok(()),
                Some(current) => seen = current,
            }
        }
        Err(contended())
    }

    /// Settles a try that ended without a result.
    pub async fn give_back(&self, tried: &ReservedTry, now: Timestamp) -> Result<()> {
        self.settle_without_failure(tried, now, |state| state.give_back(tried.at)).await
    }

    /// Settles a try whose password was right. It forgives the failures of the same network.
    pub async fn count_success(&self, tried: &ReservedTry, network: &str, now: Timestamp) -> Result<()> {
        self.settle_without_failure(tried, now, |state| state.succeed(tried.at, network)).await
    }

    async fn settle_without_failure(
        &self,
        tried: &ReservedTry,
        now: Timestamp,
        settle: impl Fn(Lockout) -> Lockout,
    ) -> Result<()> {
        let mut seen = tried.item.clone();
        for _ in 0..ROUNDS {
            let state = settle(seen.state.clone());
            if state == seen.state {
                // Nothing of the try is left: a password reset cleared the item.
                return Ok(());
            }
            let written = if state.expires_at().is_none_or(|at| at <= now) {
                self.delete_lockout(&tried.identifier, seen.version).await?
            } else {
                self.put_lockout(&tried.identifier, &LockoutItem::new(state, now), seen.version).await?
            };
            match written {
                Ok(()) => return Ok(()),
                Err(current) => seen = current,
            }
        }
        Err(contended())
    }

    /// One round of settling a failure; what stands there if somebody else wrote first.
    async fn settle(
        &self,
        tried: &ReservedTry,
        failure: &Failure<'_>,
        seen: &LockoutItem,
    ) -> Result<Option<LockoutItem>> {
        let now = failure.now;
        let mut state = seen.state.clone().fail(tried.at, failure.network, now);
        let locked = state.remaining(now).is_some() && seen.state.remaining(now).is_none();
        let unreported = state.unreported(now);
        state.reported = state.reported.max(unreported);
        let item = LockoutItem::new(state, now);
        if !locked && unreported.is_none() {
            return Ok(self.put_lockout(&tried.identifier, &item, seen.version).await?.err());
        }
        let mut commit = self.commit(now, failure.correlation_id);
        let (unchanged, values) = unchanged(seen.version);
        let values: Vec<_> = values.into_iter().collect();
        commit = commit.put_if(Table::Ephemeral, keyed(&key(&tried.identifier), &item), unchanged, &values, None);
        if locked {
            commit = commit.event(failure.locked());
        }
        if let Some(quarter) = unreported {
            commit = failure.report(commit, quarter);
        }
        match commit.run().await {
            Ok(()) => Ok(None),
            Err(CommitError::Conflict) => {
                let mut current = self.lockout(&tried.identifier).await?;
                // The item may have been deleted after the event was written.
                if let Some(quarter) = unreported
                    && self.event_at(failure.failures, version_of(quarter)).await?.is_some()
                {
                    current.state.reported = Some(quarter);
                }
                pause().await;
                Ok(Some(current))
            }
            Err(CommitError::Refused(error) | CommitError::Failed(error)) => Err(error),
        }
    }

    /// Puts the item in place of the one that was read (version 0: none). The current one if that is another by now.
    async fn put_lockout(
        &self,
        identifier: &str,
        item: &LockoutItem,
        read_version: u64,
    ) -> Result<Result<(), LockoutItem>> {
        let at = key(identifier);
        let (unchanged, value) = unchanged(read_version);
        let mut put = self
            .db
            .put_item()
            .table_name(self.name(Table::Ephemeral))
            .set_item(Some(keyed(&at, item)?))
            .condition_expression(unchanged)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some((name, value)) = value {
            put = put.expression_attribute_values(name, value);
        }
        let Err(error) = put.send().await else { return Ok(Ok(())) };
        let current = match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => match failed.item.clone() {
                Some(item) => read(item)?,
                None => self.lockout(identifier).await?,
            },
            Some(PutItemError::TransactionConflictException(_)) => self.lockout(identifier).await?,
            _ => return Err(Internal::aws("put lock-out", &error).into()),
        };
        // The SDK sends a write again whose answer it did not get, and then fails on what the first one wrote.
        if current.version == item.version {
            return Ok(Ok(()));
        }
        pause().await;
        Ok(Err(current))
    }

    /// Deletes the item that was read. The current one if another process wrote meanwhile.
    async fn delete_lockout(&self, identifier: &str, read_version: u64) -> Result<Result<(), LockoutItem>> {
        let delete = self
            .db
            .delete_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(key(identifier).to_item()))
            .condition_expression("version = :read")
            .expression_attribute_values(":read", number(read_version))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = delete.send().await else { return Ok(Ok(())) };
        let current = match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(failed)) => match failed.item.clone() {
                Some(item) => read(item)?,
                None => self.lockout(identifier).await?,
            },
            Some(DeleteItemError::TransactionConflictException(_)) => self.lockout(identifier).await?,
            _ => return Err(Internal::aws("delete lock-out", &error).into()),
        };
        pause().await;
        Ok(Err(current))
    }
}

/// The condition that an item still has the version it was read with, and its value. No item has version 0: it stands for
/// an item that was not there.
fn unchanged(read_version: u64) -> (&'static str, Option<(&'static str, AttributeValue)>) {
    match read_version {
        0 => ("attribute_not_exists(pk)", None),
        read => ("version = :read", Some((":read", number(read)))),
    }
}

impl Failure<'_> {
    /// Locks of one identifier are minutes apart, so the second they begin in orders their events.
    fn locked(&self) -> EventDraft {
        let version = u64::try_from(self.now.unix_seconds()).unwrap_or_default();
        let subject = Subject::new("identifier", self.locks);
        let mut event = EventDraft::new(EventType::UserLockedOut, subject, version)
            .by(Actor::Anonymous)
            .data(&FailedSignIns { count: lockout::FAILURES });
        event.person = self.person;
        event
    }

    /// The event that stands for all failures of a quarter of an hour. Of nobody's identifier the log is told nothing, or
    /// anybody could fill it; as much is written all the same, so that it takes as long.
    fn report<'a>(&self, commit: Commit<'a>, quarter: Timestamp) -> Commit<'a> {
        if let Some(person) = self.person {
            let subject = Subject::new("identifier", self.failures);
            let kind = EventType::UserSignInFailed;
            let event = EventDraft::new(kind, subject, version_of(quarter))
                .by(Actor::Anonymous)
                .person(person)
                .data(&Period { from: quarter, to: quarter + REPORTED_EVERY });
            return commit.event(event);
        }
        (0..2).fold(commit, |commit, _| commit.decoy(DECOY_BYTES, self.now))
    }
}

/// About the size of an event.
const DECOY_BYTES: usize = 600;

impl Commit<'_> {
    /// Writes something of this size that says nothing and is gone within the hour: a command that has less to write than
    /// it has for somebody who exists takes as long.
    pub fn decoy(self, bytes: usize, now: Timestamp) -> Self {
        #[derive(Serialize)]
        struct Decoy {
            filler: String,
            expires: i64,
        }
        let at = Key::of(format!("DECOY#{:032x}", u128::from_be_bytes(random::bytes())));
        let decoy = Decoy { filler: "x".repeat(bytes), expires: (now + Duration::from_hours(1)).unix_seconds() };
        let item: Result<Item> = keyed(&at, &decoy);
        self.put_if(Table::Ephemeral, item, "attribute_not_exists(pk)", &[], None)
    }
}

fn version_of(quarter: Timestamp) -> u64 {
    u64::try_from(quarter.unix_seconds()).unwrap_or_default()
}

/// A moment, so that whoever is at work can end.
async fn pause() {
    let random = u64::from_be_bytes(random::bytes());
    let millis = random % u64::try_from(CONFLICT_WAIT.as_millis()).unwrap_or(1);
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

fn contended() -> crate::error::Error {
    Internal::unavailable("tries of one identifier are being counted by too many at once").into()
}

#[cfg(test)]
mod tests;
