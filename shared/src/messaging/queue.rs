//! Sending to our queues.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Message;
use crate::{
    app::App,
    error::{Internal, Result},
};

/// A queue by its logical name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    Verification,
    Callbacks,
    Notification,
    Documents,
}

/// SQS delays no longer; longer waits are due rows.
pub const LONGEST_DELAY: Duration = Duration::from_mins(15);

impl App {
    fn queue_url(&self, queue: Queue) -> &str {
        let queues = &self.config.queues;
        match queue {
            Queue::Verification => &queues.verification,
            Queue::Callbacks => &queues.callbacks,
            Queue::Notification => &queues.notification,
            Queue::Documents => &queues.documents,
        }
    }

    /// Sends a message, to be seen after a delay of at most 15 minutes.
    pub async fn send<B: Serialize>(&self, queue: Queue, message: &Message<B>, delay: Duration) -> Result<()> {
        let body = serde_json::to_string(message).map_err(Internal::bug)?;
        self.send_raw(queue, body, delay).await
    }

    /// Sends a message that was serialised before.
    pub async fn send_raw(&self, queue: Queue, body: String, delay: Duration) -> Result<()> {
        let seconds = i32::try_from(delay.min(LONGEST_DELAY).as_secs()).unwrap_or(0);
        self.sqs()
            .await
            .send_message()
            .queue_url(self.queue_url(queue))
            .message_body(body)
            .delay_seconds(seconds)
            .send()
            .await
            .map_err(|error| Internal::aws("send message", &error))?;
        Ok(())
    }
}
