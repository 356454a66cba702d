//! Who was submitted with a check, as reviewers read it.

use serde_json::json;
use verinym_tests::{Stack, people::tag};

use crate::staff_reads::event_of;

#[tokio::test]
async fn a_reviewer_reads_who_was_submitted_whatever_the_profile_is_later() {
    let stack = Stack::get();
    let person = stack.person().await;
    let address = json!({
        "line1": "12 St James's Square", "line2": null, "city": "London", "region": null, "postal_code": "SW1Y 4JH",
        "country": "GB",
    });
    let known = json!({"address": address, "national_id": {"country": "US", "type": "ssn", "value": "123-45-6789"}});
    person.api.patch("/v1/users/profile").json(&known).send().await.expect(200);
    let check = person.check(&format!("REVIEW-{}", tag())).await;
    let id = check["id"].as_str().unwrap();
    let (moderator, auditor) = (stack.moderator().await, stack.auditor().await);
    let seen = moderator.staff_check_once(id, "in_review").await;
    let path = format!("/v1/admin/kyc/checks/{id}/applicant");

    let read = moderator.get(&path).send().await.expect(200);
    assert_eq!(read.header("cache-control"), Some("no-store"));
    let (given, family) = (&person.draft.given_name, &person.draft.family_name);
    let expected = json!({
        "check_id": id, "user_id": person.id, "name": format!("{given} {family}"),
        "given_name": given, "family_name": family, "date_of_birth": person.draft.date_of_birth,
        "address": address, "national_id": {"country": "US", "type": "ssn", "value": "***-**-6789"},
        "submitted_at": seen["submitted_at"],
    });
    assert_eq!(read.json(), expected);
    let correlation = read.header("x-correlation-id").unwrap().to_owned();
    let event = event_of(&auditor, moderator.user_id(), "kyc.check.applicant_read", &correlation).await;
    let event = event.expect("the event is there once the answer is");
    assert_eq!((&event["person"], &event["data"]), (&json!(person.id), &json!({"check": id})));
    assert!(!event.to_string().contains(family.as_str()), "{event}");

    // The read leaves the version alone, which the decision names.
    let version = format!("\"{}\"", seen["version"]);
    let decide = moderator.put(&format!("/v1/kyc/checks/{id}")).header("if-match", &version);
    decide.json(&json!({"decision": "reject", "reasons": ["document_forged"]})).send().await.expect(200);
    let other = json!({"given_name": "Somebody", "family_name": "Else", "address": null, "national_id": null});
    person.api.patch("/v1/users/profile").json(&other).send().await.expect(200);
    assert_eq!(moderator.get(&path).send().await.expect(200).json(), expected);
}

#[tokio::test]
async fn nobody_but_a_reviewer_of_others_reads_an_applicant() {
    let stack = Stack::get();
    let (person, stranger) = (stack.person().await, stack.person().await);
    let check = person.check(&format!("OK-{}", tag())).await;
    let path = format!("/v1/admin/kyc/checks/{}/applicant", check["id"].as_str().unwrap());
    let auditor = stack.auditor().await;
    for who in [&auditor, &person.api, &stranger.api] {
        let refused = who.get(&path).send().await.refused(403, "forbidden");
        assert!(!refused.text().contains(&person.draft.family_name));
        let correlation = refused.header("x-correlation-id").unwrap();
        let event = event_of(&auditor, who.user_id(), "kyc.check.applicant_read", correlation).await;
        assert!(event.is_none(), "a refused read is none");
    }
    stack.client().get(&path).send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_draft_has_no_applicant_to_read() {
    let stack = Stack::get();
    let (person, moderator) = (stack.person().await, stack.moderator().await);
    let draft = person.api.post("/v1/kyc/checks").json(&json!({"submit": false})).send().await.expect(201).json();
    let id = draft["id"].as_str().unwrap();
    let path = format!("/v1/admin/kyc/checks/{id}/applicant");
    moderator.get(&path).send().await.refused(409, "not_submitted");
    person.api.post(&format!("/v1/kyc/checks/{id}/cancel")).send().await.expect(200);
    moderator.get(&path).send().await.refused(409, "not_submitted");
    let unknown = format!("/v1/admin/kyc/checks/{}/applicant", id.replace(|c: char| c.is_ascii_digit(), "0"));
    assert_ne!(unknown, path);
    moderator.get(&unknown).send().await.refused(404, "not_found");
}
