//! Who makes a change, and from where.

use serde::{Deserialize, Serialize};

use super::person_key::PersonKey;
use crate::domain::{event::Actor, id::SessionId};

/// Who makes a change, in which session and from where. A commit stamps it on each of its events.
#[derive(Debug, Clone)]
pub struct Author {
    pub(super) actor: Actor,
    pub(super) session: Option<SessionId>,
    pub(super) origin: Option<(PersonKey, CallOrigin)>,
}

impl From<Actor> for Author {
    fn from(actor: Actor) -> Self {
        Self { actor, session: None, origin: None }
    }
}

impl Author {
    pub fn session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// Where the call came from, to be encrypted under `key`.
    pub fn origin(self, key: &PersonKey, origin: CallOrigin) -> Self {
        Self { origin: Some((key.clone(), origin)), ..self }
    }
}

/// Where a call came from. Personal data, so events store it encrypted under the caller's key.
#[derive(Clone, Serialize, Deserialize)]
pub struct CallOrigin {
    pub ip: String,
    pub user_agent: String,
}

impl std::fmt::Debug for CallOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
