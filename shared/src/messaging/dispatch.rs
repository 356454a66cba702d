//! The dispatcher: sends an event to the queues of its consumers and of its notification.
//!
//! The messages are sent first; then one transaction deletes the outbox row and adds the counters. A dispatcher that dies
//! in between sends the messages again, which the consumers recognise by their key. So no event is lost and none is counted
//! twice.

use std::time::Duration;

use super::{
    Message,
    message::{EventTask, MailTask},
    queue::Queue,
};
use crate::{app::App, domain::time::Timestamp, error::Result, store::event::EventRecord};

/// Dispatches one event. `false` if another process closed its outbox row meanwhile.
pub async fn dispatch(app: &App, record: &EventRecord) -> Result<bool> {
    let row = record.r#type.row();
    // An event of a machine client's thing concerns nobody who could be notified.
    if let Some(notification) = row.notification.filter(|_| record.person.is_some()) {
        for channel in notification.row().channels {
            let key = format!("{}#{notification}#{channel}", record.id);
            let body = MailTask::Notify { notification, channel: *channel, event: Box::new(record.clone()) };
            send(app, Queue::Notification, key, record, body).await?;
        }
    }
    let told = row.webhook.map(|_| Queue::Webhooks);
    for queue in row.work.iter().chain(&told) {
        let task = EventTask::Event { event: Box::new(record.clone()) };
        send(app, *queue, record.id.to_string(), record, task).await?;
    }
    let counted: Vec<_> = row
        .counters
        .iter()
        .map(|counter| counter.count(&record.data))
        .map(|count| {
            let labels: Vec<_> = count.labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            (format!("{}{labels}", count.counter), count.by)
        })
        .collect();
    app.store().await.close_outbox(record, &counted, Timestamp::now()).await
}

async fn send<B: serde::Serialize>(app: &App, queue: Queue, key: String, record: &EventRecord, body: B) -> Result<()> {
    let message = Message { key, correlation_id: record.correlation_id.clone(), body };
    app.send(queue, &message, Duration::ZERO).await
}
