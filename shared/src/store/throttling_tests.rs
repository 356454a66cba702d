//! What DynamoDB refuses for a moment only is tried again, with pauses, until the deadline, and never beyond it.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Table,
    commit::{Change, CommitError},
    item::Key,
    limit::{LimitVerdict, key as limit_key},
    work::{Claim, Claimed},
};
use crate::{
    deadline::Deadline,
    domain::{limit, time::Timestamp},
    error::{Error, Internal},
    scripted::{AwsReply, ScriptedAws},
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
const TIME: Duration = Duration::from_secs(14);

fn cancelled(codes: &[&str]) -> AwsReply {
    let reasons: Vec<_> = codes.iter().map(|code| json!({ "Code": code })).collect();
    AwsReply::Error("TransactionCanceledException", json!({ "CancellationReasons": reasons }))
}

/// Answers in turn; the last one for ever.
fn in_turn(replies: Vec<AwsReply>) -> ScriptedAws {
    let mut next = 0;
    ScriptedAws::new(move |_| {
        let reply = replies[next.min(replies.len() - 1)].clone();
        next += 1;
        reply
    })
}

async fn commit(script: &ScriptedAws) -> Result<(), CommitError> {
    let present = Change { condition: "attribute_exists(pk)", ..Change::default() };
    let store = script.store().await;
    let commit = store.commit(NOW, "correlation");
    commit
        .create(Table::Kyc, &Key::new("a", "b"), &json!({}), None)
        .check(Table::Kyc, &Key::new("c", "d"), &present, None)
        .run()
        .await
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_was_throttled_goes_through_later_each_attempt_with_a_token_of_its_own() {
    for code in ["ThrottlingError", "ProvisionedThroughputExceeded"] {
        let busy = cancelled(&["None", code]);
        let script = in_turn(vec![busy.clone(), busy.clone(), busy, AwsReply::Ok(json!({}))]);
        let done = Deadline::after(TIME).run(commit(&script)).await.unwrap();
        assert!(done.is_ok(), "{done:?}");
        let calls = script.calls_of("TransactWriteItems");
        let tokens: BTreeSet<_> = calls.iter().map(|call| call.body["ClientRequestToken"].to_string()).collect();
        assert_eq!((calls.len(), tokens.len()), (4, 4));
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_that_throttles_for_ever_is_an_outage_in_time() {
    let script = in_turn(vec![cancelled(&["ThrottlingError", "None"])]);
    let began = Instant::now();
    let failed = Deadline::after(TIME).run(commit(&script)).await.expect("an answer before the deadline");
    assert!(matches!(failed, Err(CommitError::Failed(Error::Internal(Internal::Unavailable(_))))));
    assert!(began.elapsed() < TIME && script.calls().len() > 14, "{} calls", script.calls().len());
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_no_repetition_would_mend_is_sent_once() {
    for (codes, conflict) in [
        (["ValidationError", "None"], false),
        (["ThrottlingError", "ItemCollectionSizeLimitExceeded"], false),
        (["ThrottlingError", "ConditionalCheckFailed"], true),
        (["ThrottlingError", "TransactionConflict"], true),
    ] {
        let script = in_turn(vec![cancelled(&codes)]);
        let failed = commit(&script).await.unwrap_err();
        assert_eq!(matches!(failed, CommitError::Conflict), conflict, "{codes:?}");
        assert_eq!(script.calls().len(), 1, "{codes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_plain_write_that_meets_a_transaction_is_tried_again() {
    let conflict = AwsReply::Error("TransactionConflictException", json!({}));
    let bucket = json!({"Attributes": {"tat": {"N": "0"}}});
    let script = in_turn(vec![conflict.clone(), conflict.clone(), AwsReply::Ok(bucket)]);
    let verdict =
        script.store().await.count(&limit::USER, &limit_key(&limit::USER, "subject"), false, 1, NOW).await.unwrap();
    assert!(matches!(verdict, LimitVerdict::Allowed { .. }));
    assert_eq!(script.calls_of("UpdateItem").len(), 3);

    let script = in_turn(vec![conflict.clone(), AwsReply::Ok(json!({}))]);
    script.store().await.release_work(&Claim::new("worker", "message")).await.unwrap();
    assert_eq!(script.calls_of("DeleteItem").len(), 2);
    let put = in_turn(vec![conflict.clone(), AwsReply::Ok(json!({}))]);
    let db = put.store().await.db();
    db.put_item().table_name("t").item("pk", super::item::text("a")).send().await.unwrap();
    assert_eq!(put.calls_of("PutItem").len(), 2);

    // One that others hold for ever is an outage, after a number of tries and in time.
    let script = in_turn(vec![conflict]);
    let (store, began) = (script.store().await, Instant::now());
    let failed = Deadline::after(TIME)
        .run(store.count(&limit::USER, &limit_key(&limit::USER, "subject"), false, 1, NOW))
        .await
        .unwrap();
    assert!(matches!(failed, Err(Error::Internal(Internal::Unavailable(_)))));
    assert!(began.elapsed() < TIME && script.calls().len() == 8);
}

#[tokio::test(start_paused = true)]
async fn a_conditional_failure_is_an_answer_and_is_not_tried_again() {
    let script =
        in_turn(vec![AwsReply::Error("ConditionalCheckFailedException", json!({"Item": {"done": {"BOOL": true}}}))]);
    let claimed = script.store().await.claim_work(&Claim::new("w", "m"), TIME, NOW).await.unwrap();
    assert_eq!((claimed, script.calls().len()), (Claimed::Done, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_is_given_a_second_and_a_claim_repeats_itself() {
    let script = in_turn(vec![AwsReply::Hang, AwsReply::Ok(json!({}))]);
    let claimed = script.store().await.claim_work(&Claim::new("w", "m"), TIME, NOW).await.unwrap();
    assert_eq!(claimed, Claimed::Mine);
    let calls = script.calls();
    let [first, second] = &calls[..] else { panic!("{calls:?}") };
    let waited = second.at - first.at;
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_millis(1100), "{waited:?}");
    let claim = |body: &Value| body["ExpressionAttributeValues"][":claim"]["S"].clone();
    assert!(claim(&first.body).is_string());
    assert_eq!(claim(&first.body), claim(&second.body));
}

#[tokio::test(start_paused = true)]
async fn keys_that_a_batch_left_are_asked_for_after_a_pause_and_alone() {
    let item = |pk: &str| json!({"pk": {"S": pk}, "sk": {"S": "x"}});
    let left = json!({"value": {"Keys": [item("two")], "ConsistentRead": true}});
    let first = AwsReply::Ok(json!({"Responses": {"value": [item("one")]}, "UnprocessedKeys": left}));
    let none = AwsReply::Ok(json!({"Responses": {"value": []}, "UnprocessedKeys": left}));
    let last = AwsReply::Ok(json!({"Responses": {"value": [item("two")]}, "UnprocessedKeys": {}}));
    let script = in_turn(vec![first.clone(), none.clone(), none, last]);
    let wanted = [(Table::Kyc, Key::new("one", "x")), (Table::Kyc, Key::new("two", "x"))];
    let found = script.store().await.get_many(&wanted).await.unwrap();
    assert_eq!(found.len(), 2);
    let calls = script.calls_of("BatchGetItem");
    assert_eq!(calls[1].body["RequestItems"]["value"]["Keys"].as_array().unwrap().len(), 1);
    assert!(calls.windows(2).all(|pair| pair[1].at > pair[0].at), "no two calls at the same instant");

    let script = in_turn(vec![first]);
    let (store, began) = (script.store().await, Instant::now());
    let failed = Deadline::after(TIME).run(store.get_many(&wanted)).await.expect("an answer before the deadline");
    assert!(matches!(failed, Err(Error::Internal(Internal::Unavailable(_)))));
    assert!(began.elapsed() < TIME && script.calls().len() > 14, "{} calls", script.calls().len());
}

/// The first write of an item is done and its answer lost; the SDK sends it again, and that finds the first.
#[tokio::test(start_paused = true)]
async fn a_reserved_try_whose_answer_was_lost_is_reserved_once() {
    let mut written = None;
    let script = ScriptedAws::new(move |call| match written.replace(call.body["Item"].clone()) {
        None => AwsReply::Error("ThrottlingException", json!({})),
        Some(first) => AwsReply::Error("ConditionalCheckFailedException", json!({ "Item": first })),
    });
    let tried = script.store().await.reserve_try("identifier", NOW).await.unwrap();
    assert!(tried.is_ok());
    assert_eq!(script.calls_of("PutItem").len(), 2);
}
