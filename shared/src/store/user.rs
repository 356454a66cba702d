//! A person's account: `AUTH` (what decides whether they may), `PROFILE` (encrypted) and the claims of unique values.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Store, Table,
    account_item::account_item,
    commit::{Commit, WriteExpression},
    event::EventDraft,
    item::{Item, Key, key_of, keyed, number, read, text},
    person_key::{KeyItem, PersonKey},
    secrets::IndexSecrets,
};
use crate::{
    crypto::{field::Place, random},
    domain::{
        account::BlindIndex,
        event::{EventType, Subject},
        external::ExternalId,
        id::{ClientId, UserId},
        profile::Profile,
        time::Timestamp,
    },
    error::{Internal, Result},
};

pub use super::account_item::account_key;
pub use crate::domain::account::{Account, PasswordHash};

/// The event of an account as it is now.
pub fn account_event(kind: EventType, account: &Account) -> EventDraft {
    EventDraft::new(kind, Subject::new("user", account.user), account.version)
        .shown_as(account.profile_version())
        .person(account.user)
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
    /// The first state of an account.
    pub fn new_account(self, account: &Account) -> Self {
        self.put_if(Table::Identity, account_item(account), "attribute_not_exists(pk)", &[], None)
    }

    /// An account in its next state, in place of the one that was read.
    pub fn account_changes(self, before: &Account, after: &Account) -> Self {
        let read = [(":read", number(before.version))];
        self.put_if(Table::Identity, account_item(after), "version = :read", &read, None).list_as_admin(before, after)
    }

    /// A profile in place of the one that was read.
    pub fn profile_changes(self, user: &UserId, read: &ProfileItem, after: &ProfileItem) -> Self {
        let (condition, values) = read.unchanged();
        self.put_if(Table::Identity, after.item(user), condition, &values, None)
    }

    /// Only goes through while the profile is the one that was read: what the transaction writes was made from it.
    pub fn profile_unchanged(self, user: &UserId, read: &ProfileItem) -> Self {
        let (condition, values) = read.unchanged();
        let unchanged = WriteExpression { condition, values, ..WriteExpression::default() };
        self.check(Table::Identity, &profile_key(user), &unchanged, None)
    }
}

/// A claim of a unique value: whoever holds it is found by it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ValueClaim {
    pub user: UserId,
    /// On the claim of an address that is not confirmed: until then nobody else may take it, after it anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified_until: Option<Timestamp>,
    /// On the claim of a username: index of the address beside it, under which failed sign-ins are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_under: Option<BlindIndex>,
    /// On the claim of a former address, whose holder may undo the change until `unverified_until`: Unix seconds, for the table's
    /// own cleaning.
    #[serde(rename = "expires", default, skip_serializing_if = "Option::is_none")]
    pub former_expires: Option<i64>,
}

impl IndexSecrets {
    /// A digest of the id by which this client knows an account: the same id of another client has another one.
    pub fn external_id(&self, client: &ClientId, id: &ExternalId) -> String {
        self.digest(&[b"external id", client.to_string().as_bytes(), id.as_str().as_bytes()])
    }
}

impl ValueClaim {
    /// The condition under which a value may be claimed: nobody has it, or the account that has it was not confirmed in time. `:now` is
    /// the present time.
    pub const FREE: &'static str = "attribute_not_exists(pk) OR unverified_until <= :now";
    /// The condition under which somebody who proved that an address is theirs may claim it: nobody has it, or nobody who confirmed it.
    /// A former address of another account stays with that account for a while. `:now` is the present time.
    pub const FREE_FOR_ITS_OWNER: &'static str = "attribute_not_exists(pk) OR unverified_until <= :now OR \
                                                  (attribute_exists(unverified_until) AND attribute_not_exists(expires))";

    /// A lasting claim.
    pub const fn new(user: UserId) -> Self {
        Self { user, unverified_until: None, counted_under: None, former_expires: None }
    }

    pub fn email_key(index: &BlindIndex) -> Key {
        Key::new(format!("EMAIL#{index}"), "CLAIM")
    }

    /// The claim of the id that a machine client knows an account by. `digest` is [`IndexSecrets::external_id`].
    pub fn external_key(digest: &str) -> Key {
        Key::new(format!("EXTERNAL#{digest}"), "CLAIM")
    }

    pub fn username_key(index: &BlindIndex) -> Key {
        Key::new(format!("NAME#{index}"), "CLAIM")
    }

    /// Whether it is of an address that the account had before: it finds no account.
    pub const fn is_former(&self) -> bool {
        self.former_expires.is_some()
    }

    /// Whether it keeps another account from this address although its person proved it. Unconfirmed registrations do not.
    pub fn bars(&self, user: &UserId, now: Timestamp) -> bool {
        self.user != *user && !self.lapsed(now) && (self.unverified_until.is_none() || self.is_former())
    }

    /// Whether somebody else may take it.
    pub fn lapsed(&self, now: Timestamp) -> bool {
        self.unverified_until.is_some_and(|until| until <= now)
    }
}

/// An account with what is needed to read its profile.
#[derive(Debug)]
pub struct OpenAccount {
    pub auth: Account,
    pub profile: Profile,
    /// The profile as it was read, for the condition that it is still that.
    pub profile_item: ProfileItem,
    pub profile_key: PersonKey,
}

impl OpenAccount {
    /// What mails call the person: nothing before the address is confirmed, since whoever registered it may be a stranger
    /// who chooses words for a mail to somebody else. Staff and machine clients are no strangers.
    pub fn name_in_mails(&self) -> Option<&str> {
        self.profile
            .given_name
            .as_ref()
            .filter(|_| self.auth.email_verified || self.auth.provisioned)
            .map(|name| name.as_str())
    }
}

/// A place in the table of accounts, after which a page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountPosition {
    pk: String,
    sk: String,
}

/// A page of the accounts that are not erased, in no order.
#[derive(Debug)]
pub struct AccountsPage {
    pub users: Vec<UserId>,
    /// `None` after the last page.
    pub next: Option<AccountPosition>,
}

impl Store {
    /// A page of all accounts: reads up to `items` items of the whole table, so it is for the operator only.
    pub async fn accounts_after(&self, after: Option<&AccountPosition>, items: i32) -> Result<AccountsPage> {
        let answer = self
            .db
            .scan()
            .table_name(self.name(Table::Identity))
            .consistent_read(true)
            .limit(items)
            .filter_expression("sk = :auth")
            .expression_attribute_values(":auth", text("AUTH"))
            .set_exclusive_start_key(after.map(|at| Key::new(&at.pk, &at.sk).to_item()))
            .send()
            .await
            .map_err(|error| Internal::aws("scan accounts", &error))?;
        let mut users = Vec::new();
        for item in answer.items.unwrap_or_default() {
            let account: Account = read(item)?;
            if !account.is_ending() {
                users.push(account.user);
            }
        }
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty()).map(|key| key_of(&key));
        Ok(AccountsPage { users, next: next.map(|key| AccountPosition { pk: key.pk, sk: key.sk }) })
    }

    pub async fn auth(&self, user: &UserId) -> Result<Option<Account>> {
        self.get_as(Table::Identity, &account_key(user)).await
    }

    pub async fn claim(&self, key: &Key) -> Result<Option<ValueClaim>> {
        self.get_as(Table::Identity, key).await
    }

    /// Account and unwrapped profile key, in one read.
    pub async fn auth_and_key(&self, user: &UserId, now: Timestamp) -> Result<Option<(Account, PersonKey)>> {
        let Some((auth, key)) = self.auth_and_wrapped_key(user).await? else { return Ok(None) };
        Ok(Some((auth, self.person_key(key.as_ref(), now).await?)))
    }

    /// Account and profile key, in one read; unwrapping the key may take a call to KMS, which would tell a stranger that
    /// the account exists.
    pub async fn auth_and_wrapped_key(&self, user: &UserId) -> Result<Option<(Account, Option<KeyItem>)>> {
        let (auth_key, person_key) = (account_key(user), super::person_key::key(user, super::kek::KeyPurpose::Profile));
        let mut found =
            self.get_many(&[(Table::Identity, auth_key.clone()), (Table::Keys, person_key.clone())]).await?;
        let Some(auth) = found.remove(&auth_key).map(read::<Account>).transpose()? else { return Ok(None) };
        let key = found.remove(&person_key).map(read::<KeyItem>).transpose()?;
        Ok(Some((auth, key)))
    }

    /// Account, profile and key, in one read.
    pub async fn account(&self, user: &UserId, now: Timestamp) -> Result<Option<OpenAccount>> {
        let keys = [
            (Table::Identity, account_key(user)),
            (Table::Identity, profile_key(user)),
            (Table::Keys, super::person_key::key(user, super::kek::KeyPurpose::Profile)),
        ];
        let mut found = self.get_many(&keys).await?;
        let Some(auth) = found.remove(&keys[0].1).map(read::<Account>).transpose()? else { return Ok(None) };
        let profile = found.remove(&keys[1].1).ok_or_else(|| Internal::corrupt("an account without a profile"))?;
        let key = found.remove(&keys[2].1).map(read::<KeyItem>).transpose()?;
        let profile_key = self.person_key(key.as_ref(), now).await?;
        let profile_item = ProfileItem::from_item(profile)?;
        let profile = profile_item.open(user, &profile_key)?;
        Ok(Some(OpenAccount { auth, profile, profile_item, profile_key }))
    }
}
