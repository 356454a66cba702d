//! Notes of reviewers: who writes and reads them, and that none is lost.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{Client, Stack, people::tag};

use crate::staff_reads::event_of;

async fn add(who: &Client, check: &str, text: &str) -> verinym_tests::ApiResponse {
    who.post(&format!("/v1/kyc/checks/{check}/notes")).key(&tag()).json(&json!({"text": text})).send().await
}

fn texts(notes: &[Value]) -> Vec<&str> {
    notes.iter().map(|note| note["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn notes_are_read_by_the_next_reviewer_with_those_of_decisions() {
    let stack = Stack::get();
    let person = stack.person().await;
    let check = person.check(&format!("REVIEW-{}", tag())).await;
    let id = check["id"].as_str().unwrap();
    let (moderator, admin, auditor) = (stack.moderator().await, stack.admin().await, stack.auditor().await);
    let seen = moderator.staff_check_once(id, "in_review").await;
    let (path, staff_path) = (format!("/v1/admin/kyc/checks/{id}/notes"), format!("/v1/admin/kyc/checks/{id}"));
    assert_eq!(seen["notes_count"], 0);
    let empty = moderator.get(&path).send().await.expect(200);
    assert_eq!(empty.json(), json!({"items": [], "next_cursor": null}));
    let before = person.api.get(&format!("/v1/kyc/checks/{id}")).send().await.expect(200).json();

    let first = format!("The passport of {} is worn — ünlesbar.", person.draft.family_name);
    let made = add(&moderator, id, &first).await.expect(201);
    assert!(made.header("location").unwrap().ends_with(&path));
    assert_eq!((&made.json()["author"], &made.json()["text"]), (&json!(moderator.user_id()), &json!(first)));
    let after = person.api.get(&format!("/v1/kyc/checks/{id}")).send().await.expect(200);
    assert_eq!(after.json(), before, "its person sees nothing of it");

    // A note is part of what a reviewer has read: who decides on the version before it is told.
    let decide = async |version: &Value| {
        let form = json!({"decision": "reject", "reasons": ["document_forged"], "note": "Forged."});
        let version = format!("\"{version}\"");
        admin.put(&format!("/v1/kyc/checks/{id}")).header("if-match", &version).json(&form).send().await
    };
    decide(&seen["version"]).await.refused(412, "stale_version");
    let noted = admin.get(&staff_path).send().await.expect(200).json();
    assert_eq!(noted["notes_count"], 1);
    let decided = decide(&noted["version"]).await.expect(200).json();
    assert_eq!(decided["notes_count"], 2);
    add(&moderator, id, "The issuer answered after the decision.").await.expect(201);

    let read = admin.get(&path).send().await.expect(200);
    let listed = read.json()["items"].as_array().unwrap().clone();
    assert_eq!(texts(&listed), ["The issuer answered after the decision.", "Forged.", first.as_str()]);
    assert_eq!(listed[1]["author"], admin.user_id());
    let correlation = read.header("x-correlation-id").unwrap().to_owned();
    let event = event_of(&auditor, admin.user_id(), "kyc.check.notes_read", &correlation).await;
    let event = event.expect("the event is there once the answer is");
    assert_eq!((&event["person"], &event["data"]), (&json!(person.id), &json!({"check": id})));
    let history = admin.all(&format!("{staff_path}/history")).await;
    assert_eq!(history.iter().filter(|event| event["type"] == "kyc.check.note_added").count(), 2);
    assert!(!json!(history).to_string().contains(person.draft.family_name.as_str()));
    let own = person.api.all(&format!("/v1/kyc/checks/{id}/history")).await;
    assert!(!json!(own).to_string().contains("note"), "{own:?}");
}

#[tokio::test]
async fn notes_written_at_once_are_all_kept() {
    let stack = Stack::get();
    let person = stack.person().await;
    let check = person.check(&format!("REVIEW-{}", tag())).await;
    let id = check["id"].as_str().unwrap();
    let moderator = stack.moderator().await;
    moderator.staff_check_once(id, "in_review").await;
    let written = ["one", "two", "three"];
    for reply in join_all(written.map(|text| add(&moderator, id, text))).await {
        reply.expect(201);
    }
    // The answer of a repeated request is that of the first, and there is one note.
    let (key, form) = (tag(), json!({"text": "four"}));
    let path = format!("/v1/kyc/checks/{id}/notes");
    let first = moderator.post(&path).key(&key).json(&form).send().await.expect(201);
    let again = moderator.post(&path).key(&key).json(&form).send().await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));

    let path = format!("/v1/admin/kyc/checks/{id}/notes?limit=2");
    let notes = moderator.all(&path).await;
    let mut found = texts(&notes);
    found.sort_unstable();
    assert_eq!(found, ["four", "one", "three", "two"]);
    let seen = moderator.get(&format!("/v1/admin/kyc/checks/{id}")).send().await.expect(200).json();
    assert_eq!(seen["notes_count"], 4);
}

#[tokio::test]
async fn nobody_but_a_reviewer_of_others_writes_or_reads_notes() {
    let stack = Stack::get();
    let (person, stranger) = (stack.person().await, stack.person().await);
    let check = person.check(&format!("OK-{}", tag())).await;
    let id = check["id"].as_str().unwrap();
    let (moderator, auditor) = (stack.moderator().await, stack.auditor().await);
    add(&moderator, id, "A note.").await.expect(201);
    for who in [&auditor, &person.api, &stranger.api] {
        add(who, id, "x").await.refused(403, "forbidden");
        who.get(&format!("/v1/admin/kyc/checks/{id}/notes")).send().await.refused(403, "forbidden");
    }
    for text in ["", " ", &"x".repeat(2001)] {
        add(&moderator, id, text).await.refused(400, "validation_failed");
    }
    let draft = person.api.post("/v1/kyc/checks").json(&json!({"submit": false})).send().await.expect(201).json();
    add(&moderator, draft["id"].as_str().unwrap(), "x").await.refused(409, "not_submitted");
}
