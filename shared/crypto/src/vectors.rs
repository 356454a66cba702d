//! Frozen vectors of every format: what was stored or sent once must open for ever. They were made by another
//! implementation; a change that breaks one needs a new format version, not a new vector.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    DataKey, LongKey, access, cursor, document, field,
    index::{self, IndexKeys},
    mailed, password, refresh, wrap,
};
use verinym_domain::{
    id::{EventId, SessionId, UserId},
    secret::Secret,
    time::Timestamp,
};

#[derive(Deserialize)]
struct File<C> {
    cases: Vec<C>,
}

fn cases<C: for<'de> Deserialize<'de>>(json: &str) -> Vec<C> {
    let file: File<C> = serde_json::from_str(json).unwrap();
    assert!(!file.cases.is_empty());
    file.cases
}

/// Written as hexadecimal.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Bytes(Vec<u8>);

impl From<String> for Bytes {
    fn from(text: String) -> Self {
        Self(hex::decode(text).unwrap())
    }
}

impl Bytes {
    fn array<const N: usize>(&self) -> [u8; N] {
        self.0.as_slice().try_into().unwrap()
    }

    fn key(&self) -> DataKey {
        DataKey::from_bytes(self.array())
    }

    fn uuid(&self) -> Uuid {
        Uuid::from_bytes(self.array())
    }
}

fn slices(parts: &[Bytes]) -> Vec<&[u8]> {
    parts.iter().map(|part| part.0.as_slice()).collect()
}

#[derive(Deserialize)]
struct Place {
    table: String,
    partition: String,
    sort: String,
    attribute: String,
}

impl Place {
    fn place(&self) -> field::Place<'_> {
        field::Place { table: &self.table, partition: &self.partition, sort: &self.sort, attribute: &self.attribute }
    }
}

#[test]
fn fields() {
    #[derive(Deserialize)]
    struct Case {
        key: Bytes,
        version: u32,
        nonce: Bytes,
        place: Place,
        plain: Bytes,
        sealed: Bytes,
    }
    for case in cases::<Case>(include_str!("vectors/field.json")) {
        let (key, place) = (case.key.key(), case.place.place());
        let sealed = field::seal_with(&key, case.version, &case.nonce.array(), &place, &case.plain.0);
        assert_eq!(hex::encode(sealed), hex::encode(&case.sealed.0));
        assert_eq!(*field::open(&key, &place, &case.sealed.0).unwrap(), case.plain.0);
        assert_eq!(field::key_version(&case.sealed.0), Ok(case.version));
    }
}

#[test]
fn documents() {
    #[derive(Deserialize)]
    struct Case {
        key: Bytes,
        prefix: Bytes,
        place: Place,
        plain_len: usize,
        sealed_len: usize,
        sealed_sha256: Bytes,
        #[serde(default)]
        sealed: Option<Bytes>,
    }
    for case in cases::<Case>(include_str!("vectors/document.json")) {
        let (key, place) = (case.key.key(), case.place.place());
        let plain: Vec<u8> = (0..251u8).cycle().take(case.plain_len).collect();
        let sealed = document::seal_with(&key, case.prefix.array(), &place, &plain);
        assert_eq!(sealed.len(), case.sealed_len);
        assert_eq!(document::sealed_len(case.plain_len as u64), case.sealed_len as u64);
        assert_eq!(Sha256::digest(&sealed).as_slice(), case.sealed_sha256.0, "{} bytes", case.plain_len);
        if let Some(expected) = case.sealed {
            assert_eq!(hex::encode(&sealed), hex::encode(expected.0));
        }
        assert_eq!(*document::open(&key, &place, &sealed).unwrap(), plain);
    }
}

#[test]
fn blind_indexes() {
    #[derive(Deserialize)]
    struct Case {
        key: Bytes,
        version: u32,
        attribute: String,
        value: String,
        index: String,
    }
    for case in cases::<Case>(include_str!("vectors/index.json")) {
        let made = index::blind_index(&case.key.key(), case.version, &case.attribute, &case.value);
        assert_eq!(made.as_ref(), case.index);
        let keys = IndexKeys::new(case.version, [(case.version, case.key.key())].into()).unwrap();
        assert_eq!(keys.current(&case.attribute, &case.value).as_ref(), case.index);
    }
}

#[test]
fn digests() {
    #[derive(Deserialize)]
    struct Case {
        key: Bytes,
        parts: Vec<Bytes>,
        digest: Bytes,
    }
    for case in cases::<Case>(include_str!("vectors/digest.json")) {
        assert_eq!(index::digest(&case.key.key(), &slices(&case.parts)), case.digest.array());
    }
}

#[test]
fn refresh_tokens() {
    #[derive(Deserialize)]
    struct Case {
        kid: u32,
        key: String,
        session: Bytes,
        user: Bytes,
        counter: String,
        nonce: Bytes,
        text: String,
    }
    for case in cases::<Case>(include_str!("vectors/refresh.json")) {
        let ring = serde_json::json!({ "current": case.kid, "keys": { case.kid.to_string(): { "key": case.key } } });
        let ring: refresh::RefreshKeys = serde_json::from_str(&ring.to_string()).unwrap();
        let token = refresh::RefreshToken {
            session: SessionId::from_uuid(case.session.uuid()),
            user: UserId::from_uuid(case.user.uuid()),
            counter: case.counter.parse().unwrap(),
            nonce: case.nonce.array(),
        };
        assert_eq!(*ring.mint(&token).expose(), case.text);
        assert_eq!(ring.open(&case.text), Some((refresh::Kid(case.kid), token)));
    }
}

#[test]
fn mailed_tokens() {
    #[derive(Deserialize)]
    struct Case {
        key: String,
        event: Bytes,
        user: Bytes,
        purpose: String,
        id: String,
        text: String,
    }
    for case in cases::<Case>(include_str!("vectors/mailed.json")) {
        let ring = serde_json::json!({ "current": 3, "keys": { "3": { "key": case.key } } });
        let ring: mailed::MailKeys = serde_json::from_str(&ring.to_string()).unwrap();
        let user = UserId::from_uuid(case.user.uuid());
        let id = mailed::id_of_event(&EventId::from_uuid(case.event.uuid()), &case.purpose);
        assert_eq!(id.to_string(), case.id);
        assert_eq!(*ring.derive(&case.purpose, &id, &user).expose(), case.text);
        let (id, tag) = mailed::parse(&case.text).unwrap();
        assert!(ring.verify(&case.purpose, &id, &user, &tag));
    }
}

#[test]
fn cursors() {
    #[derive(Deserialize)]
    struct Case {
        key: Bytes,
        binding: Vec<Bytes>,
        plain: Bytes,
        text: String,
    }
    for case in cases::<Case>(include_str!("vectors/cursor.json")) {
        let (key, binding) = (LongKey::from_bytes(case.key.array()), slices(&case.binding));
        assert_eq!(cursor::seal(&key, &binding, &case.plain.0), case.text);
        assert_eq!(cursor::open(&key, &binding, &case.text), Some(case.plain.0));
    }
}

#[test]
fn passwords() {
    #[derive(Deserialize)]
    struct Case {
        password: String,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        salt: Bytes,
        phc: String,
    }
    for case in cases::<Case>(include_str!("vectors/password.json")) {
        let params = password::Params::new(case.memory_kib, case.passes, case.lanes, None).unwrap();
        let password = Secret::new(case.password);
        assert_eq!(password::hash_with(&password, &params, &case.salt.array()).unwrap(), case.phc);
        let verified = password::verify(&password, &case.phc, &params).unwrap();
        assert_eq!(verified, password::PasswordMatch { matches: true, outdated: false });
    }
}

#[test]
fn access_tokens() {
    #[derive(Deserialize)]
    struct Case {
        jwks: access::Jwks,
        claims: access::AccessClaims,
        token: String,
    }
    for case in cases::<Case>(include_str!("vectors/access.json")) {
        let expected = access::Expected {
            issuer: &case.claims.iss,
            audience: &case.claims.aud,
            now: Timestamp::from_unix_seconds(case.claims.iat),
            leeway: 0,
        };
        let keys = access::VerificationKeys::try_from(&case.jwks).unwrap();
        assert_eq!(keys.verify(&case.token, &expected), Ok(case.claims.clone()));
    }
}

#[test]
fn shards() {
    #[derive(Deserialize)]
    struct Case {
        user: String,
        shard: u8,
    }
    for case in cases::<Case>(include_str!("vectors/shard.json")) {
        assert_eq!(wrap::shard_of(&case.user), case.shard);
    }
}
