//! Commands of a call: run for its caller, with the answer kept for the caller's idempotency key.

use std::ops::Deref;

use super::{call::Call, idempotency, operation::OperationDoc, principal::Person, reply::Reply, response::Response};
use crate::{
    domain::event::Actor,
    error::Result,
    store::{
        command::{Attempt, Attempts, Author, Command, Decided},
        commit::CommitError,
        idempotency::Replay,
        person_key::PersonKey,
    },
};

/// The answer of a command, kept for the idempotency key in the transaction of the command. Only [`Call::command`] makes
/// one, and a route that takes an idempotency key has to answer one.
#[derive(Debug, Clone)]
pub struct Committed<R>(R);

impl<R: Reply> Reply for Committed<R> {
    const COMMITTED: bool = true;

    fn into_response(self) -> Result<Response> {
        self.0.into_response()
    }

    fn describe(doc: &mut OperationDoc) {
        R::describe(doc);
    }
}

impl<A> Call<A> {
    /// A command of an author that the call proves otherwise than by its token, or of nobody.
    pub async fn command_by(&self, author: impl Into<Author>) -> Command<'static> {
        self.app.store().await.command(&self.meta.correlation_id, author)
    }
}

impl<A: Deref<Target = Person>> Call<A> {
    /// The caller, in their session and from where they call; `key` is theirs.
    pub fn author(&self, key: &PersonKey) -> Author {
        Author::from(Actor::User(self.caller.user)).session(self.caller.session).origin(key, self.meta.origin())
    }

    /// A command of the caller, whose answer is kept for the idempotency key.
    pub async fn command(&self) -> Result<CallerCommand> {
        let key = self.loaded.key(self.app.store().await, self.now()).await?;
        let command = self.command_by(self.author(&key)).await;
        Ok(CallerCommand { command, replay: self.replay.clone(), key })
    }
}

/// A command of somebody signed in; see [`Call::command`].
#[derive(Debug)]
pub struct CallerCommand {
    command: Command<'static>,
    replay: Option<Replay>,
    key: PersonKey,
}

impl CallerCommand {
    /// For [`run_command`](crate::run_command).
    #[doc(hidden)]
    pub const fn attempts(&self) -> CallerAttempts<'_> {
        CallerAttempts { of: self, attempts: self.command.attempts() }
    }
}

/// The attempts of one run of a caller's command.
#[derive(Debug)]
pub struct CallerAttempts<'c> {
    of: &'c CallerCommand,
    attempts: Attempts<'c, 'static>,
}

impl CallerAttempts<'_> {
    pub fn begin(&self) -> Attempt<'static> {
        self.attempts.begin()
    }

    /// Decides and commits, the reply with it; `None` after a conflict.
    pub async fn end<R: Reply + Clone>(
        &mut self,
        decide: impl Future<Output = Result<Decided<'static, R>, CommitError>>,
    ) -> Option<Result<Committed<R>>> {
        let CallerCommand { replay, key, .. } = self.of;
        let decide = async {
            Ok(match decide.await? {
                Decided::Commit(commit, reply) => {
                    commit.remember(replay.as_ref(), key, idempotency::keep(&reply)).returning(reply)
                }
                unchanged @ Decided::Unchanged(_) => unchanged,
            })
        };
        self.attempts.end(decide).await.map(|reply| reply.map(Committed))
    }
}
