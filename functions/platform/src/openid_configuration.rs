//! GET /.well-known/openid-configuration: where keys and documents are, for services that verify our access tokens
//! (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    config::Config,
    error::Result,
    http::{Anonymous, Call, Endpoint, Plain, Route},
};

/// Only what exists: members for flows that are not offered are empty or absent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpenidConfiguration {
    /// `iss` of every token.
    issuer: String,
    jwks_uri: String,
    response_types_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    subject_types_supported: Vec<&'static str>,
    id_token_signing_alg_values_supported: Vec<&'static str>,
    /// Of access tokens (RFC 9068).
    claims_supported: Vec<&'static str>,
    service_documentation: String,
}

pub fn endpoint() -> Endpoint {
    Route::get("platform-openid-configuration", "/.well-known/openid-configuration")
        .summary("Where keys and documents are")
        .limited_by_gateway()
        .cached("public, max-age=3600")
        .handled_by(openid_configuration)
}

async fn openid_configuration(call: Call<Anonymous>, (): ()) -> Result<Plain<OpenidConfiguration>> {
    Ok(Plain(of(&call.app.config)))
}

fn of(config: &Config) -> OpenidConfiguration {
    OpenidConfiguration {
        issuer: config.issuer.clone(),
        jwks_uri: format!("{}/.well-known/jwks.json", config.public_url),
        response_types_supported: vec![],
        grant_types_supported: vec![],
        subject_types_supported: vec!["public"],
        id_token_signing_alg_values_supported: vec!["RS256"],
        claims_supported: vec![
            "iss",
            "sub",
            "aud",
            "client_id",
            "exp",
            "iat",
            "nbf",
            "jti",
            "sid",
            "roles",
            "kyc_status",
            "amr",
            "auth_time",
        ],
        service_documentation: format!("{}/docs", config.public_url),
    }
}
