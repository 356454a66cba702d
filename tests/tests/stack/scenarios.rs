//! The sandbox's scenarios, each by its document number.

use std::time::Duration;

use serde_json::Value;
use verinym::domain::time::Timestamp;
use verinym_sandbox::scenario::{Odds, Plan, PlannedDecision};
use verinym_tests::{Person, Stack, people::tag, until, wait::WAIT_LIMIT};

use crate::applicant_view::{codes, is_applicant_view, types};

/// The sandbox sends the three callbacks of a task within four seconds; a busy machine takes longer.
const LAST_CALLBACK: Duration = Duration::from_secs(6);

struct Played {
    stack: Stack,
    person: Person,
    id: String,
}

impl Played {
    async fn start(scenario: &str) -> Self {
        Self::of_number(&format!("{scenario}-{}", tag())).await
    }

    async fn of_number(number: &str) -> Self {
        let stack = Stack::get();
        let person = stack.person().await;
        let check = person.check(number).await;
        Self { stack, person, id: check["id"].as_str().unwrap().to_owned() }
    }

    async fn ends(&self, status: &str) -> Value {
        let check = self.person.check_once(&self.id, status).await;
        is_applicant_view(&check);
        check
    }

    /// As staff sees it, and all its events.
    async fn inside(&self) -> (Value, Vec<Value>) {
        let staff = self.stack.moderator().await;
        let check = staff.get(&format!("/v1/admin/kyc/checks/{}", self.id)).send().await.expect(200).json();
        (check, staff.all(&format!("/v1/admin/kyc/checks/{}/history", self.id)).await)
    }

    /// Asserts that it was approved by policy once, and that the person got one mail.
    async fn was_approved_once(&self) -> Vec<Value> {
        self.ends("approved").await;
        let (check, events) = self.inside().await;
        assert_eq!(check["state"], "approved");
        assert_eq!(check["decision"]["outcome"], "approved");
        assert_eq!(check["decision"]["decided_by"], Value::Null);
        assert_eq!(check["progress"]["done"], check["progress"]["total"]);
        assert_eq!(types(&events).iter().filter(|kind| **kind == "kyc.check.approved").count(), 1);
        assert_eq!(types(&events).iter().filter(|kind| **kind == "kyc.check.provider_called").count(), 1);
        let me = self.person.api.get("/v1/auth/me").send().await.expect(200).json();
        assert_eq!(me["user"]["kyc_status"], "approved");
        events
    }
}

#[tokio::test]
async fn ok_is_approved() {
    Played::start("OK").await.was_approved_once().await;
}

#[tokio::test]
async fn bad_is_rejected_as_forged() {
    let played = Played::start("BAD").await;
    let check = played.ends("rejected").await;
    assert_eq!(codes(&check["reasons"]), ["document_forged"]);
    let me = played.person.api.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["user"]["kyc_status"], "rejected");
    let message = check["reasons"][0]["message"].as_str().unwrap().to_owned();
    played.stack.mail(&played.person.draft.email, "why", |mail| mail.text.contains(&message)).await;
}

#[tokio::test]
async fn an_undecided_result_goes_to_review_and_its_person_sees_nothing_of_it() {
    let played = Played::start("REVIEW").await;
    let staff = played.stack.moderator().await;
    let check = staff.staff_check_once(&played.id, "in_review").await;
    assert_eq!(check["decision"], Value::Null);
    assert_eq!(played.ends("processing").await["reasons"], serde_json::json!([]));
    assert!(played.stack.mails(&played.person.draft.email).await.iter().all(|mail| !mail.text.contains("review")));
}

#[tokio::test]
async fn a_slow_provider_approves_in_the_end() {
    Played::start("SLOW").await.was_approved_once().await;
}

#[tokio::test]
async fn a_provider_with_temporary_errors_approves_all_the_same() {
    Played::start("FLAKY").await.was_approved_once().await;
}

/// The breaker counts a provider's failures for all checks, but one failing check does not delay the others.
#[tokio::test]
async fn a_provider_that_is_down_leads_to_review_and_other_checks_do_not_wait() {
    let down = Played::start("DOWN").await;
    let neighbour = Played::start("OK").await;
    neighbour.was_approved_once().await;
    let check = down.stack.moderator().await.staff_check_once(&down.id, "in_review").await;
    assert_eq!(codes(&check["reasons"]), ["provider_unavailable"]);
    assert_eq!(down.ends("processing").await["reasons"], serde_json::json!([]));
}

#[tokio::test]
async fn a_result_that_is_reported_three_times_is_applied_once() {
    let played = Played::start("TWICE").await;
    played.was_approved_once().await;
    let (check, _) = played.inside().await;
    let reference = &check["provider_reference"];
    let since: Timestamp = check["created_at"].as_str().unwrap().parse().unwrap();
    let until_then = since + WAIT_LIMIT;
    let audit = played.stack.admin().await;
    let kept = async || {
        let path = format!("/v1/admin/audit-logs?type=kyc.callback.received&from={since}&to={until_then}");
        let events = audit.all(&path).await;
        events.iter().filter(|event| event["data"]["reference"] == *reference).count()
    };
    until("the first callback to be kept", async || (kept().await > 0).then_some(())).await;
    tokio::time::sleep(LAST_CALLBACK).await;
    assert_eq!(kept().await, 1, "callbacks that were kept");
}

#[tokio::test]
async fn a_forged_callback_is_refused_and_the_valid_one_is_applied() {
    Played::start("FORGED").await.was_approved_once().await;
}

#[tokio::test]
async fn silent_is_found_by_polling() {
    Played::start("SILENT").await.was_approved_once().await;
}

#[tokio::test]
async fn a_number_without_a_known_prefix_is_approved() {
    Played::of_number(&format!("L{}", tag().to_uppercase())).await.ends("approved").await;
}

/// The same number, the same outcome.
#[tokio::test]
async fn random_is_drawn_from_its_number() {
    Played::of_number(&drawn(PlannedDecision::Approve)).await.ends("approved").await;
    Played::of_number(&drawn(PlannedDecision::Reject)).await.ends("rejected").await;
}

/// A new number for which the sandbox draws this outcome with the probabilities of its template.
fn drawn(decision: PlannedDecision) -> String {
    let odds = Odds::new(70, 20).unwrap();
    let numbers = (0..).map(|_| format!("RANDOM{}", tag().to_uppercase()));
    numbers.into_iter().find(|number| Plan::of_number(number, odds).decision == decision).unwrap()
}
