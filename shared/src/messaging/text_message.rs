//! Sending text messages through SNS (`Publish` to a phone number), behind a breaker that all processes share.

use std::time::Duration;

use aws_sdk_sns::{error::ProvideErrorMetadata, types::MessageAttributeValue};

use super::mail::SendResult;
use crate::{
    app::App,
    config::SmsSettings,
    crypto::random,
    domain::{backoff::Backoff, breaker::BreakerPolicy, person::PhoneNumber, time::Timestamp},
    error::{Internal, Result},
};

/// The name of the breaker.
pub const BREAKER: &str = "sns";

const POLICY: BreakerPolicy = BreakerPolicy {
    window: Duration::from_mins(1),
    minimum_calls: 5,
    open_for: Duration::from_secs(30),
    probe_for: Duration::from_secs(15),
};

/// The wait after a failure. A code is of use for five minutes, so it is short.
const AGAIN: Backoff = Backoff { base: Duration::from_secs(5), cap: Duration::from_secs(5) };

impl App {
    /// Sends a text message to one number. [`SendResult::Throttled`] after a failure too: the message should be sent again after the
    /// wait, while it is of use.
    ///
    /// SNS accepts messages that it does not deliver: to numbers that opted out, beyond the account's monthly spend limit, and, while
    /// the account is in the SMS sandbox, to numbers that are not verified there. Its delivery log tells.
    pub async fn send_text_message(&self, to: &PhoneNumber, text: &str) -> Result<SendResult> {
        let (store, now) = (self.store().await, Timestamp::now());
        let permit = match store.breaker_admit(BREAKER, &POLICY, now).await? {
            Ok(permit) => permit,
            Err(retry_at) => return Ok(SendResult::Throttled(retry_at.since(now).max(Duration::from_secs(1)))),
        };
        let mut request = self.sns().await.publish().phone_number(to.as_str()).message(text);
        for (name, value) in attributes(self.config.sms()?) {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            request = request.message_attributes(name, value.map_err(Internal::bug)?);
        }
        let sent = request.send().await;
        let result = sent.err().map_or(Outcome::Accepted, |error| {
            // The message of SNS may quote the number, so only the code is logged.
            let code = error.code().unwrap_or("no answer").to_owned();
            tracing::warn!(code, "SNS did not accept a text message");
            classify(&code)
        });
        let healthy = !matches!(result, Outcome::Failed);
        if let Err(error) = store.breaker_report(BREAKER, permit, healthy, &POLICY, Timestamp::now()).await {
            tracing::warn!(%error, "the breaker of text messages was not updated");
        }
        let wait = || AGAIN.delay(0, u64::from_be_bytes(random::bytes())) + Duration::from_secs(1);
        Ok(match result {
            Outcome::Accepted => SendResult::Accepted,
            Outcome::Refused(reason) => SendResult::Refused(reason),
            Outcome::Throttled | Outcome::Failed => SendResult::Throttled(wait()),
        })
    }
}

/// The attributes of each message. Transactional messages go by the routes of the highest reliability.
fn attributes(settings: &SmsSettings) -> Vec<(&'static str, &str)> {
    let sender = settings.sender_id.as_deref().map(|id| ("AWS.SNS.SMS.SenderID", id));
    std::iter::once(("AWS.SNS.SMS.SMSType", "Transactional")).chain(sender).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Accepted,
    /// SNS is well and asks to wait.
    Throttled,
    /// SNS will never send this message.
    Refused(&'static str),
    /// SNS fails, or an operator has to act: the grant is missing, or the account may not send.
    Failed,
}

fn classify(code: &str) -> Outcome {
    match code {
        "Throttling" | "ThrottlingException" | "Throttled" | "ThrottledException" | "TooManyRequestsException" => {
            Outcome::Throttled
        }
        "InvalidParameter"
        | "InvalidParameterException"
        | "InvalidParameterValue"
        | "ParameterValueInvalid"
        | "ValidationException"
        | "ValidationError" => Outcome::Refused("number_not_accepted"),
        "OptedOut" | "OptedOutException" => Outcome::Refused("opted_out"),
        _ => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scripted::{AwsReply, ScriptedAws};

    fn number() -> PhoneNumber {
        PhoneNumber::parse("+4915123456789").unwrap()
    }

    fn refusal(code: &str) -> String {
        format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>Invalid parameter: PhoneNumber Reason: +4915123456789 is not valid</Message></Error>\
             <RequestId>1</RequestId></ErrorResponse>"
        )
    }

    const ACCEPTED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
                            <MessageId>1</MessageId></PublishResult></PublishResponse>";

    fn script(status: u16, body: String) -> ScriptedAws {
        ScriptedAws::new(move |call| match call.operation.as_str() {
            "Publish" => AwsReply::Xml(status, body.clone()),
            _ => AwsReply::Ok(json!({})),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn answers_of_sns_are_classified_as_they_arrive_over_the_wire() {
        let sent =
            async |status, body: String| script(status, body).app().send_text_message(&number(), "1").await.unwrap();
        assert_eq!(sent(200, ACCEPTED.to_owned()).await, SendResult::Accepted);
        assert_eq!(sent(400, refusal("InvalidParameter")).await, SendResult::Refused("number_not_accepted"));
        assert_eq!(sent(400, refusal("OptedOut")).await, SendResult::Refused("opted_out"));
        for (status, code) in [(400, "Throttling"), (403, "AuthorizationError"), (500, "InternalError")] {
            assert!(matches!(sent(status, refusal(code)).await, SendResult::Throttled(_)), "{code}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_breaker_calls_nobody() {
        let state = json!({"generation": {"N": "1"}, "window": {"S": "2026-01-01T00:00:00.000Z"}, "calls": {"N": "0"},
            "failures": {"N": "0"}, "open_until": {"S": "2999-01-01T00:00:00.000Z"}});
        let script = ScriptedAws::new(move |call| match call.operation.as_str() {
            "GetItem" => AwsReply::Ok(json!({"Item": state.clone()})),
            _ => AwsReply::Ok(json!({})),
        });
        assert!(matches!(script.app().send_text_message(&number(), "1").await, Ok(SendResult::Throttled(_))));
        assert!(script.calls_of("Publish").is_empty());
    }

    #[test]
    fn a_message_is_transactional_and_has_the_sender_of_the_deployment() {
        let settings = |sender: Option<&str>| SmsSettings { countries: vec![], sender_id: sender.map(str::to_owned) };
        assert_eq!(attributes(&settings(None)), [("AWS.SNS.SMS.SMSType", "Transactional")]);
        assert_eq!(attributes(&settings(Some("ACME")))[1], ("AWS.SNS.SMS.SenderID", "ACME"));
    }
}
