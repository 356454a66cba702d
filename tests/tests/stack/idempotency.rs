//! A repeated idempotency key: the first response again, and nothing is done twice.

use futures::future::join_all;
use serde_json::json;
use verinym_tests::{Stack, client::multipart, people::tag, picture};

#[tokio::test]
async fn a_key_used_again_gives_the_first_answer_again() {
    let person = Stack::get().person().await;
    let key = tag();
    let body = json!({"submit": false});
    let create = async |body: &serde_json::Value| person.api.post("/v1/kyc/checks").key(&key).json(body).send().await;
    let first = create(&body).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = create(&body).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    for name in ["etag", "location", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    create(&json!({"submit": false, "document_ids": []})).await.refused(422, "idempotency_key_reused");
    assert_eq!(person.api.all("/v1/kyc/checks").await.len(), 1);
    // Another caller's key of the same name is another key.
    let other = Stack::get().person().await;
    let theirs = other.api.post("/v1/kyc/checks").key(&key).json(&body).send().await.expect(201);
    assert_ne!(theirs.json()["id"], first.json()["id"]);
}

#[tokio::test]
async fn two_calls_at_once_with_one_key_do_it_once() {
    let person = Stack::get().person().await;
    let key = tag();
    let create = || person.api.post("/v1/kyc/checks").key(&key).json(&json!({"submit": false})).send();
    let answers = join_all((0..6).map(|_| create())).await;
    for answer in &answers {
        assert!(answer.status == 201 || answer.code().as_deref() == Some("idempotency_in_progress"), "{answer}");
    }
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!made.is_empty());
    assert!(made.iter().all(|answer| answer.body == made[0].body));
    assert_eq!(made.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count(), 1);
    assert_eq!(person.api.all("/v1/kyc/checks").await.len(), 1);
}

/// Calls that find the check cancelled lost against a call with their own key: they get its answer, not a refusal.
#[tokio::test]
async fn a_check_cancelled_many_times_at_once_with_one_key_answers_each_call_the_same() {
    let person = Stack::get().person().await;
    let check = person.api.post("/v1/kyc/checks").json(&json!({"submit": false})).send().await.expect(201).json();
    let (path, key) = (format!("/v1/kyc/checks/{}/cancel", check["id"].as_str().unwrap()), tag());
    let answers = join_all((0..24).map(|_| person.api.post(&path).key(&key).send())).await;
    for answer in &answers {
        assert!(answer.status == 200 || answer.code().as_deref() == Some("idempotency_in_progress"), "{answer}");
    }
    let done: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert!(done.iter().all(|answer| answer.body == done[0].body));
    assert_eq!(done.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count(), 1);
    let again = person.api.post(&path).key(&key).send().await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &done[0].body));
    person.api.post(&path).key(&tag()).send().await.refused(409, "illegal_transition");
}

#[tokio::test]
async fn an_upload_with_a_key_is_stored_once() {
    let person = Stack::get().person().await;
    let (key, number) = (tag(), format!("OK-{}", tag()));
    let upload = async |page: &[u8]| {
        let fields = [("document_type", "passport"), ("document_number", number.as_str())];
        let (content_type, body) = multipart(&fields, page);
        person.api.post("/v1/kyc/documents").key(&key).body(&content_type, body).send().await
    };
    let first = upload(&picture::page(&number)).await.expect(201);
    let again = upload(&picture::page(&number)).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.body, again.body);
    upload(&picture::page("another")).await.refused(422, "idempotency_key_reused");
    assert_eq!(person.api.all("/v1/kyc/documents").await.len(), 1);
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let person = Stack::get().person().await;
    let key = tag();
    let create = async || person.api.post("/v1/kyc/checks").key(&key).json(&json!({})).send().await;
    create().await.refused(400, "documents_required");
    create().await.refused(400, "documents_required");
}

#[tokio::test]
async fn a_malformed_key_is_refused() {
    let person = Stack::get().person().await;
    for key in ["with space", &"k".repeat(256), "ümlaut"] {
        let request = person.api.post("/v1/kyc/checks").key(key).json(&json!({"submit": false}));
        let answer = request.send().await;
        assert_eq!(answer.status, 400, "{key}: {answer}");
    }
    assert!(person.api.all("/v1/kyc/checks").await.is_empty());
}
