//! POST /v1/oauth/introspect: whether an access token is valid now (RFC 7662), for services that must know at once.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::{Section, names::SecretId},
    crypto::access::{TokenClaims, VerificationKeys},
    domain::{
        client::Client,
        id::ClientId,
        limit,
        role::{PermissionSet, TokensIntrospect},
    },
    error::Result,
    function::Needs,
    http::{
        By, Call, Either, Endpoint, Limited, Plain, Route,
        client_authentication::{ClientProof, INTROSPECTION_PATH, OAuthClient, OAuthRefusal},
        oauth::{ClientAuthorization, OAuthError, OAuthForm},
    },
    store::{Table, introspection::TokenQuestion},
};

use crate::introspection::{Introspection, holder_of, verified};

/// The form of a question about a token. The client proves itself by its access token, by HTTP Basic, or by an assertion.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "it describes the form, which is read by name")]
pub struct IntrospectionRequest {
    /// The access token in question, of a person or of a machine client.
    #[schema(example = "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ1c2VyIn0.c2ln")]
    token: String,
    /// Ignored: only access tokens can be active.
    #[schema(example = "access_token")]
    token_type_hint: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with an assertion.
    #[schema(example = json!(null))]
    client_assertion_type: Option<String>,
    /// As at `POST /v1/oauth/token`; `aud` is the issuer or the URL of this route.
    #[schema(example = json!(null))]
    client_assertion: Option<String>,
}

/// Room for a token and an assertion of the greatest length.
const BODY_LIMIT: usize = 32 * 1024;

pub fn endpoint() -> Endpoint {
    Route::post("auth-oauth-introspect", INTROSPECTION_PATH)
        .summary("Ask whether an access token is valid now")
        .description(
            "Token introspection (RFC 7662) for services that must know at once that a session ended, an account was locked or a client was deleted. The caller is a machine client with `tokens:introspect`. It proves itself by its access token (`Bearer`), by its secret (HTTP Basic) or by a signed assertion (RFC 7523). Roles, permissions and `kyc_status` are those of now. A refresh token is never active: no service but this API accepts one. The limit counts by client; calls that prove no client count by network.",
        )
        .body_limit(BODY_LIMIT)
        .limited(&[
            Limited { limit: &limit::INTROSPECTION, by: By::Submitted },
            Limited { limit: &limit::ANONYMOUS, by: By::IpBeside },
        ])
        .needs(
            Needs::new()
                .read_secret(SecretId::Verification)
                .get_many(Table::Identity)
                .rarely("the client signs assertions", Needs::new().put(Table::Ephemeral))
                .reads(Section::Tokens),
        )
        .handled_by(introspect)
}

type Asker = OAuthClient<TokensIntrospect>;

async fn introspect(
    call: Call<Asker>,
    form: OAuthForm<IntrospectionRequest>,
) -> Result<Either<Plain<Introspection>, OAuthError>> {
    match answer(&call, &form).await {
        Ok(introspection) => Ok(Either::One(Plain(introspection))),
        Err(OAuthRefusal::OAuth(error)) => {
            if error.is_unproved_client() {
                call.limit_ip(&limit::ANONYMOUS).await?;
            }
            Ok(Either::Other(error))
        }
        Err(OAuthRefusal::Failed(error)) => Err(error),
    }
}

async fn answer(call: &Call<Asker>, form: &OAuthForm<IntrospectionRequest>) -> Result<Introspection, OAuthRefusal> {
    form.well_formed()?;
    let keys = call.app.verification_keys().await?;
    let credentials = Credentials::of(call, form, &keys)?;
    // Verified before the client is proved, so that one read finds both.
    let token = form.get("token").map(|token| verified(call.app, &keys, token, call.now())).transpose()?;
    let claims = token.as_ref().and_then(Option::as_ref);
    let question = TokenQuestion {
        asker: Some(*credentials.client()),
        holder: claims.map(holder_of),
        staff_mfa: call.app.config.tokens()?.staff_mfa,
    };
    let asked = call.app.store().await.asked_token(&question, call.now()).await?;
    let client = credentials.prove(call, asked.asker).await?;
    call.limit(&limit::INTROSPECTION, &client.to_string()).await?;
    if form.get("token").is_none() {
        return Err(OAuthRefusal::new("invalid_request", "The parameter token is missing."));
    }
    let live = claims.zip(asked.holder.as_ref());
    Ok(live.map_or_else(Introspection::default, |(claims, holder)| Introspection::of(claims, holder, &asked.roles)))
}

/// How the asking client proves itself.
enum Credentials<'f> {
    /// By its access token, which permits what its scope names.
    Token { client: ClientId, scope: String },
    /// As at the token endpoint: it may do what its own scopes name.
    Proof(ClientProof<'f>),
}

impl<'f> Credentials<'f> {
    fn of(
        call: &Call<Asker>,
        form: &'f OAuthForm<IntrospectionRequest>,
        keys: &VerificationKeys,
    ) -> Result<Self, OAuthRefusal> {
        let ClientAuthorization::Bearer(token) = &form.authorization else {
            return ClientProof::of(form).map(Self::Proof);
        };
        match verified(call.app, keys, token.expose(), call.now())? {
            Some(TokenClaims::Client(claims)) => Ok(Self::Token { client: claims.sub, scope: claims.scope }),
            // A person does not ask here.
            Some(TokenClaims::Person(_)) | None => Err(OAuthRefusal::OAuth(OAuthError::INVALID_TOKEN)),
        }
    }

    const fn client(&self) -> &ClientId {
        match self {
            Self::Token { client, .. } => client,
            Self::Proof(proof) => proof.client(),
        }
    }

    /// The client, once it has proved itself and has the permission to ask.
    async fn prove(&self, call: &Call<Asker>, stored: Option<Client>) -> Result<ClientId, OAuthRefusal> {
        let (client, permissions) = match self {
            Self::Token { scope, .. } => {
                let client = stored.ok_or(OAuthRefusal::OAuth(OAuthError::INVALID_TOKEN))?;
                let permissions = client.permissions(scope);
                (client, permissions)
            }
            Self::Proof(proof) => {
                let client = call.prove_client(proof, stored, INTROSPECTION_PATH).await?;
                let permissions = PermissionSet::of_permissions(client.scopes.iter().map(String::as_str));
                (client, permissions)
            }
        };
        Asker::require(&permissions)?;
        Ok(client.id)
    }
}
