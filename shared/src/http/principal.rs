//! Who makes a call.

use std::sync::Arc;

use crate::{
    domain::{
        event::Actor,
        id::{SessionId, UserId},
        role::{PermissionSet, RequiredPermission},
        time::Timestamp,
    },
    store::{
        author::{Author, CallOrigin},
        person_key::PersonKey,
        session::SessionItem,
        user::Account,
    },
};

/// The caller that the access token of a call identifies. Only persons have tokens; machine clients will be another variant.
#[derive(Debug, Clone)]
pub enum Principal {
    Person(Arc<Person>),
}

impl Principal {
    /// The person, unless the caller is a machine client.
    pub const fn person(&self) -> Option<&Arc<Person>> {
        match self {
            Self::Person(person) => Some(person),
        }
    }
}

/// A signed-in person: the session and the account are live, and the roles are those of now.
#[derive(Debug)]
pub struct Person {
    pub user: UserId,
    pub session: SessionId,
    pub auth: Account,
    pub session_item: SessionItem,
    /// When the person authenticated, as the access token states it.
    pub auth_time: Timestamp,
    pub permissions: PermissionSet,
}

impl Person {
    pub fn can<P: RequiredPermission>(&self) -> bool {
        self.permissions.allows(P::PERMISSION)
    }

    /// The person as the author of events, with session and origin of the call. `key` is the person's profile key.
    pub fn author(&self, key: &PersonKey, origin: CallOrigin) -> Author {
        Author::from(Actor::User(self.user)).session(self.session).origin(key, origin)
    }

    pub fn is(&self, user: &UserId) -> bool {
        self.user == *user
    }
}
