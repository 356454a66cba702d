//! Asking for a mail to an address: the same answer at the same price, whether anybody is there or not.
//!
//! Nothing is looked up here; the mail worker finds out whose the address is. A limit that is hit shows in nothing
//! either: what was asked for is then not sent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    crypto::random,
    domain::{field::Fields, limit, mail::MailKind, person::Email, secret::Masked},
    error::{Error, Internal, RequestError, Result},
    http::{Accepted, Anonymous, By, Call, Limited},
    messaging::{Message, message::Notice, queue::Queue},
};

pub const LIMITS: &[Limited] = &[
    Limited { limit: &limit::ANONYMOUS, by: By::Ip },
    Limited { limit: &limit::MAIL_PAIR, by: By::Submitted },
    Limited { limit: &limit::MAIL_ADDRESS, by: By::Submitted },
];

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailRequest {
    #[schema(value_type = String)]
    email: Masked<String>,
}

/// What everybody is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckYourEmail {
    status: &'static str,
}

impl CheckYourEmail {
    pub const ANSWER: Accepted<Self> = Accepted(Self { status: "check_your_email" });
}

/// Has a mail sent to the address, if anybody has it.
pub async fn ask(call: &Call<Anonymous>, form: MailRequest, mail: MailKind) -> Result<Accepted<CheckYourEmail>> {
    let mut fields = Fields::default();
    let email = fields.check("email", Email::parse(&form.email));
    fields.done().map_err(RequestError::Invalid)?;
    let email = email.ok_or_else(|| Internal::bug("a form without faults has an address"))?;
    let address = call.app.index_secrets().await?.email(email.as_str());
    // What an asker's own limit refuses does not count against the address: it is everybody's who asks for it.
    let counted = match call.limit_pair(&limit::MAIL_PAIR, address.as_ref()).await {
        Ok(()) => call.limit(&limit::MAIL_ADDRESS, address.as_ref()).await,
        refused => refused,
    };
    match counted {
        Ok(()) => {}
        Err(Error::Request(RequestError::RateLimited { .. })) => return Ok(CheckYourEmail::ANSWER),
        Err(error) => return Err(error),
    }
    // A key of its own: who asks again is meant to get another mail, which voids the one before.
    let message = Message {
        key: format!("asked#{:032x}", u128::from_be_bytes(random::bytes())),
        correlation_id: call.meta.correlation_id.clone(),
        body: Notice::Asked { mail, address },
    };
    call.app.send(Queue::Notification, &message, std::time::Duration::ZERO).await?;
    Ok(CheckYourEmail::ANSWER)
}
