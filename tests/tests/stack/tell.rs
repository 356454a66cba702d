//! What a person may be told.

use std::collections::BTreeSet;

use serde_json::Value;

/// Asserts that nothing in what a person got tells of providers, reviewers, risk or the desk.
#[track_caller]
pub fn tells_nothing_of_the_inside(what: &str, text: &str) {
    let text = text.to_lowercase();
    for word in [
        "provider",
        "sandbox",
        "desk",
        "review",
        "moderator",
        "risk",
        "aml",
        "sanction",
        "claimed",
        "attempts",
        "policy",
    ] {
        assert!(!text.contains(word), "'{word}' in {what}: {text}");
    }
}

/// A check as its person sees it: these fields, no other.
#[track_caller]
pub fn is_the_person_s_view(check: &Value) {
    let fields: BTreeSet<_> = check.as_object().unwrap().keys().map(String::as_str).collect();
    let told = [
        "created_at",
        "document_ids",
        "expires_at",
        "id",
        "needed",
        "reasons",
        "status",
        "submitted_at",
        "updated_at",
        "version",
    ];
    assert_eq!(fields, BTreeSet::from(told), "{check}");
    tells_nothing_of_the_inside("a check", &check.to_string());
}

/// Codes of a list of reasons.
pub fn codes(reasons: &Value) -> Vec<&str> {
    reasons.as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

/// Types of a list of events.
pub fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}
