//! A person's account: `AUTH` (what decides whether they may), `PROFILE` (encrypted) and the claims of unique values.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Store, Table,
    commit::{Change, Commit},
    item::{Item, Key, keyed, read, text},
    mail_token::Purpose,
    person_key::{KeyItem, PersonKey},
};
use crate::{
    crypto::{field::Place, index::BlindIndex, mailed::MailId, random},
    domain::{
        id::{CheckId, UserId},
        profile::Profile,
        time::Timestamp,
        user::{KycStatus, Standing, User, UserStatus},
    },
    error::{Internal, Result},
};

/// Status, roles, credential and version of an account: small, since every authenticated call reads it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthItem {
    pub user: UserId,
    pub status: UserStatus,
    pub email_verified: bool,
    /// An address that is not confirmed by then may be claimed by somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified_until: Option<Timestamp>,
    pub roles: Vec<String>,
    pub kyc_status: KycStatus,
    /// Argon2id in PHC form; `None` for accounts that have no password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordHash>,
    /// Sessions of an earlier epoch are over: raising it ends them at once, and deleting them is mere cleaning.
    #[serde(default)]
    pub session_epoch: u64,
    /// The one check that may be open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_check: Option<CheckId>,
    /// The mailed token that is good now, by purpose: a new one voids the old.
    #[serde(default)]
    pub mailed: BTreeMap<String, MailId>,
    pub email_index: BlindIndex,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_index: Option<BlindIndex>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The user aggregate's version: its events stand at it.
    pub version: u64,
    /// How many of its versions changed nothing that the person sees of the account: strangers' requests for mails, and
    /// passwords. [`Self::profile_version`] leaves them out.
    #[serde(default)]
    pub unseen: u64,
}

/// A password's hash: not printed, though it is no password.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl AuthItem {
    pub fn key(user: &UserId) -> Key {
        Key::new(format!("U#{user}"), "AUTH")
    }

    /// The version of what the person sees of the account; its entity tag.
    pub const fn profile_version(&self) -> u64 {
        self.version.saturating_sub(self.unseen)
    }

    /// Goes on to the next version, of which the person sees nothing.
    pub const fn next_unseen(&mut self) {
        self.version += 1;
        self.unseen += 1;
    }

    /// Sets another password, at the next version: every session is over, and so are mailed tokens to set one.
    pub fn set_password(&mut self, hash: String) {
        self.password = Some(PasswordHash(hash));
        self.session_epoch += 1;
        self.mailed.remove(Purpose::ResetPassword.name());
        self.next_unseen();
    }

    /// Whether the claim on the address has lapsed unconfirmed.
    pub fn lapsed(&self, now: Timestamp) -> bool {
        !self.email_verified && self.unverified_until.is_some_and(|until| until <= now)
    }

    /// The account as the API shows it.
    pub fn user(&self, profile: Profile) -> User {
        User::new(
            Standing {
                id: self.user,
                status: self.status,
                kyc_status: self.kyc_status,
                email_verified: self.email_verified,
                roles: self.roles.clone(),
                mfa_methods: Vec::new(),
                created_at: self.created_at,
                updated_at: self.updated_at,
                version: self.profile_version(),
            },
            profile,
        )
    }
}

/// The profile: each field a ciphertext of its own, bound to its place.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ProfileItem {
    /// Names this content: each sealing makes another one, so that a transaction can state which content it read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    revision: String,
    #[serde(flatten)]
    pub fields: BTreeMap<String, ByteBuf>,
}

pub fn profile_key(user: &UserId) -> Key {
    Key::new(format!("U#{user}"), "PROFILE")
}

impl ProfileItem {
    /// Encrypts each field that is there.
    pub fn seal(user: &UserId, profile: &Profile, key: &PersonKey) -> Result<Self> {
        let at = profile_key(user);
        let serde_json::Value::Object(values) = serde_json::to_value(profile).map_err(Internal::bug)? else {
            return Err(Internal::bug("a profile is an object").into());
        };
        let fields = values
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let sealed = key.seal(&place(&at, &name), value.to_string().as_bytes());
                (name, ByteBuf::from(sealed))
            })
            .collect();
        Ok(Self { revision: hex::encode(random::bytes::<16>()), fields })
    }

    pub fn open(&self, user: &UserId, key: &PersonKey) -> Result<Profile> {
        let at = profile_key(user);
        let mut values = serde_json::Map::new();
        for (name, sealed) in &self.fields {
            let plain = key.open(&place(&at, name), sealed)?;
            let value = serde_json::from_slice(&plain).map_err(|_| Internal::corrupt("a profile field"))?;
            values.insert(name.clone(), value);
        }
        serde_json::from_value(values.into()).map_err(|_| Internal::corrupt("a profile").into())
    }

    pub fn item(&self, user: &UserId) -> Result<Item> {
        keyed(&profile_key(user), self)
    }

    /// The condition that the stored profile still is the one read as this, and its values.
    fn unchanged(&self) -> (&'static str, Vec<(&'static str, AttributeValue)>) {
        if self.revision.is_empty() {
            // It was written before revisions were.
            ("attribute_exists(pk) AND attribute_not_exists(revision)", vec![])
        } else {
            ("revision = :revision", vec![(":revision", text(self.revision.clone()))])
        }
    }

    /// From an item as read: keys are not fields.
    pub fn from_item(mut item: Item) -> Result<Self> {
        item.remove("pk");
        item.remove("sk");
        read(item)
    }
}

fn place<'a>(at: &'a Key, attribute: &'a str) -> Place<'a> {
    Place { table: Table::Identity.logical(), partition: &at.pk, sort: &at.sk, attribute }
}

impl Commit<'_> {
    /// A profile in place of the one that was read.
    pub fn profile_changes(self, user: &UserId, read: &ProfileItem, after: &ProfileItem) -> Self {
        let (condition, values) = read.unchanged();
        self.put_if(Table::Identity, after.item(user), condition, &values, None)
    }

    /// Only goes through while the profile is the one that was read: what the transaction writes was made from it.
    pub fn profile_unchanged(self, user: &UserId, read: &ProfileItem) -> Self {
        let (condition, values) = read.unchanged();
        let unchanged = Change { condition, values, ..Change::default() };
        self.check(Table::Identity, &profile_key(user), &unchanged, None)
    }
}

/// A claim of a unique value: whoever holds it is found by it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    pub user: UserId,
    /// On the claim of an address that is not confirmed: until then nobody else may take it, after it anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified_until: Option<Timestamp>,
    /// On the claim of a username: index of the address beside it, under which failed sign-ins are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_under: Option<BlindIndex>,
}

impl Claim {
    /// A lasting claim.
    pub const fn new(user: UserId) -> Self {
        Self { user, unverified_until: None, counted_under: None }
    }

    pub fn email_key(index: &BlindIndex) -> Key {
        Key::new(format!("EMAIL#{index}"), "CLAIM")
    }

    pub fn username_key(index: &BlindIndex) -> Key {
        Key::new(format!("NAME#{index}"), "CLAIM")
    }

    /// Whether somebody else may take it.
    pub fn lapsed(&self, now: Timestamp) -> bool {
        self.unverified_until.is_some_and(|until| until <= now)
    }
}

/// An account with what is needed to read its profile.
#[derive(Debug)]
pub struct Account {
    pub auth: AuthItem,
    pub profile: Profile,
    /// The profile as it was read, for the condition that it is still that.
    pub profile_item: ProfileItem,
    pub profile_key: PersonKey,
}

impl Account {
    /// What mails call the person: nothing before the address is confirmed, since whoever registered it may be a stranger
    /// who chooses words for a mail to somebody else.
    pub fn name_in_mails(&self) -> Option<&str> {
        self.profile.given_name.as_ref().filter(|_| self.auth.email_verified).map(|name| name.as_str())
    }
}

impl Store {
    pub async fn auth(&self, user: &UserId) -> Result<Option<AuthItem>> {
        self.get_as(Table::Identity, &AuthItem::key(user)).await
    }

    pub async fn claim(&self, key: &Key) -> Result<Option<Claim>> {
        self.get_as(Table::Identity, key).await
    }

    /// Account and unwrapped profile key, in one read.
    pub async fn auth_and_key(&self, user: &UserId, now: Timestamp) -> Result<Option<(AuthItem, PersonKey)>> {
        let Some((auth, key)) = self.auth_and_wrapped_key(user).await? else { return Ok(None) };
        Ok(Some((auth, self.person_key(key.as_ref(), now).await?)))
    }

    /// Account and profile key, in one read; unwrapping the key may take a call to KMS, which would tell a stranger that
    /// the account exists.
    pub async fn auth_and_wrapped_key(&self, user: &UserId) -> Result<Option<(AuthItem, Option<KeyItem>)>> {
        let (auth_key, person_key) = (AuthItem::key(user), super::person_key::key(user, super::kek::Purpose::Profile));
        let mut found =
            self.get_many(&[(Table::Identity, auth_key.clone()), (Table::Keys, person_key.clone())]).await?;
        let Some(auth) = found.remove(&auth_key).map(read::<AuthItem>).transpose()? else { return Ok(None) };
        let key = found.remove(&person_key).map(read::<KeyItem>).transpose()?;
        Ok(Some((auth, key)))
    }

    /// Account, profile and key, in one read.
    pub async fn account(&self, user: &UserId, now: Timestamp) -> Result<Option<Account>> {
        let keys = [
            (Table::Identity, AuthItem::key(user)),
            (Table::Identity, profile_key(user)),
            (Table::Keys, super::person_key::key(user, super::kek::Purpose::Profile)),
        ];
        let mut found = self.get_many(&keys).await?;
        let Some(auth) = found.remove(&keys[0].1).map(read::<AuthItem>).transpose()? else { return Ok(None) };
        let profile = found.remove(&keys[1].1).ok_or_else(|| Internal::corrupt("an account without a profile"))?;
        let key = found.remove(&keys[2].1).map(read::<KeyItem>).transpose()?;
        let profile_key = self.person_key(key.as_ref(), now).await?;
        let profile_item = ProfileItem::from_item(profile)?;
        let profile = profile_item.open(user, &profile_key)?;
        Ok(Some(Account { auth, profile, profile_item, profile_key }))
    }
}
