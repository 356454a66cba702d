//! POST /v1/auth/verify-email/resend: another mail to confirm an address.

use verinym::{
    config::names::Queue,
    domain::mailed_token::TokenPurpose,
    error::Result,
    function::{Concurrency, Needs},
    http::{Accepted, Anonymous, Call, Endpoint, Json, Route},
};

use crate::mail_request::{CheckYourEmail, LIMITS, MailRequest, request_mail};

pub fn endpoint() -> Endpoint {
    Route::post("auth-resend-verification", "/v1/auth/verify-email/resend")
        .summary("Send the confirmation mail again")
        .description(
            "Mails a new link if the address belongs to an unconfirmed account. The answer is 202 in any case. The newest link replaces earlier ones.",
        )
        .limited(LIMITS)
        .concurrency(Concurrency::SignIn)
        .needs(Needs::new().send(Queue::Notification))
        .handled_by(resend)
}

async fn resend(call: Call<Anonymous>, Json(form): Json<MailRequest>) -> Result<Accepted<CheckYourEmail>> {
    request_mail(&call, form, TokenPurpose::VerifyEmail).await
}
