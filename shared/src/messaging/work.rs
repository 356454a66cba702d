//! The harness of workers: queue batches, schedules, streams and direct invocations.
//!
//! Of a batch each message is parsed and worked on its own: a bad body, a refusal or a panic fails that message alone
//! and never its neighbours. A message is worked once by its key, a few at a time.
//!
//! Time: each message has a bound of its own, within the invocation's. A message that could not end in what is left of
//! the invocation is not begun. SQS counts every receive, worked or not, so such a message is put back as a copy, whose
//! count begins anew, and the original is done with; a worker that dies between the two leaves both, which the key tells.
//!
//! Rounds: a message that is put back carries how often that was so. Lambda stops a function that wakes itself 16 times
//! in a row unless it is told to allow it (`RecursiveLoop: Allow` in the template), so the bound is ours: after
//! [`MOST_ROUNDS`] a message is worked still, but its wish to come back is a failure, which ends in the dead letters.

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
    deadline::Deadline,
    domain::time::Timestamp,
    error::{Internal, Result},
    function::{Concurrency, Every, QueueTrigger, Settings, Trigger},
    store::work::{WorkClaim, WorkClaimResult},
};

/// How many messages of a batch are worked at a time.
const AT_ONCE: usize = 4;
/// How often a message may be put back. A provider that is polled every quarter of an hour needs 96 rounds a day; a check
/// that waits at the review queue for fresh lists, looked at every ten minutes, comes back for a week.
const MOST_ROUNDS: u64 = 1_008;
/// A claim outlives the bound of its message by so much, for clocks that differ.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// The wait of a message that could not be begun.
const NEXT_INVOCATION: Duration = Duration::from_secs(1);

type Run = dyn Fn(&'static App, Value, Timestamp) -> Work + Send + Sync;

/// A worker with the types erased: one Lambda function.
#[derive(Clone)]
pub struct Worker {
    /// The function's name in the template, which is its binary's name.
    pub function: &'static str,
    summary: &'static str,
    trigger: Trigger,
    settings: Settings,
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
    /// Not begun for lack of time, and put back.
    pub postponed: u32,
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
    /// When the working of this message must be done; then it is dropped.
    pub deadline: Timestamp,
}

/// How the working of a message ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Not now: a copy comes back after the wait, however long, and this is not counted as an attempt.
    Later(Duration),
}

impl Worker {
    fn new(function: &'static str, trigger: Trigger, concurrency: Concurrency, run: Arc<Run>) -> Self {
        let settings = Settings { concurrency, ..Settings::new() };
        Self { function, summary: "", trigger, settings, run }
    }

    /// A worker of a queue. `longest` is how long one message may take: less than the function's own time-out, and short
    /// enough that a batch, worked four at a time, fits into it.
    pub fn of_queue<B, F, Fut>(
        function: &'static str,
        trigger: impl Into<QueueTrigger>,
        longest: Duration,
        handler: F,
    ) -> Self
    where
        B: DeserializeOwned + Send + 'static,
        F: Fn(&'static App, Delivery<B>) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<Outcome>> + Send + 'static,
    {
        let boxed: Arc<Handler> = Arc::new(move |app, raw: &Raw| {
            let delivery = raw.parse::<B>();
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

    /// Does one invocation's work, without the runtime around it.
    pub async fn invoke(&self, app: &'static App, event: Value, deadline: Timestamp) -> Result<Ran> {
        (self.run)(app, event, deadline).await
    }

    /// A worker of a schedule: does its round once per tick. The number is how much it did.
    pub fn of_schedule<F, Fut>(function: &'static str, every: Every, handler: F) -> Self
    where
        F: Fn(&'static App, Timestamp) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<u32>> + Send + 'static,
    {
        let run = move |app, _, deadline| {
            boxed_future(async move {
                let worked = in_time(deadline, handler(app, Timestamp::now())).await?;
                Ok(Ran { answer: serde_json::json!({ "worked": worked }), worked, failed: 0, postponed: 0 })
            })
        };
        // The next round comes by itself; two at once would do the same work.
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
                Ok(Ran { answer, worked: 1, failed: 0, postponed: 0 })
            })
        };
        Self::new(function, trigger, concurrency, Arc::new(run))
    }
}

/// The work of an invocation with its type erased.
type Work = Pin<Box<dyn Future<Output = Result<Ran>> + Send>>;

fn boxed_future(work: impl Future<Output = Result<Ran>> + Send + 'static) -> Work {
    Box::pin(work)
}

/// Work of an invocation that is one piece, under the invocation's deadline.
async fn in_time<T>(ends_at: Timestamp, work: impl Future<Output = Result<T>>) -> Result<T> {
    match Deadline::of_invocation(ends_at, Timestamp::now()).run(work).await {
        Some(done) => done,
        None => Err(Internal::unavailable("it did not end before its deadline").into()),
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

impl Raw {
    /// The message as it is put back: the same, with one more round.
    fn again(&self) -> Result<Message<String>> {
        let message = self.parse::<Value>()?;
        let mut whole: serde_json::Map<String, Value> = serde_json::from_str(&self.body).map_err(Internal::corrupt)?;
        let rounds = whole.get("rounds").and_then(Value::as_u64).unwrap_or(0) + 1;
        if rounds > MOST_ROUNDS {
            return Err(Internal::unavailable(format!("put back {MOST_ROUNDS} times already")).into());
        }
        whole.insert("rounds".to_owned(), rounds.into());
        let body = serde_json::to_string(&whole).map_err(Internal::bug)?;
        Ok(Message { key: message.key, correlation_id: message.correlation_id, body })
    }
}

struct Batch {
    function: &'static str,
    queue: Queue,
    longest: Duration,
    handler: Arc<Handler>,
    deadline: Timestamp,
}

/// What became of a message of a batch.
enum End {
    Worked,
    Postponed,
    /// To come again, and counted; holds its id.
    Failed(String),
}

impl Batch {
    async fn run(&self, app: &'static App, event: Value) -> Result<Ran> {
        let event: SqsEvent = serde_json::from_value(event).map_err(Internal::bug)?;
        let invocation = Deadline::of_invocation(self.deadline, Timestamp::now());
        let begun = AtomicUsize::new(0);
        let ends: Vec<End> = futures::stream::iter(event.records)
            .map(|message| async {
                // The first are begun whatever time there is, or a function with too little would never do anything.
                let first = begun.fetch_add(1, Ordering::Relaxed) < AT_ONCE;
                if first || invocation.remaining() >= self.longest {
                    self.begin(app, message, invocation).await
                } else {
                    self.postpone(app, message, invocation).await
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let (mut worked, mut postponed) = (0, 0);
        let mut answer = SqsBatchResponse::default();
        for end in ends {
            match end {
                End::Worked => worked += 1,
                End::Postponed => postponed += 1,
                End::Failed(id) => {
                    let mut failure = BatchItemFailure::default();
                    failure.item_identifier = id;
                    answer.batch_item_failures.push(failure);
                }
            }
        }
        let failed = u32::try_from(answer.batch_item_failures.len()).unwrap_or(u32::MAX);
        Ok(Ran { answer: serde_json::to_value(answer).map_err(Internal::bug)?, worked, failed, postponed })
    }

    async fn begin(&self, app: &'static App, message: SqsMessage, invocation: Deadline) -> End {
        let deadline = invocation.min(Deadline::after(self.longest));
        let now = Timestamp::now();
        let raw = Raw::from((message, now, now + deadline.remaining()));
        match deadline.run(AssertUnwindSafe(self.work(app, &raw)).catch_unwind()).await {
            Some(Ok(Ok(()))) => return End::Worked,
            Some(Ok(Err(error))) => {
                tracing::warn!(function = self.function, message = raw.id, attempt = raw.attempt, %error, "message failed");
            }
            Some(Err(_)) => tracing::error!(function = self.function, message = raw.id, "message panicked"),
            // Its claim stays: nobody knows how far it came. It has passed when the queue delivers again.
            None => tracing::warn!(
                function = self.function,
                message = raw.id,
                attempt = raw.attempt,
                "message took too long"
            ),
        }
        End::Failed(raw.id)
    }

    async fn postpone(&self, app: &'static App, message: SqsMessage, invocation: Deadline) -> End {
        let now = Timestamp::now();
        let raw = Raw::from((message, now, now));
        let put_back = async { app.put_back(self.queue, raw.again()?, NEXT_INVOCATION).await };
        match invocation.run(put_back).await {
            Some(Ok(())) => return End::Postponed,
            Some(Err(error)) => {
                tracing::warn!(function = self.function, message = raw.id, %error, "message not begun, and not put back");
            }
            None => tracing::warn!(function = self.function, message = raw.id, "message not begun, and not put back"),
        }
        End::Failed(raw.id)
    }

    async fn work(&self, app: &'static App, raw: &Raw) -> Result<()> {
        let claim = WorkClaim::new(self.function, &raw.key()?);
        let store = app.store().await;
        match store.claim_work(&claim, self.longest + LEASE_MARGIN, raw.now).await? {
            WorkClaimResult::Done => return Ok(()),
            WorkClaimResult::Busy => {
                return Err(Internal::unavailable("another delivery of this message is at work").into());
            }
            WorkClaimResult::Claimed => {}
        }
        match (self.handler)(app, raw).await {
            Ok(Outcome::Done) => store.finish_work(&claim).await,
            Ok(Outcome::Later(wait)) => {
                // Given back first: if this dies before the copy is sent, the queue itself delivers again.
                store.release_work(&claim).await?;
                app.put_back(self.queue, raw.again()?, wait).await
            }
            Err(error) => {
                // So that the next delivery need not wait for the lease; it stays if this fails too.
                let _ = store.release_work(&claim).await;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
