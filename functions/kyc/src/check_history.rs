//! GET /v1/kyc/checks/{id}/history: what happened to a check, newest first. Its person sees what §8 of the contract
//! calls public, and of who did it only whether it was they themselves.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        check::ReasonCode,
        event::{Actor, ActorView, EventType, EventView},
        id::{CheckId, UserId},
        role::KycRead,
    },
    error::{RequestError, Result},
    http::{
        Call, Endpoint, Page, Path, Query, Route, Signed,
        cursor::{Binding, page_size},
    },
    store::{Position, event::EventRecord},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CheckHistory {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("kyc-check-history", "/v1/kyc/checks/{id}/history")
        .summary("What happened to a check")
        .loads_owner()
        .problems(&[(404, "not_found")])
        .handled_by(history)
}

async fn history(
    call: Call<Signed>,
    (Path(id), Query(query)): (Path<CheckId>, Query<CheckHistory>),
) -> Result<Page<EventView>> {
    let owner = call.owner()?;
    let own = owner == call.caller.user;
    if !own && !call.caller.can::<KycRead>() {
        return Err(RequestError::NotFound.into());
    }
    let limit = page_size(query.limit)?;
    let subject = id.to_string();
    let binding = Binding::new(&call, &call.caller.user, &[&subject]);
    let mut after = binding.open(call.app, query.cursor.as_deref()).await?;
    let store = call.app.store().await;
    let mut items = Vec::new();
    // A check has some dozen events; those its person may not see must not make pages short.
    'pages: loop {
        let (records, next) = store.events_of_subject(&subject, 100, after.as_ref()).await?;
        for record in records {
            if items.len() == limit as usize {
                break 'pages;
            }
            after = Some(position(&record));
            items.extend(if own { for_person(record, owner) } else { Some(for_staff(record)) });
        }
        if next.is_none() {
            after = None;
            break;
        }
        after = next;
    }
    Ok(Page { items, next_cursor: binding.seal(call.app, after.as_ref()).await? })
}

fn position(record: &EventRecord) -> Position {
    let key = record.key();
    Position(BTreeMap::from([("pk".to_owned(), key.pk), ("sk".to_owned(), key.sk)]))
}

fn for_staff(record: EventRecord) -> EventView {
    let actor = record.actor.view();
    view(record, actor)
}

/// Nothing of reviewers, providers and internal reasons.
fn for_person(mut record: EventRecord, owner: UserId) -> Option<EventView> {
    if !record.r#type.is_public() {
        return None;
    }
    let actor = if record.actor == Actor::User(owner) {
        record.actor.view()
    } else {
        ActorView { kind: "system".to_owned(), id: None }
    };
    let words = record.data.remove("reasons").and_then(|reasons| serde_json::from_value::<Vec<String>>(reasons).ok());
    let codes: Vec<ReasonCode> = words.unwrap_or_default().iter().filter_map(|word| word.parse().ok()).collect();
    let must_say = matches!(record.r#type, EventType::CheckRejected | EventType::CheckActionNeeded);
    let told = if record.r#type == EventType::CheckApproved { vec![] } else { ReasonCode::told(&codes, must_say) };
    record.data.clear();
    if !told.is_empty() {
        let told = told.into_iter().map(|reason| reason.code.as_str().into()).collect();
        record.data.insert("reasons".to_owned(), serde_json::Value::Array(told));
    }
    record.changes.clear();
    // It names whoever called, a reviewer too.
    if actor.id.is_none() {
        record.correlation_id.clear();
    }
    Some(view(record, actor))
}

fn view(record: EventRecord, actor: ActorView) -> EventView {
    EventView {
        id: record.id,
        kind: record.r#type,
        occurred_at: record.occurred_at,
        subject: record.subject,
        person: record.person,
        actor,
        correlation_id: record.correlation_id,
        data: serde_json::Value::Object(record.data),
        changes: record.changes,
        origin: None,
    }
}

#[cfg(test)]
mod tests {
    use verinym::{
        domain::{
            event::Subject,
            id::{EventId, UserId},
            time::Timestamp,
        },
        store::event::EventDraft,
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn record(kind: EventType, actor: Actor, reasons: &[&str]) -> EventRecord {
        let draft = EventDraft::new(kind, Subject::new("check", CheckId::new(NOW)), 3, actor)
            .data("provider", "sandbox")
            .data("state", "rejected")
            .data("reasons", reasons.to_vec());
        EventRecord::new(EventId::new(NOW), NOW, "correlation-1", draft)
    }

    #[test]
    fn the_person_sees_no_reviewer_no_provider_and_no_internal_reason() {
        let (owner, reviewer) = (UserId::new(NOW), UserId::new(NOW));
        let rejected = record(EventType::CheckRejected, Actor::User(reviewer), &["document_forged", "sanctions_match"]);
        let seen = for_person(rejected, owner).unwrap();
        assert_eq!((seen.actor.kind.as_str(), seen.actor.id), ("system", None));
        assert_eq!(seen.data, serde_json::json!({"reasons": ["document_forged"]}));
        let internal = record(EventType::CheckRejected, Actor::Provider("sandbox".into()), &["sanctions_match"]);
        let seen = for_person(internal, owner).unwrap();
        assert_eq!(seen.data, serde_json::json!({"reasons": ["verification_failed"]}));
        assert_eq!(seen.actor.kind, "system");
    }

    #[test]
    fn what_the_machine_and_the_desk_do_is_not_shown() {
        let owner = UserId::new(NOW);
        for kind in EventType::ALL.iter().filter(|kind| !kind.is_public()) {
            assert!(for_person(record(*kind, Actor::User(owner), &[]), owner).is_none());
        }
    }

    #[test]
    fn the_person_sees_what_they_did_themselves() {
        let owner = UserId::new(NOW);
        let seen = for_person(record(EventType::CheckSubmitted, Actor::User(owner), &[]), owner).unwrap();
        assert_eq!(seen.actor.id, Some(owner.to_string()));
        assert_eq!(seen.correlation_id, "correlation-1");
        assert_eq!(seen.data, serde_json::json!({}));
    }

    #[test]
    fn staff_see_all_of_it() {
        let reviewer = UserId::new(NOW);
        let seen = for_staff(record(EventType::CheckInReview, Actor::User(reviewer), &["provider_unavailable"]));
        assert_eq!(seen.actor.id, Some(reviewer.to_string()));
        assert_eq!(seen.data["reasons"][0], "provider_unavailable");
    }
}
