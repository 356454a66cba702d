//! POST /v1/oauth/{provider}/callback: the same for a provider that posts a form, as Apple does.

use verinym::{
    error::Result,
    http::{Anonymous, Call, Endpoint, Path, Route, SeeOther, UrlEncoded, problem::types},
};

use crate::oauth_callback::{NEEDS, ProviderReply, go_on};

pub fn endpoint() -> Endpoint {
    Route::post("auth-oauth-form-callback", "/v1/oauth/{provider}/callback")
        .summary("Return from a provider that posts a form")
        .description("The same as `GET`, for providers that post a form, as Apple does.")
        .problems(&[&types::INVALID_AUTHORIZATION])
        .needs(NEEDS())
        .handled_by(form_callback)
}

async fn form_callback(
    call: Call<Anonymous>,
    (Path(name), UrlEncoded(reply)): (Path<String>, UrlEncoded<ProviderReply>),
) -> Result<SeeOther> {
    go_on(&call, &name, reply).await
}
