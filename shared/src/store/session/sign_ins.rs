//! Sign-ins: each begins a session, and ends the oldest ones of a person who has too many.

use serde::{Deserialize, Serialize};

use super::{Ending, SessionItem};
use crate::{
    domain::{id::UserId, session::MOST_SESSIONS, time::Timestamp},
    error::Result,
    store::{
        Store, Table,
        commit::Commit,
        item::{ItemQuery, Key, Sort, key_of, keyed, number, read},
        user::Account,
    },
};

/// The sessions of a person at one moment, and the number of sign-ins until then. Each sign-in increments the number under a
/// condition, so only one of two that have read the same sessions is committed.
#[derive(Debug, Default)]
pub struct SignIns {
    count: u64,
    /// Newest first. Sessions that are over may be among them.
    sessions: Vec<SessionItem>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct SignInCount {
    signed_in: u64,
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
        self.count == 0
    }

    /// The sessions that end with one more sign-in, the oldest first.
    fn surplus(&self, auth: &Account, now: Timestamp) -> impl Iterator<Item = &SessionItem> {
        let live: Vec<_> = self.sessions.iter().filter(|session| session.admitted(auth, now)).collect();
        live.into_iter().skip(MOST_SESSIONS - 1).collect::<Vec<_>>().into_iter().rev().take(ENDED_AT_ONCE)
    }
}

impl Commit<'_> {
    /// Begins a session, with its event. The oldest sessions of the person end if there would be more than [`MOST_SESSIONS`]. A
    /// conflict if the person signed in meanwhile.
    pub fn begin_session(self, session: &SessionItem, auth: &Account, before: &SignIns) -> Self {
        let (user, now) = (&auth.user, self.now());
        let count = keyed(&SignIns::key(user), &SignInCount { signed_in: before.count + 1 });
        let commit = match before.count {
            0 => self.put_if(Table::Identity, count, "attribute_not_exists(pk)", &[], None),
            read => self.put_if(Table::Identity, count, "signed_in = :read", &[(":read", number(read))], None),
        };
        let ending = Ending::surplus();
        before
            .surplus(auth, now)
            .fold(commit, |commit, old| commit.end_session(old, &ending))
            .create(Table::Identity, &SessionItem::key(user, &session.session), session, None)
            .event(session.created())
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
                sign_ins.count = read::<SignInCount>(item)?.signed_in;
            } else {
                sign_ins.sessions.push(read(item)?);
            }
        }
        Ok(sign_ins)
    }
}
