//! GET /.well-known/jwks.json: the public keys that access tokens are signed with (RFC 7517).

use verinym::{
    config::names::SecretId,
    crypto::jwk::Jwks,
    error::Result,
    function::Needs,
    http::{Anonymous, Call, Endpoint, Plain, Route},
};

pub fn endpoint() -> Endpoint {
    Route::get("platform-jwks", "/.well-known/jwks.json")
        .summary("Public keys of access tokens")
        // One read of a secret in five minutes and process, whoever calls.
        .limited_by_gateway()
        // A key is published long before it signs, so that no cache can be too old.
        .cached("public, max-age=300")
        .problems(&[(503, "unavailable")])
        .needs(Needs::new().read_secret(SecretId::Verification))
        .handled_by(jwks)
}

async fn jwks(call: Call<Anonymous>, (): ()) -> Result<Plain<Jwks>> {
    Ok(Plain((*call.app.jwks().await?).clone()))
}
