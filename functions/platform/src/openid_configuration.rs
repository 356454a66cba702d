//! GET /.well-known/openid-configuration and /.well-known/oauth-authorization-server: the issuer of access tokens, the URL of the keys
//! and the endpoints of machine clients (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    config::Config,
    config::Section,
    crypto::client::ALGORITHM as ASSERTION_ALGORITHM,
    error::Result,
    function::Needs,
    http::{
        Anonymous, Call, Endpoint, Plain, Route,
        client_authentication::{AUTHENTICATION_METHODS, CLIENT_CREDENTIALS, INTROSPECTION_PATH, TOKEN_PATH},
    },
};

/// Metadata of the issuer. Empty members are not allowed (RFC 8414 §3.2). There are no authorization endpoint and no ID tokens, so the
/// members about them are absent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpenidConfiguration {
    /// `iss` of every token.
    #[schema(example = "https://api.your-company.net/prod")]
    issuer: String,
    #[schema(example = "https://api.your-company.net/prod/.well-known/jwks.json")]
    jwks_uri: String,
    #[schema(example = "https://api.your-company.net/prod/v1/oauth/token")]
    token_endpoint: String,
    #[schema(example = json!(["client_credentials"]))]
    grant_types_supported: Vec<&'static str>,
    /// `client_secret_basic`: HTTP Basic with the client's secret. `private_key_jwt`: an assertion signed by the client (RFC 7523).
    #[schema(example = json!(["client_secret_basic", "private_key_jwt"]))]
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// Algorithms of the assertions of clients.
    #[schema(example = json!(["RS256"]))]
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    #[schema(example = "https://api.your-company.net/prod/v1/oauth/introspect")]
    introspection_endpoint: String,
    /// As at the token endpoint, and `Bearer`: the access token of the client.
    #[schema(example = json!(["client_secret_basic", "private_key_jwt", "Bearer"]))]
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    #[schema(example = json!(["RS256"]))]
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// `public`: the `sub` of a person is the same for every audience.
    #[schema(example = json!(["public"]))]
    subject_types_supported: Vec<&'static str>,
    /// Claims of access tokens (RFC 9068).
    #[schema(example = json!(["iss", "sub", "aud", "exp", "iat"]))]
    claims_supported: Vec<&'static str>,
    #[schema(example = "https://api.your-company.net/prod/docs")]
    service_documentation: String,
}

pub fn endpoint() -> Endpoint {
    Route::get("platform-openid-configuration", "/.well-known/openid-configuration")
        .also_at("/.well-known/oauth-authorization-server")
        .summary("Read the metadata of the issuer")
        .description(
            "The issuer of access tokens, the address of its keys, and how machine clients get tokens (OpenID Connect Discovery 1.0, RFC 8414).",
        )
        .limited_by_gateway()
        .cached("public, max-age=3600")
        .needs(Needs::new().reads(Section::Tokens))
        .handled_by(openid_configuration)
}

async fn openid_configuration(call: Call<Anonymous>, (): ()) -> Result<Plain<OpenidConfiguration>> {
    Ok(Plain(of(&call.app.config)?))
}

fn of(config: &Config) -> Result<OpenidConfiguration> {
    let public_url = &config.public_url;
    Ok(OpenidConfiguration {
        issuer: config.tokens()?.issuer.clone(),
        jwks_uri: format!("{public_url}/.well-known/jwks.json"),
        token_endpoint: format!("{public_url}{TOKEN_PATH}"),
        grant_types_supported: vec![CLIENT_CREDENTIALS],
        token_endpoint_auth_methods_supported: AUTHENTICATION_METHODS.to_vec(),
        token_endpoint_auth_signing_alg_values_supported: vec![ASSERTION_ALGORITHM],
        introspection_endpoint: format!("{public_url}{INTROSPECTION_PATH}"),
        introspection_endpoint_auth_methods_supported: AUTHENTICATION_METHODS.into_iter().chain(["Bearer"]).collect(),
        introspection_endpoint_auth_signing_alg_values_supported: vec![ASSERTION_ALGORITHM],
        subject_types_supported: vec!["public"],
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
        service_documentation: format!("{public_url}/docs"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value, json};
    use verinym::crypto::access::AccessClaims;

    use super::*;
    use crate::allowed_methods::ALLOWED_METHODS;

    const PUBLIC_URL: &str = "https://api.example.org/dev";

    /// The document with this `ISSUER` (empty: not set), of an API with a base path.
    fn document(issuer: &str) -> Map<String, Value> {
        let config = Config::from_lookup(&[Section::Tokens], |name| {
            let value = match name {
                "STAGE" => "dev",
                "RATE_LIMIT_SCALE" => "1",
                "STAFF_MFA" => "true",
                "PUBLIC_URL" => PUBLIC_URL,
                "ISSUER" => issuer,
                "CORS_ORIGINS" | "URL_SUFFIX" | "AWS_ENDPOINT_URL" => "",
                _ => "value",
            };
            Some(value.to_owned())
        })
        .unwrap();
        let Value::Object(members) = serde_json::to_value(of(&config).unwrap()).unwrap() else {
            panic!("not an object")
        };
        members
    }

    #[test]
    fn the_issuer_is_the_configured_one() {
        assert_eq!(document("")["issuer"], PUBLIC_URL);
        assert_eq!(document("https://id.example.org/tenant")["issuer"], "https://id.example.org/tenant");
    }

    #[test]
    fn no_member_is_empty() {
        for (name, value) in document("") {
            let filled = match &value {
                Value::Array(elements) => {
                    !elements.is_empty() && elements.iter().all(|one| one.as_str().is_some_and(|text| !text.is_empty()))
                }
                Value::String(text) => !text.is_empty(),
                _ => false,
            };
            assert!(filled, "{name}: {value}");
        }
    }

    /// URLs include the base path, and each leads to a route: to `POST` of an endpoint, to `GET` of a document.
    #[test]
    fn every_url_is_a_route_under_the_public_url() {
        let document = document("https://id.example.org");
        let is_address =
            |name: &str| name.ends_with("_uri") || name.ends_with("_endpoint") || name.ends_with("_documentation");
        let addresses: Vec<_> = document.iter().filter(|(name, _)| is_address(name)).collect();
        let addresses_checked = addresses.len();
        assert!(addresses_checked >= 3, "{addresses:?}");
        for (name, address) in addresses {
            let path = address.as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
            let method = if name.ends_with("_endpoint") { "POST" } else { "GET" };
            let is_route = ALLOWED_METHODS
                .iter()
                .any(|(known, allowed)| *known == path && allowed.split(", ").any(|one| one == method));
            assert!(is_route, "{name}: {method} {address}");
        }
        let urls = document.values().filter(|value| value.as_str().is_some_and(|text| text.contains("://"))).count();
        assert_eq!(urls, addresses_checked + 1, "a URL that is neither the issuer nor checked above: {document:?}");
    }

    #[test]
    fn the_claims_are_those_of_an_access_token() {
        let claims = AccessClaims {
            iss: String::new(),
            sub: serde_json::from_value(json!("user_01h2xcejqtf2nbrexx3vqjhp41")).unwrap(),
            aud: String::new(),
            client_id: String::new(),
            exp: 0,
            iat: 0,
            nbf: 0,
            jti: String::new(),
            sid: serde_json::from_value(json!("sess_01h2xcejqtf2nbrexx3vqjhp41")).unwrap(),
            roles: vec![],
            kyc_status: String::new(),
            amr: vec![],
            auth_time: 0,
        };
        let Value::Object(claims) = serde_json::to_value(claims).unwrap() else { panic!("not an object") };
        let document = document("");
        let documented: BTreeSet<_> =
            document["claims_supported"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(documented, claims.keys().map(String::as_str).collect());
    }

    /// RFC 8414 §2: without the member, the default would promise `authorization_code` and `implicit`; a list of algorithms must stand
    /// beside `private_key_jwt`, without `none`.
    #[test]
    fn clients_learn_how_to_get_a_token() {
        let document = document("");
        assert_eq!(document["token_endpoint"], format!("{PUBLIC_URL}/v1/oauth/token"));
        assert_eq!(document["grant_types_supported"], json!(["client_credentials"]));
        let methods = &document["token_endpoint_auth_methods_supported"];
        assert_eq!(methods, &json!(["client_secret_basic", "private_key_jwt"]));
        let asking = &document["introspection_endpoint_auth_methods_supported"];
        assert_eq!(asking, &json!(["client_secret_basic", "private_key_jwt", "Bearer"]));
        for endpoint in ["token", "introspection"] {
            let algorithms = &document[&format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
            assert_eq!(algorithms, &json!(["RS256"]), "{endpoint}");
        }
    }

    #[test]
    fn members_about_unsupported_flows_and_id_tokens_are_absent() {
        let document = document("");
        for name in [
            "authorization_endpoint",
            "response_types_supported",
            "code_challenge_methods_supported",
            "id_token_signing_alg_values_supported",
        ] {
            assert!(!document.contains_key(name), "{name}: {}", document[name]);
        }
    }
}
