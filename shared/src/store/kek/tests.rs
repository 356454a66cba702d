//! Generations of key-encryption keys over a real table and a key service.

use crate::crypto::random::RandomId;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::{join_all, try_join_all};

use super::*;
use crate::{
    crypto::wrap::MAX_AGE,
    domain::id::UserId,
    error::Error,
    store::{
        person_key::{self, KeyItem},
        rewrap::RenewalBounds,
        rotation_cause::RotationCause,
        testing::{self, FakeKms},
    },
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
const PROFILE: KeyPurpose = KeyPurpose::Profile;

async fn store_with_keys() -> (Store, FakeKms) {
    let (store, kms) = testing::store_with_kms().await;
    store.renew_keks(RotationCause::Age, NOW, RenewalBounds::default()).await.unwrap();
    (store, kms)
}

/// A key of somebody new, stored.
async fn person(store: &Store, purpose: KeyPurpose, now: Timestamp) -> Result<UserId> {
    let user = UserId::new(now);
    let (_, item) = store.new_person_key(&user, purpose, now).await?;
    store.db.put_item().table_name("keys").set_item(Some(item)).send().await.unwrap();
    Ok(user)
}

async fn change(store: &Store, at: &Key, update: &str, value: AttributeValue) {
    let request = store.db.update_item().table_name("keys").set_key(Some(at.to_item()));
    request.update_expression(update).expression_attribute_values(":value", value).send().await.unwrap();
}

#[tokio::test]
async fn the_first_use_of_a_process_costs_one_call_to_kms_and_later_ones_nothing() {
    let (made_by, kms) = store_with_keys().await;
    let people = try_join_all((0..40).map(|_| person(&made_by, PROFILE, NOW))).await.unwrap();
    let store = testing::other_process(&made_by);
    let before = kms.decrypted();
    // At once, and of all shards.
    let keys = join_all(people.iter().map(|user| store.read_person_key(user, PROFILE, NOW))).await;
    assert!(keys.iter().all(Result::is_ok));
    assert_eq!(kms.decrypted() - before, 1);
    // Nothing is read any more either: the keys could not be found again.
    made_by
        .db
        .delete_item()
        .table_name("keys")
        .set_key(Some(generation_key(PROFILE, 1).to_item()))
        .send()
        .await
        .unwrap();
    let almost = NOW + MAX_AGE - Duration::from_secs(1);
    store.read_person_key(&people[7], PROFILE, almost).await.unwrap();
    person(&store, PROFILE, almost).await.unwrap();
    assert_eq!(kms.decrypted() - before, 1);
    assert!(store.read_person_key(&people[7], PROFILE, NOW + MAX_AGE).await.is_err(), "old keys must not serve");
}

#[tokio::test]
async fn keys_loaded_ahead_serve_both_new_and_known_people() {
    let (made_by, kms) = store_with_keys().await;
    let user = person(&made_by, KeyPurpose::Evidence, NOW).await.unwrap();
    let store = testing::other_process(&made_by);
    let before = kms.decrypted();
    store.preload_keks(&[PROFILE, KeyPurpose::Evidence], NOW).await;
    assert_eq!(kms.decrypted() - before, 2);
    store.read_person_key(&user, KeyPurpose::Evidence, NOW).await.unwrap();
    person(&store, PROFILE, NOW).await.unwrap();
    assert_eq!(kms.decrypted() - before, 2);
}

#[tokio::test]
async fn of_two_processes_that_make_the_first_keys_at_once_one_wins_and_both_use_them() {
    let (one, _kms) = testing::store_with_kms().await;
    let other = testing::other_process(&one);
    let runs =
        join_all([&one, &other].map(|store| store.renew_keks(RotationCause::Age, NOW, RenewalBounds::default()))).await;
    let made: u32 = runs.into_iter().map(|run| run.unwrap().made).sum();
    assert_eq!(made, 2, "one of each purpose");
    let user = person(&one, PROFILE, NOW).await.unwrap();
    other.read_person_key(&user, PROFILE, NOW).await.unwrap();
    let user = person(&other, PROFILE, NOW).await.unwrap();
    one.read_person_key(&user, PROFILE, NOW).await.unwrap();
}

#[tokio::test]
async fn a_race_for_the_same_generation_leaves_the_winner_s_keys() {
    let (one, _kms) = testing::store_with_kms().await;
    let other = testing::other_process(&one);
    let made = join_all((0..8).map(|n| [&one, &other][n % 2].make_generation(PROFILE, 1, NOW))).await;
    assert_eq!(made.into_iter().filter(|made| *made.as_ref().unwrap()).count(), 1);
    let (here, there) = (one.newest_generation(PROFILE, NOW).await, other.newest_generation(PROFILE, NOW).await);
    assert_eq!(here.unwrap().kek(9).expose(), there.unwrap().kek(9).expose());
}

#[tokio::test]
async fn without_keys_nobody_is_registered() {
    let (store, _kms) = testing::store_with_kms().await;
    let refused = person(&store, PROFILE, NOW).await.unwrap_err();
    assert!(matches!(refused, Error::Internal(Internal::Unavailable(_))), "{refused:?}");
    assert!(store.generations(PROFILE).await.unwrap().is_empty(), "only the rotation makes keys");
}

#[tokio::test]
async fn damaged_keys_fail_closed() {
    let (store, _kms) = store_with_keys().await;
    let user = person(&store, PROFILE, NOW).await.unwrap();
    let at = generation_key(PROFILE, 1);
    let (_, whole) = store.generations(PROFILE).await.unwrap().remove(0);
    let bytes = |bytes: &[u8]| AttributeValue::B(bytes.to_vec().into());
    let list = |keks: &[ByteBuf]| AttributeValue::L(keks.iter().map(|kek| bytes(kek)).collect());
    let mut root = whole.root.to_vec();
    *root.last_mut().unwrap() ^= 1;
    let mut swapped = whole.keks.clone();
    swapped.swap(0, 1);
    let mut altered = whole.keks.clone();
    altered[3][20] ^= 1;
    for (update, value) in [
        ("SET root = :value", bytes(&root)),
        ("SET root = :value", bytes(&[])),
        ("SET keks = :value", list(&swapped)),
        ("SET keks = :value", list(&altered)),
        ("SET keks = :value", list(&whole.keks[..15])),
        ("SET keks = :value", list(&[])),
    ] {
        change(&store, &at, update, value).await;
        let cold = testing::other_process(&store);
        assert!(cold.read_person_key(&user, PROFILE, NOW).await.is_err(), "{update}");
        assert!(person(&cold, PROFILE, NOW).await.is_err(), "{update}");
        change(&store, &at, "SET root = :value", bytes(&whole.root)).await;
        change(&store, &at, "SET keks = :value", list(&whole.keks)).await;
    }
    testing::other_process(&store).read_person_key(&user, PROFILE, NOW).await.unwrap();
}

#[tokio::test]
async fn keys_of_one_purpose_do_not_open_under_another() {
    let (store, kms) = store_with_keys().await;
    let user = person(&store, KeyPurpose::Evidence, NOW).await.unwrap();

    // The root key and KEKs of evidence in the place of the profile's: KMS does not open them.
    let item = store.get(Table::Keys, &generation_key(KeyPurpose::Evidence, 1)).await.unwrap().unwrap();
    let mut moved = item.clone();
    moved.extend(generation_key(PROFILE, 1).to_item());
    store.db.put_item().table_name("keys").set_item(Some(moved)).send().await.unwrap();
    let before = kms.decrypted();
    let cold = testing::other_process(&store);
    assert!(cold.newest_generation(PROFILE, NOW).await.is_err());
    assert_eq!(kms.decrypted() - before, 1, "it was KMS that refused");

    // A person's evidence key that says it is their profile key.
    let mut stored: KeyItem =
        store.get_as(Table::Keys, &person_key::key(&user, KeyPurpose::Evidence)).await.unwrap().unwrap();
    assert!(store.person_key(Some(&stored), NOW).await.is_ok());
    stored.purpose = "profile".to_owned();
    assert!(store.person_key(Some(&stored), NOW).await.is_err());
    stored.purpose = "evidence".to_owned();
    stored.owner = UserId::new(NOW).to_string();
    assert!(store.person_key(Some(&stored), NOW).await.is_err());
}

#[tokio::test]
async fn an_unknown_generation_is_not_taken_for_the_newest() {
    let (store, _kms) = store_with_keys().await;
    let refused = store.generation(PROFILE, 2, NOW).await.unwrap_err();
    assert!(matches!(refused, Error::Internal(Internal::Corrupt(_))), "{refused:?}");
}
