//! Authorizations that somebody began at an identity provider: ten minutes, used once, and only by the browser that began them.
//!
//! Nothing of it is a secret. `state` and `binding` are random texts that the browser holds; the item is stored under a digest of
//! the one and has a digest of the other. PKCE verifier and nonce are derived from both (RFC 7636, OpenID Connect Core §3.1.2.1),
//! so whoever has only the callback's `state`, or only the table, can make neither.

use std::time::Duration;

use aws_sdk_dynamodb::{operation::delete_item::DeleteItemError, types::ReturnValue};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Store, Table,
    item::{Key, keyed, number, read, text},
    secrets::IndexSecrets,
};
use crate::{
    domain::{
        id::{SessionId, UserId},
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// How long a person has to sign in at the provider.
pub const LIFETIME: Duration = Duration::from_mins(10);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PendingAuthorization {
    pub provider: String,
    /// Where the application gets the code.
    pub redirect_uri: String,
    /// Digest of state and binding.
    pub proof: String,
    /// The session that asks to link; `None` for a sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linking: Option<(UserId, SessionId)>,
    /// Unix seconds. The table deletes the item some time later, so each reader compares it.
    pub expires: i64,
}

impl PendingAuthorization {
    /// The address of the application, with a result and the state added to its query.
    pub fn return_to(&self, name: &str, value: &str, state: &str) -> Result<String> {
        let mut url: Url = self.redirect_uri.parse().map_err(Internal::corrupt)?;
        url.query_pairs_mut().append_pair(name, value).append_pair("state", state);
        Ok(url.into())
    }
}

/// What follows from state and binding. All are digests under our key: 52 characters of base32, fit for URLs.
#[derive(Debug, Clone)]
pub struct BrowserProof {
    pub proof: String,
    pub verifier: String,
    pub nonce: String,
}

impl BrowserProof {
    pub fn of(indexes: &IndexSecrets, state: &str, binding: &str) -> Self {
        let derived = |purpose: &[u8]| indexes.digest(&[purpose, state.as_bytes(), binding.as_bytes()]);
        Self {
            proof: derived(b"authorization binding"),
            verifier: derived(b"authorization verifier"),
            nonce: derived(b"authorization nonce"),
        }
    }
}

fn key(indexes: &IndexSecrets, state: &str) -> Key {
    Key::of(format!("OAUTH#{}", indexes.digest(&[b"authorization state", state.as_bytes()])))
}

impl Store {
    pub async fn begin_authorization(
        &self,
        indexes: &IndexSecrets,
        state: &str,
        pending: &PendingAuthorization,
    ) -> Result<()> {
        self.db
            .put_item()
            .table_name(self.name(Table::Ephemeral))
            .set_item(Some(keyed(&key(indexes, state), pending)?))
            .send()
            .await
            .map_err(|error| Internal::aws("begin authorization", &error))?;
        Ok(())
    }

    /// The authorization of a state, while it is pending. It stays.
    pub async fn pending_authorization(
        &self,
        indexes: &IndexSecrets,
        state: &str,
        now: Timestamp,
    ) -> Result<Option<PendingAuthorization>> {
        let pending: Option<PendingAuthorization> = self.get_as(Table::Ephemeral, &key(indexes, state)).await?;
        Ok(pending.filter(|pending| now.unix_seconds() < pending.expires))
    }

    /// Uses up an authorization, by one conditional write: of several calls one gets it. With a wrong binding it stays, so that
    /// whoever saw the callback cannot end the sign-in of its owner.
    pub async fn take_authorization(
        &self,
        indexes: &IndexSecrets,
        state: &str,
        proof: &str,
        now: Timestamp,
    ) -> Result<Option<PendingAuthorization>> {
        let deleted = self
            .db
            .delete_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(key(indexes, state).to_item()))
            .condition_expression("proof = :proof AND expires > :now")
            .expression_attribute_values(":proof", text(proof))
            .expression_attribute_values(":now", number(now.unix_seconds()))
            .return_values(ReturnValue::AllOld)
            .send()
            .await;
        match deleted {
            Ok(answer) => answer.attributes.map(read).transpose(),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(None),
                _ => Err(Internal::aws("take authorization", &error).into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::{DataKey, index::IndexKeys},
        store::testing,
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn indexes(byte: u8) -> IndexSecrets {
        IndexSecrets {
            email: IndexKeys::generate(),
            username: IndexKeys::generate(),
            digest: DataKey::from_bytes([byte; 32]),
        }
    }

    fn pending(proof: &str) -> PendingAuthorization {
        PendingAuthorization {
            provider: "google".to_owned(),
            redirect_uri: "http://localhost:3000/callback".to_owned(),
            proof: proof.to_owned(),
            linking: None,
            expires: (NOW + LIFETIME).unix_seconds(),
        }
    }

    #[tokio::test]
    async fn an_authorization_is_used_once_by_its_browser_within_its_time() {
        let (store, indexes) = (testing::store().await, indexes(1));
        let right = BrowserProof::of(&indexes, "state", "binding").proof;
        let wrong = BrowserProof::of(&indexes, "state", "another").proof;
        let take = async |proof: &str, now| store.take_authorization(&indexes, "state", proof, now).await.unwrap();

        assert!(take(&right, NOW).await.is_none(), "none was begun");
        store.begin_authorization(&indexes, "state", &pending(&right)).await.unwrap();
        assert!(take(&wrong, NOW).await.is_none());
        assert!(take(&right, NOW + LIFETIME).await.is_none());
        assert!(store.pending_authorization(&indexes, "state", NOW).await.unwrap().is_some());
        assert!(store.pending_authorization(&indexes, "state", NOW + LIFETIME).await.unwrap().is_none());
        assert!(store.pending_authorization(&indexes, "other", NOW).await.unwrap().is_none());
        assert_eq!(take(&right, NOW).await.unwrap().provider, "google");
        assert!(take(&right, NOW).await.is_none(), "used");
    }

    #[tokio::test]
    async fn of_simultaneous_exchanges_one_gets_the_authorization() {
        let (store, indexes) = (testing::store().await, indexes(1));
        let proof = BrowserProof::of(&indexes, "state", "binding").proof;
        store.begin_authorization(&indexes, "state", &pending(&proof)).await.unwrap();
        let calls = (0..8).map(|_| store.take_authorization(&indexes, "state", &proof, NOW));
        let taken = futures::future::join_all(calls).await;
        assert_eq!(taken.into_iter().filter(|one| one.as_ref().unwrap().is_some()).count(), 1);
    }

    #[test]
    fn the_address_to_return_to_keeps_its_own_query() {
        for (redirect_uri, location) in [
            ("https://app.example/callback", "https://app.example/callback?code=a%26b&state=s"),
            ("https://app.example/callback?x=1", "https://app.example/callback?x=1&code=a%26b&state=s"),
            ("net.example.app:/callback", "net.example.app:/callback?code=a%26b&state=s"),
        ] {
            let pending = PendingAuthorization { redirect_uri: redirect_uri.to_owned(), ..pending("p") };
            assert_eq!(pending.return_to("code", "a&b", "s").unwrap(), location);
        }
    }

    #[test]
    fn verifier_and_nonce_depend_on_state_binding_and_key() {
        let of = |key, state, binding| BrowserProof::of(&indexes(key), state, binding);
        let one = of(1, "state", "binding");
        assert_eq!(one.verifier, of(1, "state", "binding").verifier);
        let others = [of(1, "state", "b"), of(1, "s", "binding"), of(2, "state", "binding"), of(1, "stateb", "inding")];
        for other in others {
            assert_ne!((&one.verifier, &one.nonce, &one.proof), (&other.verifier, &other.nonce, &other.proof));
            assert_ne!(one.verifier, other.verifier);
        }
        assert!(one.verifier != one.nonce && one.nonce != one.proof && one.verifier != one.proof);
        // RFC 7636 §4.1: 43 to 128 unreserved characters.
        assert!((43..=128).contains(&one.verifier.len()) && one.verifier.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
