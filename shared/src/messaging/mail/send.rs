//! Sending through SES, by its v1 API, which local stacks have too.

use aws_sdk_ses::types::{Body, Content, Destination, Message};

use super::Letter;
use crate::{
    app::App,
    domain::person::Email,
    error::{Internal, Result},
};

impl App {
    /// Sends a letter to one address.
    pub async fn send_letter(&self, to: &Email, letter: &Letter) -> Result<()> {
        let content = |text: &str| Content::builder().data(text).charset("UTF-8").build().map_err(Internal::bug);
        let body = Body::builder().text(content(&letter.text)?).html(content(&letter.html)?).build();
        let message = Message::builder().subject(content(letter.subject)?).body(body).build();
        self.ses()
            .await
            .send_email()
            .source(&self.config.mail_from)
            .destination(Destination::builder().to_addresses(to.as_str()).build())
            .message(message)
            .send()
            .await
            // SES may quote the address in its message: only its code is told.
            .map_err(|error| {
                let code = error.as_service_error().and_then(|error| error.meta().code()).unwrap_or("no answer");
                Internal::unavailable(format!("send mail: {code}"))
            })?;
        Ok(())
    }
}
