//! Password verification, with the lock-out that limits guessing.
//!
//! Each attempt is reserved before the password is compared, so parallel guesses count like sequential ones. An unknown identifier
//! takes the same reads, the same Argon2 computation and the same writes, so that the response time does not reveal whether it exists.

use std::time::Duration;

use super::{
    call::Call,
    limit::{bucket, network},
};
use crate::{
    crypto::{
        index::BlindIndex,
        password::{self, Params, PasswordMatch},
        random,
    },
    domain::{
        auth::AuthError, backoff::Backoff, field::Fields, id::UserId, limit::WRONG_PASSWORDS_NETWORK,
        secret::SecretText,
    },
    error::{Error, Internal, RequestError, Result},
    store::{
        item::Key,
        lockout::{Failure, ReservedTry},
        secrets::IndexSecrets,
        user::Account,
    },
};

/// How often and how long a call waits for attempts in progress: about as long as a few comparisons take. No call waits for a
/// locked identifier.
const WAITS: u32 = 6;
const WAIT: Backoff = Backoff { base: Duration::from_millis(50), cap: Duration::from_millis(400) };

/// An attempt to sign in with a password.
#[derive(Debug)]
pub struct PasswordAttempt<'a> {
    pub tried: ReservedTry,
    /// The blind index by which attempts are counted.
    pub identifier: &'a BlindIndex,
    /// The account with this identifier, if there is one.
    pub account: Option<&'a Account>,
    pub password: &'a SecretText,
}

/// Proof that the password is the password of the account.
#[derive(Debug, Clone)]
#[must_use]
pub struct Proof {
    /// The stored hash has weaker parameters than today's.
    pub outdated: bool,
    tried: ReservedTry,
}

/// Refuses an overlong password before expensive work is done.
pub fn check_length(field: &'static str, password: &SecretText) -> Result<()> {
    let mut fields = Fields::default();
    if !password::fits(password) {
        fields.refuse(field, crate::domain::password::TOO_LONG);
    }
    Ok(fields.done().map_err(RequestError::Invalid)?)
}

impl<A> Call<A> {
    /// Reserves an attempt for an identifier; refused while the identifier is locked, whatever the password.
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
        Err(Internal::bug("the number of waits is limited").into())
    }

    /// Verifies a password. A wrong password is counted and refused with `wrong`.
    pub async fn prove_password(&self, attempt: PasswordAttempt<'_>, wrong: AuthError) -> Result<Proof> {
        let (tried, identifier) = (attempt.tried.clone(), attempt.identifier);
        let person = attempt.account.map(|account| account.user);
        if let Some(proof) = self.compare(attempt).await? {
            return Ok(proof);
        }
        self.count_failure(&tried, identifier, person).await?;
        Err(wrong.into())
    }

    /// Verifies a password; `None` if it is wrong. The caller must count or give back the attempt then.
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

    /// Counts a reserved attempt as a failure.
    pub async fn count_failure(
        &self,
        tried: &ReservedTry,
        identifier: &BlindIndex,
        person: Option<UserId>,
    ) -> Result<()> {
        let indexes = self.app.index_secrets().await?;
        let network_failure = self.count_network_failure(&indexes);
        let digest = |what: &[u8]| indexes.digest(&[what, identifier.as_ref().as_bytes()]);
        let failure = Failure {
            locks: &digest(b"identifier"),
            failures: &digest(b"failed sign-ins"),
            network: &self.network_digest().await?,
            person,
            now: self.now(),
            correlation_id: &self.meta.correlation_id,
        };
        let store = self.app.store().await;
        let (counted, ()) = tokio::join!(store.count_failure(tried, &failure), network_failure);
        counted
    }

    /// Counts a wrong password for its network, beyond what the limit of the identifier and of the network count.
    async fn count_network_failure(&self, indexes: &IndexSecrets) {
        let Some(key) = self.failures_of_network(indexes) else { return };
        let store = self.app.store().await;
        if let Err(error) = store.count(&WRONG_PASSWORDS_NETWORK, &key, false, 1, self.now()).await {
            tracing::warn!(%error, correlation_id = self.meta.correlation_id, "a wrong password was not counted for its network");
        }
    }

    /// The wrong passwords from the caller's network that are not forgotten; `None` if that is not known.
    pub async fn wrong_passwords_of_network(&self) -> Option<u32> {
        let counted = async {
            let indexes = self.app.index_secrets().await?;
            let Some(key) = self.failures_of_network(&indexes) else { return Ok(None) };
            self.app.store().await.outstanding(&WRONG_PASSWORDS_NETWORK, &key, self.now()).await.map(Some)
        };
        counted.await.unwrap_or_else(|error: Error| {
            tracing::warn!(%error, correlation_id = self.meta.correlation_id, "the wrong passwords of a network are not known");
            None
        })
    }

    /// Where they are counted; `None` for a call without an address.
    fn failures_of_network(&self, indexes: &IndexSecrets) -> Option<Key> {
        let address = self.meta.address()?;
        Some(bucket(indexes, &WRONG_PASSWORDS_NETWORK, &network(&address.to_string())))
    }

    /// Gives a reserved attempt back. If that fails, the attempt counts until it leaves the window.
    pub async fn give_back(&self, tried: &ReservedTry) {
        if let Err(error) = self.app.store().await.give_back(tried, self.now()).await {
            tracing::warn!(%error, correlation_id = self.meta.correlation_id, "a password attempt was not given back");
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

/// Compares the password; `None` for an unknown account, after the same computation.
fn compare(account: Option<&Account>, password: &SecretText) -> Result<Option<PasswordMatch>> {
    let params = Params::default();
    if let Some(hash) = account.and_then(|account| account.password.as_ref()) {
        return Ok(Some(password::verify(password, &hash.0, &params).map_err(Internal::corrupt)?));
    }
    password::verify_nobody(password, &params);
    Ok(None)
}
