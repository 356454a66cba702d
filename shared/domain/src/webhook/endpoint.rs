//! An endpoint: where it is, what it hears of, and the secrets that sign its deliveries.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{EndpointUrl, EventFilter, WebhookType};
use crate::{
    field::FieldFault,
    id::{ClientId, UserId, WebhookId},
    role::PermissionSet,
    secret::SecretText,
    time::Timestamp,
    words::words,
};

/// The most endpoints of a person or machine client.
pub const MOST_OF_OWNER: u32 = 10;
/// The most endpoints that hear of everybody.
pub const MOST_OF_SCOPE_ALL: u32 = 50;
/// How long the previous secret signs after a rotation.
pub const SECRET_OVERLAP: Duration = Duration::from_hours(24);
/// How long an endpoint may fail without a success before it is disabled.
pub const FAILING_LIMIT: Duration = Duration::from_hours(5 * 24);
/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 200;

words! {
    /// Whose events an endpoint hears of.
    pub enum Scope {
        /// Those about its owner.
        Own = "own",
        /// Everybody's.
        All = "all",
    }

    /// Why an endpoint is not enabled, if not its owner disabled it.
    pub enum DisabledReason {
        /// It answered 410.
        Gone = "gone",
        /// It failed for five days.
        Failing = "failing",
        /// Its owner recovered the account, in which somebody else may have been.
        AccountRecovered = "account_recovered",
    }
}

/// Who owns an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointOwner {
    Person(UserId),
    Client(ClientId),
}

impl EndpointOwner {
    pub const fn person(&self) -> Option<UserId> {
        match self {
            Self::Person(user) => Some(*user),
            Self::Client(_) => None,
        }
    }
}

/// The id of the person or client.
impl fmt::Display for EndpointOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(user) => user.fmt(f),
            Self::Client(client) => client.fmt(f),
        }
    }
}

/// A secret of an endpoint, `whsec_…`.
#[derive(Debug, Clone)]
pub struct EndpointSecret {
    pub key: SecretText,
    pub created_at: Timestamp,
    /// Set when a newer secret replaces it.
    pub expires_at: Option<Timestamp>,
}

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub id: WebhookId,
    pub owner: EndpointOwner,
    pub scope: Scope,
    pub url: EndpointUrl,
    pub events: Vec<EventFilter>,
    pub description: Option<String>,
    pub enabled: bool,
    /// Why it was disabled, if not by its owner.
    pub disabled_reason: Option<DisabledReason>,
    /// The newest first.
    pub secrets: Vec<EndpointSecret>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: u64,
}

impl Endpoint {
    /// Whether it wants to hear of events of this type.
    pub fn wants(&self, kind: WebhookType) -> bool {
        self.enabled && self.events.iter().any(|filter| filter.matches(kind))
    }

    /// The secrets that sign at `now`, the newest first.
    pub fn live_secrets(&self, now: Timestamp) -> impl Iterator<Item = &EndpointSecret> {
        self.secrets.iter().filter(move |secret| secret.expires_at.is_none_or(|end| now < end))
    }

    /// Adds a secret. The previous one signs for [`SECRET_OVERLAP`] more; an older one ends at once, so that at most two sign.
    #[must_use]
    pub fn rotate(&self, key: SecretText, now: Timestamp) -> Self {
        let newest = EndpointSecret { key, created_at: now, expires_at: None };
        let previous = self.secrets.first().map(|secret| EndpointSecret {
            expires_at: Some(secret.expires_at.unwrap_or(now + SECRET_OVERLAP)),
            ..secret.clone()
        });
        Self { secrets: std::iter::once(newest).chain(previous).collect(), ..self.next(now) }
    }

    /// Disables it for a reason that is not its owner's; `None` if it is not enabled.
    pub fn disable(&self, reason: DisabledReason, now: Timestamp) -> Option<Self> {
        self.enabled.then(|| Self { enabled: false, disabled_reason: Some(reason), ..self.next(now) })
    }

    /// Its next version.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Self {
        Self { updated_at: now, version: self.version + 1, ..self.clone() }
    }
}

impl Scope {
    /// Whether an endpoint of this scope, whose owner has these permissions, may hear of events of a type.
    pub fn may_hear(self, kind: WebhookType, permissions: &PermissionSet) -> bool {
        match (self, kind.permission()) {
            (Self::Own, permission) => permission.is_none(),
            (Self::All, None) => true,
            (Self::All, Some(permission)) => permissions.allows(permission),
        }
    }
}

/// Whether an endpoint that has failed since then is disabled.
pub fn gives_up(failing_since: Timestamp, now: Timestamp) -> bool {
    now.since(failing_since) >= FAILING_LIMIT
}

/// The description of an endpoint: up to 200 characters, none of them a control character.
pub fn parse_description(text: &str) -> Result<Option<String>, FieldFault> {
    const INVALID: FieldFault = FieldFault::new("invalid_description", "Must have at most 200 printable characters.");
    let text = text.trim();
    if text.chars().count() > LONGEST_DESCRIPTION || text.chars().any(char::is_control) {
        return Err(INVALID);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}
