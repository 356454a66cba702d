//! Sending to queues.

use std::{collections::HashMap, time::Duration};

use aws_sdk_sqs::{error::ProvideErrorMetadata, types::QueueAttributeName};
use serde::Serialize;

use super::Message;
pub use crate::config::names::Queue;
use crate::{
    app::App,
    domain::{event::Actor, time::Timestamp},
    error::{Internal, Result},
    run_command,
    store::due::DueRow,
};

/// The approximate number of messages of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueDepth {
    pub queue: Queue,
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
    /// In the dead-letter queue.
    pub dead: u64,
}

/// The longest delay of SQS. A longer wait is a due row.
pub const LONGEST_DELAY: Duration = Duration::from_mins(15);

impl App {
    /// Sends a message with a delay of at most 15 minutes.
    pub async fn send<B: Serialize>(&self, queue: Queue, message: &Message<B>, delay: Duration) -> Result<()> {
        let body = serde_json::to_string(message).map_err(Internal::bug)?;
        self.send_raw(queue, body, delay).await
    }

    /// Depths of all queues and their dead-letter queues.
    pub async fn queue_depths(&self) -> Result<Vec<QueueDepth>> {
        futures::future::try_join_all(Queue::ALL.iter().map(|queue| self.queue_depth(*queue))).await
    }

    async fn queue_depth(&self, queue: Queue) -> Result<QueueDepth> {
        use QueueAttributeName as A;
        let url = &self.config.queues.url(queue);
        let counts = [
            A::ApproximateNumberOfMessages,
            A::ApproximateNumberOfMessagesNotVisible,
            A::ApproximateNumberOfMessagesDelayed,
        ];
        let own = self.queue_attributes(url, &[&counts[..], &[A::RedrivePolicy]].concat()).await?;
        let dead = match own.get(&A::RedrivePolicy).and_then(|policy| dead_letter_url(url, policy)) {
            Some(dead) => count(&self.queue_attributes(&dead, &counts[..1]).await?, &counts[0]),
            None => 0,
        };
        let [visible, in_flight, delayed] = counts.map(|name| count(&own, &name));
        Ok(QueueDepth { queue, visible, in_flight, delayed, dead })
    }

    async fn queue_attributes(&self, url: &str, names: &[QueueAttributeName]) -> Result<Attributes> {
        let request = self.sqs().await.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec()));
        let answer = request.send().await.map_err(|error| Internal::aws("queue attributes", &error))?;
        Ok(answer.attributes.unwrap_or_default())
    }

    /// Sends a serialised message with a delay of at most 15 minutes.
    pub async fn send_raw(&self, queue: Queue, body: String, delay: Duration) -> Result<()> {
        Ok(self.offer(queue, body, delay).await.map_err(|unsent| match unsent {
            Unsent::Invalid(error) | Unsent::NotNow(error) => error,
        })?)
    }

    /// The same, with an error that distinguishes a message that can never be sent.
    pub async fn offer(&self, queue: Queue, body: String, delay: Duration) -> Result<(), Unsent> {
        let seconds = i32::try_from(delay.min(LONGEST_DELAY).as_secs()).unwrap_or(0);
        let request = self.sqs().await.send_message().queue_url(self.config.queues.url(queue));
        let Err(error) = request.message_body(body).delay_seconds(seconds).send().await else { return Ok(()) };
        let invalid = error.code().is_some_and(|code| INVALID.contains(&code));
        let error = Internal::aws("send message", &error);
        Err(if invalid { Unsent::Invalid(error) } else { Unsent::NotNow(error) })
    }

    /// Puts a message back with a wait of any length. `body` is the whole serialised message. A wait that is too long for SQS
    /// is a due row.
    pub async fn put_back(&self, queue: Queue, message: Message<String>, wait: Duration) -> Result<()> {
        if wait <= LONGEST_DELAY {
            return self.send_raw(queue, message.body, wait).await;
        }
        let (store, now) = (self.store().await, Timestamp::now());
        let row = DueRow::of_text(queue, now + wait, message.key, message.body);
        let command = store.command(&message.correlation_id, Actor::system("queues"));
        run_command!(command, |attempt| { Ok(attempt.commit(now).due(Ok(row.clone())).returning(())) })
    }
}

/// The reason why a message was not sent.
#[derive(Debug)]
pub enum Unsent {
    /// SQS will never accept it.
    Invalid(Internal),
    /// SQS may accept it later.
    NotNow(Internal),
}

/// Error codes of SQS for a message that it never accepts: it is too long or has characters outside XML 1.0.
const INVALID: [&str; 4] =
    ["InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException", "ValidationError"];

type Attributes = HashMap<QueueAttributeName, String>;

fn count(attributes: &Attributes, name: &QueueAttributeName) -> u64 {
    attributes.get(name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The URL of the dead-letter queue. It differs from the queue's URL in its last part, which is the name in its ARN.
fn dead_letter_url(url: &str, redrive_policy: &str) -> Option<String> {
    let policy: serde_json::Value = serde_json::from_str(redrive_policy).ok()?;
    let name = policy["deadLetterTargetArn"].as_str()?.rsplit(':').next()?.to_owned();
    let (beside, _) = url.rsplit_once('/')?;
    Some(format!("{beside}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_the_dead_letter_queue_follows_from_its_arn() {
        let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:123456789012:main-documents-dead","maxReceiveCount":5}"#;
        let url = dead_letter_url("https://sqs.eu-central-1.amazonaws.com/123456789012/main-documents", policy);
        assert_eq!(url.as_deref(), Some("https://sqs.eu-central-1.amazonaws.com/123456789012/main-documents-dead"));
        assert_eq!(dead_letter_url("https://sqs/1/q", "{}"), None);
    }
}
