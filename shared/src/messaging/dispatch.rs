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
    domain::event::{Route, counts},
    domain::time::Timestamp,
    error::Result,
    store::event::EventRecord,
};

/// Hands one event on. `false` if somebody else had done so meanwhile.
pub async fn hand_on(app: &App, record: &EventRecord) -> Result<bool> {
    for route in record.r#type.routes() {
        match route {
            Route::Mail(mail) => {
                // The key names the mail too: one event may ask for several.
                let key = format!("{}#{}", record.id, mail.as_str());
                let body = Notice::Mail { mail: *mail, event: Box::new(record.clone()) };
                send(app, Queue::Notification, key, record, body).await?;
            }
            Route::Verification => send(app, Queue::Verification, record.id.to_string(), record, task(record)).await?,
            Route::Screening => send(app, Queue::Screening, record.id.to_string(), record, task(record)).await?,
            Route::Lists => send(app, Queue::Lists, record.id.to_string(), record, task(record)).await?,
            Route::Documents => send(app, Queue::Documents, record.id.to_string(), record, task(record)).await?,
            Route::ProviderCallbacks => {
                send(app, Queue::Callbacks, record.id.to_string(), record, task(record)).await?;
            }
        }
    }
    let data = serde_json::Value::Object(record.data.clone());
    let counted: Vec<_> = counts(record.r#type, &data)
        .into_iter()
        .map(|count| {
            let labels: Vec<_> = count.labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            (format!("{}{labels}", count.counter), count.by)
        })
        .collect();
    app.store().await.close_outbox(record, &counted, Timestamp::now()).await
}

fn task(record: &EventRecord) -> Task {
    Task::Event { event: Box::new(record.clone()) }
}

async fn send<B: serde::Serialize>(app: &App, queue: Queue, key: String, record: &EventRecord, body: B) -> Result<()> {
    let message = Message { key, correlation_id: record.correlation_id.clone(), body };
    app.send(queue, &message, Duration::ZERO).await
}
