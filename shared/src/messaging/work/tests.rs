//! The harness of queues when AWS hangs, throttles or loses answers.

use std::sync::Mutex;

use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::{
    config::names::Queue,
    error::Error,
    function::Every,
    scripted::{AwsCall, AwsReply, ScriptedAws},
};

const LONGEST: Duration = Duration::from_secs(9);

fn healthy(_: &AwsCall) -> AwsReply {
    AwsReply::Ok(json!({}))
}

fn batch(bodies: &[Value]) -> Value {
    let record = |(number, body): (usize, &Value)| {
        json!({
            "messageId": format!("id-{number}"), "body": body.to_string(),
            "attributes": {"ApproximateReceiveCount": "4"},
        })
    };
    json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() })
}

fn messages(count: usize) -> Vec<Value> {
    (0..count).map(|n| json!({"key": format!("evt_{n}"), "correlation_id": "c", "body": null})).collect()
}

/// The result, the ids of failed messages, and the messages that were put back.
async fn run(
    script: &ScriptedAws,
    worker: &Worker,
    bodies: &[Value],
    time: Duration,
) -> (InvocationResult, Vec<String>, Vec<Value>) {
    let ran = worker.invoke(script.app(), batch(bodies), Timestamp::now() + time).await.unwrap();
    let failures = ran.answer["batchItemFailures"].as_array().unwrap();
    let failed = failures.iter().map(|one| one["itemIdentifier"].as_str().unwrap().to_owned()).collect();
    let sent = script.calls_of("SendMessage").iter().map(|call| call.body.clone()).collect();
    (ran, failed, sent)
}

fn body_of(sent: &Value) -> Value {
    serde_json::from_str(sent["MessageBody"].as_str().unwrap()).unwrap()
}

fn ids(numbers: &[usize]) -> Vec<String> {
    numbers.iter().map(|number| format!("id-{number}")).collect()
}

async fn forever(_: &'static App, _: Delivery<()>) -> Result<TaskOutcome> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn a_batch_ends_before_its_function_and_messages_that_were_not_started_are_put_back_uncounted() {
    let script = ScriptedAws::new(healthy);
    let worker = Worker::of_queue("workers-test", Queue::Notification, LONGEST, forever);
    let began = Instant::now();
    // 20 s: two rounds of four fit; the last two messages would not end in time.
    let (ran, mut failed, sent) = run(&script, &worker, &messages(10), Duration::from_secs(20)).await;
    assert!(began.elapsed() < Duration::from_secs(19), "{:?}", began.elapsed());
    failed.sort();
    assert_eq!(failed, ids(&[0, 1, 2, 3, 4, 5, 6, 7]));
    assert_eq!((ran.succeeded, ran.failed, ran.postponed), (0, 8, 2));
    let back: Vec<_> = sent.iter().map(body_of).collect();
    assert_eq!(back.iter().map(|body| body["key"].as_str().unwrap()).collect::<Vec<_>>(), ["evt_8", "evt_9"]);
    assert!(back.iter().all(|body| body["rounds"] == 1 && body["body"].is_null()));
    // Claims of started messages stay; the others were not claimed.
    assert_eq!((script.calls_of("UpdateItem").len(), script.calls_of("DeleteItem").len()), (8, 0));
}

#[tokio::test(start_paused = true)]
async fn a_message_succeeds_while_others_of_its_batch_hang() {
    let script = ScriptedAws::new(healthy);
    let worker =
        Worker::of_queue("workers-test", Queue::Notification, LONGEST, |_, delivery: Delivery<()>| async move {
            if delivery.key.ends_with(['1', '5', '9']) { std::future::pending().await } else { Ok(TaskOutcome::Done) }
        });
    let (ran, mut failed, sent) = run(&script, &worker, &messages(10), Duration::from_secs(30)).await;
    failed.sort();
    assert_eq!((failed, sent.len()), (ids(&[1, 5, 9]), 0));
    assert_eq!((ran.succeeded, ran.failed, ran.postponed), (7, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_function_with_too_little_time_starts_some_messages_and_drops_them_in_time() {
    let script = ScriptedAws::new(healthy);
    let worker = Worker::of_queue("workers-test", Queue::Notification, LONGEST, forever);
    let began = Instant::now();
    let (ran, _, sent) = run(&script, &worker, &messages(5), Duration::from_secs(5)).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    // This queue takes a message in no time at all, so the fifth is put back at the last moment.
    assert_eq!((ran.succeeded, ran.failed, ran.postponed, sent.len()), (0, 4, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn if_the_queue_hangs_too_messages_that_were_not_started_fail() {
    let script = ScriptedAws::new(|call| if call.operation == "SendMessage" { AwsReply::Hang } else { healthy(call) });
    let worker = Worker::of_queue("workers-test", Queue::Notification, LONGEST, forever);
    let began = Instant::now();
    let (ran, failed, _) = run(&script, &worker, &messages(9), Duration::from_secs(20)).await;
    assert!(began.elapsed() <= Duration::from_secs(19), "{:?}", began.elapsed());
    assert_eq!((failed.len(), ran.postponed), (9, 0));
}

#[tokio::test(start_paused = true)]
async fn a_handler_gets_its_own_deadline_and_not_that_of_the_invocation() {
    static TOLD: Mutex<Vec<Duration>> = Mutex::new(Vec::new());
    let script = ScriptedAws::new(healthy);
    let worker =
        Worker::of_queue("workers-test", Queue::Notification, LONGEST, |_, delivery: Delivery<()>| async move {
            TOLD.lock().unwrap().push(delivery.deadline.since(delivery.now));
            Ok(TaskOutcome::Done)
        });
    run(&script, &worker, &messages(1), Duration::from_secs(30)).await;
    run(&script, &worker, &messages(1), Duration::from_secs(5)).await;
    let told = TOLD.lock().unwrap().clone();
    assert_eq!(told[0], LONGEST);
    assert!(told[1] <= Duration::from_secs(4), "{told:?}");
}

/// Puts each message back after the seconds that its body says.
fn later() -> Worker {
    Worker::of_queue("workers-test", Queue::Verification, LONGEST, |_, delivery: Delivery<u64>| async move {
        Ok(TaskOutcome::Later(Duration::from_secs(delivery.body)))
    })
}

fn message(wait: Duration, rounds: Option<u64>) -> Value {
    let mut message = json!({"key": "evt_1", "correlation_id": "c", "body": wait.as_secs()});
    if let Some(rounds) = rounds {
        message["rounds"] = rounds.into();
    }
    message
}

#[tokio::test(start_paused = true)]
async fn a_message_counts_its_rounds_and_comes_back_a_bounded_number_of_times() {
    let wait = Duration::from_secs(20);
    for (rounds, next) in [(None, Some(1)), (Some(15), Some(16)), (Some(1007), Some(1008)), (Some(1008), None)] {
        let script = ScriptedAws::new(healthy);
        let (ran, failed, sent) = run(&script, &later(), &[message(wait, rounds)], Duration::from_mins(1)).await;
        match next {
            Some(next) => {
                assert_eq!((ran.succeeded, sent.len()), (1, 1));
                assert_eq!(
                    (body_of(&sent[0])["rounds"].as_u64(), sent[0]["DelaySeconds"].as_u64()),
                    (Some(next), Some(20))
                );
                assert_eq!(body_of(&sent[0])["body"], 20);
            }
            None => assert_eq!((failed, sent.len()), (ids(&[0]), 0)),
        }
        // The claim is released each time, so the next delivery is processed.
        assert_eq!(script.calls_of("DeleteItem").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_a_quarter_of_an_hour_is_a_due_row_that_keeps_the_rounds() {
    let script = ScriptedAws::new(healthy);
    let wait = Duration::from_mins(40);
    let (ran, _, sent) = run(&script, &later(), &[message(wait, Some(4))], Duration::from_mins(1)).await;
    assert_eq!((ran.succeeded, sent.len()), (1, 0));
    let commits = script.calls_of("TransactWriteItems");
    let item = &commits[0].body["TransactItems"][0]["Put"]["Item"];
    let due: Timestamp = item["due_at"]["S"].as_str().unwrap().parse().unwrap();
    assert!(due > Timestamp::now() + Duration::from_mins(39));
    assert!(item["pk"]["S"].as_str().unwrap().starts_with(&format!("DUE#{}", due.minute())));
    let kept: Value = serde_json::from_str(item["message"]["S"].as_str().unwrap()).unwrap();
    assert_eq!((&kept["rounds"], &kept["key"]), (&json!(5), &json!("evt_1")));
}

#[tokio::test(start_paused = true)]
async fn a_round_of_a_schedule_ends_before_its_function() {
    let script = ScriptedAws::new(healthy);
    let worker = Worker::of_schedule("workers-test", Every::Minute, |_, _| std::future::pending());
    let began = Instant::now();
    let failed = worker.invoke(script.app(), Value::Null, Timestamp::now() + Duration::from_secs(50)).await;
    assert!(matches!(failed, Err(Error::Internal(Internal::Unavailable(_)))));
    assert!(began.elapsed() <= Duration::from_secs(49));
}
