use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn missed_minutes_are_caught_up_with_a_bounded_number_at_a_time() {
    let (mark, now) = (at("2026-03-01T09:00:00.000Z"), at("2026-03-01T09:30:20.000Z"));
    let all = minutes(mark, now, 1000);
    assert_eq!(all.len(), 31);
    assert_eq!(all[0], mark);
    assert_eq!(all[30], at("2026-03-01T09:30:00.000Z"));
    assert_eq!(next_mark(mark, all[30], now), now - LAG);

    let some = minutes(mark, now, 10);
    assert_eq!(some.len(), 10);
    assert_eq!(next_mark(mark, some[9], now), at("2026-03-01T09:10:00.000Z"));
}

#[test]
fn the_mark_never_goes_back_nor_comes_near_the_present() {
    let now = at("2026-03-01T09:30:20.000Z");
    let mark = now - Duration::from_secs(30);
    assert_eq!(next_mark(mark, now, now), mark);
    assert!(next_mark(now - Duration::from_hours(1), now, now) <= now - LAG);
}

#[test]
fn a_row_stands_in_the_minute_it_is_due_in() {
    let message = Message { key: "evt_1".to_owned(), correlation_id: "c".into(), body: () };
    let row = DueRow::new(Queue::Verification, at("2026-03-01T09:30:59.999Z"), &message).unwrap();
    assert!(row.at().pk.starts_with("DUE#2026-03-01T09:30#0"));
    assert_eq!(row.at().sk, "evt_1");
}

/// The rows of all minutes of a round, closed as the worker does.
async fn work_off(store: &Store, now: Timestamp) -> Vec<String> {
    let round = store.due_round(now, 1000).await.unwrap();
    let mut keys = Vec::new();
    for minute in &round.minutes {
        for shard in 0..DUE_SHARDS {
            for found in store.due_rows(*minute, shard, None).await.unwrap().0 {
                let row = found.row.unwrap();
                if row.due_at <= now {
                    store.close_due(&row).await.unwrap();
                    keys.push(row.key);
                }
            }
        }
    }
    store.end_due_round(&round, None).await.unwrap();
    keys
}

fn row(key: &str, due_at: Timestamp) -> Result<DueRow> {
    DueRow::new(
        Queue::Verification,
        due_at,
        &Message { key: key.to_owned(), correlation_id: "correlation".into(), body: () },
    )
}

#[tokio::test]
async fn a_row_is_found_when_its_time_has_come_and_once() {
    let store = crate::store::testing::store().await;
    let now = at("2026-03-01T09:30:20.000Z");
    let due = now + Duration::from_mins(30);
    for key in ["one", "two"] {
        store.commit(now, "correlation").due(row(key, due)).run().await.unwrap();
    }
    // A worker that died after its commit writes the same row again.
    store.commit(now, "correlation").due(row("one", due)).run().await.unwrap();
    store.commit(now, "correlation").due(row("past", now - Duration::from_hours(2))).run().await.unwrap();

    assert_eq!(work_off(&store, now).await, ["past"]);
    assert!(work_off(&store, due - Duration::from_secs(1)).await.is_empty(), "not before its time, minute or not");
    let mut found = work_off(&store, due).await;
    found.sort();
    assert_eq!(found, ["one", "two"]);
    assert!(work_off(&store, due + MINUTE).await.is_empty());
}

#[tokio::test]
async fn rows_of_minutes_in_which_nobody_ran_are_found() {
    let store = crate::store::testing::store().await;
    let now = at("2026-03-01T09:30:20.000Z");
    work_off(&store, now).await;
    store.commit(now, "correlation").due(row("one", now + Duration::from_mins(20))).run().await.unwrap();
    assert_eq!(work_off(&store, now + Duration::from_hours(7)).await, ["one"]);
}

#[tokio::test]
async fn a_round_that_died_before_its_end_is_done_again() {
    let store = crate::store::testing::store().await;
    let now = at("2026-03-01T09:30:20.000Z");
    let due = now + Duration::from_mins(20);
    store.commit(now, "correlation").due(row("one", due)).run().await.unwrap();
    // Sent, but neither deleted nor marked.
    let died = store.due_round(due, 1000).await.unwrap();
    assert_eq!(work_off(&store, due + MINUTE).await, ["one"]);
    // Its mark, come late, does not move what has moved on.
    store.end_due_round(&died, None).await.unwrap();
    let after = store.due_round(due + MINUTE, 1000).await.unwrap();
    assert_eq!(after.read, Some(due + MINUTE - LAG));
}

async fn found(store: &Store, minute: Timestamp) -> Vec<StoredDueRow> {
    let mut all = Vec::new();
    for shard in 0..DUE_SHARDS {
        all.extend(store.due_rows(minute, shard, None).await.unwrap().0);
    }
    all
}

#[tokio::test]
async fn the_mark_stays_before_what_was_not_worked_off_and_goes_on_after_it() {
    let store = crate::store::testing::store().await;
    let now = at("2026-03-01T09:30:20.000Z");
    let round = store.due_round(now, 1000).await.unwrap();
    let left = now - Duration::from_mins(30);
    store.end_due_round(&round, Some(left)).await.unwrap();
    let next = store.due_round(now + MINUTE, 1000).await.unwrap();
    assert_eq!(next.read, Some(left));
    store.end_due_round(&next, None).await.unwrap();
    assert_eq!(store.due_round(now + MINUTE, 1000).await.unwrap().read, Some(now + MINUTE - LAG));
}

#[tokio::test]
async fn a_row_that_could_not_be_sent_comes_later_and_later_but_comes() {
    let store = crate::store::testing::store().await;
    let mut now = at("2026-03-01T09:30:20.000Z");
    store.commit(now, "correlation").due(row("one", now)).run().await.unwrap();
    let mut waits = Vec::new();
    for _ in 0..6 {
        let [StoredDueRow { row: Ok(due), .. }] = &found(&store, now).await[..] else { panic!("one row") };
        store.put_off_due(due, now).await.unwrap();
        // A round that read it before finds it moved.
        store.put_off_due(due, now).await.unwrap();
        let next = due.put_off(now).due_at;
        waits.push(next.since(now).as_secs() / 60);
        now = next;
    }
    assert_eq!(waits, [1, 2, 4, 8, 15, 15]);
    assert_eq!(found(&store, now).await.len(), 1);
    assert_eq!(work_off(&store, now).await, ["one"]);
}

#[tokio::test]
async fn a_row_that_can_never_be_sent_is_kept_with_its_reason_and_hides_nothing() {
    let store = crate::store::testing::store().await;
    let now = at("2026-03-01T09:30:20.000Z");
    store.commit(now, "correlation").due(row("good", now)).run().await.unwrap();
    let bad: Item = Key::new(partition(now, 0), "bad").to_item();
    let bad = bad.into_iter().chain([("due_at".to_owned(), text("soon")), ("message".to_owned(), text("{}"))]);
    let put = store.db().put_item().table_name(store.name(Table::Outbound)).set_item(Some(bad.collect()));
    put.send().await.unwrap();
    let rows = found(&store, now).await;
    let broken = rows.iter().find(|found| found.row.is_err()).unwrap();
    for _ in 0..2 {
        store.set_due_aside(broken, "it does not read", now).await.unwrap();
    }
    assert_eq!(work_off(&store, now).await, ["good"]);
    let key = Key::new(SET_ASIDE, format!("{}#bad", partition(now, 0)));
    let kept = store.get(Table::Outbound, &key).await.unwrap().unwrap();
    assert_eq!(kept["message"], text("{}"));
    assert_eq!(kept["reason"], text("it does not read"));
}
