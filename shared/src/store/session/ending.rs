//! Why a session ends.

use crate::domain::event::{Actor, EventType};

/// Why a session is ended.
#[derive(Debug, Clone)]
pub struct Ending {
    pub(super) kind: EventType,
    pub(super) reason: &'static str,
    /// Who ends it, where that is not the author of the commit.
    pub(super) actor: Option<Actor>,
}

impl Ending {
    /// By the author of the commit; the reason is a public word.
    pub const fn revoked(reason: &'static str) -> Self {
        Self { kind: EventType::SessionRevoked, reason, actor: None }
    }

    /// By a refresh token that came out of its turn.
    pub const fn refresh_reused() -> Self {
        Self { kind: EventType::SessionRefreshReused, reason: "refresh_token_reused", actor: None }
    }

    /// By the system, since its person signed in once more.
    pub(super) fn surplus() -> Self {
        Self { kind: EventType::SessionRevoked, reason: "too_many_sessions", actor: Some(Actor::system("sessions")) }
    }
}
