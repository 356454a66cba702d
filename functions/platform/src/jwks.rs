//! GET /.well-known/jwks.json: the public keys that verify access tokens (RFC 7517).

use verinym::{
    config::names::SecretId,
    crypto::jwk::Jwks,
    error::Result,
    function::Needs,
    http::{Anonymous, Call, Endpoint, Plain, Route, problem::types},
};

pub fn endpoint() -> Endpoint {
    Route::get("platform-jwks", "/.well-known/jwks.json")
        .summary("Read the keys of access tokens")
        .description(
            "The public keys that verify access tokens (RFC 7517). Cache them; the next key is published before it is used.",
        )
        // Each process reads the secret once in five minutes, so calls are cheap.
        .limited_by_gateway()
        // A key is published long before it signs, so cached responses contain it.
        .cached("public, max-age=300")
        .problems(&[&types::UNAVAILABLE])
        .needs(Needs::new().read_secret(SecretId::Verification))
        .handled_by(jwks)
}

async fn jwks(call: Call<Anonymous>, (): ()) -> Result<Plain<Jwks>> {
    Ok(Plain((*call.app.jwks().await?).clone()))
}
