use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::{
    id::{CheckId, DeliveryId, DocumentId, EventId, HitId, SessionId, UserId, WebhookId},
    role::PermissionSet,
    secret::Secret,
    time::Timestamp,
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

fn endpoint() -> Endpoint {
    Endpoint {
        id: WebhookId::new(NOW),
        owner: EndpointOwner::Person(UserId::new(NOW)),
        scope: Scope::Own,
        url: EndpointUrl::stored("https://hooks.example.com/".to_owned()),
        events: parse_filters(&["kyc.check.*"], |_| true).unwrap(),
        description: None,
        enabled: true,
        disabled_reason: None,
        secrets: vec![EndpointSecret { key: Secret::new("first".to_owned()), created_at: NOW, expires_at: None }],
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    }
}

fn delivery() -> Delivery {
    let body = "{}".to_owned();
    let (id, endpoint, event) = (DeliveryId::new(NOW), WebhookId::new(NOW), EventId::new(NOW));
    Delivery::new(NewDelivery { id, endpoint, event, kind: "user.locked".to_owned(), body }, NOW)
}

fn answered(status: u16) -> AttemptResult {
    AttemptResult::Answered { status, retry_after: None, duration: Duration::from_millis(20) }
}

#[test]
fn a_delivery_that_always_fails_is_attempted_eight_times_and_is_dead_then() {
    let (mut delivery, mut now) = (delivery(), NOW);
    let mut waits = vec![];
    while let Some(at) = delivery.next_attempt_at {
        waits.push(at.since(now));
        now = at;
        delivery = delivery.after(&AttemptResult::NoAnswer, now, 0);
    }
    assert_eq!(waits, WAITS);
    assert_eq!((delivery.attempt, delivery.status), (8, DeliveryStatus::Dead));
    assert_eq!(delivery.last, Some(LastAttempt { at: now, status: None, duration_ms: None }));
}

#[test]
fn an_accepted_delivery_ends_and_so_does_one_to_an_endpoint_that_is_gone() {
    for (status, ends) in [
        (200, DeliveryStatus::Delivered),
        (204, DeliveryStatus::Delivered),
        (299, DeliveryStatus::Delivered),
        (410, DeliveryStatus::Cancelled),
        (199, DeliveryStatus::Pending),
        (302, DeliveryStatus::Pending),
        (400, DeliveryStatus::Pending),
        (500, DeliveryStatus::Pending),
    ] {
        let after = delivery().after(&answered(status), NOW, 0);
        assert_eq!((after.status, after.attempt), (ends, 1), "{status}");
        assert_eq!(after.next_attempt_at.is_some(), ends == DeliveryStatus::Pending, "{status}");
        assert_eq!(after.last.unwrap().status, Some(status));
    }
}

#[test]
fn retry_after_is_honoured_up_to_a_day() {
    let wait = |retry_after| next_attempt(1, Some(retry_after), NOW, 0).unwrap().since(NOW);
    assert_eq!(wait(Duration::from_secs(90)), Duration::from_secs(90));
    assert_eq!(wait(Duration::from_secs(1)), Duration::from_secs(5), "not earlier than the schedule");
    assert_eq!(wait(Duration::from_hours(1000)), LONGEST_RETRY_AFTER);
}

#[test]
fn a_delivery_that_somebody_asks_for_again_begins_the_schedule_again() {
    let failed = (0..8).fold(delivery(), |delivery, _| delivery.after(&answered(500), NOW, 0));
    let again = failed.again(NOW).unwrap();
    assert_eq!((again.status, again.attempt, again.next_attempt_at), (DeliveryStatus::Pending, 8, Some(NOW)));
    assert_eq!(again.again(NOW), Err(WebhookError::Pending));
    let failed = again.after(&answered(500), NOW, 0);
    assert_eq!(failed.next_attempt_at, Some(NOW + WAITS[1]));
    let delivered = failed.after(&answered(200), NOW, 0);
    assert!(delivered.again(NOW).is_ok());
    assert_eq!(delivered.id, delivery_id_of(&failed));
}

fn delivery_id_of(delivery: &Delivery) -> DeliveryId {
    delivery.id
}

#[test]
fn an_attempt_that_was_not_made_counts_and_leaves_the_last_answer() {
    let failed = delivery().after(&answered(503), NOW, 0);
    let skipped = failed.after(&AttemptResult::NotTried, NOW, 0);
    assert_eq!((skipped.attempt, skipped.last), (2, failed.last));
}

#[test]
fn an_endpoint_is_disabled_after_five_days_of_failure_and_once() {
    assert!(!gives_up(NOW, NOW + FAILING_LIMIT - Duration::from_millis(1)));
    assert!(gives_up(NOW, NOW + FAILING_LIMIT));
    let disabled = endpoint().disable(DisabledReason::Failing, NOW).unwrap();
    assert_eq!((disabled.enabled, disabled.version), (false, 2));
    assert!(disabled.disable(DisabledReason::Gone, NOW).is_none());
    assert!(!disabled.wants(WebhookType::CheckApproved));
}

#[test]
fn both_secrets_sign_for_a_day_after_a_rotation_and_never_more_than_two() {
    let live = |endpoint: &Endpoint, now| {
        endpoint.live_secrets(now).map(|secret| secret.key.expose().clone()).collect::<Vec<_>>()
    };
    let rotated = endpoint().rotate(Secret::new("second".to_owned()), NOW);
    assert_eq!(live(&rotated, NOW), ["second", "first"]);
    assert_eq!(live(&rotated, NOW + SECRET_OVERLAP), ["second"]);
    let again = rotated.rotate(Secret::new("third".to_owned()), NOW + Duration::from_hours(1));
    assert_eq!(live(&again, NOW + Duration::from_hours(2)), ["third", "second"]);
}

#[test]
fn endpoints_of_their_owner_s_own_events_hear_of_nothing_that_needs_a_permission() {
    let admin = PermissionSet::of_roles(&[crate::role::ADMIN]);
    let nobody = PermissionSet::default();
    assert!(!Scope::Own.may_hear(WebhookType::HitOpened, &admin));
    assert!(Scope::Own.may_hear(WebhookType::CheckApproved, &nobody));
    assert!(Scope::All.may_hear(WebhookType::HitOpened, &admin));
    assert!(!Scope::All.may_hear(WebhookType::HitOpened, &nobody));
}

#[test]
fn descriptions_are_printable_and_short() {
    assert_eq!(parse_description(" Billing "), Ok(Some("Billing".to_owned())));
    assert_eq!(parse_description("  "), Ok(None));
    assert!(parse_description("a\nb").is_err());
    assert!(parse_description(&"a".repeat(201)).is_err());
}

fn told(kind: WebhookType, subject: &str, data: &Value) -> Value {
    let facts = EventFacts {
        id: EventId::new(NOW),
        occurred_at: NOW,
        subject,
        person: Some(UserId::new(NOW)),
        version: 3,
        data: data.as_object().unwrap(),
    };
    json!(payload(kind, &facts).unwrap())
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The data of the event has more than may be told: the provider, the reasons, the internal state.
#[test]
fn of_a_check_only_its_public_status_is_told() {
    let check = CheckId::new(NOW).to_string();
    let data = json!({"provider": "sandbox", "state": "awaiting_second_review", "reasons": ["sanctions_hit"]});
    let body = told(WebhookType::CheckSubmitted, &check, &data);
    assert_eq!(names(&body), ["data", "id", "occurred_at", "type"]);
    assert_eq!(names(&body["data"]), ["check_id", "status", "user_id", "version"]);
    assert_eq!((&body["data"]["status"], &body["data"]["version"]), (&json!("processing"), &json!(3)));
}

#[test]
fn each_type_tells_its_ids_and_nothing_else() {
    let (hit, check) = (HitId::new(NOW).to_string(), CheckId::new(NOW).to_string());
    let state = json!({"provider": "sandbox", "state": "approved"});
    let origin = json!({"check": check, "list": "un", "kind": "sanctions", "list_version": "1"});
    for kind in WebhookType::ALL {
        let (subject, data, expected): (String, Value, &[&str]) = match kind.as_str().rsplit_once('.').unwrap().0 {
            "user" | "password" | "mfa" => {
                (UserId::new(NOW).to_string(), json!({"roles": ["x"]}), &["user_id", "version"])
            }
            "session" => (SessionId::new(NOW).to_string(), json!({"amr": ["pwd"]}), &["session_id", "user_id"]),
            "kyc.check" => (check.clone(), state.clone(), &["check_id", "status", "user_id", "version"]),
            "kyc.document" => {
                (DocumentId::new(NOW).to_string(), json!({"reason": "x"}), &["document_id", "status", "user_id"])
            }
            "aml.hit" => (hit.clone(), origin.clone(), &["check_id", "hit_id", "list", "user_id", "version"]),
            "aml.list" => ("lists".to_owned(), json!({"artifact": "a", "lists": {"un": "7"}}), &["lists", "version"]),
            other => panic!("{other}: say what is told"),
        };
        let body = told(*kind, &subject, &data);
        assert_eq!(names(&body["data"]), expected, "{kind}");
        assert_eq!(body["type"], kind.as_str());
    }
}

#[test]
fn an_event_that_lacks_what_it_tells_is_not_told() {
    let facts = EventFacts {
        id: EventId::new(NOW),
        occurred_at: NOW,
        subject: "chk_?",
        person: None,
        version: 1,
        data: &Map::new(),
    };
    assert!(WebhookType::ALL.iter().all(|kind| payload(*kind, &facts) == Err(NotTold)));
}

proptest! {
    #[test]
    fn waits_keep_to_the_schedule_with_a_fifth_of_jitter(made in 0_u32..12, random: u64, retry in 0_u64..200_000) {
        let next = next_attempt(made, Some(Duration::from_secs(retry)), NOW, random);
        let Some(wait) = WAITS.get(made as usize) else {
            prop_assert_eq!(next, None);
            return Ok(());
        };
        let waited = next.unwrap().since(NOW);
        prop_assert!(waited >= *wait);
        prop_assert!(waited <= (*wait + *wait / 5).max(Duration::from_secs(retry)).max(*wait));
        prop_assert!(waited <= LONGEST_RETRY_AFTER + LONGEST_RETRY_AFTER / 5);
    }

    /// Whatever the endpoint answers, the delivery ends after eight attempts at most.
    #[test]
    fn every_delivery_ends(statuses in prop::collection::vec(100_u16..600, 8), random: u64) {
        let mut delivery = delivery();
        for status in statuses {
            if delivery.status == DeliveryStatus::Pending {
                let after = delivery.after(&answered(status), NOW, random);
                prop_assert_eq!((after.attempt, after.version), (delivery.attempt + 1, delivery.version + 1));
                prop_assert_eq!(&after.body, &delivery.body);
                delivery = after;
            }
        }
        prop_assert_ne!(delivery.status, DeliveryStatus::Pending);
        prop_assert_eq!(delivery.next_attempt_at, None);
    }
}
