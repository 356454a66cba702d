//! Sending through SES, by its v1 API, which local stacks have too.

use std::time::Duration;

use aws_sdk_ses::{
    error::ProvideErrorMetadata,
    types::{Body, Content, Destination, Message},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::notification::RenderedMail;
use crate::{
    app::App,
    config::MailSettings,
    crypto::random,
    domain::{backoff::Backoff, person::Email},
    error::{Internal, Result},
};

/// The result of sending a mail, where an immediate retry is useless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendResult {
    /// SES accepted it.
    Accepted,
    /// SES throttles the account: send it again after this wait.
    Throttled(Duration),
    /// SES will never send this mail to this address. The reason is one word.
    Refused(&'static str),
}

/// The wait when the account sends too many mails per second.
const RATE: Backoff = Backoff { base: Duration::from_secs(30), cap: Duration::from_secs(30) };
/// The wait when the daily quota is used up. The quota comes back gradually over 24 hours; AWS recommends waiting up to
/// 10 minutes.
const QUOTA: Duration = Duration::from_mins(10);

impl App {
    /// Sends a mail to one address. An error is temporary, or an operator has to fix it: sending is paused or not granted,
    /// or the sender's identity is no longer verified.
    pub async fn send_mail(&self, to: &Email, mail: &RenderedMail) -> Result<SendResult> {
        let content = |text: &str| Content::builder().data(text).charset("UTF-8").build().map_err(Internal::bug);
        let body = Body::builder().text(content(&mail.text)?).html(content(&mail.html)?).build();
        let message = Message::builder().subject(content(&mail.subject)?).body(body).build();
        let sent = self
            .ses()
            .await
            .send_email()
            .source(source(self.config.mail()?))
            .destination(Destination::builder().to_addresses(to.as_str()).build())
            .message(message)
            .send()
            .await;
        let Err(error) = sent else { return Ok(SendResult::Accepted) };
        // The message of SES may quote the address, so only the code goes into the error.
        let code = error.code().unwrap_or("no answer");
        let random = u64::from_be_bytes(random::bytes());
        classify(code, error.message().unwrap_or_default(), random)
            .ok_or_else(|| Internal::unavailable(format!("send mail: {code}")).into())
    }
}

/// The sender with its name. SES takes ASCII only, so the name is written as encoded words (RFC 2047).
fn source(mail: &MailSettings) -> String {
    let name = mail.sender_name.as_ref().unwrap_or(&mail.brand.product);
    // An encoded word has at most 75 characters: 45 bytes are 60 of Base64, in a frame of 12.
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if words.last().is_some_and(|word| word.len() + letter.len_utf8() > 45) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    let words: Vec<_> = words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word))).collect();
    format!("{} <{}>", words.join(" "), mail.from)
}

/// The result that an error of SES stands for; `None` if the error concerns neither the mail nor throttling.
fn classify(code: &str, message: &str, random: u64) -> Option<SendResult> {
    match code {
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "LimitExceededException" => {
            let quota = message.to_ascii_lowercase().contains("quota");
            let jitter = RATE.delay(0, random);
            Some(SendResult::Throttled(if quota { QUOTA + jitter } else { Duration::from_secs(1) + jitter }))
        }
        // An address in the account's suppression list or, in the SES sandbox, one that is not verified; a virus.
        "MessageRejected" => Some(SendResult::Refused("message_rejected")),
        // An address that SES cannot deliver to, such as one with non-ASCII letters before the @.
        "InvalidParameterValue" | "ValidationError" => Some(SendResult::Refused("address_not_accepted")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MailBrand;
    use crate::scripted::{AwsReply, ScriptedAws};

    fn settings(name: Option<&str>) -> MailSettings {
        let brand = MailBrand { product: "Acme".into(), support: None, logo_url: None, color: "#000000".into() };
        let from = "no-reply@acme.example".to_owned();
        MailSettings {
            app_url: "https://acme.example".into(),
            from,
            sender_name: name.map(str::to_owned),
            brand,
            templates: None,
        }
    }

    #[test]
    fn the_sender_has_a_name_that_cannot_add_a_header_or_an_address() {
        assert_eq!(source(&settings(None)), "=?UTF-8?B?QWNtZQ==?= <no-reply@acme.example>");
        let hostile = source(&settings(Some("Acme\r\nBcc: all <x@evil.example>")));
        assert!(!hostile.contains('\n') && !hostile.contains("evil"), "{hostile}");
        let long = source(&settings(Some(&"पहचान ".repeat(20))));
        assert!(long.is_ascii() && long.split(' ').all(|word| word.len() <= 75), "{long}");
    }

    #[test]
    fn a_used_up_quota_waits_longer_than_a_sending_rate() {
        for code in ["Throttling", "ThrottlingException", "TooManyRequestsException"] {
            for random in [0, u64::MAX] {
                let Some(SendResult::Throttled(rate)) = classify(code, "Maximum sending rate exceeded.", random) else {
                    panic!()
                };
                let Some(SendResult::Throttled(quota)) = classify(code, "Daily message quota exceeded.", random) else {
                    panic!()
                };
                assert!((1..=31).contains(&rate.as_secs()) && quota >= QUOTA, "{rate:?} {quota:?}");
            }
        }
    }

    #[test]
    fn a_mail_that_ses_will_never_send_is_refused_and_a_fault_of_the_account_is_an_error() {
        assert_eq!(
            classify("MessageRejected", "Email address is not verified.", 0),
            Some(SendResult::Refused("message_rejected"))
        );
        assert_eq!(
            classify("InvalidParameterValue", "Local address", 0),
            Some(SendResult::Refused("address_not_accepted"))
        );
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
            assert_eq!(classify(code, "", 0), None, "{code}");
        }
    }

    async fn sent(status: u16, body: &str) -> Result<SendResult> {
        let body = body.to_owned();
        let script = ScriptedAws::new(move |_| AwsReply::Xml(status, body.clone()));
        let mail =
            RenderedMail { subject: "Subject".to_owned(), text: "text".to_owned(), html: "<p>text</p>".to_owned() };
        let sent = script.app().send_mail(&Email::parse("ada@example.org").unwrap(), &mail).await;
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
    async fn errors_of_ses_are_classified_as_they_arrive_over_the_wire() {
        let done = "<SendEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><SendEmailResult>\
                    <MessageId>1</MessageId></SendEmailResult></SendEmailResponse>";
        assert_eq!(sent(200, done).await.unwrap(), SendResult::Accepted);
        let rate = sent(400, &refusal("Throttling", "Maximum sending rate exceeded.")).await.unwrap();
        assert!(matches!(rate, SendResult::Throttled(wait) if wait < QUOTA));
        let quota = sent(400, &refusal("Throttling", "Daily message quota exceeded.")).await.unwrap();
        assert!(matches!(quota, SendResult::Throttled(wait) if wait >= QUOTA));
        let lasting = sent(400, &refusal("MessageRejected", "Email address is not verified.")).await.unwrap();
        assert_eq!(lasting, SendResult::Refused("message_rejected"));
        for (status, code) in
            [(400, "AccountSendingPausedException"), (403, "AccessDenied"), (503, "ServiceUnavailable")]
        {
            let error = sent(status, &refusal(code, "ada@example.org")).await.unwrap_err().to_string();
            assert!(error.contains(code) && !error.contains("ada"), "{error}");
        }
    }
}
