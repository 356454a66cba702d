//! What an endpoint is told of an event: ids, versions and public words, no personal data.
//!
//! Of a check only what its person sees is told: whether a machine or a reviewer is at work does not show, nor in the version,
//! which is the one of the person's view.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::WebhookType;
use crate::{
    check::{CheckState, PublicStatus},
    id::{CheckId, DocumentId, EventId, HitId, SessionId, UserId, WebhookId},
    time::Timestamp,
};

/// The type of the event that a test sends. No filter is needed for it.
pub const TEST_TYPE: &str = "webhook.test";

/// The body of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WebhookPayload {
    /// The same in each delivery of the event.
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub occurred_at: Timestamp,
    pub data: WebhookData,
}

/// The data of a delivery, by type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum WebhookData {
    User(UserData),
    Session(SessionData),
    Check(CheckData),
    Document(DocumentData),
    Hit(HitData),
    Lists(ListsData),
    Test(TestData),
}

/// Data of `user.…` and `password.changed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UserData {
    pub user_id: UserId,
    /// The version of the user after the event, the one of its entity tag.
    pub version: u64,
}

/// Data of `session.…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionData {
    pub session_id: SessionId,
    pub user_id: UserId,
}

/// Data of `kyc.check.…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckData {
    pub check_id: CheckId,
    pub user_id: UserId,
    pub status: PublicStatus,
    /// The version of the check after the event, as its person sees it.
    pub version: u64,
}

/// Data of `kyc.document.rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DocumentData {
    pub document_id: DocumentId,
    pub user_id: UserId,
    #[schema(example = "rejected")]
    pub status: &'static str,
}

/// Data of `aml.hit.opened`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HitData {
    pub hit_id: HitId,
    pub check_id: CheckId,
    pub user_id: UserId,
    #[schema(example = "ofac_sdn")]
    pub list: String,
    pub version: u64,
}

/// Data of `aml.list.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListsData {
    /// Versions by list.
    pub lists: BTreeMap<String, String>,
    pub version: u64,
}

/// Data of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TestData {
    pub webhook_id: WebhookId,
}

/// What is known of an event.
#[derive(Debug, Clone, Copy)]
pub struct EventFacts<'a> {
    pub id: EventId,
    pub occurred_at: Timestamp,
    /// The id of the aggregate that changed.
    pub subject: &'a str,
    pub person: Option<UserId>,
    /// The version of what the person sees of the aggregate, or of the aggregate.
    pub version: u64,
    /// The data of the event, as it is stored.
    pub data: &'a Map<String, Value>,
}

/// The event lacks what its public type tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event lacks what its public type tells")]
pub struct NotTold;

impl EventFacts<'_> {
    fn subject<T: std::str::FromStr>(&self) -> Result<T, NotTold> {
        self.subject.parse().map_err(|_| NotTold)
    }

    fn person(&self) -> Result<UserId, NotTold> {
        self.person.ok_or(NotTold)
    }

    fn word(&self, field: &str) -> Result<&str, NotTold> {
        self.data.get(field).and_then(Value::as_str).ok_or(NotTold)
    }
}

/// What endpoints are told of an event of this public type.
///
/// # Errors
/// [`NotTold`] if the event lacks something, which is a bug.
pub fn payload(kind: WebhookType, facts: &EventFacts<'_>) -> Result<WebhookPayload, NotTold> {
    use WebhookType as T;
    let version = facts.version;
    let data = match kind {
        T::UserRegistered
        | T::UserEmailVerified
        | T::UserUpdated
        | T::UserLocked
        | T::PasswordChanged
        | T::MfaChanged => WebhookData::User(UserData { user_id: facts.person()?, version }),
        T::SessionCreated | T::SessionRevoked => {
            WebhookData::Session(SessionData { session_id: facts.subject()?, user_id: facts.person()? })
        }
        T::CheckSubmitted
        | T::CheckActionNeeded
        | T::CheckApproved
        | T::CheckRejected
        | T::CheckCancelled
        | T::CheckExpired => {
            let state: CheckState = facts.word("state")?.parse().map_err(|_| NotTold)?;
            let (check_id, user_id) = (facts.subject()?, facts.person()?);
            WebhookData::Check(CheckData { check_id, user_id, status: state.public(), version })
        }
        T::DocumentRejected => WebhookData::Document(DocumentData {
            document_id: facts.subject()?,
            user_id: facts.person()?,
            status: "rejected",
        }),
        T::HitOpened => WebhookData::Hit(HitData {
            hit_id: facts.subject()?,
            check_id: facts.word("check")?.parse().map_err(|_| NotTold)?,
            user_id: facts.person()?,
            list: facts.word("list")?.to_owned(),
            version,
        }),
        T::ListsUpdated => {
            let lists = facts.data.get("lists").and_then(Value::as_object).ok_or(NotTold)?;
            let lists = lists.iter().filter_map(|(list, version)| Some((list.clone(), version.as_str()?.to_owned())));
            WebhookData::Lists(ListsData { lists: lists.collect(), version })
        }
    };
    Ok(WebhookPayload { id: facts.id, kind: kind.as_str(), occurred_at: facts.occurred_at, data })
}

/// What an endpoint is told when its owner asks for a test.
pub fn test_payload(id: EventId, endpoint: WebhookId, now: Timestamp) -> WebhookPayload {
    let data = WebhookData::Test(TestData { webhook_id: endpoint });
    WebhookPayload { id, kind: TEST_TYPE, occurred_at: now, data }
}
