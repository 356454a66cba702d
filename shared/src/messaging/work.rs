//! The harness of workers: queue batches, schedules, streams and direct invocations.
//!
//! Of a batch each message is parsed and worked on its own: a bad body, a refusal or a panic fails that message alone
//! and never its neighbours. A message is worked once by its key, a few at a time.

use std::{future::Future, panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{FutureExt, StreamExt};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Message, queue::Queue};
use crate::{
    app::App,
    domain::time::Timestamp,
    error::{Internal, Result},
    store::work::Claimed,
};

/// How many messages of a batch are worked at a time.
const AT_ONCE: usize = 4;

type Run = dyn Fn(&'static App, Value, Timestamp) -> Pin<Box<dyn Future<Output = Result<Ran>> + Send>> + Send + Sync;

/// A worker with the types erased: one Lambda function.
#[derive(Clone)]
pub struct Worker {
    /// The function's name in the template, which is its binary's name.
    pub function: &'static str,
    pub(super) run: Arc<Run>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("function", &self.function).finish_non_exhaustive()
    }
}

/// What an invocation did.
#[derive(Debug)]
pub struct Ran {
    pub answer: Value,
    pub worked: u32,
    pub failed: u32,
}

/// One message to be worked.
#[derive(Debug)]
pub struct Delivery<B> {
    pub key: String,
    pub correlation_id: String,
    pub body: B,
    pub now: Timestamp,
    /// How often the queue has handed it out, this time included.
    pub attempt: u32,
    /// When the function must be done.
    pub deadline: Timestamp,
}

/// How the working of a message ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Not now: a copy comes back after the delay, and this is not counted as an attempt.
    Later(Duration),
}

impl Worker {
    /// A worker of a queue. `lease` is how long one message may take, at most the function's own time-out.
    pub fn of_queue<B, F, Fut>(function: &'static str, queue: Queue, lease: Duration, handler: F) -> Self
    where
        B: DeserializeOwned + Send + 'static,
        F: Fn(&'static App, Delivery<B>) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<Outcome>> + Send + 'static,
    {
        let boxed: Arc<Handler> = Arc::new(move |app, raw: &Raw| {
            let delivery = raw.parse::<B>();
            Box::pin(async move { handler(app, delivery?).await })
        });
        Self {
            function,
            run: Arc::new(move |app, event, deadline| {
                let batch = Batch { function, queue, lease, handler: boxed.clone(), deadline };
                Box::pin(async move { batch.run(app, event).await })
            }),
        }
    }

    /// Does one invocation's work, without the runtime around it.
    pub async fn invoke(&self, app: &'static App, event: Value, deadline: Timestamp) -> Result<Ran> {
        (self.run)(app, event, deadline).await
    }

    /// A worker of a schedule: does its round once per tick. The number is how much it did.
    pub fn of_schedule<F, Fut>(function: &'static str, handler: F) -> Self
    where
        F: Fn(&'static App, Timestamp) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<u32>> + Send + 'static,
    {
        Self {
            function,
            run: Arc::new(move |app, _, _| {
                Box::pin(async move {
                    let worked = handler(app, Timestamp::now()).await?;
                    Ok(Ran { answer: serde_json::json!({ "worked": worked }), worked, failed: 0 })
                })
            }),
        }
    }

    /// A function that the operator or the platform invokes with a payload.
    pub fn of_invocation<P, R, F, Fut>(function: &'static str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        R: Serialize,
        F: Fn(&'static App, P, Timestamp) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<R>> + Send + 'static,
    {
        Self {
            function,
            run: Arc::new(move |app, event, _| {
                Box::pin(async move {
                    let payload =
                        serde_json::from_value(event).map_err(|error| Internal::bug(format!("payload: {error}")))?;
                    let answer = handler(app, payload, Timestamp::now()).await?;
                    let answer = serde_json::to_value(answer).map_err(Internal::bug)?;
                    Ok(Ran { answer, worked: 1, failed: 0 })
                })
            }),
        }
    }
}

type Handler = dyn Fn(&'static App, &Raw) -> Pin<Box<dyn Future<Output = Result<Outcome>> + Send>> + Send + Sync;

/// A message as SQS gives it.
struct Raw {
    id: String,
    body: String,
    attempt: u32,
    now: Timestamp,
    deadline: Timestamp,
}

impl Raw {
    fn parse<B: DeserializeOwned>(&self) -> Result<Delivery<B>> {
        let message: Message<B> = serde_json::from_str(&self.body)
            // The message may quote the value: only where it went wrong is told.
            .map_err(|error| Internal::corrupt(format!("message body, column {}", error.column())))?;
        Ok(Delivery {
            key: message.key,
            correlation_id: message.correlation_id,
            body: message.body,
            now: self.now,
            attempt: self.attempt,
            deadline: self.deadline,
        })
    }

    /// The key without knowing the body's type.
    fn key(&self) -> Result<String> {
        self.parse::<Value>().map(|delivery| delivery.key)
    }
}

impl From<(SqsMessage, Timestamp, Timestamp)> for Raw {
    fn from((message, now, deadline): (SqsMessage, Timestamp, Timestamp)) -> Self {
        let attempt = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
        Self {
            id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            attempt: attempt.unwrap_or(1),
            now,
            deadline,
        }
    }
}

struct Batch {
    function: &'static str,
    queue: Queue,
    lease: Duration,
    handler: Arc<Handler>,
    deadline: Timestamp,
}

impl Batch {
    async fn run(&self, app: &'static App, event: Value) -> Result<Ran> {
        let event: SqsEvent = serde_json::from_value(event).map_err(Internal::bug)?;
        let total = event.records.len();
        let failures: Vec<String> = futures::stream::iter(event.records)
            .map(|message| async {
                let raw = Raw::from((message, Timestamp::now(), self.deadline));
                match AssertUnwindSafe(self.work(app, &raw)).catch_unwind().await {
                    Ok(Ok(())) => None,
                    Ok(Err(error)) => {
                        tracing::warn!(function = self.function, message = raw.id, attempt = raw.attempt, %error, "message failed");
                        Some(raw.id)
                    }
                    Err(_) => {
                        tracing::error!(function = self.function, message = raw.id, "message panicked");
                        Some(raw.id)
                    }
                }
            })
            .buffer_unordered(AT_ONCE)
            .filter_map(|failed| async move { failed })
            .collect()
            .await;
        let failed = u32::try_from(failures.len()).unwrap_or(u32::MAX);
        let mut answer = SqsBatchResponse::default();
        answer.batch_item_failures = failures
            .into_iter()
            .map(|id| {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                failure
            })
            .collect();
        Ok(Ran {
            answer: serde_json::to_value(answer).map_err(Internal::bug)?,
            worked: u32::try_from(total).unwrap_or(u32::MAX).saturating_sub(failed),
            failed,
        })
    }

    async fn work(&self, app: &'static App, raw: &Raw) -> Result<()> {
        let key = raw.key()?;
        let store = app.store().await;
        match store.claim_work(self.function, &key, self.lease, raw.now).await? {
            Claimed::Done => return Ok(()),
            Claimed::Busy => return Err(Internal::unavailable("another delivery of this message is at work").into()),
            Claimed::Mine => {}
        }
        match (self.handler)(app, raw).await {
            Ok(Outcome::Done) => store.finish_work(self.function, &key).await,
            Ok(Outcome::Later(delay)) => {
                // Given back first: if this dies before the copy is sent, the queue itself delivers again.
                store.release_work(self.function, &key).await?;
                app.send_raw(self.queue, raw.body.clone(), delay).await
            }
            Err(error) => {
                // So that the next delivery need not wait for the lease; it stays if this fails too.
                let _ = store.release_work(self.function, &key).await;
                Err(error)
            }
        }
    }
}
