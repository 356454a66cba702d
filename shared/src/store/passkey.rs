//! Passkeys of people: `U#<user>` · `C#<passkey>`, with the claim that keeps a credential from being registered twice; and the
//! ceremonies that wait for the answer of an authenticator.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Position, Store, Table,
    commit::{Commit, WriteExpression},
    item::{ItemQuery, Key, Sort, keyed, number, read, text},
    person_key::PersonKey,
    secrets::IndexSecrets,
};
use crate::{
    crypto::field::Place,
    domain::{
        id::{PasskeyId, SessionId, UserId},
        passkey::{CEREMONY_LIFE, MOST_PASSKEYS, Passkey, PasskeyError},
        secret::Masked,
        time::Timestamp,
    },
    error::{Error, Internal, Result},
};

/// A passkey as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PasskeyItem {
    pub passkey: PasskeyId,
    pub user: UserId,
    /// Digest of the credential id, which the claim is stored under.
    pub credential: String,
    /// Public key and properties, in the form of the library that verifies answers. Nothing in it is secret.
    pub verifier: String,
    /// How often the authenticator says that it was used; 0 for one that does not count.
    pub sign_count: u32,
    pub synced: bool,
    /// Encrypted with the person's profile key.
    name: ByteBuf,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

/// What is known of a credential after its registration or use.
#[derive(Debug, Clone)]
pub struct VerifiedCredential {
    pub verifier: String,
    pub sign_count: u32,
    pub synced: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct PasskeyClaim {
    user: UserId,
    passkey: PasskeyId,
}

fn claim_key(credential: &str) -> Key {
    Key::new(format!("PASSKEY#{credential}"), "CLAIM")
}

impl PasskeyItem {
    fn key(user: &UserId, passkey: &PasskeyId) -> Key {
        Key::new(format!("U#{user}"), format!("C#{passkey}"))
    }

    pub fn new(
        (user, passkey): (UserId, PasskeyId),
        credential: String,
        verified: VerifiedCredential,
        (name, key): (&str, &PersonKey),
        now: Timestamp,
    ) -> Self {
        let VerifiedCredential { verifier, sign_count, synced } = verified;
        let name = seal_name(&Self::key(&user, &passkey), name, key);
        Self { passkey, user, credential, verifier, sign_count, synced, name, created_at: now, last_used_at: None }
    }

    /// After a sign-in.
    #[must_use]
    pub fn used(&self, verified: VerifiedCredential, now: Timestamp) -> Self {
        let VerifiedCredential { verifier, sign_count, synced } = verified;
        Self { verifier, sign_count, synced, last_used_at: Some(now), ..self.clone() }
    }

    #[must_use]
    pub fn renamed(&self, name: &str, key: &PersonKey) -> Self {
        Self { name: seal_name(&Self::key(&self.user, &self.passkey), name, key), ..self.clone() }
    }

    /// As the API shows it to its person.
    pub fn view(&self, key: &PersonKey) -> Result<Passkey> {
        let at = Self::key(&self.user, &self.passkey);
        let plain = key.open(&place(&at), &self.name)?;
        let name = String::from_utf8(plain.to_vec()).map_err(|_| Internal::corrupt("the name of a passkey"))?;
        Ok(Passkey {
            id: self.passkey,
            name: Masked(name),
            synced: self.synced,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
        })
    }
}

fn seal_name(at: &Key, name: &str, key: &PersonKey) -> ByteBuf {
    ByteBuf::from(key.seal(&place(at), name.as_bytes()))
}

fn place(at: &Key) -> Place<'_> {
    Place { table: Table::Identity.logical(), partition: &at.pk, sort: &at.sk, attribute: "name" }
}

/// Options that an authenticator was given, until it answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ceremony {
    pub purpose: CeremonyPurpose,
    /// Challenge and conditions, in the form of the library that verifies answers.
    pub state: String,
    /// Unix seconds. The table deletes the item some time later, so each reader compares it.
    expires: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CeremonyPurpose {
    /// Only the same session may register.
    Register { user: UserId, session: SessionId },
    /// Whoever has a passkey here signs in.
    SignIn,
    /// Only this account signs in; `None` where nobody can, which the options do not show.
    SignInTo { user: Option<UserId> },
}

impl Ceremony {
    pub fn begin(purpose: CeremonyPurpose, state: String, now: Timestamp) -> Self {
        Self { purpose, state, expires: (now + CEREMONY_LIFE).unix_seconds() }
    }

    pub fn key(indexes: &IndexSecrets, id: &str) -> Key {
        Key::of(format!("PASSKEY#{}", indexes.digest(&[b"passkey ceremony", id.as_bytes()])))
    }
}

impl IndexSecrets {
    /// The digest of a credential id, by which a credential is found.
    pub fn credential(&self, id: &[u8]) -> String {
        self.digest(&[b"passkey credential", id])
    }

    /// A credential id that no authenticator has, always the same for an address.
    pub fn decoy_credential(&self, email: &str) -> Vec<u8> {
        self.digest_bytes(&[b"passkey decoy", email.as_bytes()])
    }
}

impl Commit<'_> {
    /// Adds a passkey.
    pub fn add_passkey(self, passkey: &PasskeyItem) -> Self {
        let claim = PasskeyClaim { user: passkey.user, passkey: passkey.passkey };
        let registered = Some(PasskeyError::Registered.into());
        self.create(Table::Identity, &PasskeyItem::key(&passkey.user, &passkey.passkey), passkey, None).create(
            Table::Identity,
            &claim_key(&passkey.credential),
            &claim,
            registered,
        )
    }

    /// Removes a passkey and frees its credential. A conflict if it is gone already.
    pub fn remove_passkey(self, passkey: &PasskeyItem) -> Self {
        let of_passkey = WriteExpression {
            condition: "passkey = :passkey",
            values: vec![(":passkey", text(passkey.passkey.to_string()))],
            ..WriteExpression::default()
        };
        self.delete(Table::Identity, &PasskeyItem::key(&passkey.user, &passkey.passkey), &of_passkey, None).delete(
            Table::Identity,
            &claim_key(&passkey.credential),
            &of_passkey,
            None,
        )
    }

    /// A passkey in its next state. If it is gone, or was used with a higher counter meanwhile: `otherwise`, or a conflict.
    pub fn passkey_changes(self, before: &PasskeyItem, after: &PasskeyItem, otherwise: Option<Error>) -> Self {
        let item = keyed(&PasskeyItem::key(&after.user, &after.passkey), after);
        let read = [(":read", number(before.sign_count))];
        self.put_if(Table::Identity, item, "attribute_exists(pk) AND sign_count = :read", &read, otherwise)
    }

    /// Uses up a ceremony.
    pub fn end_ceremony(self, at: &Key) -> Self {
        let present = WriteExpression { condition: "attribute_exists(pk)", ..WriteExpression::default() };
        self.delete(Table::Ephemeral, at, &present, Some(PasskeyError::CeremonyExpired.into()))
    }
}

impl Store {
    /// Adds the removal of all linked accounts and passkeys, which somebody else may have added.
    pub async fn without_added_ways_in<'s>(&self, commit: Commit<'s>, user: &UserId) -> Result<Commit<'s>> {
        let (links, passkeys) = tokio::try_join!(self.all_links(user), self.all_passkeys(user))?;
        let commit = links.iter().fold(commit, Commit::remove_link);
        Ok(passkeys.iter().fold(commit, Commit::remove_passkey))
    }

    pub async fn begin_ceremony(&self, at: &Key, ceremony: &Ceremony) -> Result<()> {
        self.put_unconditionally(Table::Ephemeral, keyed(at, ceremony)?, "begin ceremony").await
    }

    /// A ceremony that is not over.
    ///
    /// # Errors
    /// [`PasskeyError::CeremonyExpired`] if there is none.
    pub async fn ceremony(&self, at: &Key, now: Timestamp) -> Result<Ceremony> {
        let ceremony: Option<Ceremony> = self.get_as(Table::Ephemeral, at).await?;
        let live = ceremony.filter(|ceremony| now.unix_seconds() < ceremony.expires);
        live.ok_or_else(|| PasskeyError::CeremonyExpired.into())
    }

    /// Whose credential it is.
    pub async fn passkey_owner(&self, credential: &str) -> Result<Option<UserId>> {
        let claim: Option<PasskeyClaim> = self.get_as(Table::Identity, &claim_key(credential)).await?;
        Ok(claim.map(|claim| claim.user))
    }

    pub async fn passkey(&self, user: &UserId, passkey: &PasskeyId) -> Result<Option<PasskeyItem>> {
        self.get_as(Table::Identity, &PasskeyItem::key(user, passkey)).await
    }

    /// All passkeys of a person, who has [`MOST_PASSKEYS`] at most.
    pub async fn all_passkeys(&self, user: &UserId) -> Result<Vec<PasskeyItem>> {
        Ok(self.passkeys(user, MOST_PASSKEYS, None).await?.0)
    }

    /// One page of a person's passkeys, newest first.
    pub async fn passkeys(
        &self,
        user: &UserId,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<PasskeyItem>, Option<Position>)> {
        let partition = format!("U#{user}");
        let query = ItemQuery {
            table: Table::Identity,
            index: None,
            partition: ("pk", &partition),
            sort: Sort::Prefix("sk", "C#"),
            newest_first: true,
            limit,
            after,
        };
        let (items, next) = self.query(query).await?;
        Ok((items.into_iter().map(read).collect::<Result<_>>()?, next))
    }
}
