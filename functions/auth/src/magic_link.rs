//! POST /v1/auth/magic-link: a mail with a link that signs in.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    config::names::Queue,
    crypto::random,
    domain::{mailed_token::TokenPurpose, secret::Masked},
    error::Result,
    function::{Concurrency, Needs},
    http::{Accepted, Anonymous, Call, Endpoint, Json, Route},
};

use crate::mail_request::{LIMITS, MailRequest, send_request};

/// The answer to every request for a link.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MagicLinkRequested {
    #[schema(example = "check_your_email")]
    status: &'static str,
    /// For `POST /v1/auth/magic-link/verify`, together with the token of the link. Keep it in the program that asked.
    #[schema(value_type = String, example = "3f0c8e3ad1b2c4d5e6f708192a3b4c5d")]
    nonce: Masked<String>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-magic-link", "/v1/auth/magic-link")
        .summary("Ask for a mail with a link that signs in")
        .description(
            "Mails a link if the address belongs to an account that confirmed it; an account that did not gets a link to set a password instead. The answer is 202 with a nonce in any case. The link signs in only together with this nonce, so whoever else opens it gets nothing.",
        )
        .limited(LIMITS)
        .concurrency(Concurrency::SignIn)
        .needs(Needs::new().send(Queue::Notification))
        .handled_by(ask)
}

async fn ask(call: Call<Anonymous>, Json(form): Json<MailRequest>) -> Result<Accepted<MagicLinkRequested>> {
    let nonce = random::token();
    let digest = call.app.index_secrets().await?.magic_link_nonce(&nonce);
    send_request(&call, form, TokenPurpose::MagicLink, Some(digest)).await?;
    Ok(Accepted(MagicLinkRequested { status: "check_your_email", nonce: Masked(nonce) }))
}
