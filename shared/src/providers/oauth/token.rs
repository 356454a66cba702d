//! The token endpoint: a code for the provider's answer (RFC 6749 §4.1.3).

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{ClientAuthentication, Credentials, OAuthError, OAuthProvider};
use crate::{
    domain::{secret::Secret, time::Timestamp},
    providers::ProviderError,
};

/// How long a client secret that we sign is valid. Seconds; Apple allows six months.
const SIGNED_SECRET_LIFE: i64 = 300;

const APPLE_AUDIENCE: &str = "https://appleid.apple.com";

/// The PKCE challenge S256 of a verifier (RFC 7636 §4.2).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// What the provider gave for a code.
#[derive(Default, Deserialize)]
pub(super) struct TokenAnswer {
    #[serde(default)]
    pub access_token: Option<String>,
    #[serde(default)]
    pub id_token: Option<String>,
    /// GitHub answers 200 also to a wrong code. Facebook's is an object.
    #[serde(default)]
    error: Option<serde_json::Value>,
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl OAuthProvider {
    pub(super) async fn redeem(
        &self,
        code: &str,
        verifier: &str,
        callback: &str,
        now: Timestamp,
        remaining: Duration,
    ) -> Result<TokenAnswer, OAuthError> {
        let secret = self.client_secret(now)?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback),
            ("code_verifier", verifier),
        ];
        let basic = self.client_authentication == ClientAuthentication::Basic;
        if !basic {
            form.extend([("client_id", self.client_id.as_str()), ("client_secret", secret.expose())]);
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let body = Secret::new(body);
        // A repeated request is harmless: a provider that took the code before its answer was lost refuses it the second time.
        let request = |client: &reqwest::Client| {
            let request = client
                .post(self.token_endpoint.clone())
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "application/json")
                .body(body.expose().clone());
            // Both parts are form-encoded first (RFC 6749 §2.3.1).
            if basic { request.basic_auth(encoded(&self.client_id), Some(encoded(secret.expose()))) } else { request }
        };
        let answer = self.transport.send(request, remaining).await?;
        let parsed = serde_json::from_slice::<TokenAnswer>(&answer.body);
        if answer.status.is_success() {
            let parsed = parsed.map_err(|_| ProviderError::Malformed("no token answer"))?;
            return if parsed.error.is_none() { Ok(parsed) } else { Err(refusal(&parsed)) };
        }
        Err(refusal(&parsed.unwrap_or_default()))
    }

    /// The client secret, which for Apple is a token that we sign.
    fn client_secret(&self, now: Timestamp) -> Result<Secret<String>, OAuthError> {
        match &self.credentials {
            Credentials::Secret(secret) => Ok(secret.clone()),
            Credentials::Apple { team_id, key_id, key } => {
                let at = now.unix_seconds();
                let claims = json!({"iss": team_id, "sub": self.client_id, "aud": APPLE_AUDIENCE,
                                    "iat": at, "exp": at + SIGNED_SECRET_LIFE});
                let signed = key.sign_jwt(key_id, &claims);
                signed.map(Secret::new).map_err(|_| OAuthError::Configuration("the key cannot sign"))
            }
        }
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// What a refused code means. Whatever concerns our credentials is not the person's fault.
fn refusal(answer: &TokenAnswer) -> OAuthError {
    match answer.error.as_ref().and_then(serde_json::Value::as_str) {
        Some("invalid_client" | "unauthorized_client" | "incorrect_client_credentials") => {
            OAuthError::Configuration("the provider refuses our credentials")
        }
        Some("redirect_uri_mismatch") => OAuthError::Configuration("the provider does not know our callback"),
        _ => OAuthError::CodeRefused,
    }
}
