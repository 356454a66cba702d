//! Tries over a real table: at once, settled, given back, told to the log.

use super::*;
use crate::crypto::random::RandomId;
use crate::store::{
    event::EventRecord,
    item::{ItemQuery, Sort},
    testing,
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
const IDENTIFIER: &str = "v1.index";
const HERE: &str = "network";

fn failure(person: Option<UserId>, now: Timestamp) -> Failure<'static> {
    Failure { locks: "locks", failures: "failures", network: HERE, person, now, correlation_id: "correlation" }
}

async fn reserve(store: &Store, now: Timestamp) -> ReservedTry {
    store.reserve_try(IDENTIFIER, now).await.unwrap().unwrap()
}

async fn fail(store: &Store, person: Option<UserId>, now: Timestamp) {
    let tried = reserve(store, now).await;
    store.count_failure(&tried, &failure(person, now)).await.unwrap();
}

async fn events(store: &Store, subject: &str) -> Vec<EventRecord> {
    store.events_of_subject(subject, 100, None).await.unwrap().0
}

async fn rows(store: &Store, table: Table, partition: &str) -> usize {
    let query = ItemQuery {
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
async fn of_sixty_tries_at_once_five_are_let_in() {
    let store = testing::store().await;
    let all = futures::future::try_join_all((0..60).map(|_| store.reserve_try(IDENTIFIER, NOW))).await.unwrap();
    let (granted, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!(granted.len(), 5);
    assert!(refused.iter().all(|one| one.as_ref().is_err_and(|refused| refused.in_flight)));

    // All of them wrong, and settled at once: each counts, and the one that locks writes the only event of it.
    let failure = failure(None, NOW);
    let granted: Vec<_> = granted.into_iter().map(Result::unwrap).collect();
    let settled = granted.iter().map(|tried| store.count_failure(tried, &failure));
    futures::future::try_join_all(settled).await.unwrap();
    let locked = store.lockout(IDENTIFIER).await.unwrap();
    assert_eq!(locked.state.remaining(NOW), Some(Duration::from_mins(5)));
    assert!(locked.state.reserved.is_empty() && locked.state.failures.is_empty());
    assert_eq!(events(&store, "locks").await.len(), 1);
    assert!(store.reserve_try(IDENTIFIER, NOW).await.unwrap().is_err());
}

async fn succeed(store: &Store, network: &str, now: Timestamp) {
    let tried = reserve(store, now).await;
    store.count_success(&tried, network, now).await.unwrap();
}

#[tokio::test]
async fn a_try_that_is_given_back_or_succeeds_leaves_nothing_behind() {
    let store = testing::store().await;
    for _ in 0..12 {
        let tried = reserve(&store, NOW).await;
        store.give_back(&tried, NOW).await.unwrap();
        succeed(&store, HERE, NOW).await;
    }
    let item = store.get(Table::Ephemeral, &key(IDENTIFIER)).await.unwrap();
    assert!(item.is_none(), "{item:?}");
}

#[tokio::test]
async fn a_right_password_forgives_failures_of_its_own_network_only() {
    let store = testing::store().await;
    for _ in 0..4 {
        fail(&store, None, NOW).await;
    }
    succeed(&store, HERE, NOW).await;
    assert!(store.lockout(IDENTIFIER).await.unwrap().state.failures.is_empty());

    for _ in 0..4 {
        fail(&store, None, NOW).await;
    }
    succeed(&store, "the owner's network", NOW).await;
    fail(&store, None, NOW).await;
    assert!(store.lockout(IDENTIFIER).await.unwrap().state.remaining(NOW).is_some(), "the fifth failure locks");
}

#[tokio::test]
async fn a_success_keeps_what_others_count_meanwhile() {
    let store = testing::store().await;
    let owner = reserve(&store, NOW).await;
    fail(&store, None, NOW).await;
    let other = reserve(&store, NOW + Duration::from_secs(1)).await;
    store.count_success(&owner, "the owner's network", NOW).await.unwrap();
    let state = store.lockout(IDENTIFIER).await.unwrap().state;
    assert_eq!((state.failures.len(), state.reserved.len()), (1, 1));
    store.count_failure(&other, &failure(None, NOW)).await.unwrap();
    assert_eq!(store.lockout(IDENTIFIER).await.unwrap().state.failures.len(), 2);
}

#[tokio::test]
async fn a_failure_counts_after_its_item_was_deleted() {
    let store = testing::store().await;
    let old = reserve(&store, NOW).await;
    store.commit(NOW, "correlation").clear(Table::Ephemeral, &key(IDENTIFIER)).run().await.unwrap();
    for _ in 0..4 {
        fail(&store, None, NOW).await;
    }
    store.count_failure(&old, &failure(None, NOW)).await.unwrap();
    assert!(store.lockout(IDENTIFIER).await.unwrap().state.remaining(NOW).is_some(), "the fifth failure locks");
}

#[tokio::test]
async fn each_further_lock_has_its_event_with_the_person_if_there_is_one() {
    let store = testing::store().await;
    let person = UserId::new(NOW);
    for at in [NOW, NOW + Duration::from_mins(6)] {
        for _ in 0..5 {
            fail(&store, Some(person), at).await;
        }
    }
    let events = events(&store, "locks").await;
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.r#type == EventType::UserLockedOut && event.person == Some(person)));
}

#[tokio::test]
async fn failures_of_a_person_are_one_event_a_quarter_of_an_hour_whatever_lies_between() {
    let store = testing::store().await;
    let person = UserId::new(NOW);
    for minutes in [0, 1, 2, 16, 17, 31] {
        let now = NOW + Duration::from_mins(minutes);
        fail(&store, Some(person), now).await;
        // A success between them forgives the failures and keeps the time of their event.
        succeed(&store, HERE, now).await;
    }
    // Even where the item was lost.
    let clear = store.commit(NOW, "correlation").clear(Table::Ephemeral, &key(IDENTIFIER));
    clear.run().await.unwrap();
    fail(&store, Some(person), NOW + Duration::from_mins(32)).await;
    assert_eq!(store.lockout(IDENTIFIER).await.unwrap().state.failures.len(), 1);
    let events = events(&store, "failures").await;
    let from: Vec<_> = events.iter().map(|event| event.data["from"].as_str().unwrap()).collect();
    assert_eq!(from, ["2026-03-01T10:00:00.000Z", "2026-03-01T09:45:00.000Z", "2026-03-01T09:30:00.000Z"]);
    assert!(events.iter().all(|event| event.r#type == EventType::UserSignInFailed && event.person == Some(person)));
}

#[tokio::test]
async fn of_nobody_s_identifier_the_log_is_told_of_locks_only() {
    let store = testing::store().await;
    for _ in 0..5 {
        fail(&store, None, NOW).await;
    }
    assert_eq!(rows(&store, Table::Events, "failures").await, 0);
    assert_eq!(rows(&store, Table::Events, "locks").await, 1);
}
