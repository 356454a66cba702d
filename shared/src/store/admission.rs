//! The one consistent read of an authenticated call: session, account, the caller's key, and whatever its route wants
//! beside them.

use std::str::FromStr;

use serde::Deserialize;

use super::{
    Store, Table,
    check::StoredCheck,
    document::DocumentItem,
    hit::StoredHit,
    idempotency::{self, Record},
    item::{Key, read},
    kek::Purpose,
    person_key::{self, KeyItem},
    session::SessionItem,
    user::{Account, ProfileItem, account_key, profile_key},
};
use crate::{
    domain::{
        id::{CheckId, DocumentId, HitId, SessionId, UserId},
        time::Timestamp,
    },
    error::{Error, Internal, Result},
    store::person_key::PersonKey,
};

/// What to read for a call.
#[derive(Debug)]
pub struct Wanted {
    pub user: UserId,
    pub session: SessionId,
    pub idempotency_scope: Option<String>,
    pub profile: bool,
    /// The item that names the owner of what the path names.
    pub owner_of: Option<Key>,
}

/// Something that belongs to a person, named by an id in a path.
pub trait Resource: Sized + Send + 'static {
    type Id: FromStr + Send;

    /// The item that names its owner.
    fn owner_key(id: &Self::Id) -> Key;

    /// Reads it; `None` if it is gone.
    fn load(
        store: &Store,
        owner: &UserId,
        id: Self::Id,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Self>>> + Send;
}

/// A check of which nothing but its owner has to be known.
impl Resource for CheckId {
    type Id = Self;

    fn owner_key(id: &Self) -> Key {
        StoredCheck::owner_key(id)
    }

    async fn load(_: &Store, _: &UserId, id: Self, _: Timestamp) -> Result<Option<Self>> {
        Ok(Some(id))
    }
}

impl Resource for StoredCheck {
    type Id = CheckId;

    fn owner_key(id: &CheckId) -> Key {
        Self::owner_key(id)
    }

    async fn load(store: &Store, owner: &UserId, id: CheckId, _: Timestamp) -> Result<Option<Self>> {
        store.check(owner, &id).await
    }
}

/// A hit of which nothing but the person it is on has to be known.
impl Resource for HitId {
    type Id = Self;

    fn owner_key(id: &Self) -> Key {
        StoredHit::owner_key(id)
    }

    async fn load(_: &Store, _: &UserId, id: Self, _: Timestamp) -> Result<Option<Self>> {
        Ok(Some(id))
    }
}

/// A document and the evidence key that opens it.
#[derive(Debug)]
pub struct OpenDocument {
    pub item: DocumentItem,
    pub evidence: PersonKey,
}

impl Resource for OpenDocument {
    type Id = DocumentId;

    fn owner_key(id: &DocumentId) -> Key {
        DocumentItem::owner_key(id)
    }

    async fn load(store: &Store, owner: &UserId, id: DocumentId, now: Timestamp) -> Result<Option<Self>> {
        let (item, evidence) =
            futures::try_join!(store.document(owner, &id), store.read_person_key(owner, Purpose::Evidence, now))?;
        Ok(item.map(|item| Self { item, evidence }))
    }
}

/// The body of an owner item.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
pub struct Owner {
    pub owner: UserId,
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

impl Store {
    pub async fn admit(&self, wanted: &Wanted, now: Timestamp) -> Result<Admission> {
        let auth = account_key(&wanted.user);
        let session = SessionItem::key(&wanted.user, &wanted.session);
        let person = person_key::key(&wanted.user, Purpose::Profile);
        let profile = wanted.profile.then(|| profile_key(&wanted.user));
        let record = wanted.idempotency_scope.as_deref().map(idempotency::key);
        let mut keys =
            vec![(Table::Identity, auth.clone()), (Table::Identity, session.clone()), (Table::Keys, person.clone())];
        keys.extend(profile.iter().map(|key| (Table::Identity, key.clone())));
        keys.extend(record.iter().map(|key| (Table::Ephemeral, key.clone())));
        keys.extend(wanted.owner_of.iter().map(|key| (Table::Kyc, key.clone())));
        let mut found = self.get_many(&keys).await?;
        let mut take = |key: &Option<Key>| key.as_ref().and_then(|key| found.remove(key));

        let owner = take(&wanted.owner_of).map(read::<Owner>).transpose()?.map(|owner| owner.owner);
        let auth: Option<Account> = take(&Some(auth)).map(read).transpose()?;
        let session: Option<SessionItem> = take(&Some(session)).map(read).transpose()?;
        let session = session.filter(|session| auth.as_ref().is_some_and(|auth| session.admitted(auth, now)));
        Ok(Admission {
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
        })
    }
}
