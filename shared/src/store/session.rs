//! Sessions: who is signed in from where, and which refresh token is the newest.
//!
//! A session is over when its item is gone, when its time is, or when its account has gone on to another epoch: that is
//! how a new password ends sessions in the very transaction that sets it. Deleting those is cleaning, and may stop
//! half-way without letting anybody in.

mod ending;
mod sign_ins;
#[cfg(test)]
mod tests;

pub use ending::Ending;
pub use sign_ins::{SignInTrace, SignIns};

use crate::crypto::random::RandomId;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{
    Position, Store, Table,
    author::CallOrigin,
    command::{Command, Decided},
    commit::{Commit, WriteExpression},
    event::EventDraft,
    item::{ItemQuery, Key, Sort, number, read, text},
    person_key::PersonKey,
    user::Account,
};
use crate::{
    crypto::{
        field::Place,
        random,
        refresh::{Kid, RefreshToken},
    },
    domain::{
        event::{Cause, EventType, PublicWord, SignInMethods, SignInRisk, Subject},
        id::{DeviceId, SessionId, UserId},
        refresh::RefreshGeneration,
        secret::Masked,
        session::{Session, TRUSTED_FROM},
        time::Timestamp,
    },
    error::{Error, Internal, Result},
    run_command,
};

/// A session as it is stored. It ends by its deletion.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionItem {
    pub session: SessionId,
    pub user: UserId,
    /// The device that the sign-in named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    pub created_at: Timestamp,
    /// When the person proved who they are; refreshing never moves it.
    pub auth_time: Timestamp,
    /// How: `pwd`, `otp`, … (RFC 8176).
    pub amr: Vec<String>,
    /// The trust score that it began with, 0 to 100.
    #[serde(default)]
    pub trust: u32,
    /// Generation of the newest refresh token.
    pub counter: u64,
    pub nonce: ByteBuf,
    /// Key that the newest refresh token was made with, so that it can be made again.
    pub kid: Kid,
    pub last_turn: Timestamp,
    /// The account's epoch when it began; over once the account's is another.
    #[serde(default)]
    pub epoch: u64,
    /// Address and agent, encrypted with the person's profile key.
    pub origin: ByteBuf,
    /// Unix seconds, for the table's own cleaning; the rule is [`SessionItem::live`].
    pub expires: i64,
    /// The session aggregate's version; turning its refresh token is no event and leaves it.
    pub version: u64,
}

/// What `amr` has when more than one factor was proved (RFC 8176 §2).
pub const MULTI_FACTOR: &str = "mfa";

/// Counter of a session's first refresh token.
const FIRST: u64 = 1;

impl SessionItem {
    pub fn key(user: &UserId, session: &SessionId) -> Key {
        Key::new(format!("U#{user}"), format!("S#{session}"))
    }

    /// A session that begins now, of somebody who just showed who they are by `amr`.
    pub fn begin(
        auth: &Account,
        amr: &[&str],
        kid: Kid,
        origin: &CallOrigin,
        key: &PersonKey,
        now: Timestamp,
    ) -> Result<Self> {
        let session = SessionId::new(now);
        let generation = RefreshGeneration { counter: FIRST, started_at: now, last_turn: now };
        Ok(Self {
            session,
            user: auth.user,
            device: None,
            created_at: now,
            auth_time: now,
            amr: amr.iter().map(|&method| method.to_owned()).collect(),
            trust: 0,
            counter: generation.counter,
            nonce: ByteBuf::from(random::bytes::<16>().to_vec()),
            kid,
            last_turn: now,
            epoch: auth.session_epoch,
            origin: Self::seal_origin(&session, origin, key)?,
            expires: generation.expires_at().unix_seconds(),
            version: 1,
        })
    }

    /// What its newest refresh token says.
    pub fn refresh_token(&self) -> Result<RefreshToken> {
        Ok(RefreshToken { session: self.session, user: self.user, counter: self.counter, nonce: self.nonce()? })
    }

    pub fn generation(&self) -> RefreshGeneration {
        RefreshGeneration { counter: self.counter, started_at: self.created_at, last_turn: self.last_turn }
    }

    pub fn expires_at(&self) -> Timestamp {
        self.generation().expires_at()
    }

    /// Rows outlive their time by a while: every reader asks.
    pub fn live(&self, now: Timestamp) -> bool {
        now < self.expires_at()
    }

    /// Whether its person may still come in by it.
    pub fn admitted(&self, auth: &Account, now: Timestamp) -> bool {
        self.live(now) && self.epoch == auth.session_epoch
    }

    /// Whether it has twice the throughput limits.
    pub const fn is_trusted(&self) -> bool {
        self.trust >= TRUSTED_FROM
    }

    /// Whether its person proved a second factor.
    pub fn has_second_factor(&self) -> bool {
        self.amr.iter().any(|method| method == MULTI_FACTOR)
    }

    /// Whether it is the session of staff who have not proved a second factor.
    pub fn lacks_second_factor(&self, account: &Account) -> bool {
        account.is_staff() && !self.has_second_factor()
    }

    /// The session after its person proved again who they are.
    #[must_use]
    pub fn reauthenticated(&self, amr: &[&str], now: Timestamp) -> Self {
        let amr = amr.iter().map(|&method| method.to_owned()).collect();
        Self { amr, auth_time: now, version: self.version + 1, ..self.clone() }
    }

    /// As the API shows it to its person; `current` is the session that asks.
    pub fn view(&self, current: &SessionId, key: &PersonKey) -> Result<Session> {
        let origin = self.open_origin(key)?;
        Ok(Session {
            id: self.session,
            current: self.session == *current,
            created_at: self.created_at,
            last_seen_at: self.last_turn,
            expires_at: self.expires_at(),
            ip: Masked(origin.ip),
            user_agent: Masked(origin.user_agent),
            device_id: self.device,
            trust_score: self.trust,
            amr: self.amr.clone(),
        })
    }

    /// The event of its beginning, with the decision on its risk.
    fn created(&self, risk: &SignInRisk) -> EventDraft {
        let subject = Subject::new("session", self.session);
        EventDraft::new(EventType::SessionCreated, subject, self.version)
            .person(self.user)
            .session(self.session)
            .data(&self.methods())
            .data(risk)
    }

    fn methods(&self) -> SignInMethods {
        SignInMethods { amr: self.amr.iter().map(|method| PublicWord::named(method)).collect() }
    }

    fn ended(&self, ending: &Ending) -> EventDraft {
        let subject = Subject::new("session", self.session);
        let draft = EventDraft::new(ending.kind, subject, self.version + 1)
            .person(self.user)
            .session(self.session)
            .data(&Cause { reason: ending.reason.into() });
        match &ending.actor {
            Some(actor) => draft.by(actor.clone()),
            None => draft,
        }
    }

    pub fn nonce(&self) -> Result<[u8; 16]> {
        self.nonce.as_slice().try_into().map_err(|_| Internal::corrupt("a session's nonce").into())
    }

    pub fn seal_origin(session: &SessionId, origin: &CallOrigin, key: &PersonKey) -> Result<ByteBuf> {
        let plain = serde_json::to_vec(origin).map_err(Internal::bug)?;
        Ok(ByteBuf::from(key.seal(&place(&session.to_string()), &plain)))
    }

    pub fn open_origin(&self, key: &PersonKey) -> Result<CallOrigin> {
        let plain = key.open(&place(&self.session.to_string()), &self.origin)?;
        serde_json::from_slice(&plain).map_err(|_| Internal::corrupt("a session's origin").into())
    }
}

impl Commit<'_> {
    /// Deletes a session, with the event that says so. If it is gone already: a conflict.
    pub fn end_session(self, session: &SessionItem, ending: &Ending) -> Self {
        self.end_session_or(session, ending, None)
    }

    /// The same; `gone` is what it means to the caller that the session has ended already.
    pub fn end_session_or(self, session: &SessionItem, ending: &Ending, gone: Option<Error>) -> Self {
        let unchanged = WriteExpression {
            condition: "version = :read",
            values: vec![(":read", number(session.version))],
            ..WriteExpression::default()
        };
        self.delete(Table::Identity, &SessionItem::key(&session.user, &session.session), &unchanged, gone)
            .event(session.ended(ending))
    }
}

impl Commit<'_> {
    /// Records in a session that its person proved again who they are. Its refresh token stays. A conflict if the session was proved
    /// or ended meanwhile.
    pub fn reauthenticate(self, before: &SessionItem, after: &SessionItem) -> Self {
        let names: Vec<_> = after.amr.iter().map(|method| text(method.clone())).collect();
        let proved = WriteExpression {
            update: "SET amr = :amr, auth_time = :now, version = :next",
            condition: "version = :read",
            values: vec![
                (":amr", AttributeValue::L(names)),
                (":now", text(after.auth_time.to_string())),
                (":next", number(after.version)),
                (":read", number(before.version)),
            ],
            ..WriteExpression::default()
        };
        let event =
            EventDraft::new(EventType::SessionReauthenticated, Subject::new("session", after.session), after.version);
        let event = event.person(after.user).session(after.session).data(&after.methods());
        let key = SessionItem::key(&after.user, &after.session);
        self.update(Table::Identity, &key, &proved, None).event(event)
    }
}

/// What became of the turning of a session's refresh token.
#[derive(Debug)]
pub enum Turn {
    /// The session as it is now.
    Done(SessionItem),
    /// Somebody else turned it first: the session as they left it.
    Beaten(SessionItem),
    /// It has ended meanwhile.
    Gone,
}

/// How many sessions are ended in one transaction: each is three writes of at most a hundred.
const AT_ONCE: u32 = 30;

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
            .query(ItemQuery {
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

    /// Turns a session to its next generation, if it is still at the one that was read. A retry of a turn whose answer
    /// was lost finds itself beaten, by itself.
    pub async fn turn_session(&self, session: &SessionItem, kid: Kid, now: Timestamp) -> Result<Turn> {
        // Clocks differ: time never runs back for a session.
        let next = RefreshGeneration {
            counter: session.counter + 1,
            last_turn: now.max(session.last_turn),
            ..session.generation()
        };
        let updated = self
            .db
            .update_item()
            .table_name(self.name(Table::Identity))
            .set_key(Some(SessionItem::key(&session.user, &session.session).to_item()))
            .update_expression("SET #counter = :next, kid = :kid, last_turn = :now, expires = :expires")
            .condition_expression("#counter = :read")
            .expression_attribute_names("#counter", "counter")
            .expression_attribute_values(":read", number(session.counter))
            .expression_attribute_values(":next", number(next.counter))
            .expression_attribute_values(":kid", number(kid.0))
            .expression_attribute_values(":now", text(next.last_turn.to_string()))
            .expression_attribute_values(":expires", number(next.expires_at().unix_seconds()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match updated {
            Ok(answer) => {
                let item = answer.attributes.ok_or_else(|| Internal::corrupt("an update without its item"))?;
                read(item).map(Turn::Done)
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => match failed.item.clone() {
                    Some(item) => read(item).map(Turn::Beaten),
                    None => Ok(Turn::Gone),
                },
                _ => Err(Internal::aws("turn session", &error).into()),
            },
        }
    }

    /// Ends all sessions of a person but one, those over already too, a transaction per chunk. The number is of those
    /// by which the person could still have come in.
    pub async fn end_sessions(
        &self,
        command: &Command<'_>,
        auth: &Account,
        keep: Option<&SessionId>,
        ending: &Ending,
        now: Timestamp,
    ) -> Result<u32> {
        let (mut ended, mut after) = (0, None);
        loop {
            // If one of them ended by itself meanwhile, the page is read again.
            let (of_page, next) = run_command!(command, |attempt| {
                let (page, next) = self.sessions(&auth.user, now, AT_ONCE, after.as_ref()).await?;
                let others: Vec<_> = page.iter().filter(|session| Some(&session.session) != keep).collect();
                let admitted = others.iter().map(|session| u32::from(session.admitted(auth, now))).sum::<u32>();
                if others.is_empty() {
                    return Ok(Decided::Unchanged((admitted, next)));
                }
                let commit =
                    others.iter().fold(attempt.commit(now), |commit, session| commit.end_session(session, ending));
                Ok(commit.returning((admitted, next)))
            })?;
            ended += of_page;
            match next {
                Some(next) => after = Some(next),
                None => return Ok(ended),
            }
        }
    }
}
