//! Actions of applicants on their checks, allowed and refused.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{Person, Stack, people::tag};

use crate::applicant_view::is_applicant_view;

#[tokio::test]
async fn a_draft_gets_its_documents_later_and_is_then_submitted() {
    let person = Stack::get().person().await;
    let draft = person.api.post("/v1/kyc/checks").json(&json!({"submit": false})).send().await.expect(201);
    assert_eq!(draft.header("location").unwrap().rsplit('/').next(), draft.json()["id"].as_str());
    let id = draft.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(draft.json()["status"], "draft");
    assert_eq!(draft.json()["submitted_at"], Value::Null);
    let post = async |verb: &str, body: Value| {
        person.api.post(&format!("/v1/kyc/checks/{id}/{verb}")).key(&tag()).json(&body).send().await
    };
    post("submit", json!({})).await.refused(400, "documents_required");
    let document = person.passport(&format!("OK-{}", tag())).await;
    let check = post("documents", json!({"document_ids": [document]})).await.expect(200).json();
    assert_eq!(check["document_ids"], json!([document]));
    let check = post("submit", json!({})).await.expect(200).json();
    is_applicant_view(&check);
    assert!(check["submitted_at"].is_string());
    let again = post("submit", json!({})).await;
    again.refused(409, "illegal_transition");
    person.check_once(&id, "approved").await;
    post("cancel", json!({})).await.refused(409, "illegal_transition");
}

#[tokio::test]
async fn one_check_is_open_at_a_time() {
    let person = Stack::get().person().await;
    let document = person.passport(&format!("REVIEW-{}", tag())).await;
    let create = || person.api.post("/v1/kyc/checks").json(&json!({"document_ids": [document]})).send();
    let tries = join_all((0..5).map(|_| create())).await;
    assert_eq!(tries.iter().filter(|answer| answer.status == 201).count(), 1, "{tries:?}");
    for refused in tries.iter().filter(|answer| answer.status != 201) {
        refused.clone().refused(409, "check_in_progress");
    }
    let checks = person.api.all("/v1/kyc/checks").await;
    assert_eq!(checks.len(), 1);
    cancel(&person, checks[0]["id"].as_str().unwrap()).await;
    create().await.expect(201);
    let cancelled = person.api.all("/v1/kyc/checks?status=cancelled").await;
    assert_eq!(cancelled.len(), 1);
}

async fn cancel(person: &Person, id: &str) {
    let cancelled = person.api.post(&format!("/v1/kyc/checks/{id}/cancel")).key(&tag()).send().await;
    assert_eq!(cancelled.expect(200).json()["status"], "cancelled");
}

/// A draft holds neither the name nor the place of the one open check.
#[tokio::test]
async fn of_drafts_submitted_at_once_one_is_open_and_the_others_stay_drafts() {
    let person = Stack::get().person().await;
    let document = person.passport(&format!("REVIEW-{}", tag())).await;
    let mut drafts = Vec::new();
    for _ in 0..4 {
        let body = json!({"document_ids": [document], "submit": false});
        let draft = person.api.post("/v1/kyc/checks").json(&body).send().await.expect(201).json();
        drafts.push(draft["id"].as_str().unwrap().to_owned());
    }
    let rename =
        async |name: &str| person.api.patch("/v1/users/profile").json(&json!({"given_name": name})).send().await;
    rename("Other").await.expect(200);

    let submit = async |id: &String| person.api.post(&format!("/v1/kyc/checks/{id}/submit")).key(&tag()).send().await;
    let replies = join_all(drafts.iter().map(submit)).await;
    let (open, refused): (Vec<_>, Vec<_>) = drafts.iter().zip(replies).partition(|(_, reply)| reply.status == 200);
    assert_eq!(open.len(), 1, "{open:?}");
    let mut unsubmitted = Vec::new();
    for (id, reply) in refused {
        reply.refused(409, "check_in_progress");
        let check = person.api.get(&format!("/v1/kyc/checks/{id}")).send().await.expect(200).json();
        assert_eq!((check["status"].as_str(), &check["submitted_at"]), (Some("draft"), &Value::Null));
        unsubmitted.push(id);
    }
    rename("Another").await.refused(409, "check_in_progress");
    let another = json!({"submit": false});
    person.api.post("/v1/kyc/checks").json(&another).send().await.expect(201);

    // The end of a draft changes nothing for the check that is open.
    let status = async || person.api.get("/v1/kyc/status").send().await.expect(200).json();
    cancel(&person, unsubmitted[0]).await;
    let now = status().await;
    assert_eq!((&now["kyc_status"], &now["check"]["id"]), (&json!("pending"), &json!(open[0].0)));
    cancel(&person, open[0].0).await;
    assert_eq!(status().await["kyc_status"], "none");
    submit(unsubmitted[1]).await.expect(200);
}

#[tokio::test]
async fn only_documents_of_the_applicant_are_accepted() {
    let stack = Stack::get();
    let (person, other) = tokio::join!(stack.person(), stack.person());
    let theirs = other.passport(&format!("OK-{}", tag())).await;
    for ids in [json!([theirs]), json!(["doc_x"]), json!([person.id])] {
        let answer = person.api.post("/v1/kyc/checks").json(&json!({"document_ids": ids})).send().await;
        let answer = answer.refused(400, "validation_failed");
        assert_eq!(answer.faults(), ["document_ids unknown_document"], "{answer}");
    }
    let own = person.passport(&format!("OK-{}", tag())).await;
    let many: Vec<_> = (0..11).map(|_| own.clone()).collect();
    let answer = person.api.post("/v1/kyc/checks").json(&json!({"document_ids": many})).send().await;
    answer.refused(400, "too_many_documents");
    assert!(person.api.all("/v1/kyc/checks").await.is_empty());
    assert_eq!(person.api.get("/v1/auth/me").send().await.expect(200).json()["user"]["kyc_status"], "none");
}
