//! Idempotency records: what was asked under a key and what was answered, for 24 hours.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Store, Table,
    item::{Item, Key, keyed, read},
    person_key::PersonKey,
};
use crate::{
    crypto::field::Place,
    domain::{
        id::{HitId, UserId},
        time::Timestamp,
    },
    error::{Internal, Result},
};

const LIFE: Duration = Duration::from_hours(24);

/// Where the answer of a call will be remembered.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Digest of caller, method, route and key.
    pub scope: String,
    /// Digest of what was asked.
    pub body: Vec<u8>,
}

/// A record as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    pub body: ByteBuf,
    /// Ciphertext of [`Kept`]; absent where the answer carried secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<ByteBuf>,
    /// Unix seconds.
    pub expires: i64,
}

/// An answer worth giving again.
#[derive(Debug, Serialize, Deserialize)]
pub struct Kept {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The hits whose unmasked data the answer shows: giving the answer again is another read of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown_hits: Vec<ShownHit>,
}

/// A hit whose unmasked data an answer shows, and the person it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownHit {
    pub person: UserId,
    pub hit: HitId,
}

impl Kept {
    pub fn open(key: &PersonKey, scope: &str, sealed: &[u8]) -> Result<Self> {
        let plain = key.open(&place(scope), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| Internal::corrupt("a kept answer").into())
    }
}

pub fn key(scope: &str) -> Key {
    Key::of(format!("IDEM#{scope}"))
}

fn place(scope: &str) -> Place<'_> {
    Place { table: Table::Ephemeral.logical(), partition: scope, sort: "", attribute: "answer" }
}

/// The record to be written with the command.
pub(super) fn item(replay: &Replay, answer: Option<(&PersonKey, &Kept)>, now: Timestamp) -> Result<Item> {
    let answer = match answer {
        None => None,
        Some((key, kept)) => {
            let plain = serde_json::to_vec(kept).map_err(Internal::bug)?;
            Some(ByteBuf::from(key.seal(&place(&replay.scope), &plain)))
        }
    };
    let record = Record { body: ByteBuf::from(replay.body.clone()), answer, expires: (now + LIFE).unix_seconds() };
    keyed(&key(&replay.scope), &record)
}

/// A record that still counts: rows outlive their time by a while.
pub(super) fn live(item: Item, now: Timestamp) -> Result<Option<Record>> {
    let record: Record = read(item)?;
    Ok(Some(record).filter(|record| record.expires > now.unix_seconds()))
}

impl Store {
    pub async fn idempotency_record(&self, scope: &str, now: Timestamp) -> Result<Option<Record>> {
        match self.get(Table::Ephemeral, &key(scope)).await? {
            Some(item) => live(item, now),
            None => Ok(None),
        }
    }
}
