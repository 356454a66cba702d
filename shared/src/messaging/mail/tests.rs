use super::*;
use crate::crypto::random::RandomId;
use crate::domain::{
    event::{Actor, Subject},
    id::{CheckId, EventId},
};

const APP: &str = "https://app.example";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

fn letter(content: &Content<'_>, name: Option<&str>) -> Letter {
    content.letter(To { name, app_url: APP }).unwrap()
}

fn check_event(kind: EventType, data: serde_json::Value) -> EventRecord {
    let serde_json::Value::Object(data) = data else { panic!("an object") };
    EventRecord {
        id: EventId::new(NOW),
        r#type: kind,
        occurred_at: NOW,
        subject: Subject::new("check", CheckId::new(NOW)),
        version: 4,
        person: None,
        actor: Actor::system("verification"),
        correlation_id: "correlation".into(),
        data,
        changes: vec![],
        session: None,
        origin: None,
    }
}

#[test]
fn links_stand_in_both_parts_and_say_how_long_they_last() {
    let token = SecretText::new("abc.DEF_-".into());
    let mail = letter(&Content::Verify { token: &token }, Some("Ada"));
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("https://app.example/verify-email?token=abc.DEF_-"), "{part}");
        assert!(part.contains("24 hours") && part.contains("Hello Ada,"), "{part}");
    }
    let mail = letter(&Content::Reset { token: &token }, None);
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("https://app.example/reset-password?token=abc.DEF_-"), "{part}");
        assert!(part.contains("1 hour.") && part.contains("Hello,"), "{part}");
    }
}

#[test]
fn what_a_person_wrote_cannot_become_markup() {
    let mail = letter(&Content::Welcome, Some("<img src=x onerror=alert(1)> \"& co"));
    assert!(!mail.html.contains("<img"));
    assert!(mail.html.contains("&#60;img") || mail.html.contains("&lt;img"));
    assert!(mail.text.contains("<img src=x"), "plain text needs no escapes");
}

#[test]
fn every_mail_is_whole_and_loads_nothing() {
    let token = SecretText::new("t.t".into());
    let notices = [
        EventType::PasswordChanged,
        EventType::PasswordReset,
        EventType::SessionRefreshReused,
        EventType::UserLocked,
        EventType::UserRolesChanged,
    ];
    let mut all = vec![
        Content::Verify { token: &token },
        Content::Welcome,
        Content::Reset { token: &token },
        Content::AddressAlreadyRegistered,
        Content::Decision(Decision::Approved),
        Content::Decision(Decision::Rejected(vec![ReasonCode::DocumentForged.into()])),
        Content::Decision(Decision::ActionNeeded(vec![ReasonCode::SelfieNeeded.into()])),
    ];
    all.extend(notices.map(|what| Content::SecurityNotice { what, at: NOW }));
    for content in &all {
        let mail = letter(content, Some("Ada"));
        assert!(mail.html.starts_with("<!doctype html>") && mail.html.trim_end().ends_with("</html>"));
        assert!(mail.html.contains(&format!("<title>{}</title>", mail.subject)));
        for remote in ["<img", "<script", "<link", "@import", "url("] {
            assert!(!mail.html.contains(remote), "{remote} in {}", mail.subject);
        }
        assert!(mail.text.starts_with("Hello Ada,\n\n"), "{}", mail.text);
        assert!(!mail.text.contains("\n\n\n"), "{}", mail.text);
    }
}

#[test]
fn every_event_that_asks_for_a_notice_has_one() {
    use crate::domain::mail::MailKind;
    for kind in EventType::ALL {
        if kind.row().mail == Some(MailKind::SecurityNotice) {
            assert!(
                letter(&Content::SecurityNotice { what: *kind, at: NOW }, None).text.contains("2026-03-01 09:30 UTC")
            );
        }
        let decides = kind.row().mail == Some(MailKind::Decision);
        assert_eq!(Decision::of(&check_event(*kind, serde_json::json!({}))).is_some(), decides, "{kind}");
    }
}

#[test]
fn a_person_is_told_public_reasons_only() {
    let data = serde_json::json!({"reasons": ["sanctions_match", "document_forged", "never heard of"]});
    let told = Decision::of(&check_event(EventType::CheckRejected, data)).unwrap();
    assert_eq!(told, Decision::Rejected(vec![ReasonCode::DocumentForged.into()]));

    let data = serde_json::json!({"reasons": ["sanctions_match"]});
    let told = Decision::of(&check_event(EventType::CheckRejected, data)).unwrap();
    assert_eq!(told, Decision::Rejected(vec![ReasonCode::VerificationFailed.into()]));
    let mail = letter(&Content::Decision(told), None);
    for word in ["sanction", "review", "risk", "provider"] {
        assert!(!mail.text.to_lowercase().contains(word) && !mail.html.to_lowercase().contains(word));
    }

    let data = serde_json::json!({"reasons": ["proof_of_address_needed", "high_risk"]});
    let told = Decision::of(&check_event(EventType::CheckActionNeeded, data)).unwrap();
    let mail = letter(&Content::Decision(told), None);
    assert!(mail.text.contains("- Please hand in a proof of your address.\n"), "{}", mail.text);
    assert!(!mail.text.contains("risk"));
}
