//! Commands: read, decide, commit; after a conflict, all of it again.
//!
//! A command is a function that is called once per attempt. It reads what it decides upon, decides by the rules of
//! `domain`, and returns the commit of its decision with the value that the caller gets. When somebody else wrote first,
//! [`run_command`](crate::run_command) waits and calls it again, so a decision never rests on what an earlier attempt read.

use std::time::Duration;

use super::{
    Store,
    author::Author,
    commit::{Commit, CommitError},
    guard::Guard,
};
use crate::{
    domain::{backoff::Backoff, time::Timestamp},
    error::{RequestError, Result},
};

/// What an attempt decided.
#[derive(Debug)]
#[must_use]
pub enum Decided<'s, T> {
    /// To be committed; the caller gets the value once it is.
    Commit(Box<Commit<'s>>, T),
    /// There is nothing to write.
    Unchanged(T),
}

impl<'s> Commit<'s> {
    /// The decision to make this commit, and what the caller gets after it.
    pub fn returning<T>(self, value: T) -> Decided<'s, T> {
        Decided::Commit(Box::new(self), value)
    }
}

/// One attempt of a command.
#[derive(Debug)]
pub struct Attempt<'s> {
    store: &'s Store,
    correlation_id: String,
    author: Author,
    guards: Vec<Guard>,
    first: bool,
}

impl<'s> Attempt<'s> {
    /// Whether no conflict came before. The first attempt may decide upon what was read along with the caller's
    /// admission; every later one has to read.
    pub const fn is_first(&self) -> bool {
        self.first
    }

    /// Begins the commit of this attempt. Its events occurred at `now` and are stamped with the command's author.
    pub fn commit(&self, now: Timestamp) -> Commit<'s> {
        self.store.commit(now, &self.correlation_id).by(self.author.clone()).guarded(self.guards.clone())
    }
}

/// How often a command is attempted unless it runs until the deadline.
const ATTEMPTS: u32 = 6;
const BACKOFF: Backoff = Backoff { base: Duration::from_millis(25), cap: Duration::from_millis(400) };

/// How a command is run: for whom, under which correlation id, and how often.
#[derive(Debug, Clone)]
pub struct Command<'s> {
    store: &'s Store,
    correlation_id: String,
    author: Author,
    guards: Vec<Guard>,
    attempts: u32,
}

impl Store {
    /// A command of `author`; its events carry the correlation id.
    pub fn command(&self, correlation_id: &str, author: impl Into<Author>) -> Command<'_> {
        Command {
            store: self,
            correlation_id: correlation_id.to_owned(),
            author: author.into(),
            guards: Vec::new(),
            attempts: ATTEMPTS,
        }
    }
}

impl<'s> Command<'s> {
    /// For what must not be given up because others are quicker: the deadline of the request alone ends the attempts.
    pub fn until_deadline(self) -> Self {
        Self { attempts: u32::MAX, ..self }
    }

    /// Each commit goes through only under these conditions.
    pub fn guarded(self, guards: Vec<Guard>) -> Self {
        Self { guards, ..self }
    }

    /// The same author's command for what follows a commit.
    pub fn follow_up(&self) -> Self {
        Self { guards: Vec::new(), ..self.clone() }
    }

    /// For [`run_command`](crate::run_command).
    #[doc(hidden)]
    pub const fn attempts(&self) -> Attempts<'_, 's> {
        Attempts { command: self, conflicts: 0 }
    }
}

/// The attempts of one run of a command.
#[derive(Debug)]
pub struct Attempts<'c, 's> {
    command: &'c Command<'s>,
    conflicts: u32,
}

impl<'s> Attempts<'_, 's> {
    pub fn begin(&self) -> Attempt<'s> {
        let Command { store, correlation_id, author, guards, .. } = self.command;
        Attempt {
            store,
            correlation_id: correlation_id.clone(),
            author: author.clone(),
            guards: guards.clone(),
            first: self.conflicts == 0,
        }
    }

    /// Decides and commits. `None` after a conflict, once it is time for the next attempt.
    pub async fn end<T>(
        &mut self,
        decide: impl Future<Output = Result<Decided<'s, T>, CommitError>>,
    ) -> Option<Result<T>> {
        let committed = match decide.await {
            Ok(Decided::Commit(commit, value)) => commit.run().await.map(|()| value),
            Ok(Decided::Unchanged(value)) => Ok(value),
            Err(error) => Err(error),
        };
        match committed {
            Ok(value) => return Some(Ok(value)),
            Err(CommitError::Refused(error) | CommitError::Failed(error)) => return Some(Err(error)),
            Err(CommitError::Conflict) => self.conflicts = self.conflicts.saturating_add(1),
        }
        if self.conflicts >= self.command.attempts {
            return Some(Err(RequestError::Contended.into()));
        }
        let random = u64::from_be_bytes(crate::crypto::random::bytes());
        tokio::time::sleep(BACKOFF.delay(self.conflicts, random)).await;
        None
    }
}

/// Runs a command: `run_command!(command, |attempt| { … })`. The block is the body of a function that is called once per
/// attempt: it reads, decides and ends in `Ok(commit.returning(value))`, or in `Ok(Decided::Unchanged(value))` where there
/// is nothing to write. `return` and `?` end the attempt. After a conflict it waits (full jitter) and the block runs again.
///
/// The value is a `Result`: what the block or the commit refused, or [`RequestError::Contended`] after six conflicts.
///
/// (A macro, since the future of an async closure that borrows is not known to be `Send`.)
#[macro_export]
macro_rules! run_command {
    ($command:expr, |$attempt:ident| $decide:block) => {{
        let command = &$command;
        let mut attempts = command.attempts();
        loop {
            let $attempt = attempts.begin();
            if let Some(done) = attempts.end(async $decide).await {
                break done;
            }
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::{DataKey, random::RandomId},
        domain::{
            auth::AuthError,
            event::{Actor, EventType, Subject},
            id::{ReadId, SessionId, UserId},
        },
        error::Error,
        store::{Table, author::CallOrigin, event::EventDraft, item::Key, person_key::PersonKey, testing},
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    async fn outcome(of_attempt: impl Fn(u32) -> CommitError, command: Command<'_>) -> (Error, u32) {
        let mut attempts = 0;
        let run = run_command!(command, |attempt| {
            assert_eq!(attempt.is_first(), attempts == 0);
            attempts += 1;
            Err::<Decided<'_, ()>, _>(of_attempt(attempts))
        });
        (run.unwrap_err(), attempts)
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_meets_conflicts_only_gives_up_after_six_attempts() {
        let store = testing::store().await;
        let (error, attempts) = outcome(|_| CommitError::Conflict, store.command("c", Actor::Anonymous)).await;
        assert!(matches!(error, Error::Request(RequestError::Contended)));
        assert_eq!(attempts, ATTEMPTS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_until_the_deadline_goes_on_after_more_conflicts() {
        let store = testing::store().await;
        let command = store.command("c", Actor::Anonymous).until_deadline();
        let end_after = |attempt| match attempt {
            ..50 => CommitError::Conflict,
            _ => CommitError::Refused(AuthError::RefreshTokenReused.into()),
        };
        let (error, attempts) = outcome(end_after, command).await;
        assert!(matches!(error, Error::Auth(AuthError::RefreshTokenReused)));
        assert_eq!(attempts, 50);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_ends_a_command_at_once() {
        let store = testing::store().await;
        let refused = |_| CommitError::Failed(AuthError::InvalidToken.into());
        let (error, attempts) = outcome(refused, store.command("c", Actor::Anonymous)).await;
        assert!(matches!(error, Error::Auth(AuthError::InvalidToken)));
        assert_eq!(attempts, 1);
    }

    fn draft() -> EventDraft {
        let read = ReadId::new(NOW);
        EventDraft::new(EventType::PasswordChanged, Subject::new("user", read), 1)
    }

    #[tokio::test]
    async fn a_command_stamps_its_author_on_its_events_and_leaves_those_of_another_actor() {
        let store = testing::store().await;
        let key = PersonKey::from_key("user_ada", DataKey::from_bytes([7; 32]));
        let origin = CallOrigin { ip: "192.0.2.7".into(), user_agent: "Browser".into() };
        let (user, session) = (UserId::new(NOW), SessionId::new(NOW));
        let author = Author::from(Actor::User(user)).session(session).origin(&key, origin);
        let (own, other) = (draft(), draft().by(Actor::system("sessions")));
        let subjects = [own.subject.id.clone(), other.subject.id.clone()];
        let mut events = Some([own, other]);
        let done = run_command!(store.command("correlation", author), |attempt| {
            let events = events.take().into_iter().flatten();
            Ok(events.fold(attempt.commit(NOW), Commit::event).returning("reply"))
        });
        assert_eq!(done.unwrap(), "reply");

        let own = store.event_at(&subjects[0], 1).await.unwrap().unwrap();
        assert_eq!((own.actor.clone(), own.session), (Actor::User(user), Some(session)));
        assert_eq!(
            (own.correlation_id.as_str(), own.open_origin(&key).unwrap().ip.as_str()),
            ("correlation", "192.0.2.7")
        );
        let other = store.event_at(&subjects[1], 1).await.unwrap().unwrap();
        assert_eq!((other.actor, other.session), (Actor::system("sessions"), None));
        assert!(other.origin.is_none());
    }

    #[tokio::test]
    async fn an_event_without_an_author_is_not_written() {
        let store = testing::store().await;
        let event = draft();
        let subject = event.subject.id.clone();
        let refused = store.commit(NOW, "correlation").event(event).run().await;
        assert!(matches!(refused, Err(CommitError::Failed(Error::Internal(_)))));
        assert!(store.event_at(&subject, 1).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn after_a_conflict_the_command_reads_and_decides_again() {
        let store = testing::store().await;
        let key = Key::of("COUNT".to_owned());
        let written = |count: u64| serde_json::json!({"version": count});
        store.commit(NOW, "c").create(Table::Ephemeral, &key, &written(1), None).run().await.unwrap();
        let mut attempts = 0;
        let counted = run_command!(store.command("c", Actor::Anonymous), |attempt| {
            attempts += 1;
            let read: serde_json::Value = store.get_as(Table::Ephemeral, &key).await?.unwrap();
            let read = read["version"].as_u64().unwrap();
            if attempt.is_first() {
                // Somebody else writes between the read and the commit.
                store.commit(NOW, "c").replace(Table::Ephemeral, &key, &written(read + 1), read).run().await?;
            }
            let commit = attempt.commit(NOW).replace(Table::Ephemeral, &key, &written(read + 1), read);
            Ok(commit.returning(read + 1))
        });
        assert_eq!((counted.unwrap(), attempts), (3, 2));
    }
}
