//! Lock-outs per submitted identifier, existing or not, by blind index.

use serde::{Deserialize, Serialize};

use super::{
    Store, Table,
    commit::CommitError,
    event::EventDraft,
    item::{Key, keyed, number},
};
use crate::{
    domain::{
        event::{Actor, EventType, Subject},
        id::UserId,
        lockout::{self, Lockout},
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// An identifier's failures as they are stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LockoutItem {
    #[serde(flatten)]
    pub state: Lockout,
    pub version: u64,
    /// Unix seconds.
    pub expires: i64,
}

/// Where the failures of an identifier (a blind index) are counted.
pub fn key(identifier: &str) -> Key {
    Key::of(format!("LOCK#{identifier}"))
}

/// A failure to be counted.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// Blind index of what was submitted.
    pub identifier: &'a str,
    /// What the event calls the identifier: a digest, so that the log holds nothing one could look accounts up by.
    pub digest: &'a str,
    /// Whose the identifier is, if anybody's.
    pub person: Option<UserId>,
    pub now: Timestamp,
    pub correlation_id: &'a str,
}

impl Store {
    pub async fn lockout(&self, identifier: &str) -> Result<LockoutItem> {
        Ok(self.get_as(Table::Ephemeral, &key(identifier)).await?.unwrap_or_default())
    }

    /// Counts a failure, given the state that was read before the try; concurrent failures each count. The failure that
    /// locks the identifier writes its event with it, so that an attacker buys one event per lock and no more.
    pub async fn count_failure(&self, failure: &Failure<'_>, seen: LockoutItem) -> Result<()> {
        let mut seen = seen;
        for _ in 0..5 {
            if seen.state.remaining(failure.now).is_some() || self.put_lockout(failure, &seen).await? {
                return Ok(());
            }
            seen = self.lockout(failure.identifier).await?;
        }
        Err(Internal::unavailable("failures of one identifier are being counted by too many at once").into())
    }

    /// `false` if somebody else counted first.
    async fn put_lockout(&self, failure: &Failure<'_>, seen: &LockoutItem) -> Result<bool> {
        const UNCHANGED: &str = "attribute_not_exists(pk) OR version = :read";
        let now = failure.now;
        let counted = seen.fail(now);
        let item = keyed(&key(failure.identifier), &counted);
        if counted.state.remaining(now).is_some() {
            // Locks of one identifier are minutes apart, so the second they begin in orders their events.
            let version = u64::try_from(now.unix_seconds()).unwrap_or_default();
            let subject = Subject::new("identifier", failure.digest);
            let mut event = EventDraft::new(EventType::UserLockedOut, subject, version, Actor::Anonymous)
                .data("count", lockout::FAILURES);
            event.person = failure.person;
            let committed = self
                .commit(now, failure.correlation_id)
                .put_if(Table::Ephemeral, item, UNCHANGED, &[(":read", number(seen.version))], None)
                .event(event)
                .run()
                .await;
            return match committed {
                Ok(()) => Ok(true),
                Err(CommitError::Conflict) => Ok(false),
                Err(CommitError::Refused(error) | CommitError::Failed(error)) => Err(error),
            };
        }
        let put = self
            .db
            .put_item()
            .table_name(self.name(Table::Ephemeral))
            .set_item(Some(item?))
            .condition_expression(UNCHANGED)
            .expression_attribute_values(":read", number(seen.version))
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(error) => Err(Internal::aws("count failure", &error).into()),
        }
    }
}

impl LockoutItem {
    fn fail(&self, now: Timestamp) -> Self {
        let state = self.state.clone().fail(now);
        let expires = state.expires_at().map_or(0, Timestamp::unix_seconds);
        Self { state, version: self.version + 1, expires }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::{item::Query, item::Sort, testing};

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn failure(person: Option<UserId>, now: Timestamp) -> Failure<'static> {
        Failure { identifier: "v1.index", digest: "digest", person, now, correlation_id: "correlation" }
    }

    async fn rows(store: &Store, table: Table, partition: &str) -> usize {
        let query = Query {
            table,
            index: None,
            partition: ("pk", partition),
            sort: Sort::Any,
            newest_first: false,
            limit: 100,
            after: None,
        };
        store.query(query).await.unwrap().0.len()
    }

    #[tokio::test]
    async fn concurrent_failures_each_count_and_the_one_that_locks_writes_the_only_event() {
        let store = testing::store().await;
        let seen = store.lockout("v1.index").await.unwrap();
        let failure = failure(None, NOW);
        let counted = (0..4).map(|_| store.count_failure(&failure, seen.clone()));
        futures::future::try_join_all(counted).await.unwrap();
        let four = store.lockout("v1.index").await.unwrap();
        assert_eq!((four.state.failures.len(), four.state.remaining(NOW)), (4, None));
        assert_eq!(rows(&store, Table::Events, "digest").await, 0);

        for _ in 0..3 {
            store.count_failure(&failure, four.clone()).await.unwrap();
        }
        let locked = store.lockout("v1.index").await.unwrap();
        assert_eq!(locked.state.remaining(NOW), Some(Duration::from_mins(5)));
        // While it is locked, tries that were under way already change nothing.
        assert_eq!(locked.version, 5);
        assert_eq!(rows(&store, Table::Events, "digest").await, 1);
    }

    #[tokio::test]
    async fn each_further_lock_has_its_event_with_the_person_if_there_is_one() {
        let store = testing::store().await;
        let person = UserId::new(NOW);
        for at in [NOW, NOW + Duration::from_mins(6)] {
            for _ in 0..5 {
                let seen = store.lockout("v1.index").await.unwrap();
                store.count_failure(&failure(Some(person), at), seen).await.unwrap();
            }
        }
        let (events, _) = store.events_of_subject("digest", 10, None).await.unwrap();
        assert_eq!(events.len(), 2);
        assert!(events.iter().all(|event| event.r#type == EventType::UserLockedOut && event.person == Some(person)));
    }
}
