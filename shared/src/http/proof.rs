//! Proving a password, with the lock-out that bounds guessing.
//!
//! Whoever submits an identifier that nobody has pays the same: the same reads, the same Argon2, the same count.

use super::call::Call;
use crate::{
    crypto::{
        index::BlindIndex,
        password::{self, Params},
    },
    domain::{auth::AuthError, secret::SecretText},
    error::{Internal, Result},
    store::{
        Table,
        commit::Commit,
        lockout::{self, Failure, LockoutItem},
        user::AuthItem,
    },
};

/// Somebody's try at a password.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// What it is counted under.
    pub identifier: &'a BlindIndex,
    /// The identifier's failures, as read.
    pub lockout: LockoutItem,
    /// Whose the identifier is, if anybody's.
    pub account: Option<&'a AuthItem>,
    pub password: &'a SecretText,
}

/// That a password is the account's.
#[derive(Debug)]
#[must_use]
pub struct Proof {
    /// Its hash was made under lower parameters than today's.
    pub outdated: bool,
    /// The identifier whose failures are to be forgotten.
    counted: Option<String>,
}

impl Proof {
    /// Forgets the failures before, in the transaction that the proof allows.
    pub fn forgive<'a>(&self, commit: Commit<'a>) -> Commit<'a> {
        match &self.counted {
            Some(identifier) => commit.clear(Table::Ephemeral, &lockout::key(identifier)),
            None => commit,
        }
    }
}

impl<A> Call<A> {
    /// Refuses while an identifier is locked out, whatever the password, and before anything costly is done.
    pub fn refuse_locked_out(&self, lockout: &LockoutItem) -> Result<()> {
        match lockout.state.remaining(self.now()) {
            None => Ok(()),
            Some(wait) => {
                let retry_after = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
                Err(AuthError::TemporarilyLocked { retry_after }.into())
            }
        }
    }

    /// Compares a password with its account's. A wrong one is counted and refused as `wrong`.
    pub async fn prove_password(&self, attempt: Attempt<'_>, wrong: AuthError) -> Result<Proof> {
        self.refuse_locked_out(&attempt.lockout)?;
        let identifier = attempt.identifier.as_ref();
        let params = Params::default();
        let hash = attempt.account.and_then(|account| account.password.as_ref());
        let verified = if let Some(hash) = hash {
            Some(password::verify(attempt.password, &hash.0, &params).map_err(Internal::corrupt)?)
        } else {
            password::verify_nobody(attempt.password, &params);
            None
        };
        if let Some(verified) = verified.filter(|verified| verified.matches) {
            let counted = (attempt.lockout.version > 0).then(|| identifier.to_owned());
            return Ok(Proof { outdated: verified.outdated, counted });
        }
        let failure = Failure {
            identifier,
            digest: &self.app.index_secrets().await?.digest(&[b"identifier", identifier.as_bytes()]),
            person: attempt.account.map(|account| account.user),
            now: self.now(),
            correlation_id: &self.meta.correlation_id,
        };
        self.app.store().await.count_failure(&failure, attempt.lockout).await?;
        Err(wrong.into())
    }
}
