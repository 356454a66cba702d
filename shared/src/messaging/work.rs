//! The harness of workers: queue batches, schedules, streams and direct invocations.
//!
//! Each message of a batch is parsed and processed independently: a bad body, an error or a panic fails that message only.
//! Messages are processed a few at a time, and each key once.
//!
//! Time: each message has a time limit of its own, within that of the invocation. A message that could not finish in the
//! remaining time is not started. SQS counts every receive, so such a message is put back as a copy with a new count, and
//! the original is deleted. If the worker dies between the two, both remain, and the key identifies the second one.
//!
//! Rounds: a message carries how often it was put back. Lambda stops a function that invokes itself 16 times in a row unless
//! the template allows it (`RecursiveLoop: Allow`), so the limit is ours: after [`MOST_ROUNDS`] a message is still processed,
//! but putting it back fails, and it ends in the dead letters.

mod declaration;

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{FutureExt, StreamExt};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Message, queue::Queue};
use crate::{
    app::App,
    authorizer::{AuthorizerAnswer, AuthorizerEvent},
    deadline::Deadline,
    domain::time::Timestamp,
    error::{Internal, Result},
    function::{Concurrency, Every, QueueTrigger, Settings, Trigger},
    store::work::{WorkClaim, WorkClaimResult},
};

/// The number of messages of a batch that are processed in parallel.
const AT_ONCE: usize = 4;
/// How often a message may be put back. A provider that is polled every quarter of an hour needs 96 rounds a day; a check
/// in review that waits for fresh lists comes back every ten minutes for a week.
const MOST_ROUNDS: u64 = 1_008;
/// A claim is valid for this much longer than the time limit of its message, since clocks differ.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// The wait of a message that was not started.
const NEXT_INVOCATION: Duration = Duration::from_secs(1);

type BatchRun = dyn Fn(&'static App, Value, Timestamp) -> WorkFuture + Send + Sync;

/// A worker with its types erased: one Lambda function.
#[derive(Clone)]
pub struct Worker {
    /// The function's name in the template, which is its binary's name.
    pub function: &'static str,
    summary: &'static str,
    trigger: Trigger,
    settings: Settings,
    pub(super) run: Arc<BatchRun>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("function", &self.function).finish_non_exhaustive()
    }
}

/// The result of an invocation.
#[derive(Debug)]
pub struct InvocationResult {
    pub answer: Value,
    pub succeeded: u32,
    pub failed: u32,
    /// Put back without a start, for lack of time.
    pub postponed: u32,
}

/// One message, as a handler gets it.
#[derive(Debug)]
pub struct Delivery<B> {
    pub key: String,
    pub correlation_id: String,
    pub body: B,
    pub now: Timestamp,
    /// How often the queue has delivered it, including this time.
    pub attempt: u32,
    /// The handler is dropped at this time.
    pub deadline: Timestamp,
}

/// The result of a handler that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOutcome {
    Done,
    /// Process the message again after this wait, of any length. It does not count as an attempt.
    Later(Duration),
}

impl Worker {
    fn new(function: &'static str, trigger: Trigger, concurrency: Concurrency, run: Arc<BatchRun>) -> Self {
        let settings = Settings { concurrency, ..Settings::new() };
        Self { function, summary: "", trigger, settings, run }
    }

    /// A worker of a queue. `longest` is the time limit of one message: less than the function's time-out, and short enough
    /// that a batch, four messages at a time, fits into it.
    pub fn of_queue<B, F, Fut>(
        function: &'static str,
        trigger: impl Into<QueueTrigger>,
        longest: Duration,
        handler: F,
    ) -> Self
    where
        B: DeserializeOwned + Send + 'static,
        F: Fn(&'static App, Delivery<B>) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<TaskOutcome>> + Send + 'static,
    {
        let boxed: Arc<MessageHandler> = Arc::new(move |app, message: &QueueMessage| {
            let delivery = message.parse::<B>();
            Box::pin(async move { handler(app, delivery?).await })
        });
        let trigger = trigger.into();
        let queue = trigger.queue;
        let run = move |app, event, deadline| {
            let batch = Batch { function, queue, longest, handler: boxed.clone(), deadline };
            boxed_future(async move { batch.run(app, event).await })
        };
        Self::new(function, Trigger::Queue(trigger), Concurrency::Worker, Arc::new(run))
    }

    /// Runs one invocation without the Lambda runtime.
    pub async fn invoke(&self, app: &'static App, event: Value, deadline: Timestamp) -> Result<InvocationResult> {
        (self.run)(app, event, deadline).await
    }

    /// A worker of a schedule. The handler returns the number of items that it processed.
    pub fn of_schedule<F, Fut>(function: &'static str, every: Every, handler: F) -> Self
    where
        F: Fn(&'static App, Timestamp) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<u32>> + Send + 'static,
    {
        let run = move |app, _, deadline| {
            boxed_future(async move {
                let succeeded = in_time(deadline, handler(app, Timestamp::now())).await?;
                Ok(InvocationResult {
                    answer: serde_json::json!({ "processed": succeeded }),
                    succeeded,
                    failed: 0,
                    postponed: 0,
                })
            })
        };
        // Two runs at the same time would do the same work.
        Self::new(function, Trigger::Schedule(every), Concurrency::Fixed(1), Arc::new(run))
    }

    /// A function that the operator invokes with a payload.
    pub fn of_operator<P, R, F, Fut>(function: &'static str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        R: Serialize,
        F: Fn(&'static App, P, Timestamp) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<R>> + Send + 'static,
    {
        Self::of_payload(function, Trigger::Operator, Concurrency::Unreserved, handler)
    }

    /// A Lambda authorizer of the customer's own APIs.
    pub fn of_authorizer<F, Fut>(function: &'static str, handler: F) -> Self
    where
        F: Fn(&'static App, AuthorizerEvent, Timestamp) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<AuthorizerAnswer>> + Send + 'static,
    {
        Self::of_payload(function, Trigger::Authorizer, Concurrency::Unreserved, handler)
    }

    /// A worker of the stream of outbox rows; its payload is the stream's batch.
    pub fn of_outbox_stream<P, R, F, Fut>(function: &'static str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        R: Serialize,
        F: Fn(&'static App, P, Timestamp) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<R>> + Send + 'static,
    {
        Self::of_payload(function, Trigger::OutboxStream, Concurrency::Worker, handler)
    }

    fn of_payload<P, R, F, Fut>(function: &'static str, trigger: Trigger, concurrency: Concurrency, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        R: Serialize,
        F: Fn(&'static App, P, Timestamp) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<R>> + Send + 'static,
    {
        let run = move |app, event, deadline| {
            boxed_future(async move {
                let payload =
                    serde_json::from_value(event).map_err(|error| Internal::bug(format!("payload: {error}")))?;
                let answer = in_time(deadline, handler(app, payload, Timestamp::now())).await?;
                let answer = serde_json::to_value(answer).map_err(Internal::bug)?;
                Ok(InvocationResult { answer, succeeded: 1, failed: 0, postponed: 0 })
            })
        };
        Self::new(function, trigger, concurrency, Arc::new(run))
    }
}

/// The future of an invocation with its type erased.
type WorkFuture = Pin<Box<dyn Future<Output = Result<InvocationResult>> + Send>>;

fn boxed_future(work: impl Future<Output = Result<InvocationResult>> + Send + 'static) -> WorkFuture {
    Box::pin(work)
}

/// Runs the work of an invocation that has no messages, under the invocation's deadline.
async fn in_time<T>(ends_at: Timestamp, work: impl Future<Output = Result<T>>) -> Result<T> {
    match Deadline::of_invocation(ends_at, Timestamp::now()).run(work).await {
        Some(done) => done,
        None => Err(Internal::unavailable("the work did not end before its deadline").into()),
    }
}

type MessageHandler =
    dyn Fn(&'static App, &QueueMessage) -> Pin<Box<dyn Future<Output = Result<TaskOutcome>> + Send>> + Send + Sync;

/// A message as SQS delivers it.
struct QueueMessage {
    id: String,
    body: String,
    attempt: u32,
    now: Timestamp,
    deadline: Timestamp,
}

impl QueueMessage {
    fn parse<B: DeserializeOwned>(&self) -> Result<Delivery<B>> {
        let message: Message<B> = serde_json::from_str(&self.body)
            // The error may quote the value, so only the position is reported.
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

    /// The key, for any type of body.
    fn key(&self) -> Result<String> {
        self.parse::<Value>().map(|delivery| delivery.key)
    }
}

impl From<(SqsMessage, Timestamp, Timestamp)> for QueueMessage {
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

impl QueueMessage {
    /// The copy that is put back, with one more round.
    fn next_round(&self) -> Result<Message<String>> {
        let message = self.parse::<Value>()?;
        let mut copy: serde_json::Map<String, Value> = serde_json::from_str(&self.body).map_err(Internal::corrupt)?;
        let rounds = copy.get("rounds").and_then(Value::as_u64).unwrap_or(0) + 1;
        if rounds > MOST_ROUNDS {
            return Err(Internal::unavailable(format!("the message was put back {MOST_ROUNDS} times")).into());
        }
        copy.insert("rounds".to_owned(), rounds.into());
        let body = serde_json::to_string(&copy).map_err(Internal::bug)?;
        Ok(Message { key: message.key, correlation_id: message.correlation_id, body })
    }
}

struct Batch {
    function: &'static str,
    queue: Queue,
    longest: Duration,
    handler: Arc<MessageHandler>,
    deadline: Timestamp,
}

/// The result of one message of a batch.
enum MessageResult {
    Succeeded,
    Postponed,
    /// The queue delivers the message with this id again, and counts it.
    Failed(String),
}

impl Batch {
    async fn run(&self, app: &'static App, event: Value) -> Result<InvocationResult> {
        let event: SqsEvent = serde_json::from_value(event).map_err(Internal::bug)?;
        let invocation = Deadline::of_invocation(self.deadline, Timestamp::now());
        let started = AtomicUsize::new(0);
        let results: Vec<MessageResult> = futures::stream::iter(event.records)
            .map(|message| async {
                // The first ones start in any case; otherwise a function with too little time would never process anything.
                let first = started.fetch_add(1, Ordering::Relaxed) < AT_ONCE;
                if first || invocation.remaining() >= self.longest {
                    self.start(app, message, invocation).await
                } else {
                    self.postpone(app, message, invocation).await
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let (mut succeeded, mut postponed) = (0, 0);
        let mut answer = SqsBatchResponse::default();
        for result in results {
            match result {
                MessageResult::Succeeded => succeeded += 1,
                MessageResult::Postponed => postponed += 1,
                MessageResult::Failed(id) => {
                    let mut failure = BatchItemFailure::default();
                    failure.item_identifier = id;
                    answer.batch_item_failures.push(failure);
                }
            }
        }
        let failed = u32::try_from(answer.batch_item_failures.len()).unwrap_or(u32::MAX);
        Ok(InvocationResult {
            answer: serde_json::to_value(answer).map_err(Internal::bug)?,
            succeeded,
            failed,
            postponed,
        })
    }

    async fn start(&self, app: &'static App, sqs_message: SqsMessage, invocation: Deadline) -> MessageResult {
        let deadline = invocation.min(Deadline::after(self.longest));
        let now = Timestamp::now();
        let message = QueueMessage::from((sqs_message, now, now + deadline.remaining()));
        match deadline.run(AssertUnwindSafe(self.process(app, &message)).catch_unwind()).await {
            Some(Ok(Ok(()))) => return MessageResult::Succeeded,
            Some(Ok(Err(error))) => {
                tracing::warn!(function = self.function, message = message.id, attempt = message.attempt, %error, "message failed");
            }
            Some(Err(_)) => tracing::error!(function = self.function, message = message.id, "message panicked"),
            // It is unknown how far the handler came, so the claim stays. It expires before the queue delivers again.
            None => tracing::warn!(
                function = self.function,
                message = message.id,
                attempt = message.attempt,
                "message took too long"
            ),
        }
        MessageResult::Failed(message.id)
    }

    async fn postpone(&self, app: &'static App, sqs_message: SqsMessage, invocation: Deadline) -> MessageResult {
        let now = Timestamp::now();
        let message = QueueMessage::from((sqs_message, now, now));
        let put_back = async { app.put_back(self.queue, message.next_round()?, NEXT_INVOCATION).await };
        match invocation.run(put_back).await {
            Some(Ok(())) => return MessageResult::Postponed,
            Some(Err(error)) => {
                tracing::warn!(function = self.function, message = message.id, %error, "message neither started nor put back");
            }
            None => {
                tracing::warn!(function = self.function, message = message.id, "message neither started nor put back");
            }
        }
        MessageResult::Failed(message.id)
    }

    async fn process(&self, app: &'static App, message: &QueueMessage) -> Result<()> {
        let claim = WorkClaim::new(self.function, &message.key()?);
        let store = app.store().await;
        match store.claim_work(&claim, self.longest + LEASE_MARGIN, message.now).await? {
            WorkClaimResult::Done => return Ok(()),
            WorkClaimResult::Busy => {
                return Err(Internal::unavailable("another delivery of this message is being processed").into());
            }
            WorkClaimResult::Claimed => {}
        }
        match (self.handler)(app, message).await {
            Ok(TaskOutcome::Done) => store.finish_work(&claim).await,
            Ok(TaskOutcome::Later(wait)) => {
                // The claim is released first: if the process dies before it sends the copy, the queue delivers again.
                store.release_work(&claim).await?;
                app.put_back(self.queue, message.next_round()?, wait).await
            }
            Err(error) => {
                // The next delivery then need not wait for the lease. If the release fails too, the lease ends it.
                let _ = store.release_work(&claim).await;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
