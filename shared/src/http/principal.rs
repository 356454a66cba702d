//! Who makes a call.

use std::sync::Arc;

use crate::{
    domain::{
        id::{SessionId, UserId},
        role::{Needs, PermissionSet},
    },
    store::{session::SessionItem, user::Account},
};

/// Whom the token of a call stands for. Only people have tokens now; a machine client is to be another variant.
#[derive(Debug, Clone)]
pub enum Principal {
    Person(Arc<Person>),
}

impl Principal {
    /// The person, if it is one.
    pub const fn person(&self) -> Option<&Arc<Person>> {
        match self {
            Self::Person(person) => Some(person),
        }
    }
}

/// A signed-in person: live session, live account, roles as of this call.
#[derive(Debug)]
pub struct Person {
    pub user: UserId,
    pub session: SessionId,
    pub auth: Account,
    pub session_item: SessionItem,
    pub permissions: PermissionSet,
}

impl Person {
    pub fn can<P: Needs>(&self) -> bool {
        self.permissions.allows(P::PERMISSION)
    }

    pub fn is(&self, user: &UserId) -> bool {
        self.user == *user
    }
}
