//! Sign-ins: each begins a session, and ends the oldest ones of a person who has too many.
//!
//! One item says how many there were, and what the risk of the next one is decided by.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{Ending, SessionItem};
use crate::{
    crypto::field::Place,
    domain::{
        event::SignInRisk,
        id::UserId,
        risk::{RiskDecision, SignInHistory},
        session::MOST_SESSIONS,
        time::Timestamp,
    },
    error::{Internal, Result},
    store::{
        Store, Table,
        commit::Commit,
        item::{ItemQuery, Key, Sort, key_of, keyed, number, read},
        person_key::PersonKey,
        user::Account,
    },
};

/// The sessions of a person at one moment, and the sign-ins until then. Each sign-in increments their number under a
/// condition, so only one of two that have read the same sessions and the same history is committed.
#[derive(Debug, Default)]
pub struct SignIns {
    record: SignInRecord,
    /// Newest first. Sessions that are over may be among them.
    sessions: Vec<SessionItem>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct SignInRecord {
    /// How many there were.
    signed_in: u64,
    /// How many were refused for their risk.
    #[serde(default)]
    refused: u64,
    /// Where they came from ([`SignInHistory`]), encrypted with the person's profile key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    history: Option<ByteBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_refusal: Option<Refusal>,
}

/// The last refusal of a sign-in for its risk.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Refusal {
    at: Timestamp,
    /// When the owner of the account was last told of one.
    told_at: Timestamp,
}

/// The owner of an account is told of refused sign-ins at most this often.
const TOLD_EVERY: Duration = Duration::from_hours(1);

/// What a sign-in leaves behind besides its session.
#[derive(Debug, Clone)]
pub struct SignInTrace {
    pub(super) risk: SignInRisk,
    history: ByteBuf,
}

impl SignInTrace {
    /// The decision on its risk, and the history after it.
    pub fn seal(user: &UserId, decision: &RiskDecision, history: &SignInHistory, key: &PersonKey) -> Result<Self> {
        let at = SignIns::key(user);
        let plain = serde_json::to_vec(history).map_err(Internal::bug)?;
        Ok(Self { risk: decision.record(), history: ByteBuf::from(key.seal(&place(&at), &plain)) })
    }
}

fn place(at: &Key) -> Place<'_> {
    Place { table: Table::Identity.logical(), partition: &at.pk, sort: &at.sk, attribute: "history" }
}

/// Most sessions that one sign-in ends, so that the transaction stays small if a person has many from before there was a limit.
const ENDED_AT_ONCE: usize = 20;

impl SignIns {
    /// Sort key of the number. It sorts before the sessions, so that one query reads both.
    const SORT: &str = "SIGN-INS";

    fn key(user: &UserId) -> Key {
        Key::new(format!("U#{user}"), Self::SORT)
    }

    /// Whether nobody signed in to the account before.
    pub const fn is_first(&self) -> bool {
        self.record.signed_in == 0
    }

    /// Where they came from. A history that cannot be read is an empty one: it must not keep the person out.
    pub fn history(&self, user: &UserId, key: &PersonKey) -> SignInHistory {
        let Some(sealed) = &self.record.history else { return SignInHistory::default() };
        let opened = key.open(&place(&Self::key(user)), sealed);
        opened.ok().and_then(|plain| serde_json::from_slice(&plain).ok()).unwrap_or_else(|| {
            tracing::error!(user_id = %user, "a history of sign-ins cannot be read");
            SignInHistory::default()
        })
    }

    /// When the last one was refused for its risk.
    pub fn refused_at(&self) -> Option<Timestamp> {
        self.record.last_refusal.map(|refusal| refusal.at)
    }

    /// Whether the owner is told if one is refused now.
    pub fn is_refusal_told(&self, now: Timestamp) -> bool {
        self.record.last_refusal.is_none_or(|refusal| now.since(refusal.told_at) >= TOLD_EVERY)
    }

    /// The sessions that end with one more sign-in, the oldest first.
    fn surplus(&self, auth: &Account, now: Timestamp) -> impl Iterator<Item = &SessionItem> {
        let live: Vec<_> = self.sessions.iter().filter(|session| session.admitted(auth, now)).collect();
        live.into_iter().skip(MOST_SESSIONS - 1).collect::<Vec<_>>().into_iter().rev().take(ENDED_AT_ONCE)
    }
}

impl Commit<'_> {
    /// Begins a session, with its event. The oldest sessions of the person end if there would be more than [`MOST_SESSIONS`]. A
    /// conflict if the person signed in or was refused meanwhile.
    pub fn begin_session(self, session: &SessionItem, auth: &Account, before: &SignIns, trace: &SignInTrace) -> Self {
        let (user, now) = (&auth.user, self.now());
        let record = SignInRecord {
            signed_in: before.record.signed_in + 1,
            history: Some(trace.history.clone()),
            ..before.record.clone()
        };
        let commit = self.put_sign_ins(user, before, &record);
        let ending = Ending::surplus();
        before
            .surplus(auth, now)
            .fold(commit, |commit, old| commit.end_session(old, &ending))
            .create(Table::Identity, &SessionItem::key(user, &session.session), session, None)
            .event(session.created(&trace.risk))
    }

    /// Counts a sign-in that is refused for its risk. The history stays as it was. A conflict if the person signed in or was refused
    /// meanwhile.
    pub fn refuse_sign_in(self, user: &UserId, before: &SignIns) -> Self {
        let now = self.now();
        let told_at = before.record.last_refusal.map(|refusal| refusal.told_at);
        let told_at = if before.is_refusal_told(now) { now } else { told_at.unwrap_or(now) };
        let record = SignInRecord {
            refused: before.record.refused + 1,
            last_refusal: Some(Refusal { at: now, told_at }),
            ..before.record.clone()
        };
        self.put_sign_ins(user, before, &record)
    }

    fn put_sign_ins(self, user: &UserId, before: &SignIns, after: &SignInRecord) -> Self {
        let item = keyed(&SignIns::key(user), after);
        let SignInRecord { signed_in, refused, .. } = before.record;
        if signed_in == 0 && refused == 0 {
            return self.put_if(Table::Identity, item, "attribute_not_exists(pk)", &[], None);
        }
        let unchanged = "signed_in = :read AND (attribute_not_exists(refused) OR refused = :refused)";
        let read = [(":read", number(signed_in)), (":refused", number(refused))];
        self.put_if(Table::Identity, item, unchanged, &read, None)
    }
}

impl Store {
    /// What a sign-in needs to know of a person's sessions, by one query.
    pub async fn sign_ins(&self, user: &UserId) -> Result<SignIns> {
        let partition = format!("U#{user}");
        let query = ItemQuery {
            table: Table::Identity,
            index: None,
            partition: ("pk", &partition),
            sort: Sort::Prefix("sk", "S"),
            newest_first: true,
            limit: 100,
            after: None,
        };
        let mut sign_ins = SignIns::default();
        for item in self.query(query).await?.0 {
            if key_of(&item).sk == SignIns::SORT {
                sign_ins.record = read(item)?;
            } else {
                sign_ins.sessions.push(read(item)?);
            }
        }
        Ok(sign_ins)
    }
}
