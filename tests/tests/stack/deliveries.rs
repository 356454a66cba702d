//! Messages that are delivered twice, and invalid messages.

use serde_json::{Value, json};
use verinym::crypto::random::RandomId;
use verinym::domain::{
    id::{DeliveryId, InboundId, WebhookId},
    time::Timestamp,
};
use verinym_tests::{Person, Stack, people::tag, until};

/// The first event of this type of an aggregate.
async fn event(stack: &Stack, aggregate: &str, kind: &str) -> Value {
    let events = stack.aws().events(aggregate).await;
    events.into_iter().find(|event| event["type"] == kind).unwrap_or_else(|| panic!("{kind} of {aggregate}"))
}

/// The event with which Lambda invokes a worker of a queue.
fn batch(messages: &[Value]) -> Value {
    let record = |(at, body): (usize, &Value)| {
        json!({
            "messageId": format!("m{at}"), "receiptHandle": "r", "eventSource": "aws:sqs",
            "body": body.as_str().map_or_else(|| body.to_string(), str::to_owned),
            "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
        })
    };
    json!({"Records": messages.iter().enumerate().map(record).collect::<Vec<_>>()})
}

fn message(key: &str, body: &Value) -> Value {
    json!({"key": key, "correlation_id": "delivered-again", "body": body})
}

fn failures(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect()
}

async fn verified_by_mail(stack: &Stack) -> (Person, Value) {
    let person = stack.person().await;
    stack.mail(&person.draft.email, "welcome", |mail| mail.subject.contains("confirmed")).await;
    let event = event(stack, &person.id, "user.email_verified").await;
    (person, event)
}

#[tokio::test]
async fn a_mail_that_is_asked_for_twice_is_sent_once() {
    let stack = Stack::get();
    let (person, event) = verified_by_mail(&stack).await;
    let before = stack.mails(&person.draft.email).await.len();
    let key = format!("{}#email_verified#mail", event["id"].as_str().unwrap());
    let again = message(&key, &json!({"kind": "notify", "notification": "email_verified", "event": event}));
    for _ in 0..2 {
        let answer = stack.aws().invoke("workers-send-mail", &batch(&[again.clone(), again.clone()])).await;
        assert!(failures(&answer).len() <= 1, "{answer}");
    }
    assert_eq!(stack.mails(&person.draft.email).await.len(), before);
    // And through the queue itself.
    stack.aws().send("notification", &again).await;
    until("the queue to be worked off", async || (stack.aws().depth("notification").await == 0).then_some(())).await;
    assert_eq!(stack.mails(&person.draft.email).await.len(), before);
}

/// Even a worker that has forgotten the message finds that the check has moved on.
#[tokio::test]
async fn a_check_that_is_handed_out_again_is_decided_once() {
    let stack = Stack::get();
    let person = stack.person().await;
    let check = person.check(&format!("OK-{}", tag())).await;
    let id = check["id"].as_str().unwrap();
    person.check_once(id, "approved").await;
    let submitted = event(&stack, id, "kyc.check.submitted").await;
    let staff = stack.moderator().await;
    let history = format!("/v1/admin/kyc/checks/{id}/history");
    let before = staff.all(&history).await;
    let body = json!({"kind": "event", "event": submitted});
    for key in [submitted["id"].as_str().unwrap().to_owned(), format!("forgotten-{}", tag())] {
        let answer = stack.aws().invoke("workers-verify", &batch(&[message(&key, &body)])).await;
        assert!(failures(&answer).is_empty(), "{answer}");
    }
    assert_eq!(staff.all(&history).await, before);
}

/// For the worker of each queue: a message that cannot be read or parsed, or is empty, fails, and the others of its batch are handled.
#[tokio::test]
async fn a_bad_message_fails_alone() {
    let stack = Stack::get();
    let (person, confirmed) = verified_by_mail(&stack).await;
    let document = person.passport(&format!("OK-{}", tag())).await;
    let check = person.api.post("/v1/kyc/checks").json(&json!({"document_ids": [document]})).send().await.expect(201);
    let check = check.json()["id"].as_str().unwrap().to_owned();
    person.check_once(&check, "approved").await;
    let of_event = |event: Value| message(&tag(), &json!({"kind": "event", "event": event}));
    let submitted = event(&stack, &check, "kyc.check.submitted").await;
    let mut of_nothing = submitted.clone();
    of_nothing["subject"] = json!({"type": "callback", "id": InboundId::new(Timestamp::now()).to_string()});
    let welcome = format!("{}#email_verified#mail", confirmed["id"].as_str().unwrap());
    let good = [
        (
            "workers-send-mail",
            message(&welcome, &json!({"kind": "notify", "notification": "email_verified", "event": confirmed})),
        ),
        ("workers-verify", of_event(submitted)),
        ("workers-screen-check", of_event(event(&stack, &check, "kyc.check.screening").await)),
        ("workers-process-document", of_event(event(&stack, &document, "kyc.document.uploaded").await)),
        ("workers-apply-callback", of_event(of_nothing)),
        ("workers-fan-out-event", of_event(event(&stack, &check, "kyc.check.approved").await)),
        (
            "workers-deliver-webhook",
            message(
                &tag(),
                &json!({
                    "webhook": WebhookId::new(Timestamp::now()).to_string(),
                    "delivery": DeliveryId::new(Timestamp::now()).to_string(), "version": 1,
                }),
            ),
        ),
        ("workers-load-list", message(&tag(), &json!({"kind": "compile"}))),
    ];
    for (worker, good) in good {
        let bad = [json!("not JSON {"), json!({"key": "k"}), message(&tag(), &json!({"kind": "nothing"}))];
        let messages = [bad[0].clone(), good, bad[1].clone(), bad[2].clone()];
        let answer = stack.aws().invoke(worker, &batch(&messages)).await;
        let mut failed = failures(&answer);
        failed.sort_unstable();
        assert_eq!(failed, ["m0", "m2", "m3"], "{worker}");
    }
}

/// Streams and delays only make processing faster; these sweeps guarantee it, so they must work at any time.
#[tokio::test]
async fn sweeps_work_at_any_time() {
    let stack = Stack::get();
    for worker in
        ["workers-sweep-outbox", "workers-sweep-checks", "workers-run-due", "workers-expire", "workers-rotate-keys"]
    {
        stack.aws().invoke(worker, &json!({})).await;
    }
    // A rotation that is not due yet leaves everybody signed in.
    let person = stack.person().await;
    stack.aws().invoke("workers-rotate-keys", &json!({})).await;
    person.api.get("/v1/auth/me").send().await.expect(200);
}
