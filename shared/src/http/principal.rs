//! Who makes a call.

use std::sync::Arc;

use crate::{
    app::App,
    domain::{
        client::Client,
        event::Actor,
        id::{ClientId, SessionId, UserId},
        role::{PermissionSet, RequiredPermission},
        time::Timestamp,
    },
    error::{RequestError, Result},
    store::{
        admission::Loaded,
        admitted::AdmittedCaller,
        author::{Author, CallOrigin},
        person_key::PersonKey,
        session::SessionItem,
        user::Account,
    },
};

/// The caller that the access token of a call identifies.
#[derive(Debug, Clone)]
pub enum Principal {
    Person(Arc<Person>),
    Client(Arc<ClientCaller>),
}

impl Principal {
    /// The person, unless the caller is a machine client.
    pub const fn person(&self) -> Option<&Arc<Person>> {
        match self {
            Self::Person(person) => Some(person),
            Self::Client(_) => None,
        }
    }

    pub fn permissions(&self) -> &PermissionSet {
        match self {
            Self::Person(person) => &person.permissions,
            Self::Client(client) => &client.permissions,
        }
    }

    pub fn can<P: RequiredPermission>(&self) -> bool {
        self.permissions().allows(P::PERMISSION)
    }

    /// The id of the person or client.
    pub fn id(&self) -> String {
        match self {
            Self::Person(person) => person.user.to_string(),
            Self::Client(client) => client.client.id.to_string(),
        }
    }

    pub fn user(&self) -> Option<UserId> {
        self.person().map(|person| person.user)
    }

    /// The person, for acts that only a person may do: deciding checks and hits, which the rule of two reviewers counts by person.
    pub fn reviewer(&self) -> Result<UserId> {
        self.user().ok_or_else(|| RequestError::PersonRequired.into())
    }

    pub fn is(&self, user: &UserId) -> bool {
        self.user() == Some(*user)
    }

    /// The person behind the call: the caller, or whoever made the machine client, directly or through another client. `None` if the
    /// operator made it.
    pub fn person_behind(&self) -> Option<UserId> {
        match self {
            Self::Person(person) => Some(person.user),
            Self::Client(client) => client.client.created_by,
        }
    }

    /// Whether the caller proved a second factor, where one is enrolled.
    pub fn proved_all_factors(&self) -> bool {
        self.person().is_none_or(|person| person.proved_all_factors())
    }

    /// When the caller authenticated: a person signed in, a client asked for its token.
    pub fn auth_time(&self) -> Timestamp {
        match self {
            Self::Person(person) => person.auth_time,
            Self::Client(client) => client.issued_at,
        }
    }
}

/// Who may be the author of a command: a person, or whoever a route with a permission admits.
pub trait Caller: Send + Sync {
    /// The caller as the author of events. `key` is the caller's key.
    fn author(&self, key: &PersonKey, origin: CallOrigin) -> Author;

    /// What the admission of the caller rests on.
    fn admitted(&self) -> AdmittedCaller;

    /// The value that cursors are bound to.
    fn binding(&self) -> String;

    /// The client, whose key is derived, unless the caller is a person, whose key is stored.
    fn client(&self) -> Option<ClientId>;
}

impl Caller for Person {
    fn author(&self, key: &PersonKey, origin: CallOrigin) -> Author {
        Author::from(Actor::User(self.user)).session(self.session).origin(key, origin)
    }

    fn admitted(&self) -> AdmittedCaller {
        AdmittedCaller::Person {
            user: self.user,
            session: self.session,
            session_epoch: self.auth.session_epoch,
            roles: self.auth.roles.clone(),
        }
    }

    fn binding(&self) -> String {
        self.user.to_string()
    }

    fn client(&self) -> Option<ClientId> {
        None
    }
}

impl Caller for Principal {
    fn author(&self, key: &PersonKey, origin: CallOrigin) -> Author {
        match self {
            Self::Person(person) => person.author(key, origin),
            // The address of a server is no personal data of anybody whose erasure could destroy it, so it is in the logs only.
            Self::Client(client) => Author::from(Actor::Client(client.client.id.to_string())),
        }
    }

    fn admitted(&self) -> AdmittedCaller {
        match self {
            Self::Person(person) => person.admitted(),
            Self::Client(client) => AdmittedCaller::Client(client.client.id),
        }
    }

    fn binding(&self) -> String {
        self.id()
    }

    fn client(&self) -> Option<ClientId> {
        match self {
            Self::Person(_) => None,
            Self::Client(client) => Some(client.client.id),
        }
    }
}

/// The key that encrypts what is stored for the caller: a person's profile key, or the key of a client.
pub async fn caller_key(app: &App, client: Option<ClientId>, loaded: &Loaded, now: Timestamp) -> Result<PersonKey> {
    match client {
        Some(client) => Ok(app.index_secrets().await?.client_key(&client)),
        None => loaded.key(app.store().await, now).await,
    }
}

/// A machine client with a token: it lives, and has these permissions now.
#[derive(Debug)]
pub struct ClientCaller {
    pub client: Client,
    /// The scope of the token, as far as the client still has it.
    pub permissions: PermissionSet,
    pub issued_at: Timestamp,
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

    pub fn is(&self, user: &UserId) -> bool {
        self.user == *user
    }

    /// Whether the session proved a second factor, where one is enrolled.
    pub fn proved_all_factors(&self) -> bool {
        !self.auth.mfa_enabled() || self.session_item.has_second_factor()
    }
}
