//! The audit log and the metrics.

use std::collections::BTreeMap;

use serde_json::Value;
use verinym_tests::{Client, Stack, people::tag, until};

use crate::applicant_view::types;

#[tokio::test]
async fn every_change_is_in_the_log() {
    let stack = Stack::get();
    let person = stack.person().await;
    let check = person.check(&format!("OK-{}", tag())).await;
    let id = check["id"].as_str().unwrap();
    person.check_once(id, "approved").await;
    person.api.post("/v1/auth/logout").send().await.expect(204);

    let auditor = stack.auditor().await;
    let events = auditor.all(&format!("/v1/admin/audit-logs?person={}&limit=4", person.id)).await;
    let told = types(&events);
    for kind in [
        "user.registered",
        "user.email_verified",
        "session.created",
        "kyc.document.uploaded",
        "kyc.document.stored",
        "kyc.check.created",
        "kyc.check.submitted",
        "kyc.check.approved",
        "session.revoked",
    ] {
        assert_eq!(told.iter().filter(|one| **one == kind).count(), 1, "{kind} in {told:?}");
    }
    let ids: Vec<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older), "newest first");
    for event in &events {
        assert_eq!(event["person"], person.id.as_str());
        assert!(event["correlation_id"].as_str().unwrap().len() >= 8);
        for secret in [&person.draft.email, &person.draft.given_name, &person.draft.family_name] {
            assert!(!event.to_string().contains(secret.as_str()), "{event}");
        }
    }
    let created = events.iter().find(|event| event["type"] == "session.created").unwrap();
    assert_eq!(created["actor"]["id"], person.id.as_str());
    assert!(created["ip"].is_string(), "{created}");
    assert!(created["session_id"].is_string(), "{created}");

    let of_check = auditor.all(&format!("/v1/admin/audit-logs?subject={id}")).await;
    assert!(of_check.iter().all(|event| event["subject"]["id"] == id));
    assert_eq!(types(&of_check).last(), Some(&"kyc.check.created"));
    let submitted = events.iter().find(|event| event["type"] == "kyc.check.submitted").unwrap();
    let by_actor = auditor.all(&format!("/v1/admin/audit-logs?actor={}", person.id)).await;
    assert!(by_actor.iter().any(|event| event["id"] == submitted["id"]));
    assert!(by_actor.iter().all(|event| event["actor"]["id"] == person.id.as_str()));

    // `[from, to)` by day, narrowed by type and correlation id.
    let at = submitted["occurred_at"].as_str().unwrap();
    let (day, correlation) = (&at[..10], submitted["correlation_id"].as_str().unwrap());
    let path = format!("/v1/admin/audit-logs?from={day}T00:00:00Z&to={day}T23:59:59.999Z&correlation_id={correlation}");
    let found = auditor.all(&path).await;
    assert!(found.iter().any(|event| event["id"] == submitted["id"]), "{found:?}");
    assert!(found.iter().all(|event| event["correlation_id"] == correlation));
    let narrowed = auditor.all(&format!("{path}&type=kyc.check.submitted")).await;
    assert_eq!(types(&narrowed), ["kyc.check.submitted"]);
    let before = format!(
        "/v1/admin/audit-logs?from={day}T00:00:00Z&to={at}&correlation_id={correlation}&type=kyc.check.submitted"
    );
    assert!(auditor.all(&before).await.is_empty(), "`to` is not included");
    auditor.get("/v1/admin/audit-logs").send().await.refused(400, "validation_failed");
}

async fn counters(client: &Client) -> BTreeMap<String, f64> {
    let text = client.get("/v1/metrics").send().await.expect(200);
    assert!(text.header("content-type").unwrap().starts_with("text/plain"), "{text}");
    text.text()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{name} {value}"))))
        .collect()
}

#[tokio::test]
async fn counters_move_with_what_happens() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let before = counters(&admin).await;
    let person = stack.person().await;
    let check = person.check(&format!("OK-{}", tag())).await;
    person.check_once(check["id"].as_str().unwrap(), "approved").await;
    let wrong = serde_json::json!({"email": person.draft.email, "password": "not the password at all"});
    stack.client().post("/v1/auth/login").json(&wrong).send().await.expect(401);
    for counter in [
        "auth_registration_total",
        "auth_email_verified_total",
        "auth_login_total{outcome=\"success\"}",
        "kyc_check_submitted_total",
        "kyc_verification_total{provider=\"sandbox\",outcome=\"approved\"}",
        "kyc_document_total{outcome=\"stored\"}",
    ] {
        until(&format!("{counter} to move"), async || {
            let now = counters(&admin).await.get(counter).copied().unwrap_or_default();
            (now > before.get(counter).copied().unwrap_or_default()).then_some(())
        })
        .await;
    }
    let text = admin.get("/v1/metrics").send().await.expect(200).text();
    assert!(text.contains("# TYPE auth_registration_total counter"), "{text}");
    assert!(text.lines().any(|line| line.contains("queue") && line.contains("verification")), "queue depths: {text}");
    assert!(!text.contains("user_") && !text.contains(&person.draft.email), "{text}");
}

/// Every event keeps its canonical bytes and its key: nothing is overwritten.
#[tokio::test]
async fn versions_of_an_aggregate_follow_one_another() {
    let stack = Stack::get();
    let person = stack.person().await;
    let check = person.check(&format!("OK-{}", tag())).await;
    let id = check["id"].as_str().unwrap();
    person.check_once(id, "approved").await;
    let items = stack.aws().partition("events", id).await;
    let mut versions: Vec<u64> =
        items.iter().map(|item| item["sk"]["S"].as_str().unwrap().trim_start_matches('0').parse().unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=versions.len() as u64).collect::<Vec<_>>());
    assert!(
        items.iter().all(|item| item["body"]["B"].is_string()
            || item.as_object().unwrap().values().any(|value: &Value| value["B"].is_string())),
        "{items:?}"
    );
}
