//! The one consistent read of an authenticated call: session, account, the caller's key, and whatever its route wants
//! beside them.

use super::{
    Store, Table,
    client::client_key,
    idempotency::{self, Record},
    item::{Key, read},
    kek::KeyPurpose,
    owner::Owner,
    person_key::{self, KeyItem},
    role::role_table_key,
    session::SessionItem,
    user::{Account, ProfileItem, account_key, profile_key},
};
use crate::{
    domain::{
        client::Client,
        id::{ClientId, SessionId, UserId},
        role::table::RoleTable,
        time::Timestamp,
    },
    error::{Error, Internal, Result},
    store::person_key::PersonKey,
};

/// What to read for a call.
#[derive(Debug)]
pub struct AdmissionRequest {
    pub user: UserId,
    pub session: SessionId,
    pub idempotency_scope: Option<String>,
    pub profile: bool,
    /// The item that names the owner of what the path names.
    pub owner_of: Option<Key>,
}

/// What was read along, for the handler.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    pub profile: Option<ProfileItem>,
    pub profile_key: Option<KeyItem>,
    pub owner: Option<UserId>,
    pub idempotency_scope: Option<String>,
    pub idempotency: Option<Record>,
}

impl Loaded {
    /// The caller's key, unwrapped.
    pub async fn key(&self, store: &Store, now: Timestamp) -> Result<PersonKey> {
        store.person_key(self.profile_key.as_ref(), now).await
    }

    /// The caller's profile; only where the route declares that it loads it.
    pub fn profile(&self) -> Result<&ProfileItem> {
        self.profile.as_ref().ok_or_else(|| Error::from(Internal::corrupt("an account without a profile")))
    }
}

/// Whether a caller may come in, and what was read along.
#[derive(Debug)]
pub struct Admission {
    pub auth: Option<Account>,
    pub session: Option<SessionItem>,
    pub loaded: Loaded,
}

/// What else to read.
#[derive(Debug, Default)]
pub struct AlsoWanted {
    /// The machine client that calls on behalf of the person.
    pub forwarding: Option<ClientId>,
    /// The custom roles.
    pub roles: bool,
}

/// What else was read.
#[derive(Debug)]
pub struct AlsoRead {
    pub client: Option<Client>,
    /// `None` unless it was wanted.
    pub roles: Option<RoleTable>,
}

/// What to read for a call of a machine client.
#[derive(Debug)]
pub struct ClientAdmissionRequest {
    pub client: ClientId,
    pub idempotency_scope: Option<String>,
    /// The item that names the owner of what the path names.
    pub owner_of: Option<Key>,
}

impl Store {
    /// The client instead of session and account; `None` if it was deleted.
    pub async fn admit_client(
        &self,
        wanted: &ClientAdmissionRequest,
        now: Timestamp,
    ) -> Result<(Option<Client>, Loaded)> {
        let client = client_key(&wanted.client);
        let record = wanted.idempotency_scope.as_deref().map(idempotency::key);
        let mut keys = vec![(Table::Identity, client.clone())];
        keys.extend(record.iter().map(|key| (Table::Ephemeral, key.clone())));
        keys.extend(wanted.owner_of.iter().map(|key| (Table::Kyc, key.clone())));
        let mut found = self.get_many(&keys).await?;
        let mut take = |key: &Option<Key>| key.as_ref().and_then(|key| found.remove(key));
        let loaded = Loaded {
            owner: take(&wanted.owner_of).map(read::<Owner>).transpose()?.map(|owner| owner.owner),
            idempotency: match take(&record) {
                Some(item) => idempotency::live(item, now)?,
                None => None,
            },
            idempotency_scope: wanted.idempotency_scope.clone(),
            ..Loaded::default()
        };
        Ok((take(&Some(client)).map(read).transpose()?, loaded))
    }

    pub async fn admit(&self, wanted: &AdmissionRequest, now: Timestamp) -> Result<Admission> {
        Ok(self.admit_with(wanted, &AlsoWanted::default(), now).await?.0)
    }

    /// The same, and in the same read what else decides on the call.
    pub async fn admit_with(
        &self,
        wanted: &AdmissionRequest,
        also: &AlsoWanted,
        now: Timestamp,
    ) -> Result<(Admission, AlsoRead)> {
        let auth = account_key(&wanted.user);
        let session = SessionItem::key(&wanted.user, &wanted.session);
        let person = person_key::key(&wanted.user, KeyPurpose::Profile);
        let profile = wanted.profile.then(|| profile_key(&wanted.user));
        let record = wanted.idempotency_scope.as_deref().map(idempotency::key);
        let mut keys =
            vec![(Table::Identity, auth.clone()), (Table::Identity, session.clone()), (Table::Keys, person.clone())];
        keys.extend(profile.iter().map(|key| (Table::Identity, key.clone())));
        keys.extend(record.iter().map(|key| (Table::Ephemeral, key.clone())));
        keys.extend(wanted.owner_of.iter().map(|key| (Table::Kyc, key.clone())));
        let client = also.forwarding.as_ref().map(client_key);
        let roles = also.roles.then(role_table_key);
        keys.extend(client.iter().chain(&roles).map(|key| (Table::Identity, key.clone())));
        let mut found = self.get_many(&keys).await?;
        let mut take = |key: &Option<Key>| key.as_ref().and_then(|key| found.remove(key));

        let also = AlsoRead {
            client: take(&client).map(read).transpose()?,
            roles: match &roles {
                Some(_) => Some(take(&roles).map(read).transpose()?.unwrap_or_default()),
                None => None,
            },
        };
        let owner = take(&wanted.owner_of).map(read::<Owner>).transpose()?.map(|owner| owner.owner);
        let auth: Option<Account> = take(&Some(auth)).map(read).transpose()?;
        let session: Option<SessionItem> = take(&Some(session)).map(read).transpose()?;
        let session = session.filter(|session| auth.as_ref().is_some_and(|auth| session.admitted(auth, now)));
        let admission = Admission {
            auth,
            session,
            loaded: Loaded {
                profile: take(&profile).map(ProfileItem::from_item).transpose()?,
                profile_key: take(&Some(person)).map(read).transpose()?,
                owner,
                idempotency: match take(&record) {
                    Some(item) => idempotency::live(item, now)?,
                    None => None,
                },
                idempotency_scope: wanted.idempotency_scope.clone(),
            },
        };
        Ok((admission, also))
    }
}
