//! The tokens of a session, the answer to signing in and refreshing.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    app::App,
    crypto::{
        access::{self, AccessClaims},
        random,
    },
    domain::{id::UserId, kyc::KycStatus, secret::Masked, session::Session, time::Timestamp},
    error::{Internal, Result},
    store::{person_key::PersonKey, session::SessionItem, user::Account},
};

/// The lifetime of an access token.
const ACCESS_LIFE: Duration = Duration::from_mins(15);

/// The `client_id` of people who sign in here (RFC 9068 requires one). Machine clients have ids of their own.
const FIRST_PARTY: &str = "first_party";

#[derive(Debug, Serialize, ToSchema)]
pub struct TokenSet {
    /// Always `Bearer` (RFC 6750).
    #[schema(example = "Bearer")]
    token_type: &'static str,
    #[schema(value_type = String, example = "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ1c2VyIn0.c2ln")]
    access_token: Masked<String>,
    /// Seconds.
    expires_in: u64,
    /// Opaque, for one refresh, which returns the next one.
    #[schema(value_type = String, example = "1.q7Z0mB2vGxkq1nE5lqvXoV2c9H6n")]
    refresh_token: Masked<String>,
    /// Seconds until the session ends if it is not refreshed.
    refresh_expires_in: u64,
    session: Session,
    user: TokenUser,
}

/// The account of a token set, for applications.
#[derive(Debug, Serialize, ToSchema)]
struct TokenUser {
    id: UserId,
    #[schema(example = json!(["user"]))]
    roles: Vec<String>,
    kyc_status: KycStatus,
    email_verified: bool,
    /// Whether signing in needs a second factor.
    mfa_enabled: bool,
}

/// The tokens of a session's current generation; the refresh token is always the same. `None` if its key is no longer in the
/// ring.
pub async fn token_set(
    app: &App,
    auth: &Account,
    session: &SessionItem,
    key: &PersonKey,
    now: Timestamp,
) -> Result<Option<TokenSet>> {
    let (ring, secrets) = tokio::try_join!(app.signing_ring(), app.token_secrets())?;
    let Some(refresh) = secrets.refresh.mint_with(session.kid, &session.refresh_token()?) else { return Ok(None) };
    let tokens = app.config.tokens()?;
    let claims = claims(&tokens.issuer, &tokens.audience, auth, session, now);
    let access = access::issue(&ring, &claims).map_err(Internal::bug)?;
    Ok(Some(TokenSet {
        token_type: "Bearer",
        access_token: Masked(access),
        expires_in: ACCESS_LIFE.as_secs(),
        refresh_token: Masked(refresh.expose().clone()),
        refresh_expires_in: session.expires_at().since(now).as_secs(),
        session: session.view(&session.session, key)?,
        user: TokenUser {
            id: auth.user,
            roles: auth.roles.clone(),
            kyc_status: auth.kyc_status,
            email_verified: auth.email_verified,
            mfa_enabled: auth.mfa_enabled(),
        },
    }))
}

fn claims(issuer: &str, audience: &str, auth: &Account, session: &SessionItem, now: Timestamp) -> AccessClaims {
    AccessClaims {
        iss: issuer.to_owned(),
        sub: auth.user,
        aud: audience.to_owned(),
        client_id: FIRST_PARTY.to_owned(),
        exp: (now + ACCESS_LIFE).unix_seconds(),
        iat: now.unix_seconds(),
        nbf: now.unix_seconds(),
        jti: format!("{:032x}", u128::from_be_bytes(random::bytes())),
        sid: session.session,
        roles: auth.roles.clone(),
        kyc_status: auth.kyc_status.as_str().to_owned(),
        amr: session.amr.clone(),
        auth_time: session.auth_time.unix_seconds(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn auth() -> Account {
        let user = UserId::from_parts(BEGUN, [1; 10]);
        let json = serde_json::json!({
            "user": user, "status": "active", "email_verified": true, "roles": ["user", "moderator"],
            "kyc_status": "approved", "email_index": "v1.email", "created_at": BEGUN, "updated_at": BEGUN, "version": 4,
        });
        serde_json::from_value(json).unwrap()
    }

    fn session(auth: &Account) -> SessionItem {
        let json = serde_json::json!({
            "session": verinym::domain::id::SessionId::from_parts(BEGUN, [2; 10]), "user": auth.user,
            "created_at": BEGUN, "auth_time": BEGUN, "amr": ["pwd"], "counter": 9, "nonce": vec![0; 16], "kid": 1,
            "last_turn": BEGUN, "origin": [0], "expires": 0, "version": 1,
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn an_access_token_has_the_claims_of_the_contract_and_keeps_auth_time() {
        let (auth, later) = (auth(), BEGUN + Duration::from_hours(5));
        let session = session(&auth);
        let claims = claims("https://id.example", "app", &auth, &session, later);
        assert_eq!((claims.iss.as_str(), claims.aud.as_str()), ("https://id.example", "app"));
        assert_eq!((claims.sub, claims.sid), (auth.user, session.session));
        assert_eq!((claims.exp - claims.iat, claims.nbf), (900, claims.iat));
        assert_eq!(claims.iat, later.unix_seconds());
        assert_eq!(claims.auth_time, BEGUN.unix_seconds());
        assert_eq!((claims.roles, claims.kyc_status.as_str()), (auth.roles.clone(), "approved"));
        assert_eq!(claims.amr, ["pwd"]);
        let other = super::claims("https://id.example", "app", &auth, &session, later);
        assert_ne!(claims.jti, other.jti);
    }

    #[test]
    fn a_session_without_an_epoch_belongs_to_the_first() {
        let auth = auth();
        assert!(session(&auth).admitted(&auth, BEGUN));
    }
}
