//! The review desk: claims, decisions, versions, and what its person sees of it.

use serde_json::{Value, json};
use verinym_tests::{ApiResponse, Client, Person, Stack, people::tag};

use crate::tell::{codes, is_the_person_s_view, tells_nothing_of_the_inside, types};

struct AtDesk {
    stack: Stack,
    person: Person,
    moderator: Client,
    id: String,
}

impl AtDesk {
    async fn new() -> Self {
        let stack = Stack::get();
        let person = stack.person().await;
        let check = person.check(&format!("REVIEW-{}", tag())).await;
        let id = check["id"].as_str().unwrap().to_owned();
        let moderator = stack.moderator().await;
        moderator.staff_check_once(&id, "in_review").await;
        Self { stack, person, moderator, id }
    }

    async fn version(&self) -> String {
        let check = self.moderator.get(&format!("/v1/admin/kyc/checks/{}", self.id)).send().await.expect(200);
        check.header("etag").unwrap().to_owned()
    }

    async fn decide(&self, who: &Client, body: Value) -> ApiResponse {
        let version = self.version().await;
        let request = who.put(&format!("/v1/kyc/checks/{}", self.id)).header("if-match", &version);
        request.json(&body).send().await
    }

    async fn post(&self, who: &Client, verb: &str) -> ApiResponse {
        who.post(&format!("/v1/kyc/checks/{}/{verb}", self.id)).key(&tag()).send().await
    }
}

/// The second call finds the check decided; it gets the answer of the first, not a refusal.
#[tokio::test]
async fn a_decision_with_an_idempotency_key_is_made_once() {
    let desk = AtDesk::new().await;
    let (key, version) = (tag(), desk.version().await);
    let decide = async |body: &Value| {
        let request = desk.moderator.put(&format!("/v1/kyc/checks/{}", desk.id)).header("if-match", &version);
        request.key(&key).json(body).send().await
    };
    let approve = json!({"decision": "approve"});
    let first = decide(&approve).await.expect(200);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = decide(&approve).await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
    assert_eq!(again.header("etag"), first.header("etag"));
    decide(&json!({"decision": "reject", "reasons": ["document_forged"]})).await.refused(422, "idempotency_key_reused");
    let history = desk.moderator.all(&format!("/v1/admin/kyc/checks/{}/history", desk.id)).await;
    assert_eq!(types(&history).iter().filter(|kind| **kind == "kyc.check.approved").count(), 1);
}

#[tokio::test]
async fn a_reviewer_approves() {
    let desk = AtDesk::new().await;
    let listed = desk.moderator.all("/v1/admin/kyc/checks?limit=100").await;
    let found = listed.iter().find(|check| check["id"] == desk.id.as_str()).expect("the desk lists it");
    assert_eq!(found["state"], "in_review");
    assert_eq!(found["user_id"], desk.person.id.as_str());

    let claimed = desk.post(&desk.moderator, "claim").await.expect(200).json();
    assert_eq!(claimed["claimed_by"], desk.moderator.user_id());
    let admin = desk.stack.admin().await;
    desk.post(&admin, "claim").await.refused(409, "claimed_by_another");
    let approve = json!({"decision": "approve", "note": "looks like them"});
    let bare = desk.moderator.put(&format!("/v1/kyc/checks/{}", desk.id)).json(&approve);
    bare.send().await.refused(428, "if_match_required");
    let stale = desk.moderator.put(&format!("/v1/kyc/checks/{}", desk.id)).header("if-match", "\"1\"").json(&approve);
    stale.send().await.refused(412, "stale_version");
    let check = desk.decide(&desk.moderator, approve.clone()).await.expect(200).json();
    assert_eq!(check["state"], "approved");
    assert_eq!(check["decision"]["decided_by"], desk.moderator.user_id());
    desk.decide(&desk.moderator, approve).await.refused(409, "illegal_transition");

    let check = desk.person.check_once(&desk.id, "approved").await;
    is_the_person_s_view(&check);
    let path = format!("/v1/admin/kyc/checks/{}", desk.id);
    let read = desk.moderator.get(&path).send().await.expect(200);
    desk.moderator.get(&path).header("if-none-match", read.header("etag").unwrap()).send().await.expect(304);
    let of_person = desk.moderator.all(&format!("/v1/admin/kyc/checks?user_id={}", desk.person.id)).await;
    assert_eq!(of_person.iter().filter(|check| check["id"] == desk.id.as_str()).count(), 1, "{of_person:?}");
    let history = desk.person.api.all(&format!("/v1/kyc/checks/{}/history?limit=1", desk.id)).await;
    let mut told = types(&history);
    told.sort_unstable();
    assert_eq!(told, ["kyc.check.approved", "kyc.check.submitted"]);
    let told = serde_json::to_string(&history).unwrap();
    tells_nothing_of_the_inside("the history", &told);
    assert!(!told.contains(desk.moderator.user_id()), "the history names the reviewer: {told}");
    let me = desk.person.api.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["user"]["kyc_status"], "approved");
}

#[tokio::test]
async fn a_rejection_needs_a_reason_and_tells_only_public_ones() {
    let desk = AtDesk::new().await;
    desk.decide(&desk.moderator, json!({"decision": "reject"})).await.refused(400, "reason_required");
    desk.decide(&desk.moderator, json!({"decision": "reject", "reasons": []})).await.refused(400, "reason_required");
    let unknown = desk.decide(&desk.moderator, json!({"decision": "reject", "reasons": ["because"]})).await;
    unknown.refused(400, "validation_failed");
    let reject = json!({"decision": "reject", "reasons": ["name_mismatch", "suspected_fraud"], "note": "seen before"});
    let check = desk.decide(&desk.moderator, reject).await.expect(200).json();
    assert_eq!(check["state"], "rejected");
    let check = desk.person.check_once(&desk.id, "rejected").await;
    assert_eq!(codes(&check["reasons"]), ["name_mismatch"]);
    assert!(!check.to_string().contains("seen before"));
    let message = check["reasons"][0]["message"].as_str().unwrap().to_owned();
    let mail = desk.stack.mail(&desk.person.draft.email, "why", |mail| mail.text.contains(&message)).await;
    tells_nothing_of_the_inside("the mail", &format!("{} {} {}", mail.subject, mail.text, mail.html));
    assert!(!mail.text.contains("fraud"));
}

#[tokio::test]
async fn more_documents_are_asked_for_and_handed_in() {
    let desk = AtDesk::new().await;
    let ask = json!({"decision": "request_documents", "reasons": ["proof_of_address_needed"]});
    let check = desk.decide(&desk.moderator, ask).await.expect(200).json();
    assert_eq!(check["state"], "awaiting_applicant");
    let check = desk.person.check_once(&desk.id, "action_needed").await;
    is_the_person_s_view(&check);
    assert_eq!(codes(&check["needed"]), ["proof_of_address_needed"]);
    let message = check["needed"][0]["message"].as_str().unwrap().to_owned();
    desk.stack.mail(&desk.person.draft.email, "what is needed", |mail| mail.text.contains(&message)).await;

    let bill = desk.person.upload("proof_of_address", &tag(), &verinym_tests::picture::page("bill")).await.expect(201);
    let body = json!({"document_ids": [bill.json()["id"]]});
    let path = format!("/v1/kyc/checks/{}/documents", desk.id);
    let check = desk.person.api.post(&path).json(&body).send().await.expect(200).json();
    assert_eq!(check["document_ids"].as_array().unwrap().len(), 2);
    if check["status"] == "action_needed" {
        desk.person.api.post(&format!("/v1/kyc/checks/{}/submit", desk.id)).send().await.expect(200);
    }
    desk.person.check_once(&desk.id, "processing").await;
    desk.moderator.staff_check_once(&desk.id, "in_review").await;
    desk.decide(&desk.moderator, json!({"decision": "approve"})).await.expect(200);
    desk.person.check_once(&desk.id, "approved").await;
}

#[tokio::test]
async fn a_claim_is_given_back() {
    let desk = AtDesk::new().await;
    desk.post(&desk.moderator, "claim").await.expect(200);
    let admin = desk.stack.admin().await;
    desk.decide(&admin, json!({"decision": "approve"})).await.refused(409, "claimed_by_another");
    desk.post(&desk.moderator, "release").await.expect(204);
    desk.post(&admin, "claim").await.expect(200);
    desk.decide(&admin, json!({"decision": "approve"})).await.expect(200);
}

/// The seeded moderator hands in a document of their own; the admin decides it, so that a second run can do it again.
#[tokio::test]
async fn nobody_decides_their_own_check() {
    let stack = Stack::get();
    let (moderator, admin) = (stack.moderator().await, stack.admin().await);
    let named = moderator.patch("/v1/users/profile").json(&json!({"given_name": "Modesta", "family_name": "Ratner"}));
    named.send().await.expect(200);
    let number = format!("REVIEW-{}", tag());
    let fields = [("document_type", "passport"), ("document_number", number.as_str())];
    let upload = moderator.post("/v1/kyc/documents").form(&fields, &verinym_tests::picture::page(&number));
    let document = upload.send().await.expect(201).json()["id"].clone();
    let check = moderator.post("/v1/kyc/checks").json(&json!({"document_ids": [document]})).send().await.expect(201);
    let id = check.json()["id"].as_str().unwrap().to_owned();
    let check = admin.staff_check_once(&id, "in_review").await;
    let decide = async |who: &Client| {
        let version = format!("\"{}\"", check["version"]);
        let request = who.put(&format!("/v1/kyc/checks/{id}")).header("if-match", &version);
        request.json(&json!({"decision": "approve"})).send().await
    };
    decide(&moderator).await.refused(403, "own_check");
    decide(&admin).await.expect(200);
}
