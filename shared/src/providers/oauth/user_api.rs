//! Who the person is: by the claims of an ID token, or by the user API of GitHub and Facebook.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::Sha256;
use url::Url;

use super::{Credentials, OAuthError, OAuthProvider, Vouching, token::TokenAnswer};
use crate::{
    crypto::id_token::IdTokenClaims,
    domain::{
        person::{Email, Locale, PersonName, PictureUrl},
        secret::Masked,
        social::{Offered, SocialIdentity},
    },
    providers::ProviderError,
};

impl OAuthProvider {
    /// By OpenID claims. A provider may keep the address for its `userinfo` endpoint (OpenID Connect Core §5.4).
    pub(super) async fn openid_user(
        &self,
        claims: IdTokenClaims,
        answer: &TokenAnswer,
        remaining: Duration,
    ) -> Result<SocialIdentity, OAuthError> {
        let IdTokenClaims { iss, sub, mut profile, .. } = claims;
        if !profile.contains_key("email")
            && let (Some(endpoint), Some(_)) = (&self.user_endpoint, &answer.access_token)
        {
            let more: Map<String, Value> = self.get(endpoint.clone(), answer, remaining).await?;
            // §5.3.2: the claims of another subject must not be used.
            if more.get("sub").and_then(Value::as_str) != Some(sub.as_str()) {
                return Err(OAuthError::Missing("the subject of the ID token"));
            }
            profile.extend(more);
        }
        // Apple writes a text.
        let verified = matches!(profile.get("email_verified"), Some(Value::Bool(true)))
            || profile.get("email_verified").and_then(Value::as_str) == Some("true");
        let text = |name: &str| profile.get(name).and_then(Value::as_str).map(str::to_owned);
        let offered = Claims {
            given_name: text("given_name"),
            family_name: text("family_name"),
            picture: text("picture"),
            locale: text("locale"),
        };
        Ok(self.identity(iss, sub, text("email"), verified, offered))
    }

    /// By GitHub's user API. Only the primary address counts, and only if GitHub has verified it.
    pub(super) async fn github_user(
        &self,
        answer: &TokenAnswer,
        remaining: Duration,
    ) -> Result<SocialIdentity, OAuthError> {
        #[derive(Deserialize)]
        struct User {
            id: u64,
            avatar_url: Option<String>,
        }
        #[derive(Deserialize)]
        struct Address {
            email: String,
            primary: bool,
            verified: bool,
        }
        let endpoint = self.user_endpoint()?;
        let addresses: Url = format!("{endpoint}/emails").parse().map_err(|_| OAuthError::Missing("an address"))?;
        let (user, addresses) = tokio::try_join!(
            self.get::<User>(endpoint, answer, remaining),
            self.get::<Vec<Address>>(addresses, answer, remaining),
        )?;
        let primary = addresses.into_iter().find(|address| address.primary);
        let (email, verified) = primary.map_or((None, false), |address| (Some(address.email), address.verified));
        let offered = Claims { picture: user.avatar_url, ..Claims::default() };
        Ok(self.identity(self.issuer.clone(), user.id.to_string(), email, verified, offered))
    }

    /// By Facebook's user API. Facebook does not state whether an address is verified.
    pub(super) async fn facebook_user(
        &self,
        answer: &TokenAnswer,
        remaining: Duration,
    ) -> Result<SocialIdentity, OAuthError> {
        #[derive(Deserialize)]
        struct User {
            id: String,
            email: Option<String>,
            first_name: Option<String>,
            last_name: Option<String>,
        }
        let user: User = self.get(self.facebook_address(answer)?, answer, remaining).await?;
        if user.id.is_empty() {
            return Err(OAuthError::Missing("an id"));
        }
        let offered = Claims { given_name: user.first_name, family_name: user.last_name, ..Claims::default() };
        Ok(self.identity(self.issuer.clone(), user.id, user.email, false, offered))
    }

    fn facebook_address(&self, answer: &TokenAnswer) -> Result<Url, OAuthError> {
        let mut endpoint = self.user_endpoint()?;
        endpoint.query_pairs_mut().append_pair("fields", "id,email,first_name,last_name");
        if let (Credentials::Secret(secret), Some(token)) = (&self.credentials, &answer.access_token) {
            endpoint.query_pairs_mut().append_pair("appsecret_proof", &appsecret_proof(secret.expose(), token));
        }
        Ok(endpoint)
    }

    fn user_endpoint(&self) -> Result<Url, OAuthError> {
        self.user_endpoint.clone().ok_or(OAuthError::Configuration("user_endpoint is missing"))
    }

    async fn get<T: serde::de::DeserializeOwned>(
        &self,
        url: Url,
        answer: &TokenAnswer,
        remaining: Duration,
    ) -> Result<T, OAuthError> {
        let token = answer.access_token.as_deref().ok_or(OAuthError::Missing("access_token"))?;
        let request =
            |client: &reqwest::Client| client.get(url.clone()).bearer_auth(token).header("accept", "application/json");
        let answer = self.transport.send(request, remaining).await?;
        if !answer.status.is_success() {
            return Err(OAuthError::Missing("the person"));
        }
        Ok(serde_json::from_slice(&answer.body).map_err(|_| ProviderError::Malformed("no person"))?)
    }

    fn identity(
        &self,
        issuer: String,
        subject: String,
        email: Option<String>,
        verified: bool,
        claims: Claims,
    ) -> SocialIdentity {
        let email = email.and_then(|text| Email::parse(&text).ok());
        let vouched = match self.vouches {
            Vouching::Never => false,
            Vouching::Verified => verified,
            Vouching::Always => true,
        };
        let vouched = vouched && email.is_some();
        SocialIdentity { issuer, subject: Masked(subject), email, vouched, offered: claims.offered() }
    }
}

/// What a provider tells, not yet checked. What we would refuse from the person is not taken from a provider.
#[derive(Default)]
struct Claims {
    given_name: Option<String>,
    family_name: Option<String>,
    picture: Option<String>,
    locale: Option<String>,
}

impl Claims {
    fn offered(self) -> Offered {
        Offered {
            given_name: self.given_name.and_then(|text| PersonName::parse(&text).ok()),
            family_name: self.family_name.and_then(|text| PersonName::parse(&text).ok()),
            picture_url: self.picture.and_then(|text| PictureUrl::parse(&text).ok()),
            // OpenID allows `en_US` (§5.1).
            locale: self.locale.and_then(|text| Locale::parse(&text.replace('_', "-")).ok()),
        }
    }
}

/// Proves to Facebook that the call comes from the application itself.
fn appsecret_proof(secret: &str, token: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
