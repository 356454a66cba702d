//! Sending through SES, by its v1 API, which local stacks have too.

use std::time::Duration;

use aws_sdk_ses::{
    error::ProvideErrorMetadata,
    types::{Body, Content, Destination, Message},
};

use super::Letter;
use crate::{
    app::App,
    crypto::random,
    domain::{backoff::Backoff, person::Email},
    error::{Internal, Result},
};

/// How a letter's sending ended, where trying the same again at once is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// SES has it.
    Yes,
    /// The account has sent too much for now: to be sent after this wait.
    Later(Duration),
    /// SES will never send this letter to this address; the reason in one word.
    Refused(&'static str),
}

/// The account sends too many a second.
const RATE: Backoff = Backoff { base: Duration::from_secs(30), cap: Duration::from_secs(30) };
/// The account has used up its day's quota, which comes back bit by bit over 24 hours. AWS advises to wait up to so long.
const QUOTA: Duration = Duration::from_mins(10);

impl App {
    /// Sends a letter to one address. An error is what may pass by itself, or what an operator has to mend: sending that
    /// is paused or not granted, an identity that is not verified any more.
    pub async fn send_letter(&self, to: &Email, letter: &Letter) -> Result<Sent> {
        let content = |text: &str| Content::builder().data(text).charset("UTF-8").build().map_err(Internal::bug);
        let body = Body::builder().text(content(&letter.text)?).html(content(&letter.html)?).build();
        let message = Message::builder().subject(content(letter.subject)?).body(body).build();
        let sent = self
            .ses()
            .await
            .send_email()
            .source(&self.config.mail()?.from)
            .destination(Destination::builder().to_addresses(to.as_str()).build())
            .message(message)
            .send()
            .await;
        let Err(error) = sent else { return Ok(Sent::Yes) };
        // SES may quote the address in its message: only its code is told.
        let code = error.code().unwrap_or("no answer");
        let random = u64::from_be_bytes(random::bytes());
        meaning(code, error.message().unwrap_or_default(), random)
            .ok_or_else(|| Internal::unavailable(format!("send mail: {code}")).into())
    }
}

/// What a refusal of SES means; nothing if it says nothing of the letter or the account's pace.
fn meaning(code: &str, message: &str, random: u64) -> Option<Sent> {
    match code {
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "LimitExceededException" => {
            let quota = message.to_ascii_lowercase().contains("quota");
            let jitter = RATE.delay(0, random);
            Some(Sent::Later(if quota { QUOTA + jitter } else { Duration::from_secs(1) + jitter }))
        }
        // An address in the account's suppression list or, in the SES sandbox, one that is not verified; a virus.
        "MessageRejected" => Some(Sent::Refused("message_rejected")),
        // An address that SES cannot reach, such as one with letters outside of ASCII before the @.
        "InvalidParameterValue" | "ValidationError" => Some(Sent::Refused("address_not_accepted")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{AwsReply, ScriptedAws};

    #[test]
    fn throttling_means_later_and_the_day_s_quota_much_later() {
        for code in ["Throttling", "ThrottlingException", "TooManyRequestsException"] {
            for random in [0, u64::MAX] {
                let Some(Sent::Later(rate)) = meaning(code, "Maximum sending rate exceeded.", random) else { panic!() };
                let Some(Sent::Later(quota)) = meaning(code, "Daily message quota exceeded.", random) else { panic!() };
                assert!((1..=31).contains(&rate.as_secs()) && quota >= QUOTA, "{rate:?} {quota:?}");
            }
        }
    }

    #[test]
    fn a_letter_that_ses_will_never_send_is_refused_and_a_fault_of_the_account_is_not() {
        assert_eq!(
            meaning("MessageRejected", "Email address is not verified.", 0),
            Some(Sent::Refused("message_rejected"))
        );
        assert_eq!(meaning("InvalidParameterValue", "Local address", 0), Some(Sent::Refused("address_not_accepted")));
        for code in [
            "AccountSendingPausedException",
            "ConfigurationSetSendingPausedException",
            "ConfigurationSetDoesNotExist",
            "MailFromDomainNotVerifiedException",
            "AccessDenied",
            "InternalFailure",
            "ServiceUnavailable",
            "no answer",
        ] {
            assert_eq!(meaning(code, "", 0), None, "{code}");
        }
    }

    async fn sent(status: u16, body: &str) -> Result<Sent> {
        let body = body.to_owned();
        let script = ScriptedAws::new(move |_| AwsReply::Xml(status, body.clone()));
        let letter = Letter { subject: "Subject", text: "text".to_owned(), html: "<p>text</p>".to_owned() };
        let sent = script.app().send_letter(&Email::parse("ada@example.org").unwrap(), &letter).await;
        assert!(!script.calls_of("SendEmail").is_empty());
        sent
    }

    fn refusal(code: &str, message: &str) -> String {
        format!(
            "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        )
    }

    #[tokio::test(start_paused = true)]
    async fn answers_of_ses_are_told_apart_as_they_come_over_the_wire() {
        let done = "<SendEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><SendEmailResult>\
                    <MessageId>1</MessageId></SendEmailResult></SendEmailResponse>";
        assert_eq!(sent(200, done).await.unwrap(), Sent::Yes);
        let rate = sent(400, &refusal("Throttling", "Maximum sending rate exceeded.")).await.unwrap();
        assert!(matches!(rate, Sent::Later(wait) if wait < QUOTA));
        let quota = sent(400, &refusal("Throttling", "Daily message quota exceeded.")).await.unwrap();
        assert!(matches!(quota, Sent::Later(wait) if wait >= QUOTA));
        let lasting = sent(400, &refusal("MessageRejected", "Email address is not verified.")).await.unwrap();
        assert_eq!(lasting, Sent::Refused("message_rejected"));
        for (status, code) in
            [(400, "AccountSendingPausedException"), (403, "AccessDenied"), (503, "ServiceUnavailable")]
        {
            let error = sent(status, &refusal(code, "ada@example.org")).await.unwrap_err().to_string();
            assert!(error.contains(code) && !error.contains("ada"), "{error}");
        }
    }
}
