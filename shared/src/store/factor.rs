//! The second factors of accounts, and the challenges of sign-ins that wait for one.
//!
//! A challenge is stored under a digest of its token, so the table gives nobody a token.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use super::{
    Store, Table,
    commit::{Commit, WriteExpression},
    item::{Item, Key, keyed, number, read},
    kek::KeyPurpose,
    person_key::{self, KeyItem, PersonKey},
    secrets::IndexSecrets,
    sent_code::sent_digest,
    user::{Account, account_key},
};
use crate::{
    crypto::{backup_code, field::Place, totp},
    domain::{
        event::EventType,
        factor::{CHALLENGE_LIFE, CHALLENGE_TRIES, CodeDigest, FactorMethod, Factors, Presented, SentCode},
        id::UserId,
        person::PhoneNumber,
        secret::SecretText,
        time::Timestamp,
    },
    error::{Internal, Result},
    store::user::account_event,
};

fn key(user: &UserId) -> Key {
    Key::new(format!("U#{user}"), "FACTORS")
}

fn place(at: &Key) -> Place<'_> {
    Place { table: Table::Identity.logical(), partition: &at.pk, sort: &at.sk, attribute: "totp" }
}

/// Encrypts the secret of an authenticator app for its person.
pub fn seal_secret(user: &UserId, secret: &[u8], key: &PersonKey) -> ByteBuf {
    let at = self::key(user);
    ByteBuf::from(key.seal(&place(&at), secret))
}

fn open_secret(user: &UserId, sealed: &[u8], key: &PersonKey) -> Result<Zeroizing<Vec<u8>>> {
    let at = self::key(user);
    key.open(&place(&at), sealed)
}

fn number_place(at: &Key) -> Place<'_> {
    Place { attribute: "sms", ..place(at) }
}

/// Encrypts the number of a second factor for its person.
pub fn seal_number(user: &UserId, number: &PhoneNumber, key: &PersonKey) -> ByteBuf {
    let at = self::key(user);
    ByteBuf::from(key.seal(&number_place(&at), number.as_str().as_bytes()))
}

/// The digest of a normalised backup code. It depends on the person, so equal codes of two people have different digests.
pub fn code_digest(indexes: &IndexSecrets, user: &UserId, code: &str) -> CodeDigest {
    CodeDigest(indexes.digest(&[b"backup code", user.to_string().as_bytes(), code.as_bytes()]))
}

/// New backup codes and their digests.
pub fn new_backup_codes(indexes: &IndexSecrets, user: &UserId) -> (Vec<SecretText>, Vec<CodeDigest>) {
    let codes: Vec<_> = (0..crate::domain::factor::BACKUP_CODES).map(|_| backup_code::generate()).collect();
    let digest = |code: &SecretText| {
        let plain = backup_code::normalise(code.expose())?;
        Some(code_digest(indexes, user, plain.expose()))
    };
    let digests = codes.iter().filter_map(digest).collect();
    (codes, digests)
}

/// What a code may be of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'a> {
    /// The sealed secret of the authenticator app.
    pub secret: Option<&'a [u8]>,
    /// The code that was sent, and where to.
    pub sent: Option<(&'a SentCode, &'a str)>,
}

/// What a submitted code is.
pub fn present(
    user: &UserId,
    method: FactorMethod,
    code: &str,
    Expected { secret, sent }: Expected<'_>,
    (indexes, key): (&IndexSecrets, &PersonKey),
    now: Timestamp,
) -> Result<Presented> {
    match (method, secret) {
        (FactorMethod::Totp, Some(sealed)) => {
            let secret = open_secret(user, sealed, key)?;
            Ok(Presented::Totp(totp::step_of(&secret, code, now).map_err(Internal::corrupt)?))
        }
        (FactorMethod::Totp, None) => Ok(Presented::Totp(None)),
        (FactorMethod::BackupCode, _) => {
            let plain = backup_code::normalise(code).unwrap_or_default();
            Ok(Presented::BackupCode(code_digest(indexes, user, plain.expose())))
        }
        (FactorMethod::Sms | FactorMethod::EmailOtp, _) => {
            let right = sent.is_some_and(|(sent, to)| sent.is(method, &sent_digest(indexes, user, to, code), now));
            Ok(Presented::Sent(method, right))
        }
    }
}

/// A sign-in whose first factor was proved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Challenge {
    pub user: UserId,
    /// How the first factor was proved (RFC 8176).
    pub amr: String,
    /// The account's epoch when it began. A new password voids the challenge.
    pub epoch: u64,
    /// The device that the sign-in names, encrypted with the person's profile key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<ByteBuf>,
    /// What it may be answered with.
    #[serde(default)]
    pub methods: Vec<FactorMethod>,
    /// Wrong codes so far.
    pub wrong: u32,
    /// How many codes were sent for it.
    #[serde(default)]
    pub sends: u32,
    /// The code that was sent last, which makes earlier ones void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<SentCode>,
    /// Unix seconds. The table deletes the item some time later, so each reader compares it.
    pub expires: i64,
}

impl Challenge {
    pub fn begin(
        auth: &Account,
        amr: &str,
        methods: Vec<FactorMethod>,
        device: Option<ByteBuf>,
        now: Timestamp,
    ) -> Self {
        Self {
            user: auth.user,
            amr: amr.to_owned(),
            epoch: auth.session_epoch,
            device,
            methods,
            wrong: 0,
            sends: 0,
            sent: None,
            expires: (now + CHALLENGE_LIFE).unix_seconds(),
        }
    }

    pub fn key(indexes: &IndexSecrets, token: &str) -> Key {
        Key::of(format!("MFA#{}", indexes.digest(&[b"second factor challenge", token.as_bytes()])))
    }

    /// Whether it asks an account without a second factor for a mailed code.
    pub fn is_step_up(&self) -> bool {
        self.methods.contains(&FactorMethod::EmailOtp)
    }

    /// The challenge after another code was sent.
    #[must_use]
    pub fn with_code(&self, sent: SentCode) -> Self {
        Self { sends: self.sends + 1, sent: Some(sent), ..self.clone() }
    }

    /// What the ciphertext of the device is bound to.
    pub fn device_place(at: &Key) -> Place<'_> {
        Place { table: Table::Ephemeral.logical(), partition: &at.pk, sort: &at.sk, attribute: "device" }
    }
}

/// An account with its second factors and its profile key.
#[derive(Debug)]
pub struct FactorAccount {
    pub auth: Account,
    pub factors: Factors,
    pub key: PersonKey,
}

impl FactorAccount {
    /// Decrypts the number of a second factor or of its setup.
    pub fn number(&self, sealed: &[u8]) -> Result<PhoneNumber> {
        let at = key(&self.auth.user);
        let plain = self.key.open(&number_place(&at), sealed)?;
        let text = std::str::from_utf8(&plain).map_err(Internal::corrupt)?;
        Ok(serde_json::from_value(text.into()).map_err(|_| Internal::corrupt("the number of a second factor"))?)
    }

    /// The number that is enrolled.
    pub fn sms_number(&self) -> Result<Option<PhoneNumber>> {
        self.factors.sms().map(|sms| self.number(&sms.number)).transpose()
    }
}

impl Commit<'_> {
    /// The second factors in place of those that were read.
    pub fn factors(self, user: &UserId, read: &Factors, after: &Factors) -> Self {
        let item = keyed(&key(user), after);
        match read.version() {
            0 => self.put_if(Table::Identity, item, "attribute_not_exists(pk)", &[], None),
            version => self.put_if(Table::Identity, item, "version = :read", &[(":read", number(version))], None),
        }
    }

    /// Uses up a challenge. A conflict if another call used it or counted a wrong code meanwhile.
    pub fn use_challenge(self, at: &Key, challenge: &Challenge) -> Self {
        let unchanged = unchanged(challenge, "");
        self.delete(Table::Ephemeral, at, &unchanged, None)
    }

    /// Counts a wrong code of a challenge; the last one that it allows ends it.
    pub fn count_wrong_code(self, at: &Key, challenge: &Challenge) -> Self {
        if challenge.wrong + 1 >= CHALLENGE_TRIES {
            return self.use_challenge(at, challenge);
        }
        let mut counted = unchanged(challenge, "SET wrong = :next");
        counted.values.push((":next", number(challenge.wrong + 1)));
        self.update(Table::Ephemeral, at, &counted, None)
    }

    /// A challenge for which a code is sent. A conflict if another call used it, counted a wrong code or sent a code meanwhile.
    pub fn challenge_changes(self, at: &Key, before: &Challenge, after: &Challenge) -> Self {
        let WriteExpression { condition, values, .. } = unchanged(before, "");
        self.put_if(Table::Ephemeral, keyed(at, after), condition, &values, None)
    }

    /// Something about the second factor that the account does not show: a version of its own, with its event.
    pub fn note_mfa(self, auth: &Account, kind: EventType) -> Self {
        let (after, kind) = auth.note_mfa(kind);
        self.account_changes(auth, &after).event(account_event(kind, &after))
    }
}

fn unchanged(challenge: &Challenge, update: &'static str) -> WriteExpression<'static> {
    WriteExpression {
        update,
        condition: "wrong = :read AND sends = :sends",
        names: &[],
        values: vec![(":read", number(challenge.wrong)), (":sends", number(challenge.sends))],
    }
}

impl Store {
    pub async fn begin_challenge(&self, at: &Key, challenge: &Challenge) -> Result<()> {
        self.put_unconditionally(Table::Ephemeral, keyed(at, challenge)?, "begin challenge").await
    }

    /// The challenge at a key, while it is valid.
    pub async fn challenge(&self, at: &Key, now: Timestamp) -> Result<Option<Challenge>> {
        let challenge: Option<Challenge> = self.get_as(Table::Ephemeral, at).await?;
        Ok(challenge.filter(|challenge| now.unix_seconds() < challenge.expires))
    }

    /// The second factors of an account; none yet is the same as an empty one.
    pub async fn factors(&self, user: &UserId) -> Result<Factors> {
        Ok(self.get_as(Table::Identity, &key(user)).await?.unwrap_or_default())
    }

    /// Account, second factors and profile key, in one read.
    pub async fn factor_account(&self, user: &UserId, now: Timestamp) -> Result<Option<FactorAccount>> {
        let keys = [
            (Table::Identity, account_key(user)),
            (Table::Identity, key(user)),
            (Table::Keys, person_key::key(user, KeyPurpose::Profile)),
        ];
        let mut found = self.get_many(&keys).await?;
        let mut take = |at: &Key| -> Option<Item> { found.remove(at) };
        let Some(auth) = take(&keys[0].1).map(read::<Account>).transpose()? else { return Ok(None) };
        let factors = take(&keys[1].1).map(read::<Factors>).transpose()?.unwrap_or_default();
        let wrapped = take(&keys[2].1).map(read::<KeyItem>).transpose()?;
        let key = self.person_key(wrapped.as_ref(), now).await?;
        Ok(Some(FactorAccount { auth, factors, key }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::{DataKey, index::IndexKeys, random::RandomId},
        domain::event::Actor,
        store::{commit::CommitError, testing},
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn indexes() -> IndexSecrets {
        IndexSecrets {
            email: IndexKeys::generate(),
            username: IndexKeys::generate(),
            digest: DataKey::from_bytes([1; 32]),
        }
    }

    #[tokio::test]
    async fn of_two_changes_of_the_same_factors_one_is_committed() {
        let (store, user) = (testing::store().await, UserId::new(NOW));
        let read = store.factors(&user).await.unwrap();
        let write = |after: Factors| {
            let commit = store.commit(NOW, "c").by(Actor::Anonymous).factors(&user, &read, &after);
            commit.run()
        };
        write(read.refuse(NOW).0).await.unwrap();
        assert!(matches!(write(read.refuse(NOW).0).await, Err(CommitError::Conflict)));
        assert_eq!(store.factors(&user).await.unwrap().version(), 1);
    }

    #[tokio::test]
    async fn the_fifth_wrong_code_ends_a_challenge_and_each_counts_once() {
        let (store, at) = (testing::store().await, Challenge::key(&indexes(), "token"));
        let begun = Challenge {
            user: UserId::new(NOW),
            amr: "pwd".to_owned(),
            device: None,
            epoch: 0,
            methods: vec![FactorMethod::Totp],
            wrong: 0,
            sends: 0,
            sent: None,
            expires: (NOW + CHALLENGE_LIFE).unix_seconds(),
        };
        store.begin_challenge(&at, &begun).await.unwrap();
        assert!(store.challenge(&at, NOW + CHALLENGE_LIFE).await.unwrap().is_none(), "it expires");
        for wrong in 0..CHALLENGE_TRIES {
            let challenge = store.challenge(&at, NOW).await.unwrap().unwrap();
            assert_eq!(challenge.wrong, wrong);
            let count = || store.commit(NOW, "c").by(Actor::Anonymous).count_wrong_code(&at, &challenge).run();
            count().await.unwrap();
            assert!(matches!(count().await, Err(CommitError::Conflict)), "the same reading counts once");
        }
        assert!(store.challenge(&at, NOW).await.unwrap().is_none());
    }

    #[test]
    fn a_secret_opens_for_its_person_only() {
        let (user, other) = (UserId::new(NOW), UserId::new(NOW));
        let key = PersonKey::from_key(&user.to_string(), DataKey::from_bytes([7; 32]));
        let sealed = seal_secret(&user, b"12345678901234567890", &key);
        assert!(!sealed.windows(4).any(|part| part == b"1234"));
        assert_eq!(open_secret(&user, &sealed, &key).unwrap().as_slice(), b"12345678901234567890");
        assert!(open_secret(&other, &sealed, &key).is_err());
    }

    #[test]
    fn ten_backup_codes_have_ten_digests_that_depend_on_the_person() {
        let (indexes, user) = (indexes(), UserId::new(NOW));
        let (codes, digests) = new_backup_codes(&indexes, &user);
        assert_eq!((codes.len(), digests.len()), (10, 10));
        let key = PersonKey::from_key(&user.to_string(), DataKey::from_bytes([7; 32]));
        let typed = codes[3].expose().to_lowercase();
        let of =
            |user| present(user, FactorMethod::BackupCode, &typed, Expected::default(), (&indexes, &key), NOW).unwrap();
        assert_eq!(of(&user), Presented::BackupCode(digests[3].clone()));
        assert_ne!(of(&UserId::new(NOW)), Presented::BackupCode(digests[3].clone()));
    }
}
