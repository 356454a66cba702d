//! Rotation of key-encryption keys over a real table, with people registering and runs dying in between.

use crate::crypto::random::RandomId;
use std::collections::BTreeSet;

use futures::future::{join_all, try_join_all};

use super::*;
use crate::{
    crypto::field::Place,
    domain::id::UserId,
    store::{person_key::PersonKey, testing},
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
const PROFILE: KeyPurpose = KeyPurpose::Profile;
const PLACE: Place<'_> = Place { table: "identity", partition: "U#1", sort: "PROFILE", attribute: "email" };
const DAY: Duration = Duration::from_hours(24);

/// Somebody with a key, and something encrypted under it.
struct KeyOwner {
    user: UserId,
    sealed: Vec<u8>,
}

async fn register(store: &Store, now: Timestamp) -> KeyOwner {
    let user = UserId::new(now);
    let (key, item) = store.new_person_key(&user, PROFILE, now).await.unwrap();
    store.db.put_item().table_name("keys").set_item(Some(item)).send().await.unwrap();
    KeyOwner { user, sealed: key.seal(&PLACE, b"ada@example.com") }
}

async fn key_of_person(store: &Store, person: &KeyOwner, now: Timestamp) -> PersonKey {
    store.read_person_key(&person.user, PROFILE, now).await.unwrap()
}

async fn assert_readable(store: &Store, people: &[KeyOwner], now: Timestamp) {
    for person in people {
        let key = key_of_person(store, person, now).await;
        assert_eq!(key.open(&PLACE, &person.sealed).unwrap().as_slice(), b"ada@example.com");
    }
}

/// Generations that wrap somebody's profile key.
async fn in_use(store: &Store, people: &[KeyOwner]) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    for person in people {
        numbers.insert(field::key_version(&stored(store, person).await.wrapped).unwrap());
    }
    numbers
}

async fn stored(store: &Store, person: &KeyOwner) -> KeyItem {
    store.get_as(Table::Keys, &person_key::key(&person.user, PROFILE)).await.unwrap().unwrap()
}

async fn generations(store: &Store) -> Vec<u32> {
    store.generations(PROFILE).await.unwrap().into_iter().map(|(number, _)| number).collect()
}

async fn run(store: &Store, now: Timestamp) -> RenewalCounts {
    store.renew_keks(RotationCause::Age, now, RenewalBounds::default()).await.unwrap()
}

/// First keys, and people wrapped under them.
async fn with_people(count: usize) -> (Store, testing::FakeKms, Vec<KeyOwner>) {
    let (store, kms) = testing::store_with_kms().await;
    run(&store, NOW).await;
    let people = join_all((0..count).map(|_| register(&store, NOW))).await;
    (store, kms, people)
}

#[tokio::test]
async fn keys_rotate_by_age_in_three_runs() {
    let (store, _kms, people) = with_people(40).await;
    assert_eq!(run(&store, NOW + IN_USE_FOR - Duration::from_secs(1)).await, RenewalCounts::default());
    let due = NOW + IN_USE_FOR;
    assert_eq!(run(&store, due).await, RenewalCounts { made: 2, ..RenewalCounts::default() });
    assert_eq!(generations(&store).await, [2, 1]);
    assert_eq!(
        run(&store, due + SETTLING - Duration::from_secs(1)).await,
        RenewalCounts::default(),
        "too early to move keys"
    );

    assert_eq!(run(&store, due + DAY).await, RenewalCounts { moved: 40, removed: 1, ..RenewalCounts::default() });
    assert_eq!(in_use(&store, &people).await, [2].into());
    assert_eq!(generations(&store).await, [2, 1], "calls under way may need the old one still");
    assert_readable(&testing::other_process(&store), &people, due + DAY).await;

    assert_eq!(run(&store, due + DAY * 2).await, RenewalCounts { removed: 1, ..RenewalCounts::default() });
    assert_eq!(generations(&store).await, [2]);
    assert_readable(&testing::other_process(&store), &people, due + DAY * 2).await;
    assert_eq!(run(&store, due + DAY * 3).await, RenewalCounts::default());
}

#[tokio::test]
async fn an_order_makes_one_generation_and_people_keep_their_keys() {
    let (store, _kms, people) = with_people(5).await;
    let order = async |now| store.renew_keks(RotationCause::Order, now, RenewalBounds::default()).await.unwrap();
    assert_eq!(
        order(NOW + SETTLING - Duration::from_secs(1)).await,
        RenewalCounts::default(),
        "the first ones are new"
    );
    let ordered = NOW + SETTLING;
    assert_eq!(order(ordered).await, RenewalCounts { made: 2, ..RenewalCounts::default() });
    assert_eq!(order(ordered).await, RenewalCounts::default(), "given twice");
    assert_eq!(run(&store, ordered + SETTLING).await.moved, 5);
    run(&store, ordered + SETTLING * 3).await;
    assert_eq!(generations(&store).await, [2]);
    assert_readable(&testing::other_process(&store), &people, ordered + SETTLING * 3).await;
}

#[tokio::test]
async fn a_process_with_old_keys_in_memory_goes_on_during_a_rotation() {
    let (store, _kms, mut people) = with_people(3).await;
    let due = NOW + IN_USE_FOR;
    let old = testing::other_process(&store);
    old.preload_keks(&[PROFILE], due).await;
    run(&store, due).await;
    // Within five minutes it wraps with what it has, and reads what others wrap with the new keys.
    let soon = due + Duration::from_mins(4);
    people.push(register(&old, soon).await);
    people.push(register(&testing::other_process(&store), soon).await);
    assert_eq!(in_use(&store, &people).await, [1, 2].into());
    assert_readable(&old, &people, soon).await;
    // After that it wraps with the new ones.
    people.push(register(&old, due + Duration::from_mins(10)).await);
    assert_eq!(in_use(&store, &people[5..]).await, [2].into());
    assert_eq!(run(&store, due + SETTLING).await.moved, 4);
    assert_eq!(in_use(&store, &people).await, [2].into());
    run(&store, due + DAY).await;
    assert_eq!(generations(&store).await, [2]);
    assert_readable(&old, &people, due + DAY).await;
}

#[tokio::test]
async fn a_call_that_read_a_key_before_it_moved_can_still_open_it() {
    let (store, _kms, people) = with_people(1).await;
    run(&store, NOW + IN_USE_FOR).await;
    let late = NOW + IN_USE_FOR + DAY;
    let read_before = stored(&store, &people[0]).await;
    assert_eq!(run(&store, late).await.moved, 1);
    // A second run right after finds nothing, and must not remove the old keys for that.
    run(&store, late + Duration::from_secs(1)).await;
    let cold = testing::other_process(&store);
    let key = cold.person_key(Some(&read_before), late).await.unwrap();
    assert!(key.open(&PLACE, &people[0].sealed).is_ok());
}

#[tokio::test]
async fn a_run_that_ends_half_way_is_gone_on_with() {
    let (store, _kms, people) = with_people(30).await;
    run(&store, NOW + IN_USE_FOR).await;
    let late = NOW + IN_USE_FOR + DAY;
    let short = RenewalBounds { run_for: Duration::ZERO, page: 4 };
    let mut moved = 0;
    for step in 0..60 {
        // Each step is another process that is killed after one page of a purpose.
        let killed = testing::other_process(&store);
        let renewed = killed.renew_keks(RotationCause::Age, late + Duration::from_secs(step), short).await.unwrap();
        assert!(renewed.moved <= 4);
        moved += renewed.moved;
        assert_readable(&store, &people, late).await;
        if moved == 30 {
            break;
        }
        assert!(generations(&store).await.contains(&1), "still needed");
    }
    assert_eq!(moved, 30, "no key is moved twice, and none is left");
    assert_eq!(in_use(&store, &people).await, [2].into());
    run(&store, late + DAY).await;
    run(&store, late + DAY * 2).await;
    assert_eq!(generations(&store).await, [2]);
    assert_readable(&testing::other_process(&store), &people, late + DAY * 2).await;
}

#[tokio::test]
async fn runs_at_once_move_each_key_once_while_people_register() {
    let (store, _kms, mut people) = with_people(50).await;
    run(&store, NOW + IN_USE_FOR).await;
    let late = NOW + IN_USE_FOR + DAY;
    let processes: Vec<_> = (0..3).map(|_| testing::other_process(&store)).collect();
    let bounds = RenewalBounds { page: 7, ..RenewalBounds::default() };
    let runs = try_join_all(processes.iter().map(|process| process.renew_keks(RotationCause::Age, late, bounds)));
    let newcomers = testing::other_process(&store);
    let (runs, new) = tokio::join!(runs, join_all((0..20).map(|_| register(&newcomers, late))));
    people.extend(new);
    assert_eq!(runs.unwrap().iter().map(|run| run.moved).sum::<u32>(), 50);
    assert_eq!(in_use(&store, &people).await, [2].into());
    assert_readable(&testing::other_process(&store), &people, late).await;
}

#[tokio::test]
async fn a_key_that_was_erased_meanwhile_does_not_come_back() {
    let (store, _kms, people) = with_people(1).await;
    run(&store, NOW + IN_USE_FOR).await;
    let (at, read) = (person_key::key(&people[0].user, PROFILE), stored(&store, &people[0]).await);
    store.db.delete_item().table_name("keys").set_key(Some(at.to_item())).send().await.unwrap();
    let run = RenewalRun {
        cause: RotationCause::Age,
        store: &store,
        now: NOW + IN_USE_FOR + DAY,
        began: Instant::now(),
        bounds: RenewalBounds::default(),
        renewed: RenewalCounts::default(),
    };
    assert_eq!(run.rewrap(PROFILE, 2, &at, &Ok(read)).await.unwrap(), RewrapResult::ChangedMeanwhile);
    assert!(store.get(Table::Keys, &at).await.unwrap().is_none());
}

#[tokio::test]
async fn a_key_that_does_not_open_holds_up_no_other_and_keeps_its_generation() {
    let (store, _kms, people) = with_people(20).await;
    run(&store, NOW + IN_USE_FOR).await;
    let at = person_key::key(&people[7].user, PROFILE);
    let mut altered = stored(&store, &people[7]).await.wrapped.to_vec();
    *altered.last_mut().unwrap() ^= 1;
    let update = store.db.update_item().table_name("keys").set_key(Some(at.to_item()));
    let value = AttributeValue::B(Blob::new(altered.clone()));
    let update = update.update_expression("SET #wrapped = :value").expression_attribute_names("#wrapped", "wrapped");
    update.expression_attribute_values(":value", value).send().await.unwrap();

    let late = NOW + IN_USE_FOR + DAY;
    let renewed = run(&store, late).await;
    assert_eq!((renewed.moved, renewed.damaged), (19, 1));
    assert_eq!(run(&store, late + DAY).await, RenewalCounts { damaged: 1, ..RenewalCounts::default() });
    assert_eq!(generations(&store).await, [2, 1], "a repaired key must open again");
    assert_eq!(*stored(&store, &people[7]).await.wrapped, altered);
}

#[tokio::test]
async fn an_item_of_another_shape_holds_up_no_key() {
    let (store, _kms, people) = with_people(3).await;
    run(&store, NOW + IN_USE_FOR).await;
    for (name, wrapped) in
        [("text", Some(text("x"))), ("nothing", None), ("short", Some(AttributeValue::B(Blob::new(b"\x01".to_vec()))))]
    {
        let mut item = Key::new(format!("P#{name}"), "profile").to_item();
        item.insert("owner".into(), text("x"));
        item.insert("purpose".into(), text("profile"));
        item.extend(wrapped.map(|wrapped| ("wrapped".to_owned(), wrapped)));
        store.db.put_item().table_name("keys").set_item(Some(item)).send().await.unwrap();
    }
    let renewed = run(&store, NOW + IN_USE_FOR + DAY).await;
    assert_eq!((renewed.moved, renewed.damaged), (3, 3));
    assert_eq!(in_use(&store, &people).await, [2].into());
}

#[tokio::test]
async fn damaged_keys_of_one_purpose_stop_no_other() {
    let (store, _kms, people) = with_people(3).await;
    let due = NOW + IN_USE_FOR;
    let at = generation_key(KeyPurpose::Profile, 1);
    let update = store.db.update_item().table_name("keys").set_key(Some(at.to_item())).update_expression("REMOVE keks");
    update.send().await.unwrap();
    assert!(store.renew_keks(RotationCause::Age, due, RenewalBounds::default()).await.is_err());
    assert_eq!(store.generations(KeyPurpose::Evidence).await.unwrap().len(), 2);
    assert!(store.read_person_key(&people[0].user, PROFILE, due).await.is_err());
}
