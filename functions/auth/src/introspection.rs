//! What an access token is worth now, for services that must know at once.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use verinym::{
    app::App,
    crypto::access::{Expected, TokenClaims, VerificationKeys},
    domain::{
        id::SessionId,
        role::{
            PermissionSet,
            table::{RoleTable, has_custom},
        },
        session::CLOCK_LEEWAY_SECONDS,
        time::Timestamp,
    },
    error::{Internal, Result},
    store::introspection::{LiveHolder, TokenHolder},
};

/// What is known of a token (RFC 7662 §2.2). Of a token that is not active, `active` is the only member.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Introspection {
    /// Whether the API would accept the token now.
    #[schema(example = true)]
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer")]
    token_type: Option<&'static str>,
    /// What the token permits now, separated by spaces: permissions of the person's roles, or of the client. Absent if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "kyc:read kyc:review")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "user_01h2xcejqtf2nbrexx3vqjhp41")]
    pub sub: Option<String>,
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

impl Introspection {
    /// Of a token whose holder lives.
    pub fn of(claims: &TokenClaims, holder: &LiveHolder, roles: &RoleTable) -> Self {
        match (claims, holder) {
            (TokenClaims::Person(claims), LiveHolder::Person(account)) => Self {
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
                ..Self::active()
            },
            (TokenClaims::Client(claims), LiveHolder::Client(client)) => Self {
                scope: joined(&client.permissions(&claims.scope)),
                sub: Some(claims.sub.to_string()),
                client_id: Some(claims.client_id.to_string()),
                iss: Some(claims.iss.clone()),
                aud: Some(claims.aud.clone()),
                exp: Some(claims.exp),
                iat: Some(claims.iat),
                nbf: Some(claims.nbf),
                jti: Some(claims.jti.clone()),
                ..Self::active()
            },
            // The read follows the claims.
            _ => Self::default(),
        }
    }

    fn active() -> Self {
        Self { active: true, token_type: Some("Bearer"), ..Self::default() }
    }

    /// What an authorizer passes on: texts and numbers, the values of a list separated by spaces.
    pub fn context(&self) -> Result<Map<String, Value>> {
        let Value::Object(known) = serde_json::to_value(self).map_err(Internal::bug)? else {
            return Err(Internal::bug("an introspection is an object").into());
        };
        let passed_on = known.into_iter().filter(|(name, _)| CONTEXT.contains(&name.as_str()));
        Ok(passed_on.map(|(name, value)| (name, flat(value))).collect())
    }
}

/// What an authorizer passes on.
const CONTEXT: [&str; 9] = ["sub", "client_id", "scope", "exp", "sid", "roles", "kyc_status", "amr", "auth_time"];

fn flat(value: Value) -> Value {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ").into(),
        one => one,
    }
}

fn joined(permissions: &PermissionSet) -> Option<String> {
    let held = permissions.list();
    (!held.is_empty()).then(|| held.join(" "))
}

/// The claims of a token that is ours and has not expired.
pub fn verified(app: &App, keys: &VerificationKeys, token: &str, now: Timestamp) -> Result<Option<TokenClaims>> {
    let tokens = app.config.tokens()?;
    let expected = Expected { issuer: &tokens.issuer, audience: &tokens.audience, now, leeway: CLOCK_LEEWAY_SECONDS };
    Ok(keys.verify_any(token, &expected).ok())
}

/// Whose token it is.
pub fn holder_of(claims: &TokenClaims) -> TokenHolder {
    match claims {
        TokenClaims::Person(claims) => {
            TokenHolder::Person { user: claims.sub, session: claims.sid, custom_roles: has_custom(&claims.roles) }
        }
        TokenClaims::Client(claims) => TokenHolder::Client(claims.sub),
    }
}
