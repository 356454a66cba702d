//! Sessions: who is signed in from where, and which refresh token is the newest.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Position, Store, Table,
    event::Origin,
    item::{Key, Query, Sort, read},
    person_key::PersonKey,
};
use crate::{
    crypto::{field::Place, refresh::Kid},
    domain::{
        id::{SessionId, UserId},
        refresh::Generation,
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// A session as it is stored. It ends by its deletion.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionItem {
    pub session: SessionId,
    pub user: UserId,
    pub created_at: Timestamp,
    /// When the person proved who they are; refreshing never moves it.
    pub auth_time: Timestamp,
    /// How: `pwd`, `otp`, … (RFC 8176).
    pub amr: Vec<String>,
    /// Generation of the newest refresh token.
    pub counter: u64,
    pub nonce: ByteBuf,
    /// Key that the newest refresh token was made with, so that it can be made again.
    pub kid: Kid,
    pub last_turn: Timestamp,
    /// Address and agent, encrypted with the person's profile key.
    pub origin: ByteBuf,
    /// Unix seconds, for the table's own cleaning; the rule is [`SessionItem::live`].
    pub expires: i64,
    pub version: u64,
}

impl SessionItem {
    pub fn key(user: &UserId, session: &SessionId) -> Key {
        Key::new(format!("U#{user}"), format!("S#{session}"))
    }

    pub fn generation(&self) -> Generation {
        Generation { counter: self.counter, started_at: self.created_at, last_turn: self.last_turn }
    }

    pub fn expires_at(&self) -> Timestamp {
        self.generation().expires_at()
    }

    /// Rows outlive their time by a while: every reader asks.
    pub fn live(&self, now: Timestamp) -> bool {
        now < self.expires_at()
    }

    pub fn nonce(&self) -> Result<[u8; 16]> {
        self.nonce.as_slice().try_into().map_err(|_| Internal::corrupt("a session's nonce").into())
    }

    pub fn seal_origin(session: &SessionId, origin: &Origin, key: &PersonKey) -> Result<ByteBuf> {
        let plain = serde_json::to_vec(origin).map_err(Internal::bug)?;
        Ok(ByteBuf::from(key.seal(&place(&session.to_string()), &plain)))
    }

    pub fn open_origin(&self, key: &PersonKey) -> Result<Origin> {
        let plain = key.open(&place(&self.session.to_string()), &self.origin)?;
        serde_json::from_slice(&plain).map_err(|_| Internal::corrupt("a session's origin").into())
    }
}

fn place(session: &str) -> Place<'_> {
    Place { table: Table::Identity.logical(), partition: session, sort: "", attribute: "origin" }
}

impl Store {
    /// One page of a person's sessions, newest first; those whose time is over are left out.
    pub async fn sessions(
        &self,
        user: &UserId,
        now: Timestamp,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<SessionItem>, Option<Position>)> {
        let partition = format!("U#{user}");
        let (items, next) = self
            .query(Query {
                table: Table::Identity,
                index: None,
                partition: ("pk", &partition),
                sort: Sort::Prefix("sk", "S#"),
                newest_first: true,
                limit,
                after,
            })
            .await?;
        let sessions = items.into_iter().map(read::<SessionItem>).collect::<Result<Vec<_>>>()?;
        Ok((sessions.into_iter().filter(|session| session.live(now)).collect(), next))
    }

    pub async fn session(&self, user: &UserId, session: &SessionId, now: Timestamp) -> Result<Option<SessionItem>> {
        let item: Option<SessionItem> = self.get_as(Table::Identity, &SessionItem::key(user, session)).await?;
        Ok(item.filter(|item| item.live(now)))
    }
}
