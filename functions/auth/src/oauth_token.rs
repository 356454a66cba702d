//! POST /v1/oauth/token: an access token for a machine client (RFC 6749 §4.4, RFC 7523 §2.2).

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::{
        access::{self, ClientClaims},
        random,
    },
    domain::{
        client::{Client, granted_scope},
        secret::Masked,
    },
    error::{Internal, Result},
    function::{Capability, Needs},
    http::{
        Anonymous, Call, Either, Endpoint, Plain, Route,
        client_authentication::{CLIENT_CREDENTIALS, ClientProof, OAuthRefusal, TOKEN_PATH},
        oauth::{OAuthError, OAuthForm},
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
    /// A JWT signed RS256 by a key of the client: `iss` and `sub` are its id, `aud` is the issuer or the URL of this route and nothing
    /// else, `exp` is at most ten minutes ahead, and each `jti` is used once.
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

pub fn endpoint() -> Endpoint {
    Route::post("auth-oauth-token", TOKEN_PATH)
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
        Err(OAuthRefusal::OAuth(error)) => Ok(Either::Other(error)),
        Err(OAuthRefusal::Failed(error)) => Err(error),
    }
}

async fn issue(call: &Call<Anonymous>, form: &OAuthForm<TokenRequest>) -> Result<ClientToken, OAuthRefusal> {
    form.well_formed()?;
    match form.get("grant_type") {
        Some(CLIENT_CREDENTIALS) => {}
        Some(_) => {
            return Err(OAuthRefusal::new("unsupported_grant_type", "The only grant type is client_credentials."));
        }
        None => return Err(OAuthRefusal::new("invalid_request", "The parameter grant_type is missing.")),
    }
    let proof = ClientProof::of(form)?;
    let stored = call.app.store().await.machine_client(proof.client()).await?;
    let client = call.prove_client(&proof, stored, TOKEN_PATH).await?;
    let scope = granted_scope(&client, form.get("scope"))
        .map_err(|_| OAuthRefusal::new("invalid_scope", "The scope is malformed, or more than the client has."))?;
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
