//! How a machine client proves itself to an OAuth endpoint: by its secret (HTTP Basic, RFC 6749 §2.3.1), or by an assertion that it
//! signs (RFC 7523 §2.2).

use std::marker::PhantomData;

use super::{
    authority::Authority,
    call::{Call, Incoming},
    oauth::{ClientAuthorization, OAuthError, OAuthForm},
};
use crate::{
    app::App,
    crypto::client::{Assertion, AssertionClaims, matches},
    domain::{
        client::{Client, Credentials, LONGEST_ASSERTION},
        id::ClientId,
        role::{PermissionSet, RequiredPermission},
        session::CLOCK_LEEWAY_SECONDS,
        time::Timestamp,
    },
    error::{Error, Result},
    http::operation::OperationDoc,
};

/// Where machine clients get their tokens.
pub const TOKEN_PATH: &str = "/v1/oauth/token";
/// Where machine clients ask about tokens.
pub const INTROSPECTION_PATH: &str = "/v1/oauth/introspect";
/// The grant of machine clients (RFC 6749 §4.4).
pub const CLIENT_CREDENTIALS: &str = "client_credentials";
/// How a client may prove itself, by the names of OAuth's registry.
pub const AUTHENTICATION_METHODS: [&str; 2] = ["client_secret_basic", "private_key_jwt"];

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const LONGEST_JTI: usize = 256;

/// Why an OAuth endpoint refuses a request: answered as RFC 6749 states, or as any failure.
#[derive(Debug)]
pub enum OAuthRefusal {
    OAuth(OAuthError),
    Failed(Error),
}

impl From<OAuthError> for OAuthRefusal {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl<E: Into<Error>> From<E> for OAuthRefusal {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl OAuthRefusal {
    pub const INVALID_CLIENT: Self = Self::OAuth(OAuthError::INVALID_CLIENT);

    pub const fn new(error: &'static str, description: &'static str) -> Self {
        Self::OAuth(OAuthError::new(error, description))
    }
}

/// A machine client with the permission `P`, at an endpoint whose refusals have the form of RFC 6749. The harness lets every call in; the
/// handler proves the client and calls [`OAuthClient::require`].
#[derive(Debug, Clone, Copy)]
pub struct OAuthClient<P>(PhantomData<P>);

impl<P: RequiredPermission> OAuthClient<P> {
    /// Refuses a client that lacks the permission.
    pub fn require(permissions: &PermissionSet) -> Result<(), OAuthError> {
        if permissions.meets::<P>() { Ok(()) } else { Err(OAuthError::INSUFFICIENT_SCOPE) }
    }
}

impl<P: RequiredPermission + Send + 'static> Authority for OAuthClient<P> {
    const AUTHENTICATED: bool = false;

    fn permit(_: &Incoming) -> Result<()> {
        Ok(())
    }

    async fn admit(_: &'static App, _: &Incoming) -> Result<Self> {
        Ok(Self(PhantomData))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.oauth_client(P::PERMISSION);
        doc.json_response::<OAuthError>(403, "The client lacks the permission (RFC 6750 §3.1).");
        doc.header(403, "WWW-Authenticate");
    }
}

/// What a client sent to prove itself; not verified yet.
#[derive(Debug)]
pub enum ClientProof<'f> {
    Secret { client: ClientId, secret: &'f str },
    Assertion(Assertion<'f>),
}

impl<'f> ClientProof<'f> {
    /// The proof in a well-formed form, which must hold exactly one.
    pub fn of<T>(form: &'f OAuthForm<T>) -> Result<Self, OAuthRefusal> {
        match (&form.authorization, form.get("client_assertion")) {
            (ClientAuthorization::Basic { client, secret }, None) => {
                let client = client.parse().map_err(|_| OAuthRefusal::INVALID_CLIENT)?;
                Ok(Self::Secret { client, secret: secret.expose() })
            }
            (ClientAuthorization::Absent, Some(text)) => {
                if form.get("client_assertion_type") != Some(JWT_BEARER) {
                    return Err(OAuthRefusal::new(
                        "invalid_request",
                        "The parameter client_assertion_type is missing or unknown.",
                    ));
                }
                Assertion::parse(text).map(Self::Assertion).ok_or(OAuthRefusal::INVALID_CLIENT)
            }
            (ClientAuthorization::Basic { .. }, Some(_)) => {
                Err(OAuthRefusal::new("invalid_request", "Use one way to authenticate the client."))
            }
            _ => Err(OAuthRefusal::INVALID_CLIENT),
        }
    }

    /// The client that it names, to find its credentials by.
    pub const fn client(&self) -> &ClientId {
        match self {
            Self::Secret { client, .. } => client,
            Self::Assertion(assertion) => &assertion.client,
        }
    }
}

impl<A> Call<A> {
    /// The client, if the proof is its own. `stored` is the client that the proof names. `path` is the path of the called route: its URL
    /// or the issuer must be the only audience of an assertion, which is used up.
    pub async fn prove_client(
        &self,
        proof: &ClientProof<'_>,
        stored: Option<Client>,
        path: &str,
    ) -> Result<Client, OAuthRefusal> {
        let client = stored.ok_or(OAuthRefusal::INVALID_CLIENT)?;
        let proved = match proof {
            ClientProof::Secret { secret, .. } => matches(secret, client.live_secrets(self.now())),
            ClientProof::Assertion(assertion) => self.use_up(assertion, &client, path).await?,
        };
        if proved { Ok(client) } else { Err(OAuthRefusal::INVALID_CLIENT) }
    }

    async fn use_up(&self, assertion: &Assertion<'_>, client: &Client, path: &str) -> Result<bool> {
        let Credentials::Keys(keys) = &client.credentials else { return Ok(false) };
        let Some(claims) = assertion.verify(keys) else { return Ok(false) };
        let issuer = &self.app.config.tokens()?.issuer;
        let called = format!("{}{path}", self.app.config.public_url);
        if !(claims.aud.is(issuer) || claims.aud.is(&called)) || !is_current(&claims, self.now()) {
            return Ok(false);
        }
        let id = client.id.to_string();
        let digest = self.app.index_secrets().await?.digest(&[b"assertion", id.as_bytes(), claims.jti.as_bytes()]);
        let expires = Timestamp::from_unix_seconds(claims.exp);
        self.app.store().await.use_assertion(&digest, expires, self.now()).await
    }
}

/// Whether the times of an assertion hold: it has not expired, does not live too long, and is not from the future.
fn is_current(claims: &AssertionClaims, now: Timestamp) -> bool {
    let leeway = i64::from(CLOCK_LEEWAY_SECONDS);
    let latest = (now + LONGEST_ASSERTION).unix_seconds().saturating_add(leeway);
    let now = now.unix_seconds();
    let begun = claims.nbf.into_iter().chain(claims.iat).all(|at| at <= now.saturating_add(leeway));
    (now + 1..=latest).contains(&claims.exp) && begun && (1..=LONGEST_JTI).contains(&claims.jti.len())
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
