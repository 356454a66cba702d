//! POST /v1/oauth/introspect: whether an access token is valid now (RFC 7662), for services that must know at once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    config::{Section, names::SecretId},
    crypto::access::{Expected, TokenClaims, VerificationKeys},
    domain::{
        client::Client,
        id::{ClientId, SessionId},
        limit,
        role::{
            PermissionSet, TokensIntrospect,
            table::{RoleTable, has_custom},
        },
        session::CLOCK_LEEWAY_SECONDS,
    },
    error::Result,
    function::Needs,
    http::{
        By, Call, Either, Endpoint, Limited, Plain, Route,
        client_authentication::{ClientProof, INTROSPECTION_PATH, OAuthClient, OAuthRefusal},
        oauth::{ClientAuthorization, OAuthError, OAuthForm},
    },
    store::{
        Table,
        introspection::{LiveHolder, TokenHolder},
    },
};

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

/// What is known of a token (RFC 7662 §2.2). Of a token that is not active, `active` is the only member.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Introspection {
    /// Whether the API would accept the token now.
    #[schema(example = true)]
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer")]
    token_type: Option<&'static str>,
    /// What the token permits now, separated by spaces: permissions of the person's roles, or of the client. Absent if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "kyc:read kyc:review")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "user_01h2xcejqtf2nbrexx3vqjhp41")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "verinym")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://api.your-company.net/prod")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "verinym")]
    aud: Option<String>,
    /// Seconds since 1970, as are the other times.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_772_358_300)]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_772_357_400)]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_772_357_400)]
    nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0f8fad5bd9cb469fa16570867728950e")]
    jti: Option<String>,
    /// The session; of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    /// The roles of now; of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["user"]))]
    roles: Option<Vec<String>>,
    /// The status of now; of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "approved")]
    kyc_status: Option<&'static str>,
    /// How the person authenticated (RFC 8176).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["pwd"]))]
    amr: Option<Vec<String>>,
    /// When the person authenticated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_772_357_400)]
    auth_time: Option<i64>,
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
    let token = form.get("token").map(|token| verified(call, &keys, token)).transpose()?;
    let claims = token.as_ref().and_then(Option::as_ref);
    let holder = claims.map(holder_of);
    let asked = call.app.store().await.asked_token(credentials.client(), holder.as_ref(), call.now()).await?;
    let client = credentials.prove(call, asked.asker).await?;
    call.limit(&limit::INTROSPECTION, &client.to_string()).await?;
    if form.get("token").is_none() {
        return Err(OAuthRefusal::new("invalid_request", "The parameter token is missing."));
    }
    let live = claims.zip(asked.holder.as_ref());
    Ok(live.map_or_else(Introspection::default, |(claims, holder)| of(claims, holder, &asked.roles)))
}

/// The claims of a token that is ours and has not expired.
fn verified(call: &Call<Asker>, keys: &VerificationKeys, token: &str) -> Result<Option<TokenClaims>> {
    let tokens = call.app.config.tokens()?;
    let expected =
        Expected { issuer: &tokens.issuer, audience: &tokens.audience, now: call.now(), leeway: CLOCK_LEEWAY_SECONDS };
    Ok(keys.verify_any(token, &expected).ok())
}

fn holder_of(claims: &TokenClaims) -> TokenHolder {
    match claims {
        TokenClaims::Person(claims) => {
            TokenHolder::Person { user: claims.sub, session: claims.sid, custom_roles: has_custom(&claims.roles) }
        }
        TokenClaims::Client(claims) => TokenHolder::Client(claims.sub),
    }
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
        match verified(call, keys, token.expose())? {
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

fn of(claims: &TokenClaims, holder: &LiveHolder, roles: &RoleTable) -> Introspection {
    match (claims, holder) {
        (TokenClaims::Person(claims), LiveHolder::Person(account)) => Introspection {
            scope: joined(&roles.permissions(&account.roles)),
            sub: Some(claims.sub.to_string()),
            client_id: Some(claims.client_id.clone()),
            iss: Some(claims.iss.clone()),
            aud: Some(claims.aud.clone()),
            exp: Some(claims.exp),
            iat: Some(claims.iat),
            nbf: Some(claims.nbf),
            jti: Some(claims.jti.clone()),
            sid: Some(claims.sid),
            roles: Some(account.roles.clone()),
            kyc_status: Some(account.kyc_status.as_str()),
            amr: Some(claims.amr.clone()),
            auth_time: Some(claims.auth_time),
            ..active()
        },
        (TokenClaims::Client(claims), LiveHolder::Client(client)) => Introspection {
            scope: joined(&client.permissions(&claims.scope)),
            sub: Some(claims.sub.to_string()),
            client_id: Some(claims.client_id.to_string()),
            iss: Some(claims.iss.clone()),
            aud: Some(claims.aud.clone()),
            exp: Some(claims.exp),
            iat: Some(claims.iat),
            nbf: Some(claims.nbf),
            jti: Some(claims.jti.clone()),
            ..active()
        },
        // The read follows the claims.
        _ => Introspection::default(),
    }
}

fn active() -> Introspection {
    Introspection { active: true, token_type: Some("Bearer"), ..Introspection::default() }
}

fn joined(permissions: &PermissionSet) -> Option<String> {
    let held = permissions.list();
    (!held.is_empty()).then(|| held.join(" "))
}
