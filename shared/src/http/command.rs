//! The commands of a handler. The reply is stored for the caller's idempotency key.

use std::ops::Deref;

use super::{
    call::Call,
    idempotency,
    operation::OperationDoc,
    principal::{Caller, caller_key},
    problem::types,
    reply::Reply,
    response::Response,
};
use crate::{
    error::Result,
    store::{
        author::Author,
        command::{Attempt, Attempts, Command, Decided},
        commit::CommitError,
        idempotency::Replay,
        person_key::PersonKey,
    },
};

/// The reply of a command, stored for the idempotency key in the transaction of the command. Only [`Call::command`] makes one. A
/// handler of a route that accepts idempotency keys must return one.
#[derive(Debug, Clone)]
pub struct Committed<R>(R);

impl<R: Reply> Reply for Committed<R> {
    const COMMITTED: bool = true;

    fn into_response(self) -> Result<Response> {
        self.0.into_response()
    }

    fn describe(doc: &mut OperationDoc) {
        R::describe(doc);
        doc.problem(&types::CONFLICT);
    }
}

impl<A> Call<A> {
    /// A command of an author who is not the caller of an access token. Nothing is known of whether the author is still admitted.
    pub async fn command_by(&self, author: impl Into<Author>) -> Command<'static> {
        self.app.store().await.command(&self.meta.correlation_id, author)
    }
}

impl<A: Deref<Target: Caller>> Call<A> {
    /// The caller as author, with session and origin. `key` is the caller's key.
    pub fn author(&self, key: &PersonKey) -> Author {
        self.caller.author(key, self.meta.origin())
    }

    /// A command of the caller without a reply. `key` is the caller's key.
    pub async fn command_without_reply(&self, key: &PersonKey) -> Command<'static> {
        self.command_by(self.author(key)).await.guarded(self.caller.admitted().guards())
    }

    /// A command of the caller, whose reply is stored for the idempotency key.
    pub async fn command(&self) -> Result<CallerCommand> {
        let key = caller_key(self.app, self.caller.client(), &self.loaded, self.now()).await?;
        let command = self.command_without_reply(&key).await;
        Ok(CallerCommand { command, replay: self.replay.clone(), key })
    }
}

/// A command of a signed-in caller; see [`Call::command`].
#[derive(Debug)]
pub struct CallerCommand {
    command: Command<'static>,
    replay: Option<Replay>,
    key: PersonKey,
}

impl CallerCommand {
    /// The same author's command without a reply, for what follows a commit. Whether the caller is still admitted does not matter then.
    pub fn follow_up(&self) -> Command<'static> {
        self.command.follow_up()
    }

    /// For [`run_command`](crate::run_command).
    #[doc(hidden)]
    pub const fn attempts(&self) -> CallerAttempts<'_> {
        CallerAttempts { of: self, attempts: self.command.attempts() }
    }
}

/// The attempts of one run of the command.
#[derive(Debug)]
pub struct CallerAttempts<'c> {
    of: &'c CallerCommand,
    attempts: Attempts<'c, 'static>,
}

impl CallerAttempts<'_> {
    pub fn begin(&self) -> Attempt<'static> {
        self.attempts.begin()
    }

    /// Decides and commits together with the reply; `None` after a conflict.
    pub async fn end<R: Reply + Clone>(
        &mut self,
        decide: impl Future<Output = Result<Decided<'static, R>, CommitError>>,
    ) -> Option<Result<Committed<R>>> {
        let CallerCommand { replay, key, .. } = self.of;
        let decide = async {
            Ok(match decide.await? {
                Decided::Commit(commit, reply) => {
                    let commit = if R::SECRET {
                        commit.remember_done(replay.as_ref())
                    } else {
                        commit.remember(replay.as_ref(), key, idempotency::to_store(&reply))
                    };
                    commit.returning(reply)
                }
                unchanged @ Decided::Unchanged(_) => unchanged,
            })
        };
        self.attempts.end(decide).await.map(|reply| reply.map(Committed))
    }
}
