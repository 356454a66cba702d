//! The views of an event for staff and for the person concerned.

use super::EventRecord;
use crate::domain::{
    check::ReasonCode,
    event::{Actor, ActorView, EventType, EventView},
    id::UserId,
};

impl EventRecord {
    /// The whole event without its origin.
    pub fn for_staff(self) -> EventView {
        let actor = self.actor.view();
        self.view(actor)
    }

    /// The view of the person concerned: nothing about reviewers, providers and internal reasons, and an actor only if it is
    /// that person. `None` if the event is not public.
    pub fn for_person(mut self, person: UserId) -> Option<EventView> {
        if !self.r#type.is_public() {
            return None;
        }
        let actor = if self.actor == Actor::User(person) {
            self.actor.view()
        } else {
            ActorView { kind: "system".to_owned(), id: None }
        };
        let codes = self.reason_codes();
        let at_least_one = matches!(self.r#type, EventType::CheckRejected | EventType::CheckActionNeeded);
        let reasons = if self.r#type == EventType::CheckApproved {
            vec![]
        } else {
            ReasonCode::for_applicant(&codes, at_least_one)
        };
        self.data.clear();
        if !reasons.is_empty() {
            let codes = reasons.into_iter().map(|reason| reason.code.as_str().into()).collect();
            self.data.insert("reasons".to_owned(), serde_json::Value::Array(codes));
        }
        self.changes.clear();
        // The correlation id identifies a call, which may be a reviewer's.
        if actor.id.is_none() {
            self.correlation_id.clear();
        }
        Some(self.view(actor))
    }

    fn view(self, actor: ActorView) -> EventView {
        EventView {
            id: self.id,
            kind: self.r#type,
            occurred_at: self.occurred_at,
            subject: self.subject,
            person: self.person,
            actor,
            correlation_id: self.correlation_id,
            data: serde_json::Value::Object(self.data),
            changes: self.changes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::RandomId;
    use crate::{
        domain::{
            check::CheckState,
            event::{CheckProgress, Subject},
            id::{CheckId, EventId},
            time::Timestamp,
        },
        store::event::EventDraft,
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn record(kind: EventType, actor: Actor, reasons: &[&str]) -> EventRecord {
        let draft = EventDraft::new(kind, Subject::new("check", CheckId::new(NOW)), 3).data(&CheckProgress {
            provider: "sandbox".into(),
            state: CheckState::Rejected,
            reasons: Some(reasons.iter().map(|reason| reason.parse().unwrap()).collect()),
        });
        EventRecord::new(EventId::new(NOW), NOW, "correlation-1", draft, &actor.into())
    }

    #[test]
    fn the_person_sees_no_reviewer_no_provider_and_no_internal_reason() {
        let (owner, reviewer) = (UserId::new(NOW), UserId::new(NOW));
        let rejected = record(EventType::CheckRejected, Actor::User(reviewer), &["document_forged", "sanctions_match"]);
        let seen = rejected.for_person(owner).unwrap();
        assert_eq!((seen.actor.kind.as_str(), seen.actor.id), ("system", None));
        assert_eq!(seen.data, serde_json::json!({"reasons": ["document_forged"]}));
        assert!(seen.correlation_id.is_empty());
        let internal = record(EventType::CheckRejected, Actor::Provider("sandbox".into()), &["sanctions_match"]);
        let seen = internal.for_person(owner).unwrap();
        assert_eq!(seen.data, serde_json::json!({"reasons": ["verification_failed"]}));
        assert_eq!(seen.actor.kind, "system");
    }

    #[test]
    fn what_machines_and_reviewers_do_is_not_shown_to_the_person() {
        let owner = UserId::new(NOW);
        for kind in EventType::ALL.iter().filter(|kind| !kind.is_public()) {
            assert!(record(*kind, Actor::User(owner), &[]).for_person(owner).is_none());
        }
    }

    #[test]
    fn the_person_sees_what_they_did_themselves() {
        let owner = UserId::new(NOW);
        let seen = record(EventType::CheckSubmitted, Actor::User(owner), &[]).for_person(owner).unwrap();
        assert_eq!(seen.actor.id, Some(owner.to_string()));
        assert_eq!(seen.correlation_id, "correlation-1");
        assert_eq!(seen.data, serde_json::json!({}));
    }

    #[test]
    fn staff_see_all_of_it() {
        let reviewer = UserId::new(NOW);
        let seen = record(EventType::CheckInReview, Actor::User(reviewer), &["provider_unavailable"]).for_staff();
        assert_eq!(seen.actor.id, Some(reviewer.to_string()));
        assert_eq!(seen.data["reasons"][0], "provider_unavailable");
    }
}
