//! Screening of checks, and the decisions on hits. The lists are the samples of the local stack.

use serde_json::{Value, json};
use verinym_tests::{
    ApiResponse, Client, Person, Stack,
    people::{Draft, tag},
};

use crate::applicant_view::{is_applicant_view, reveals_nothing_internal, types};

/// Somebody of the name and birth date that the sample of the UN list has.
fn sanctioned() -> Draft {
    let (given_name, family_name) = ("Karim Nabil".to_owned(), "al-Zubayri".to_owned());
    Draft { given_name, family_name, date_of_birth: "1971-03-09".to_owned(), ..Draft::new() }
}

/// Somebody of the name and birth date that the sample of politically exposed persons has.
fn exposed() -> Draft {
    let (given_name, family_name) = ("Emeka".to_owned(), "Okonkwo".to_owned());
    Draft { given_name, family_name, date_of_birth: "1958-05-20".to_owned(), ..Draft::new() }
}

/// The reason that a reviewer gives.
fn said(who: &Client) -> String {
    format!("{} compared it with the passport", who.user_id())
}

/// A check in review because of a hit.
struct Listed {
    stack: Stack,
    person: Person,
    moderator: Client,
    id: String,
}

impl Listed {
    async fn new(draft: Draft) -> Self {
        let stack = Stack::get();
        let person = stack.person_of(draft).await;
        let check = person.check(&format!("OK-{}", tag())).await;
        let id = check["id"].as_str().unwrap().to_owned();
        let moderator = stack.moderator().await;
        moderator.staff_check_once(&id, "in_review").await;
        Self { stack, person, moderator, id }
    }

    async fn check(&self) -> Value {
        self.moderator.get(&format!("/v1/admin/kyc/checks/{}", self.id)).send().await.expect(200).json()
    }

    async fn hit(&self) -> Value {
        self.check().await["hits"][0].clone()
    }

    async fn decide(&self, who: &Client, hit: &Value, decision: &str) -> ApiResponse {
        let path = format!("/v1/aml/hits/{}/decision", hit["id"].as_str().unwrap());
        let version = format!("\"{}\"", hit["version"]);
        let form = json!({"decision": decision, "reason": said(who)});
        who.post(&path).header("if-match", &version).json(&form).send().await
    }

    async fn approve(&self, who: &Client) -> ApiResponse {
        let version = format!("\"{}\"", self.check().await["version"]);
        let request = who.put(&format!("/v1/kyc/checks/{}", self.id)).header("if-match", &version);
        request.json(&json!({"decision": "approve"})).send().await
    }
}

#[tokio::test]
async fn a_listed_name_goes_to_review_with_an_explained_hit_that_two_reviewers_clear() {
    let case = Listed::new(sanctioned()).await;
    let check = case.check().await;
    assert_eq!(check["reasons"][0]["code"], "sanctions_match");
    assert_eq!(check["hit_counts"]["open"], check["hits"].as_array().unwrap().len());
    let hit = case.hit().await;
    assert_eq!((&hit["list"], &hit["kind"], &hit["entity_id"]), (&json!("un"), &json!("sanctions"), &json!("900001")));
    assert!(hit["score"].as_f64().unwrap() >= 0.85 && hit["explanation"].as_str().unwrap().contains("Score"));
    assert!(hit["matched_on"].as_array().unwrap().contains(&json!("date_of_birth")));
    assert!(hit["list_version"].is_string() && hit["engine_version"].is_string());
    let listed = case.moderator.all("/v1/aml/hits?limit=3").await;
    assert!(listed.iter().any(|one| one["id"] == hit["id"]), "the list of open hits shows it");
    let of_check = case.moderator.all(&format!("/v1/aml/hits?check_id={}", case.id)).await;
    assert_eq!(of_check.len(), check["hits"].as_array().unwrap().len());
    let auditor = case.stack.auditor().await;
    let masked = auditor.all(&format!("/v1/aml/hits?user_id={}&limit=1", case.person.id)).await;
    assert_eq!((&masked[0]["explanation"], &masked[0]["id"]), (&Value::Null, &hit["id"]));
    assert_eq!((&masked[0]["name"], &masked[0]["dates_of_birth"]), (&Value::Null, &json!([])));

    case.approve(&case.moderator).await.refused(409, "open_hits");
    let path = format!("/v1/aml/hits/{}/decision", hit["id"].as_str().unwrap());
    let form = json!({"decision": "false_positive", "reason": "another"});
    case.moderator.post(&path).json(&form).send().await.refused(428, "if_match_required");
    case.moderator.post(&path).header("if-match", "\"9\"").json(&form).send().await.refused(412, "stale_version");
    case.person.api.post(&path).header("if-match", "\"1\"").json(&form).send().await.refused(403, "forbidden");

    let proposed = case.decide(&case.moderator, &hit, "false_positive").await.expect(202).json();
    assert_eq!((&proposed["decision"], &proposed["proposed_by"]), (&json!("open"), &json!(case.moderator.user_id())));
    case.approve(&case.moderator).await.refused(409, "open_hits");
    let hit = case.hit().await;
    case.decide(&case.moderator, &hit, "false_positive").await.refused(403, "same_reviewer");
    let admin = case.stack.admin().await;
    let cleared = case.decide(&admin, &hit, "false_positive").await.expect(200).json();
    assert_eq!((&cleared["decision"], &cleared["decided_by"]), (&json!("false_positive"), &json!(admin.user_id())));
    assert_eq!((&cleared["reason"], &cleared["first_reason"]), (&json!(said(&admin)), &json!(said(&case.moderator))));
    case.decide(&admin, &cleared, "false_positive").await.refused(409, "illegal_transition");

    let check = case.check().await;
    assert_eq!((check["hit_counts"]["open"].as_u64(), check["reasons"].as_array().unwrap().len()), (Some(0), 0));
    let proposed = case.approve(&case.moderator).await.expect(202).json();
    assert_eq!((&proposed["state"], &proposed["risk"]["level"]), (&json!("awaiting_second_review"), &json!("HIGH")));
    case.approve(&case.moderator).await.refused(403, "same_reviewer");
    assert_eq!(case.approve(&admin).await.expect(200).json()["state"], "approved");
    let history = case.moderator.all(&format!("/v1/admin/kyc/checks/{}/history", case.id)).await;
    let told = types(&history);
    for kind in ["kyc.check.screening", "kyc.check.screened", "kyc.check.hit_reviewed", "kyc.check.approved"] {
        assert!(told.contains(&kind), "{kind} in {told:?}");
    }
    let screened = history.iter().find(|event| event["type"] == "kyc.check.screened").unwrap();
    assert!(screened["data"]["engine_version"].is_string() && screened["data"]["lists"]["un"].is_string());
}

#[tokio::test]
async fn a_listed_passport_under_another_name_goes_to_review() {
    let stack = Stack::get();
    let person = stack.person().await;
    let check = person.check("Y0012345").await;
    let moderator = stack.moderator().await;
    let check = moderator.staff_check_once(check["id"].as_str().unwrap(), "in_review").await;
    let hit = &check["hits"][0];
    assert_eq!((&hit["entity_id"], &hit["matched_on"]), (&json!("900001"), &json!(["identifier"])), "{check}");
}

#[tokio::test]
async fn a_true_match_never_ends_in_approval() {
    let case = Listed::new(sanctioned()).await;
    let hit = case.hit().await;
    let held = case.decide(&case.moderator, &hit, "true_match").await.expect(200).json();
    assert_eq!(held["decision"], "true_match");
    case.approve(&case.moderator).await.refused(409, "true_match");
    let admin = case.stack.admin().await;
    case.approve(&admin).await.refused(409, "true_match");
    case.decide(&admin, &held, "false_positive").await.refused(409, "illegal_transition");

    let version = format!("\"{}\"", case.check().await["version"]);
    let reject = json!({"decision": "reject", "reasons": ["sanctions_match"]});
    let request = case.moderator.put(&format!("/v1/kyc/checks/{}", case.id)).header("if-match", &version);
    request.json(&reject).send().await.expect(200);
    let check = case.person.check_once(&case.id, "rejected").await;
    assert_eq!(check["reasons"][0]["code"], "verification_failed");
    is_applicant_view(&check);
}

#[tokio::test]
async fn neither_withdrawing_nor_another_name_gets_around_a_hit() {
    let case = Listed::new(sanctioned()).await;
    let hit = case.hit().await;
    case.person.api.post(&format!("/v1/kyc/checks/{}/cancel", case.id)).send().await.expect(200);
    let other = json!({"given_name": "Arthur", "family_name": "Miller", "date_of_birth": "1980-01-01"});
    case.person.api.patch("/v1/users/profile").json(&other).send().await.expect(200);
    let check = case.person.check(&format!("OK-{}", tag())).await;
    let case = Listed { id: check["id"].as_str().unwrap().to_owned(), ..case };
    case.moderator.staff_check_once(&case.id, "in_review").await;
    let again = case.hit().await;
    assert_eq!((&again["entity_id"], &again["decision"]), (&hit["entity_id"], &json!("open")));
    assert!(again["explanation"].as_str().unwrap().starts_with("Found in an earlier check"), "{again}");
    case.approve(&case.moderator).await.refused(409, "open_hits");
}

#[tokio::test]
async fn a_hit_is_decided_though_its_check_was_withdrawn() {
    let case = Listed::new(sanctioned()).await;
    let hit = case.hit().await;
    let cancelled = case.person.api.post(&format!("/v1/kyc/checks/{}/cancel", case.id)).send().await.expect(200);
    let tag = format!("\"{}\"", cancelled.json()["version"]);
    assert_eq!(cancelled.header("etag"), Some(tag.as_str()));
    let held = case.decide(&case.moderator, &hit, "true_match").await.expect(200).json();
    assert_eq!(held["decision"], "true_match");
    let check = case.check().await;
    assert_eq!((&check["state"], &check["hit_counts"]["true_match"]), (&json!("cancelled"), &json!(1)));
    let open_hits = case.moderator.all("/v1/aml/hits?limit=100").await;
    assert!(open_hits.iter().all(|open| open["id"] != hit["id"]), "it is not in the list of open hits any more");
}

#[tokio::test]
async fn staff_see_nothing_of_their_own_check_in_the_review_queue() {
    let case = Listed::new(sanctioned()).await;
    let role = json!({"email": case.person.draft.email, "role": "moderator"});
    case.stack.aws().invoke("admin-bootstrap", &role).await;
    let (own, id) = (&case.person.api, json!(case.id));
    for path in [
        "/v1/aml/hits?limit=100".to_owned(),
        format!("/v1/aml/hits?check_id={}", case.id),
        format!("/v1/aml/hits?user_id={}", case.person.id),
        "/v1/admin/kyc/checks?limit=100".to_owned(),
        "/v1/admin/kyc/checks?state=in_review&limit=100".to_owned(),
        format!("/v1/admin/kyc/checks?user_id={}", case.person.id),
    ] {
        let seen = own.all(&path).await;
        assert!(seen.iter().all(|one| one["check_id"] != id && one["id"] != id), "{path}");
    }
    let check = own.get(&format!("/v1/kyc/checks/{}", case.id)).send().await.expect(200).json();
    is_applicant_view(&check);

    case.stack.aws().invoke("admin-bootstrap", &json!({"email": case.person.draft.email, "role": "auditor"})).await;
    for path in [
        format!("/v1/admin/audit-logs?person={}&limit=100", case.person.id),
        format!("/v1/admin/audit-logs?subject={}&limit=100", case.id),
    ] {
        let log = own.all(&path).await;
        let log = types(&log);
        assert!(log.contains(&"kyc.check.submitted"), "{log:?}");
        assert!(log.iter().all(|kind| !kind.starts_with("aml.") && !kind.contains("screen")), "{log:?}");
    }
}

#[tokio::test]
async fn one_reviewer_clears_a_politically_exposed_person_and_another_agrees_to_the_approval() {
    let case = Listed::new(exposed()).await;
    let hit = case.hit().await;
    assert_eq!(hit["kind"], "pep");
    case.decide(&case.moderator, &hit, "false_positive").await.expect(200);
    assert_eq!(case.check().await["risk"]["level"], "HIGH");
    case.approve(&case.moderator).await.expect(202);
    case.approve(&case.moderator).await.refused(403, "same_reviewer");
    case.approve(&case.stack.admin().await).await.expect(200);
    case.person.check_once(&case.id, "approved").await;
}

#[tokio::test]
async fn two_reviewers_at_once_decide_a_hit_once() {
    let case = Listed::new(exposed()).await;
    let (hit, admin) = (case.hit().await, case.stack.admin().await);
    let (one, other) =
        tokio::join!(case.decide(&case.moderator, &hit, "false_positive"), case.decide(&admin, &hit, "true_match"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{one}; {other}");
}

/// What a person can see of a check, without what differs between any two checks.
fn seen(check: &Value) -> Value {
    let mut check = check.clone();
    for field in ["id", "document_ids", "created_at", "updated_at", "submitted_at"] {
        check[field] = Value::Null;
    }
    check
}

#[tokio::test]
async fn before_the_decision_a_listed_person_sees_what_anybody_sees() {
    let stack = Stack::get();
    let (listed, other) = (stack.person_of(sanctioned()).await, stack.person().await);
    let (hit, plain) = (listed.check(&format!("OK-{}", tag())).await, other.check(&format!("OK-{}", tag())).await);
    assert_eq!(seen(&hit), seen(&plain));
    let id = hit["id"].as_str().unwrap();
    let moderator = stack.moderator().await;
    moderator.staff_check_once(id, "in_review").await;
    other.check_once(plain["id"].as_str().unwrap(), "approved").await;

    moderator.post(&format!("/v1/kyc/checks/{id}/claim")).key(&tag()).send().await.expect(200);
    let answer = listed.api.get(&format!("/v1/kyc/checks/{id}")).send().await.expect(200);
    let now = answer.json();
    assert_eq!((&now, &now["updated_at"]), (&hit, &hit["updated_at"]), "nothing of it changed for its person");
    let known = format!("\"{}\"", hit["version"]);
    assert_eq!(
        answer.header("etag"),
        Some(known.as_str()),
        "nor does the entity tag reveal what machines or reviewers did"
    );
    is_applicant_view(&now);
    let status = listed.api.get("/v1/kyc/status").send().await.expect(200).text();
    reveals_nothing_internal("the status", &status);
    let history = listed.api.all(&format!("/v1/kyc/checks/{id}/history")).await;
    assert_eq!(types(&history), ["kyc.check.submitted"]);
    listed.api.get("/v1/aml/hits").send().await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_name_of_mixed_scripts_goes_to_review_and_its_person_sees_nothing_of_it() {
    let draft = Draft { given_name: "Brunhild\u{435}".to_owned(), family_name: "Xylander".to_owned(), ..Draft::new() };
    let case = Listed::new(draft).await;
    let check = case.check().await;
    let codes: Vec<_> = check["reasons"].as_array().unwrap().iter().map(|reason| &reason["code"]).collect();
    assert_eq!((codes.as_slice(), &check["hits"]), ([&json!("name_mixed_scripts")].as_slice(), &json!([])));
    let own = case.person.api.get(&format!("/v1/kyc/checks/{}", case.id)).send().await.expect(200).json();
    is_applicant_view(&own);
    assert_eq!(own["status"], "processing");
    assert_eq!(case.approve(&case.moderator).await.expect(200).json()["state"], "approved");
}

#[tokio::test]
async fn nobody_is_checked_without_a_name() {
    let stack = Stack::get();
    let person = stack.person().await;
    let none = json!({"given_name": null, "family_name": null});
    person.api.patch("/v1/users/profile").json(&none).send().await.expect(200);
    let document = person.passport(&format!("OK-{}", tag())).await;
    let answer = person.api.post("/v1/kyc/checks").json(&json!({"document_ids": [document]})).send().await;
    answer.refused(400, "name_required");
}
