//! POST /v1/auth/password/forgot: a mail to set a new password.

use verinym::{
    config::names::Queue,
    domain::mailed_token::TokenPurpose,
    error::Result,
    function::{Concurrency, Needs},
    http::{Accepted, Anonymous, Call, Endpoint, Json, Route},
};

use crate::mail_request::{CheckYourEmail, LIMITS, MailRequest, request_mail};

pub fn endpoint() -> Endpoint {
    Route::post("auth-forgot-password", "/v1/auth/password/forgot")
        .summary("Ask for a mail to set a new password")
        .description("Mails a link if the address belongs to an account. The answer is 202 in any case.")
        .limited(LIMITS)
        .concurrency(Concurrency::SignIn)
        .needs(Needs::new().send(Queue::Notification))
        .handled_by(forgot)
}

async fn forgot(call: Call<Anonymous>, Json(form): Json<MailRequest>) -> Result<Accepted<CheckYourEmail>> {
    request_mail(&call, form, TokenPurpose::ResetPassword).await
}
