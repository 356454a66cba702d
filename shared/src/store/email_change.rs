//! Changes of the address of an account: the address that waits for its confirmation, and the former addresses whose holders may
//! undo the change. It is an item of its own, so that the account that every call reads stays small. It changes in transactions of
//! the account, so that of two changes at once one is committed.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Store, Table,
    commit::{Commit, WriteExpression},
    item::{Key, keyed, number, text},
    person_key::PersonKey,
    user::ValueClaim,
};
use crate::{
    crypto::field::Place,
    domain::{
        account::{Account, BlindIndex, MailId},
        auth::AuthError,
        id::UserId,
        mailed_token::{MOST_FORMER_ADDRESSES, TokenPurpose},
        person::Email,
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// The changes of the address of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct EmailChanges {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<TokenAddress>,
    /// Oldest first.
    #[serde(default)]
    former: Vec<TokenAddress>,
    version: u64,
    /// Unix seconds, for the table's own cleaning, a day after nothing of it is valid.
    expires: i64,
}

/// An address that a mailed token is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenAddress {
    token: MailId,
    pub index: BlindIndex,
    pub until: Timestamp,
    /// The address, encrypted with the person's profile key.
    address: ByteBuf,
}

fn key(user: &UserId) -> Key {
    Key::new(format!("U#{user}"), "EMAIL-CHANGES")
}

impl TokenAddress {
    /// The address that a token of this purpose is about.
    pub fn seal(
        user: &UserId,
        token: MailId,
        purpose: TokenPurpose,
        (email, index): (&Email, &BlindIndex),
        key: &PersonKey,
        now: Timestamp,
    ) -> Self {
        let address = sealed_at(user, &token, |place| key.seal(place, email.as_str().as_bytes()));
        Self { token, index: index.clone(), until: now + purpose.lifetime(), address: ByteBuf::from(address) }
    }

    pub fn open(&self, user: &UserId, key: &PersonKey) -> Result<Email> {
        let plain = sealed_at(user, &self.token, |place| key.open(place, &self.address))?;
        let plain = std::str::from_utf8(&plain).map_err(Internal::corrupt)?;
        Email::parse(plain).map_err(|_| Internal::corrupt("an address of a change").into())
    }
}

fn sealed_at<T>(user: &UserId, token: &MailId, work: impl FnOnce(&Place<'_>) -> T) -> T {
    let (at, attribute) = (key(user), token.to_string());
    work(&Place { table: Table::Identity.logical(), partition: &at.pk, sort: &at.sk, attribute: &attribute })
}

impl EmailChanges {
    /// The address that the token confirms.
    pub fn pending(&self, token: &MailId) -> Option<&TokenAddress> {
        self.pending.as_ref().filter(|pending| pending.token == *token)
    }

    /// The former address that the token restores.
    pub fn former(&self, token: &MailId) -> Option<&TokenAddress> {
        self.former.iter().find(|former| former.token == *token)
    }

    /// Another address was asked for. [`AuthError::TooManyEmailChanges`] if as many changes as are allowed can be undone.
    pub fn request(&self, pending: TokenAddress, now: Timestamp) -> Result<Self, AuthError> {
        let undoable = self.former.iter().filter(|former| former.until > now).count();
        if undoable >= MOST_FORMER_ADDRESSES {
            return Err(AuthError::TooManyEmailChanges);
        }
        Ok(self.next(Some(pending), self.former.clone(), now))
    }

    /// The pending address became the address of the account in place of this one.
    #[must_use]
    pub fn confirm(&self, former: TokenAddress, now: Timestamp) -> Self {
        let live = self.former.iter().filter(|former| former.until > now).cloned();
        self.next(None, live.chain([former]).collect(), now)
    }

    /// The address of this token was restored. The holders of later addresses cannot undo that.
    #[must_use]
    pub fn undo(&self, token: &MailId, now: Timestamp) -> Self {
        let earlier = self.former.iter().take_while(|former| former.token != *token).cloned();
        self.next(None, earlier.collect(), now)
    }

    /// The pending address, which became the address of the account, is a former one that can still be restored: this is an undo, made
    /// in a session. Otherwise whoever holds the address that is left could undo the undoing. `None` if it is no former address.
    #[must_use]
    pub fn return_to(&self, address: &BlindIndex, now: Timestamp) -> Option<Self> {
        let former = self.former.iter().find(|former| former.index == *address && former.until > now)?;
        Some(self.undo(&former.token, now))
    }

    fn next(&self, pending: Option<TokenAddress>, former: Vec<TokenAddress>, now: Timestamp) -> Self {
        let last = pending.iter().chain(&former).map(|one| one.until).max().unwrap_or(now);
        let expires = (last + Duration::from_hours(24)).unix_seconds();
        Self { pending, former, version: self.version + 1, expires }
    }
}

impl Commit<'_> {
    /// The changes in place of those that were read.
    pub fn email_changes(self, user: &UserId, read: &EmailChanges, after: &EmailChanges) -> Self {
        let item = keyed(&key(user), after);
        match read.version {
            0 => self.put_if(Table::Identity, item, "attribute_not_exists(pk)", &[], None),
            version => self.put_if(Table::Identity, item, "version = :read", &[(":read", number(version))], None),
        }
    }

    /// Claims a proved address. It may be claimed by a registration that nobody confirmed; the claim of an account, or of a former
    /// address of another one, stands.
    pub fn claim_proved_email(self, index: &BlindIndex, user: &UserId, now: Timestamp) -> Self {
        let claim = WriteExpression {
            update: "SET #user = :user REMOVE unverified_until, expires",
            condition: "attribute_not_exists(pk) OR #user = :user OR unverified_until <= :now OR \
                        (attribute_exists(unverified_until) AND attribute_not_exists(expires))",
            names: &["user"],
            values: vec![(":user", text(user.to_string())), (":now", text(now.to_string()))],
        };
        self.update(Table::Identity, &ValueClaim::email_key(index), &claim, Some(AuthError::EmailTaken.into()))
    }

    /// Keeps the claim of a former address until its holder cannot undo the change any more.
    pub fn keep_former_email(self, former: &TokenAddress, user: &UserId) -> Self {
        let expires = (former.until + Duration::from_hours(24)).unix_seconds();
        let kept = WriteExpression {
            update: "SET unverified_until = :until, expires = :expires",
            condition: "#user = :user AND attribute_not_exists(unverified_until)",
            names: &["user"],
            values: vec![
                (":user", text(user.to_string())),
                (":until", text(former.until.to_string())),
                (":expires", number(expires)),
            ],
        };
        self.update(Table::Identity, &ValueClaim::email_key(&former.index), &kept, None)
    }

    /// Releases the claim of an address that the account no longer has.
    pub fn release_email(self, index: &BlindIndex, user: &UserId) -> Self {
        let own = WriteExpression {
            condition: "#user = :user",
            names: &["user"],
            values: vec![(":user", text(user.to_string()))],
            ..WriteExpression::default()
        };
        self.delete(Table::Identity, &ValueClaim::email_key(index), &own, None)
    }

    /// Failed sign-ins by username count under the address of the account.
    pub fn username_counted_under_email(self, account: &Account) -> Self {
        let Some((username, email)) = account.username_index.as_ref().zip(account.email_index.as_ref()) else {
            return self;
        };
        let moved = WriteExpression {
            update: "SET counted_under = :index",
            condition: "#user = :user",
            names: &["user"],
            values: vec![(":user", text(account.user.to_string())), (":index", text(email.to_string()))],
        };
        self.update(Table::Identity, &ValueClaim::username_key(username), &moved, None)
    }
}

impl Store {
    /// The changes of an account's address; none yet is the same as an empty one.
    pub async fn email_changes(&self, user: &UserId) -> Result<EmailChanges> {
        Ok(self.get_as(Table::Identity, &key(user)).await?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::DataKey;
    use crate::crypto::random::RandomId;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn id(byte: u8) -> MailId {
        MailId::from_bytes([byte; 16])
    }

    fn address(byte: u8, until: Timestamp) -> TokenAddress {
        TokenAddress {
            token: id(byte),
            index: BlindIndex::from_text(format!("v1.{byte}")),
            until,
            address: ByteBuf::new(),
        }
    }

    fn later(hours: u64) -> Timestamp {
        NOW + Duration::from_hours(hours)
    }

    #[test]
    fn a_further_request_voids_the_one_before() {
        let first = EmailChanges::default().request(address(1, later(24)), NOW).unwrap();
        let second = first.request(address(2, later(24)), NOW).unwrap();
        assert!(first.pending(&id(1)).is_some());
        assert!(second.pending(&id(1)).is_none() && second.pending(&id(2)).is_some());
        assert_eq!((first.version, second.version), (1, 2));
    }

    #[test]
    fn a_fourth_change_waits_until_the_first_cannot_be_undone_any_more() {
        let changes = (1..=3).fold(EmailChanges::default(), |changes, byte| {
            changes.confirm(address(byte, later(71 + u64::from(byte))), NOW)
        });
        let pending = address(9, later(24));
        assert_eq!(changes.request(pending.clone(), NOW).unwrap_err(), AuthError::TooManyEmailChanges);
        assert_eq!(changes.request(pending.clone(), later(71)).unwrap_err(), AuthError::TooManyEmailChanges);
        let after = changes.request(pending, later(72)).unwrap();
        let after = after.confirm(address(9, later(144)), later(72));
        assert!(after.former(&id(1)).is_none(), "an address that cannot be restored is dropped");
        assert!(after.former(&id(2)).is_some() && after.former(&id(9)).is_some());
    }

    #[test]
    fn restoring_an_address_voids_the_links_of_later_ones_and_keeps_earlier_ones() {
        let changes =
            (1..=3).fold(EmailChanges::default(), |changes, byte| changes.confirm(address(byte, later(72)), NOW));
        let changes = changes.request(address(4, later(24)), later(100)).unwrap();
        let restored = changes.undo(&id(2), NOW);
        assert!(restored.former(&id(1)).is_some());
        assert!([2, 3].iter().all(|byte| restored.former(&id(*byte)).is_none()));
        assert!(restored.pending(&id(4)).is_none());
    }

    #[test]
    fn a_return_to_a_former_address_leaves_no_later_one_that_could_be_restored() {
        let changes =
            (1..=3).fold(EmailChanges::default(), |changes, byte| changes.confirm(address(byte, later(72)), NOW));
        let returned = changes.return_to(&BlindIndex::from_text("v1.2".to_owned()), NOW).unwrap();
        assert!(
            returned.former(&id(1)).is_some() && returned.former(&id(2)).is_none() && returned.former(&id(3)).is_none()
        );
        assert!(changes.return_to(&BlindIndex::from_text("v1.9".to_owned()), NOW).is_none());
        assert!(changes.return_to(&BlindIndex::from_text("v1.2".to_owned()), later(72)).is_none());
    }

    #[test]
    fn an_address_opens_for_its_person_and_token_only() {
        let (user, other) = (UserId::new(NOW), UserId::new(NOW));
        let key = PersonKey::from_key(&user.to_string(), DataKey::from_bytes([7; 32]));
        let email = Email::parse("ada@example.org").unwrap();
        let index = BlindIndex::from_text("v1.ada".to_owned());
        let sealed = TokenAddress::seal(&user, id(1), TokenPurpose::UndoEmailChange, (&email, &index), &key, NOW);
        assert_eq!(sealed.until, later(72));
        assert_eq!(sealed.open(&user, &key).unwrap().as_str(), "ada@example.org");
        assert!(sealed.open(&other, &key).is_err());
        assert!(TokenAddress { token: id(2), ..sealed }.open(&user, &key).is_err());
    }
}
