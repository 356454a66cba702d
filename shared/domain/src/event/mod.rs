//! Events: their types, actors and views.

mod classified;
mod counter;
mod data;
mod kind;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    classified::{Class, Classified, ExternalId, PublicWord},
    counter::{Amount, Count, Counter, Label},
    data::*,
    kind::{Audience, EventType, EventTypeRow},
};
use super::{
    id::{EventId, SessionId, UserId},
    secret::Masked,
    time::Timestamp,
};

/// The cause of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// A person, about themselves or as staff.
    User(UserId),
    /// A component of this system: `expiry`, `verification` …
    System(String),
    /// An identity provider, by name.
    Provider(String),
    /// A machine client, by id.
    Client(String),
    /// A caller without a session.
    Anonymous,
}

impl Actor {
    /// A component of this system.
    pub fn system(component: &str) -> Self {
        Self::System(component.to_owned())
    }

    pub fn view(&self) -> ActorView {
        let (kind, id) = match self {
            Self::User(id) => ("user", Some(id.to_string())),
            Self::System(component) => ("system", Some(component.clone())),
            Self::Provider(name) => ("provider", Some(name.clone())),
            Self::Client(id) => ("client", Some(id.clone())),
            Self::Anonymous => ("anonymous", None),
        };
        ActorView { kind: kind.to_owned(), id }
    }

    /// The key in the index `actor`, which has people and clients only.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::User(id) => Some(id.to_string()),
            Self::Client(id) => Some(id.clone()),
            Self::System(_) | Self::Provider(_) | Self::Anonymous => None,
        }
    }
}

/// The aggregate that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    /// `user`, `session`, `check`, `document`, `callback` …
    #[serde(rename = "type")]
    #[schema(example = "check")]
    pub kind: String,
    #[schema(example = "chk_01h2xcejqtf2nbrexx3vqjhp41")]
    pub id: String,
}

impl Subject {
    #[expect(clippy::needless_pass_by_value, reason = "ids are copied, and read better without a mark")]
    pub fn new(kind: &str, id: impl ToString) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string() }
    }
}

/// The change of a field, with both values masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    #[schema(example = "family_name")]
    pub field: String,
    #[schema(example = "B***")]
    pub before_masked: Option<String>,
    #[schema(example = "A***")]
    pub after_masked: Option<String>,
}

/// The cause of an event, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActorView {
    /// `user`, `system`, `provider`, `client` or `anonymous`.
    #[serde(rename = "type")]
    #[schema(example = "user")]
    pub kind: String,
    #[schema(example = "user_01h2xcejqtf2nbrexx3vqjhp41")]
    pub id: Option<String>,
}

/// The part of an event that only staff with `audit:read` see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    pub ip: Option<Masked<String>>,
    pub user_agent: Option<Masked<String>>,
    pub session_id: Option<SessionId>,
    pub risk_score: Option<u32>,
}

/// An event as the API shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventView {
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: EventType,
    pub occurred_at: Timestamp,
    pub subject: Subject,
    /// The user concerned.
    pub person: Option<UserId>,
    pub actor: ActorView,
    #[schema(example = "0f8fad5bd9cb469fa16570867728950e")]
    pub correlation_id: String,
    /// Ids and public words; no personal data.
    #[schema(value_type = Object, example = json!({"reasons": ["document_unreadable"]}))]
    pub data: serde_json::Value,
    pub changes: Vec<Change>,
}

/// An event with its origin, as the event log shows it to staff.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEvent {
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: EventType,
    pub occurred_at: Timestamp,
    pub subject: Subject,
    /// The user concerned.
    pub person: Option<UserId>,
    pub actor: ActorView,
    #[schema(example = "0f8fad5bd9cb469fa16570867728950e")]
    pub correlation_id: String,
    /// Ids and public words; no personal data.
    #[schema(value_type = Object, example = json!({"reasons": ["document_unreadable"]}))]
    pub data: serde_json::Value,
    pub changes: Vec<Change>,
    /// Address of the caller; null if the key of its person was destroyed.
    #[schema(value_type = Option<String>, example = "198.51.100.7")]
    pub ip: Option<Masked<String>>,
    #[schema(value_type = Option<String>, example = "Mozilla/5.0")]
    pub user_agent: Option<Masked<String>>,
    pub session_id: Option<SessionId>,
    /// Of a sign-in: 0 to 100.
    #[schema(example = json!(null))]
    pub risk_score: Option<u32>,
}

impl EventView {
    /// The event with its origin.
    pub fn with_origin(self, origin: Origin) -> AuditEvent {
        let Self { id, kind, occurred_at, subject, person, actor, correlation_id, data, changes } = self;
        let Origin { ip, user_agent, session_id, risk_score } = origin;
        AuditEvent {
            id,
            kind,
            occurred_at,
            subject,
            person,
            actor,
            correlation_id,
            data,
            changes,
            ip,
            user_agent,
            session_id,
            risk_score,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn actors_read_back_and_show_type_and_id() {
        let user = UserId::new(Timestamp::from_unix_millis(1));
        for actor in [
            Actor::User(user),
            Actor::system("expiry"),
            Actor::Provider("sandbox".into()),
            Actor::Client("cli_1".into()),
            Actor::Anonymous,
        ] {
            let stored = serde_json::to_string(&actor).unwrap();
            assert_eq!(serde_json::from_str::<Actor>(&stored).unwrap(), actor);
            assert!(stored.contains(&format!("\"type\":\"{}\"", actor.view().kind)));
        }
        assert_eq!(json!(Actor::Anonymous.view()), json!({"type": "anonymous", "id": null}));
    }

    #[test]
    fn only_staff_see_the_origin_of_an_event() {
        let event = EventView {
            id: EventId::new(Timestamp::from_unix_millis(1)),
            kind: EventType::SessionCreated,
            occurred_at: Timestamp::from_unix_millis(1),
            subject: Subject::new("session", "sess_1"),
            person: None,
            actor: Actor::Anonymous.view(),
            correlation_id: "c".into(),
            data: json!({}),
            changes: vec![],
        };
        assert!(json!(event).get("ip").is_none());
        let event = event.with_origin(Origin { ip: Some(Masked("192.0.2.1".into())), ..Origin::default() });
        assert_eq!(json!(event)["ip"], "192.0.2.1");
        assert_eq!(json!(event)["type"], "session.created");
        assert!(!format!("{event:?}").contains("192.0.2.1"));
    }
}
