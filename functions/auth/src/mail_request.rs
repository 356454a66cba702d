//! Requests for a mail with a token. The answer and the work are the same whether or not an account has the address: the
//! mail worker finds out. A rate limit does not change the answer either; the mail is then not sent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    crypto::random,
    domain::{field::Fields, limit, mailed_token::TokenPurpose, person::Email, secret::Masked},
    error::{Error, Internal, RequestError, Result},
    http::{Accepted, Anonymous, By, Call, Limited},
    messaging::{Message, message::MailTask, queue::Queue},
};

pub const LIMITS: &[Limited] = &[
    Limited { limit: &limit::ANONYMOUS, by: By::Ip },
    Limited { limit: &limit::MAIL_PAIR, by: By::Submitted },
    Limited { limit: &limit::MAIL_ADDRESS, by: By::Submitted },
];

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailRequest {
    #[schema(value_type = String, min_length = 3, max_length = 254, format = Email, example = "ada@your-company.net")]
    email: Masked<String>,
}

/// The answer to every request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckYourEmail {
    #[schema(example = "check_your_email")]
    status: &'static str,
}

impl CheckYourEmail {
    pub const ANSWER: Accepted<Self> = Accepted(Self { status: "check_your_email" });
}

/// Requests a mail with a token for the account that has the address.
pub async fn request_mail(
    call: &Call<Anonymous>,
    form: MailRequest,
    purpose: TokenPurpose,
) -> Result<Accepted<CheckYourEmail>> {
    send_request(call, form, purpose, None).await.map(|()| CheckYourEmail::ANSWER)
}

/// The same with the digest of a nonce, without which the token is useless.
pub async fn send_request(
    call: &Call<Anonymous>,
    form: MailRequest,
    purpose: TokenPurpose,
    nonce: Option<String>,
) -> Result<()> {
    let mut fields = Fields::default();
    let email = fields.check("email", Email::parse(&form.email));
    fields.done().map_err(RequestError::Invalid)?;
    let email = email.ok_or_else(|| Internal::bug("a form without faults has an address"))?;
    let address = call.app.index_secrets().await?.email(email.as_str());
    // The limit of the address is shared by all callers, so a call that its own limit refuses does not count there.
    let counted = match call.limit_pair(&limit::MAIL_PAIR, address.as_ref()).await {
        Ok(()) => call.limit(&limit::MAIL_ADDRESS, address.as_ref()).await,
        refused => refused,
    };
    match counted {
        Ok(()) => {}
        Err(Error::Request(RequestError::RateLimited { .. })) => return Ok(()),
        Err(error) => return Err(error),
    }
    // Each request has a key of its own: a second one sends another mail.
    let message = Message {
        key: format!("requested#{:032x}", u128::from_be_bytes(random::bytes())),
        correlation_id: call.meta.correlation_id.clone(),
        body: MailTask::RequestToken { purpose, address, nonce },
    };
    call.app.send(Queue::Notification, &message, std::time::Duration::ZERO).await
}
