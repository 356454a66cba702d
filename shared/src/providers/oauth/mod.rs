//! Sign-in through another identity provider: authorization code with PKCE (RFC 6749, RFC 7636, RFC 9700), and who the person is by
//! the verified ID token (OpenID Connect Core 1.0) or, for GitHub and Facebook, by their user API.
//!
//! The crates `openidconnect` and `oauth2` were weighed: they bring a second HTTP client and a second set of cryptography into
//! every function that signs in, and know neither GitHub's, Facebook's nor Apple's ways. What is used of the protocol is one
//! redirect, one POST and one signature.

mod keys;
mod presets;
mod registry;
mod token;
mod user_api;

#[cfg(test)]
mod tests;

use std::time::Duration;

use url::Url;

use super::{
    ProviderError,
    transport::{CallLimits, Transport},
};
use crate::{
    crypto::id_token::{ExpectedIdToken, IdTokenClaims, IdTokenRefusal, SignatureAlgorithm},
    domain::{backoff::Backoff, secret::Secret, social::SocialIdentity, time::Timestamp},
    store::{
        pending_authorization::BrowserProof,
        secrets::{ClientAuthentication, Vouching},
    },
};

pub use crate::crypto::id_token::TENANT;
pub use presets::Kind;
pub use registry::{SignInProvider, call_through_breaker, sign_in_provider};

/// Why a provider did not tell who the person is. It contains nothing of the person.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The code was used, has expired or belongs to another authorization.
    #[error("the provider refuses the code")]
    CodeRefused,
    #[error("the ID token is refused: {0}")]
    IdToken(#[from] IdTokenRefusal),
    #[error("the answer lacks {0}")]
    Missing(&'static str),
    /// The provider refuses our credentials, or they cannot be used.
    #[error("the configuration of the provider is wrong: {0}")]
    Configuration(&'static str),
}

impl OAuthError {
    /// Whether the breaker counts the call as failed.
    pub fn is_provider_failure(&self) -> bool {
        matches!(self, Self::Provider(error) if error.is_provider_failure())
    }
}

/// The limits of a call: a person waits for it.
const LIMITS: CallLimits = CallLimits {
    connect_timeout: Duration::from_secs(2),
    attempt_timeout: Duration::from_secs(4),
    max_attempts: 3,
    backoff: Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(1) },
    max_body: 128 * 1024,
    max_retry_after: Duration::from_secs(2),
};

/// A provider, ready to be called.
#[derive(Debug)]
pub struct OAuthProvider {
    pub name: String,
    pub kind: Kind,
    /// `iss` of its ID tokens; for GitHub and Facebook a name of ours.
    pub issuer: String,
    client_id: String,
    credentials: Credentials,
    client_authentication: ClientAuthentication,
    authorization_endpoint: Url,
    token_endpoint: Url,
    /// Absent where the user API tells who the person is.
    jwks_uri: Option<Url>,
    user_endpoint: Option<Url>,
    scope: String,
    algorithm: SignatureAlgorithm,
    vouches: Vouching,
    transport: Transport,
    keys: keys::KeyCache,
}

/// How we prove to the provider who we are.
#[derive(Debug)]
enum Credentials {
    Secret(Secret<String>),
    Apple { team_id: String, key_id: String, key: crate::crypto::es256::Es256Key },
}

impl OAuthProvider {
    /// Where the browser is sent to sign in.
    pub fn authorization_url(&self, state: &str, proof: &BrowserProof, callback: &str) -> Url {
        let mut url = self.authorization_endpoint.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", callback)
            .append_pair("scope", &self.scope)
            .append_pair("state", state)
            .append_pair("code_challenge", &token::challenge(&proof.verifier))
            .append_pair("code_challenge_method", "S256");
        if self.jwks_uri.is_some() {
            query.append_pair("nonce", &proof.nonce);
        }
        if self.kind == Kind::Apple {
            // Apple requires it where a scope is asked for.
            query.append_pair("response_mode", "form_post");
        }
        drop(query);
        url
    }

    /// Who the person is who got this code. `remaining` limits all calls together.
    pub async fn identify(
        &self,
        code: &str,
        proof: &BrowserProof,
        callback: &str,
        now: Timestamp,
        remaining: Duration,
    ) -> Result<SocialIdentity, OAuthError> {
        let known = async {
            let answer = self.redeem(code, &proof.verifier, callback, now, remaining).await?;
            match self.kind {
                Kind::GitHub => self.github_user(&answer, remaining).await,
                Kind::Facebook => self.facebook_user(&answer, remaining).await,
                _ => {
                    let token = answer.id_token.as_ref().ok_or(OAuthError::Missing("id_token"))?;
                    let claims = self.verified_claims(token, &proof.nonce, now, remaining).await?;
                    self.openid_user(claims, &answer, remaining).await
                }
            }
        };
        tokio::time::timeout(remaining, known).await.unwrap_or(Err(ProviderError::Timeout.into()))
    }

    /// Verifies an ID token with the provider's keys. If its key is unknown, the provider may have a new one.
    async fn verified_claims(
        &self,
        token: &str,
        nonce: &str,
        now: Timestamp,
        remaining: Duration,
    ) -> Result<IdTokenClaims, OAuthError> {
        let uri = self.jwks_uri.as_ref().ok_or(OAuthError::Configuration("jwks_uri is missing"))?;
        let expected =
            ExpectedIdToken { issuer: &self.issuer, client_id: &self.client_id, nonce, algorithm: self.algorithm, now };
        let keys = self.keys.get(&self.transport, uri, keys::Freshness::Cached, now, remaining).await?;
        match keys.verify(token, &expected) {
            Err(IdTokenRefusal::UnknownKey) => {
                let keys = self.keys.get(&self.transport, uri, keys::Freshness::Fresh, now, remaining).await?;
                Ok(keys.verify(token, &expected)?)
            }
            verified => Ok(verified?),
        }
    }
}
