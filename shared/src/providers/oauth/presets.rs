//! What is known of each provider, so that a configuration needs no more than the credentials.

use url::Url;

use super::{Credentials, LIMITS, OAuthProvider, keys::KeyCache};
use crate::{
    crypto::{
        es256::Es256Key,
        id_token::{SignatureAlgorithm, TENANT},
    },
    domain::{secret::Secret, words::UnknownWord},
    providers::transport::Transport,
    store::secrets::{ClientAuthentication, SocialSettings, Vouching},
};

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Google,
    GitHub,
    Microsoft,
    Facebook,
    Apple,
    /// Any provider that speaks OpenID Connect.
    OpenId,
}

/// The defaults of a kind.
struct Preset {
    issuer: &'static str,
    authorization_endpoint: &'static str,
    token_endpoint: &'static str,
    jwks_uri: &'static str,
    user_endpoint: &'static str,
    scope: &'static str,
    client_authentication: ClientAuthentication,
    vouches: Vouching,
}

const OPENID: Preset = Preset {
    issuer: "",
    authorization_endpoint: "",
    token_endpoint: "",
    jwks_uri: "",
    user_endpoint: "",
    scope: "openid email profile",
    client_authentication: ClientAuthentication::Post,
    vouches: Vouching::Verified,
};

impl std::str::FromStr for Kind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Ok(match text {
            "google" => Self::Google,
            "github" => Self::GitHub,
            "microsoft" => Self::Microsoft,
            "facebook" => Self::Facebook,
            "apple" => Self::Apple,
            "oidc" => Self::OpenId,
            _ => return Err(UnknownWord),
        })
    }
}

impl Kind {
    const fn preset(self) -> Preset {
        match self {
            Self::Google => Preset {
                issuer: "https://accounts.google.com",
                authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
                token_endpoint: "https://oauth2.googleapis.com/token",
                jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
                ..OPENID
            },
            Self::Microsoft => Preset {
                issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
                authorization_endpoint: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
                token_endpoint: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
                jwks_uri: "https://login.microsoftonline.com/common/discovery/v2.0/keys",
                // Any tenant's administrator can write any address into an account.
                vouches: Vouching::Never,
                ..OPENID
            },
            Self::Apple => Preset {
                issuer: "https://appleid.apple.com",
                authorization_endpoint: "https://appleid.apple.com/auth/authorize",
                token_endpoint: "https://appleid.apple.com/auth/token",
                jwks_uri: "https://appleid.apple.com/auth/keys",
                scope: "openid email name",
                ..OPENID
            },
            Self::GitHub => Preset {
                issuer: "https://github.com",
                authorization_endpoint: "https://github.com/login/oauth/authorize",
                token_endpoint: "https://github.com/login/oauth/access_token",
                user_endpoint: "https://api.github.com/user",
                scope: "read:user user:email",
                ..OPENID
            },
            Self::Facebook => Preset {
                issuer: "https://www.facebook.com",
                authorization_endpoint: "https://www.facebook.com/v25.0/dialog/oauth",
                token_endpoint: "https://graph.facebook.com/v25.0/oauth/access_token",
                user_endpoint: "https://graph.facebook.com/v25.0/me",
                scope: "email public_profile",
                vouches: Vouching::Never,
                ..OPENID
            },
            Self::OpenId => Preset { client_authentication: ClientAuthentication::Basic, ..OPENID },
        }
    }

    /// Whether the user API tells who the person is, and no ID token.
    const fn has_user_api(self) -> bool {
        matches!(self, Self::GitHub | Self::Facebook)
    }
}

/// Whether a text can be the name of a provider. It is part of paths, so routes beside it must not have its name.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(plain) && !["accounts", "introspect", "token"].contains(&text)
}

/// The provider of these settings. `allow_http`: on the local stack, providers are called without TLS.
///
/// # Errors
/// What is wrong with the settings.
pub(super) fn provider(name: &str, settings: &SocialSettings, allow_http: bool) -> Result<OAuthProvider, &'static str> {
    if !is_name(name) {
        return Err("the name is not 1 to 32 of a-z, 0-9 and -, or is that of another route");
    }
    let kind: Kind = settings.kind.as_deref().unwrap_or(name).parse().map_err(|_| "kind is unknown")?;
    let preset = kind.preset();
    let chosen = |set: &Option<String>, preset: &str| set.clone().unwrap_or_else(|| preset.to_owned());
    let endpoint = |set: &Option<String>, preset: &str, fault| address(&chosen(set, preset), allow_http).ok_or(fault);
    let optional = |set: &Option<String>, preset: &str, fault| match chosen(set, preset).as_str() {
        "" => Ok(None),
        text => address(text, allow_http).map(Some).ok_or(fault),
    };
    let jwks_uri = optional(&settings.jwks_uri, preset.jwks_uri, "jwks_uri is not an address")?;
    let user_endpoint = optional(&settings.user_endpoint, preset.user_endpoint, "user_endpoint is not an address")?;
    if kind.has_user_api() != jwks_uri.is_none() {
        return Err("jwks_uri is missing, or is given for a provider without ID tokens");
    }
    let issuer = chosen(&settings.issuer, preset.issuer);
    let vouches = settings.vouches.unwrap_or(preset.vouches);
    if issuer.is_empty() || settings.client_id.is_empty() {
        return Err("issuer or client_id is missing");
    }
    if issuer.contains(TENANT) && vouches != Vouching::Never {
        return Err("a provider of several tenants cannot vouch for addresses: name the issuer of one tenant");
    }
    Ok(OAuthProvider {
        name: name.to_owned(),
        kind,
        client_id: settings.client_id.clone(),
        credentials: credentials(kind, settings)?,
        client_authentication: settings.client_authentication.unwrap_or(preset.client_authentication),
        authorization_endpoint: endpoint(
            &settings.authorization_endpoint,
            preset.authorization_endpoint,
            "authorization_endpoint is not an address",
        )?,
        token_endpoint: endpoint(&settings.token_endpoint, preset.token_endpoint, "token_endpoint is not an address")?,
        jwks_uri,
        user_endpoint,
        scope: chosen(&settings.scope, preset.scope),
        algorithm: settings.algorithm.unwrap_or(SignatureAlgorithm::Rs256),
        vouches,
        issuer,
        transport: Transport::new(LIMITS),
        keys: KeyCache::default(),
    })
}

fn credentials(kind: Kind, settings: &SocialSettings) -> Result<Credentials, &'static str> {
    if kind == Kind::Apple {
        let apple = settings.apple.as_ref().ok_or("apple (team_id, key_id, private_key) is missing")?;
        let key =
            Es256Key::from_pem(apple.private_key.expose()).map_err(|_| "private_key is not that of a .p8 file")?;
        return Ok(Credentials::Apple { team_id: apple.team_id.clone(), key_id: apple.key_id.clone(), key });
    }
    let secret = settings.client_secret.as_ref().filter(|secret| !secret.expose().is_empty());
    Ok(Credentials::Secret(Secret::new(secret.ok_or("client_secret is missing")?.expose().clone())))
}

/// An https address without a user, a query or a fragment; a query of ours follows it.
fn address(text: &str, allow_http: bool) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let scheme = url.scheme() == "https" || allow_http && url.scheme() == "http";
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (scheme && bare && url.has_host()).then_some(url)
}
