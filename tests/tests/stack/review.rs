//! Reviews: claims, decisions, versions, and what the applicant sees of them.

use serde_json::{Value, json};
use verinym_tests::{ApiResponse, Client, Person, Stack, people::tag};

use crate::applicant_view::{codes, is_applicant_view, reveals_nothing_internal, types};

struct InReview {
    stack: Stack,
    person: Person,
    moderator: Client,
    id: String,
}

impl InReview {
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
    let case = InReview::new().await;
    let (key, version) = (tag(), case.version().await);
    let decide = async |body: &Value| {
        let request = case.moderator.put(&format!("/v1/kyc/checks/{}", case.id)).header("if-match", &version);
        request.key(&key).json(body).send().await
    };
    let approve = json!({"decision": "approve"});
    let first = decide(&approve).await.expect(200);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = decide(&approve).await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
    assert_eq!(again.header("etag"), first.header("etag"));
    decide(&json!({"decision": "reject", "reasons": ["document_forged"]})).await.refused(422, "idempotency_key_reused");
    let history = case.moderator.all(&format!("/v1/admin/kyc/checks/{}/history", case.id)).await;
    assert_eq!(types(&history).iter().filter(|kind| **kind == "kyc.check.approved").count(), 1);
}

#[tokio::test]
async fn a_reviewer_approves() {
    let case = InReview::new().await;
    let listed = case.moderator.all("/v1/admin/kyc/checks?limit=100").await;
    let found = listed.iter().find(|check| check["id"] == case.id.as_str()).expect("the review queue has it");
    assert_eq!(found["state"], "in_review");
    assert_eq!(found["user_id"], case.person.id.as_str());

    let claimed = case.post(&case.moderator, "claim").await.expect(200).json();
    assert_eq!(claimed["claimed_by"], case.moderator.user_id());
    let admin = case.stack.admin().await;
    case.post(&admin, "claim").await.refused(409, "claimed_by_another");
    let approve = json!({"decision": "approve", "note": "looks like them"});
    let bare = case.moderator.put(&format!("/v1/kyc/checks/{}", case.id)).json(&approve);
    bare.send().await.refused(428, "if_match_required");
    let stale = case.moderator.put(&format!("/v1/kyc/checks/{}", case.id)).header("if-match", "\"1\"").json(&approve);
    stale.send().await.refused(412, "stale_version");
    let check = case.decide(&case.moderator, approve.clone()).await.expect(200).json();
    assert_eq!(check["state"], "approved");
    assert_eq!(check["decision"]["decided_by"], case.moderator.user_id());
    case.decide(&case.moderator, approve).await.refused(409, "illegal_transition");

    let check = case.person.check_once(&case.id, "approved").await;
    is_applicant_view(&check);
    let path = format!("/v1/admin/kyc/checks/{}", case.id);
    let read = case.moderator.get(&path).send().await.expect(200);
    case.moderator.get(&path).header("if-none-match", read.header("etag").unwrap()).send().await.expect(304);
    let of_person = case.moderator.all(&format!("/v1/admin/kyc/checks?user_id={}", case.person.id)).await;
    assert_eq!(of_person.iter().filter(|check| check["id"] == case.id.as_str()).count(), 1, "{of_person:?}");
    let history = case.person.api.all(&format!("/v1/kyc/checks/{}/history?limit=1", case.id)).await;
    let mut told = types(&history);
    told.sort_unstable();
    assert_eq!(told, ["kyc.check.approved", "kyc.check.submitted"]);
    let told = serde_json::to_string(&history).unwrap();
    reveals_nothing_internal("the history", &told);
    assert!(!told.contains(case.moderator.user_id()), "the history names the reviewer: {told}");
    let me = case.person.api.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["user"]["kyc_status"], "approved");
}

#[tokio::test]
async fn a_rejection_needs_a_reason_and_tells_only_public_ones() {
    let case = InReview::new().await;
    case.decide(&case.moderator, json!({"decision": "reject"})).await.refused(400, "reason_required");
    case.decide(&case.moderator, json!({"decision": "reject", "reasons": []})).await.refused(400, "reason_required");
    let unknown = case.decide(&case.moderator, json!({"decision": "reject", "reasons": ["because"]})).await;
    unknown.refused(400, "validation_failed");
    let reject = json!({"decision": "reject", "reasons": ["name_mismatch", "suspected_fraud"], "note": "seen before"});
    let check = case.decide(&case.moderator, reject).await.expect(200).json();
    assert_eq!(check["state"], "rejected");
    let check = case.person.check_once(&case.id, "rejected").await;
    assert_eq!(codes(&check["reasons"]), ["name_mismatch"]);
    assert!(!check.to_string().contains("seen before"));
    let message = check["reasons"][0]["message"].as_str().unwrap().to_owned();
    let mail = case.stack.mail(&case.person.draft.email, "why", |mail| mail.text.contains(&message)).await;
    reveals_nothing_internal("the mail", &format!("{} {} {}", mail.subject, mail.text, mail.html));
    assert!(!mail.text.contains("fraud"));
}

#[tokio::test]
async fn a_reviewer_requests_documents_and_the_applicant_adds_them() {
    let case = InReview::new().await;
    let ask = json!({"decision": "request_documents", "reasons": ["proof_of_address_needed"]});
    let check = case.decide(&case.moderator, ask).await.expect(200).json();
    assert_eq!(check["state"], "awaiting_applicant");
    let check = case.person.check_once(&case.id, "action_needed").await;
    is_applicant_view(&check);
    assert_eq!(codes(&check["needed"]), ["proof_of_address_needed"]);
    let message = check["needed"][0]["message"].as_str().unwrap().to_owned();
    case.stack.mail(&case.person.draft.email, "what is needed", |mail| mail.text.contains(&message)).await;

    let bill = case.person.upload("proof_of_address", &tag(), &verinym_tests::picture::page("bill")).await.expect(201);
    let body = json!({"document_ids": [bill.json()["id"]]});
    let path = format!("/v1/kyc/checks/{}/documents", case.id);
    let check = case.person.api.post(&path).json(&body).send().await.expect(200).json();
    assert_eq!(check["document_ids"].as_array().unwrap().len(), 2);
    if check["status"] == "action_needed" {
        case.person.api.post(&format!("/v1/kyc/checks/{}/submit", case.id)).send().await.expect(200);
    }
    case.person.check_once(&case.id, "processing").await;
    case.moderator.staff_check_once(&case.id, "in_review").await;
    case.decide(&case.moderator, json!({"decision": "approve"})).await.expect(200);
    case.person.check_once(&case.id, "approved").await;
}

#[tokio::test]
async fn a_claim_is_given_back() {
    let case = InReview::new().await;
    case.post(&case.moderator, "claim").await.expect(200);
    let admin = case.stack.admin().await;
    case.decide(&admin, json!({"decision": "approve"})).await.refused(409, "claimed_by_another");
    case.post(&case.moderator, "release").await.expect(204);
    case.post(&admin, "claim").await.expect(200);
    case.decide(&admin, json!({"decision": "approve"})).await.expect(200);
}

/// The seeded moderator submits a check of their own; the admin decides it, so that a second run can repeat this.
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
