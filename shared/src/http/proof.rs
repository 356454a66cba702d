//! Proving a password, with the lock-out that bounds guessing.
//!
//! A try is reserved before the password is compared, so that guesses made at once are no more than guesses made one after
//! the other. Whoever submits an identifier that nobody has pays the same: the same reads, the same Argon2, the same
//! writes.

use std::time::Duration;

use super::{call::Call, limit::network};
use crate::{
    crypto::{
        index::BlindIndex,
        password::{self, Params, Verified},
        random,
    },
    domain::{auth::AuthError, backoff::Backoff, field::Fields, id::UserId, secret::SecretText},
    error::{Internal, RequestError, Result},
    store::{
        lockout::{Failure, ReservedTry},
        user::Account,
    },
};

/// How often, and how long at most each time, a call waits for tries in flight: as long as a few comparisons take. While an
/// identifier is locked no call waits.
const WAITS: u32 = 6;
const WAIT: Backoff = Backoff { base: Duration::from_millis(50), cap: Duration::from_millis(400) };

/// Somebody's try at a password.
#[derive(Debug)]
pub struct PasswordAttempt<'a> {
    pub tried: ReservedTry,
    /// What it is counted under.
    pub identifier: &'a BlindIndex,
    /// Whose the identifier is, if anybody's.
    pub account: Option<&'a Account>,
    pub password: &'a SecretText,
}

/// That a password is the account's.
#[derive(Debug, Clone)]
#[must_use]
pub struct Proof {
    /// Its hash was made under lower parameters than today's.
    pub outdated: bool,
    tried: ReservedTry,
}

/// Refuses a password that is longer than any, before anything costly is done.
pub fn check_length(field: &'static str, password: &SecretText) -> Result<()> {
    let mut fields = Fields::default();
    if !password::fits(password) {
        fields.refuse(field, crate::domain::password::TOO_LONG);
    }
    Ok(fields.done().map_err(RequestError::Invalid)?)
}

impl<A> Call<A> {
    /// Reserves a try at the password of an identifier; refused while it is locked out, whatever the password.
    pub async fn reserve_try(&self, identifier: &BlindIndex) -> Result<ReservedTry> {
        let store = self.app.store().await;
        let mut now = self.now();
        for attempt in 0.. {
            match store.reserve_try(identifier.as_ref(), now).await? {
                Ok(tried) => return Ok(tried),
                Err(refused) if refused.in_flight && attempt < WAITS => {
                    let wait = WAIT.delay(attempt, u64::from_be_bytes(random::bytes()));
                    tokio::time::sleep(wait).await;
                    now = now + wait;
                }
                Err(refused) => {
                    let retry_after = u64::try_from(refused.wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
                    return Err(AuthError::TemporarilyLocked { retry_after: retry_after.max(1) }.into());
                }
            }
        }
        Err(Internal::bug("waits are counted").into())
    }

    /// Compares a password with its account's. A wrong one is counted and refused as `wrong`.
    pub async fn prove_password(&self, attempt: PasswordAttempt<'_>, wrong: AuthError) -> Result<Proof> {
        let (tried, identifier) = (attempt.tried.clone(), attempt.identifier);
        let person = attempt.account.map(|account| account.user);
        if let Some(proof) = self.compare(attempt).await? {
            return Ok(proof);
        }
        self.count_failure(&tried, identifier, person).await?;
        Err(wrong.into())
    }

    /// Compares a password with its account's, and leaves what becomes of a wrong one to the caller.
    pub async fn compare(&self, attempt: PasswordAttempt<'_>) -> Result<Option<Proof>> {
        match compare(attempt.account, attempt.password) {
            Ok(verified) => Ok(verified
                .filter(|verified| verified.matches)
                .map(|verified| Proof { outdated: verified.outdated, tried: attempt.tried })),
            Err(error) => {
                self.give_back(&attempt.tried).await;
                Err(error)
            }
        }
    }

    /// Counts a reserved try as a failure.
    pub async fn count_failure(
        &self,
        tried: &ReservedTry,
        identifier: &BlindIndex,
        person: Option<UserId>,
    ) -> Result<()> {
        let indexes = self.app.index_secrets().await?;
        let digest = |what: &[u8]| indexes.digest(&[what, identifier.as_ref().as_bytes()]);
        let failure = Failure {
            locks: &digest(b"identifier"),
            failures: &digest(b"failed sign-ins"),
            network: &self.network_digest().await?,
            person,
            now: self.now(),
            correlation_id: &self.meta.correlation_id,
        };
        self.app.store().await.count_failure(tried, &failure).await
    }

    /// Gives a reserved try back. Where that fails it counts until it leaves the window.
    pub async fn give_back(&self, tried: &ReservedTry) {
        if let Err(error) = self.app.store().await.give_back(tried, self.now()).await {
            tracing::warn!(%error, correlation_id = self.meta.correlation_id, "a try at a password was not given back");
        }
    }

    /// Settles the try of a right password, which forgives the failures of this network. If that fails, the try counts until
    /// it leaves the window.
    pub async fn settle(&self, proof: &Proof) {
        let settled = async {
            let network = self.network_digest().await?;
            self.app.store().await.count_success(&proof.tried, &network, self.now()).await
        };
        if let Err(error) = settled.await {
            tracing::warn!(%error, correlation_id = self.meta.correlation_id, "the try of a right password was not settled");
        }
    }

    /// The lock-out keeps a digest of the caller's network, not the address.
    async fn network_digest(&self) -> Result<String> {
        Ok(self.app.index_secrets().await?.digest(&[b"network of a try", network(&self.meta.ip).as_bytes()]))
    }
}

/// What the comparison says; of nobody's password nothing, at the same price.
fn compare(account: Option<&Account>, password: &SecretText) -> Result<Option<Verified>> {
    let params = Params::default();
    if let Some(hash) = account.and_then(|account| account.password.as_ref()) {
        return Ok(Some(password::verify(password, &hash.0, &params).map_err(Internal::corrupt)?));
    }
    password::verify_nobody(password, &params);
    Ok(None)
}
