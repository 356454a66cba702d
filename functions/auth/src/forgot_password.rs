//! POST /v1/auth/password/forgot: a mail to set a new password.

use verinym::{
    domain::mail::MailKind,
    error::Result,
    http::{Accepted, Anonymous, Call, Endpoint, Json, Route},
};

use crate::mail_request::{CheckYourEmail, LIMITS, MailRequest, ask};

pub fn endpoint() -> Endpoint {
    Route::post("auth-forgot-password", "/v1/auth/password/forgot")
        .summary("Ask for a mail to set a new password")
        .limited(LIMITS)
        .handled_by(forgot)
}

async fn forgot(call: Call<Anonymous>, Json(form): Json<MailRequest>) -> Result<Accepted<CheckYourEmail>> {
    ask(&call, form, MailKind::Reset).await
}
