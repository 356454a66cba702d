//! Handing events to the queues that want them.
//!
//! Sent first, then the outbox row is deleted with the counters in one transaction: a dispatcher that dies in between
//! sends again, and the consumers know the event by its id. Nothing is lost and nothing is counted twice.

use std::time::Duration;

use super::{
    Message,
    message::{Notice, Task},
    queue::Queue,
};
use crate::{
    app::App,
    domain::{event::Consumer, time::Timestamp},
    error::Result,
    store::event::EventRecord,
};

/// Hands one event on. `false` if somebody else had done so meanwhile.
pub async fn hand_on(app: &App, record: &EventRecord) -> Result<bool> {
    let row = record.r#type.row();
    if let Some(mail) = row.mail {
        // The key names the mail too, so that another notification of the same event would be another message.
        let key = format!("{}#{}", record.id, mail.as_str());
        let body = Notice::Mail { mail, event: Box::new(record.clone()) };
        send(app, Queue::Notification, key, record, body).await?;
    }
    for consumer in row.work {
        let task = Task::Event { event: Box::new(record.clone()) };
        send(app, queue_of(*consumer), record.id.to_string(), record, task).await?;
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

fn queue_of(consumer: Consumer) -> Queue {
    match consumer {
        Consumer::Verification => Queue::Verification,
        Consumer::Screening => Queue::Screening,
        Consumer::Lists => Queue::Lists,
        Consumer::Documents => Queue::Documents,
        Consumer::Callbacks => Queue::Callbacks,
    }
}

async fn send<B: serde::Serialize>(app: &App, queue: Queue, key: String, record: &EventRecord, body: B) -> Result<()> {
    let message = Message { key, correlation_id: record.correlation_id.clone(), body };
    app.send(queue, &message, Duration::ZERO).await
}
