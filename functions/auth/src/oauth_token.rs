//! POST /v1/oauth/token: an access token for a machine client (RFC 6749 §4.4, RFC 7523 §2.2).

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::{
        access::{self, ClientClaims},
        client::{Assertion, AssertionClaims, matches},
        random,
    },
    domain::{
        client::{Client, Credentials, LONGEST_ASSERTION, granted_scope},
        id::ClientId,
        secret::Masked,
        session::CLOCK_LEEWAY_SECONDS,
        time::Timestamp,
    },
    error::{Error, Internal, Result},
    function::{Capability, Needs},
    http::{
        Anonymous, Call, Either, Endpoint, Plain, Route,
        oauth::{ClientAuthorization, OAuthError, OAuthForm},
    },
    store::Table,
};

/// The form of a token request. The client proves itself by HTTP Basic, or by an assertion.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "it describes the form, which is read by name")]
pub struct TokenRequest {
    /// Always `client_credentials`.
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// Permissions, separated by spaces; without it, all of the client's.
    #[schema(example = "kyc:read")]
    scope: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with an assertion.
    #[schema(example = json!(null))]
    client_assertion_type: Option<String>,
    /// A JWT signed RS256 by a key of the client: `iss` and `sub` are its id, `aud` is the URL of this route or the issuer, `exp` is
    /// at most ten minutes ahead, and each `jti` is used once.
    #[schema(example = json!(null))]
    client_assertion: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ClientToken {
    #[schema(value_type = String, example = "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJjbGkifQ.c2ln")]
    access_token: Masked<String>,
    /// Always `Bearer` (RFC 6750).
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    /// The permissions of the token, separated by spaces.
    #[schema(example = "kyc:read")]
    scope: String,
}

const LIFE: Duration = Duration::from_mins(15);
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const LONGEST_JTI: usize = 256;

pub fn endpoint() -> Endpoint {
    Route::post("auth-oauth-token", "/v1/oauth/token")
        .summary("Get an access token for a machine client")
        .description(
            "OAuth 2.0 client credentials (RFC 6749 §4.4). The client proves itself by its secret (HTTP Basic) or by a signed assertion (RFC 7523). The token has no session and no refresh token; it works while the client exists.",
        )
        .needs(
            Needs::new()
                .with(Capability::SignTokens)
                .get(Table::Identity)
                .rarely("the client signs assertions", Needs::new().put(Table::Ephemeral))
                .reads(Section::Tokens),
        )
        .handled_by(token)
}

async fn token(call: Call<Anonymous>, form: OAuthForm<TokenRequest>) -> Result<Either<Plain<ClientToken>, OAuthError>> {
    match issue(&call, &form).await {
        Ok(token) => Ok(Either::One(Plain(token))),
        Err(Refusal::OAuth(error)) => Ok(Either::Other(error)),
        Err(Refusal::Failed(error)) => Err(error),
    }
}

/// Why no token is issued.
enum Refusal {
    OAuth(OAuthError),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

const fn refused(error: &'static str, description: &'static str) -> Refusal {
    Refusal::OAuth(OAuthError::new(error, description))
}

const INVALID_CLIENT: Refusal = Refusal::OAuth(OAuthError::INVALID_CLIENT);

async fn issue(call: &Call<Anonymous>, form: &OAuthForm<TokenRequest>) -> Result<ClientToken, Refusal> {
    if !form.is_well_formed() {
        return Err(refused("invalid_request", "The body must be a form (RFC 6749 §3.2) without repeated parameters."));
    }
    match form.get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => return Err(refused("unsupported_grant_type", "The only grant type is client_credentials.")),
        None => return Err(refused("invalid_request", "The parameter grant_type is missing.")),
    }
    let client = match (&form.authorization, form.get("client_assertion")) {
        (ClientAuthorization::Basic { client, secret }, None) => by_secret(call, client, secret.expose()).await?,
        (ClientAuthorization::Absent, Some(assertion)) => {
            if form.get("client_assertion_type") != Some(JWT_BEARER) {
                return Err(refused("invalid_request", "The parameter client_assertion_type is missing or unknown."));
            }
            by_assertion(call, assertion).await?
        }
        (ClientAuthorization::Basic { .. }, Some(_)) => {
            return Err(refused("invalid_request", "Use one way to authenticate the client."));
        }
        _ => return Err(INVALID_CLIENT),
    };
    let scope = granted_scope(&client, form.get("scope"))
        .map_err(|_| refused("invalid_scope", "The scope is malformed, or more than the client has."))?;
    let claims = claims(call, &client, &scope)?;
    let ring = call.app.signing_ring().await?;
    let token = access::issue_to_client(&ring, &claims).map_err(Internal::bug)?;
    Ok(ClientToken {
        access_token: Masked(token),
        token_type: "Bearer",
        expires_in: LIFE.as_secs(),
        scope: claims.scope,
    })
}

async fn read(call: &Call<Anonymous>, id: &ClientId) -> Result<Client, Refusal> {
    call.app.store().await.machine_client(id).await?.ok_or(INVALID_CLIENT)
}

async fn by_secret(call: &Call<Anonymous>, id: &str, secret: &str) -> Result<Client, Refusal> {
    let id: ClientId = id.parse().map_err(|_| INVALID_CLIENT)?;
    let client = read(call, &id).await?;
    if matches(secret, client.live_secrets(call.now())) { Ok(client) } else { Err(INVALID_CLIENT) }
}

async fn by_assertion(call: &Call<Anonymous>, text: &str) -> Result<Client, Refusal> {
    let assertion = Assertion::parse(text).ok_or(INVALID_CLIENT)?;
    let client = read(call, &assertion.client).await?;
    let Credentials::Keys(keys) = &client.credentials else { return Err(INVALID_CLIENT) };
    let claims = assertion.verify(keys).ok_or(INVALID_CLIENT)?;
    let issuer = &call.app.config.tokens()?.issuer;
    let endpoint = format!("{}/v1/oauth/token", call.app.config.public_url);
    let for_us = claims.aud.names(&endpoint) || claims.aud.names(issuer);
    if !for_us || !is_current(&claims, call.now()) {
        return Err(INVALID_CLIENT);
    }
    let id = client.id.to_string();
    let digest = call.app.index_secrets().await?.digest(&[b"assertion", id.as_bytes(), claims.jti.as_bytes()]);
    let expires = Timestamp::from_unix_seconds(claims.exp);
    let first = call.app.store().await.use_assertion(&digest, expires, call.now()).await?;
    if first { Ok(client) } else { Err(INVALID_CLIENT) }
}

/// Whether the times of an assertion hold: it has not expired, does not live too long, and is not from the future.
fn is_current(claims: &AssertionClaims, now: Timestamp) -> bool {
    let leeway = i64::from(CLOCK_LEEWAY_SECONDS);
    let latest = (now + LONGEST_ASSERTION).unix_seconds().saturating_add(leeway);
    let now = now.unix_seconds();
    let begun = claims.nbf.into_iter().chain(claims.iat).all(|at| at <= now.saturating_add(leeway));
    (now + 1..=latest).contains(&claims.exp) && begun && (1..=LONGEST_JTI).contains(&claims.jti.len())
}

fn claims(call: &Call<Anonymous>, client: &Client, scope: &BTreeSet<String>) -> Result<ClientClaims> {
    let (tokens, now) = (call.app.config.tokens()?, call.now());
    Ok(ClientClaims {
        iss: tokens.issuer.clone(),
        sub: client.id,
        aud: tokens.audience.clone(),
        client_id: client.id,
        exp: (now + LIFE).unix_seconds(),
        iat: now.unix_seconds(),
        nbf: now.unix_seconds(),
        jti: format!("{:032x}", u128::from_be_bytes(random::bytes())),
        scope: scope.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_772_357_400;

    #[test]
    fn an_assertion_is_current_until_it_expires_and_lives_ten_minutes_at_most() {
        let id = ClientId::from_parts(Timestamp::from_unix_seconds(NOW), [1; 10]);
        let current = |changed: serde_json::Value| {
            let mut claims = json!({"iss": id, "sub": id, "aud": "a", "exp": NOW + 60, "jti": "x"});
            claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
            is_current(&serde_json::from_value(claims).unwrap(), Timestamp::from_unix_seconds(NOW))
        };
        assert!(current(json!({})) && current(json!({"iat": NOW, "nbf": NOW + 5})));
        assert!(current(json!({"exp": NOW + 605})));
        for refused in [
            json!({"exp": NOW}),
            json!({"exp": NOW + 606}),
            json!({"exp": i64::MAX}),
            json!({"iat": NOW + 6}),
            json!({"nbf": NOW + 6}),
            json!({"jti": ""}),
            json!({"jti": "x".repeat(257)}),
        ] {
            assert!(!current(refused.clone()), "{refused}");
        }
    }
}
