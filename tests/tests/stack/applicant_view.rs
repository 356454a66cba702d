//! What a person may see of a check.

use std::collections::BTreeSet;

use serde_json::Value;

/// Asserts that a response to a person reveals nothing of providers, reviewers, risk or the review queue.
#[track_caller]
pub fn reveals_nothing_internal(what: &str, text: &str) {
    let text = text.to_lowercase();
    for word in
        ["provider", "sandbox", "review", "moderator", "risk", "aml", "sanction", "claimed", "attempts", "policy"]
    {
        assert!(!text.contains(word), "'{word}' in {what}: {text}");
    }
}

/// A check as its person sees it: these fields, no other.
#[track_caller]
pub fn is_applicant_view(check: &Value) {
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
    reveals_nothing_internal("a check", &check.to_string());
}

/// Codes of a list of reasons.
pub fn codes(reasons: &Value) -> Vec<&str> {
    reasons.as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

/// Types of a list of events.
pub fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}
