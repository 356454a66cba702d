//! Queue `webhook-deliveries`: one attempt of a delivery per message.
//!
//! An attempt is recorded under the version of the delivery that it was made of, so of two workers at one attempt one result counts. A
//! worker that dies after the endpoint accepted and before it recorded that sends the delivery again, under the same id.
//!
//! An endpoint that hangs keeps at most four attempts busy (its slots), until its breaker opens; then attempts are counted as failed
//! without a call.

use std::time::Duration;

use verinym::{
    app::App,
    config::names::SecretId,
    crypto::random,
    domain::{
        breaker::BreakerPolicy,
        event::{Actor, Cause, EventType},
        id::{DeliveryId, WebhookId},
        time::Timestamp,
        webhook::{self, AttemptResult, DisabledReason, Endpoint, gives_up},
    },
    error::Result,
    function::{Capability, Needs, QueueTrigger},
    messaging::{Delivery, TaskOutcome, Worker, message::DeliveryTask, queue::Queue},
    providers::signature::standard_webhooks,
    run_command,
    store::{Table, command::Decided, commit::Commit, secrets::IndexSecrets, webhook::endpoint_event},
    webhooks::{Answer, Sender},
};

use crate::webhook_deliveries::{may_be_told, send_attempt};

/// The time limit of one message: an attempt of ten seconds, and the reads and writes around it.
const LONGEST: Duration = Duration::from_secs(22);
/// Longer than an attempt.
const SLOT_LEASE: Duration = Duration::from_secs(25);
const BREAKER: BreakerPolicy = BreakerPolicy {
    window: Duration::from_mins(1),
    minimum_calls: 5,
    open_for: Duration::from_secs(30),
    probe_for: Duration::from_secs(30),
};

pub fn worker() -> Worker {
    // All messages of a batch are begun at once, so that none waits for another one's endpoint.
    let trigger = QueueTrigger::of(Queue::Deliveries).batch(4);
    Worker::of_queue("workers-deliver-webhook", trigger, LONGEST, deliver)
        .summary("Send one delivery to a webhook endpoint")
        .timeout(30)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Outbound)
                .put(Table::Outbound)
                .update(Table::Outbound)
                .get(Table::Identity)
                .get(Table::Ephemeral)
                .put(Table::Ephemeral)
                .update(Table::Ephemeral)
                .delete(Table::Ephemeral)
                .read_secret(SecretId::Indexes)
                .send(Queue::Deliveries)
                .rarely("the owner has a custom role", Needs::new().get_many(Table::Identity))
                .rarely("an endpoint accepts a delivery after it failed", Needs::new().delete(Table::Outbound)),
        )
}

async fn deliver(app: &'static App, work: Delivery<DeliveryTask>) -> Result<TaskOutcome> {
    let (store, task, now) = (app.store().await, &work.body, work.now);
    let Some(found) = store.delivery(&task.webhook, &task.delivery, now).await? else { return Ok(TaskOutcome::Done) };
    let delivery = &found.delivery;
    if delivery.version != task.version {
        // This attempt was recorded, perhaps by a worker that died before it sent the message of the next one.
        send_attempt(app, delivery, &work.correlation_id).await?;
        return Ok(TaskOutcome::Done);
    }
    let Some(item) = store.webhook(&task.webhook).await? else { return Ok(TaskOutcome::Done) };
    let indexes = app.index_secrets().await?;
    let endpoint = item.open(&indexes)?;
    let attempt = Attempt { app, task, correlation_id: &work.correlation_id, indexes: &indexes };
    let told = may_be_told(app, &endpoint.owner, endpoint.scope, delivery.kind.parse().ok()).await?;
    if !endpoint.enabled || !told {
        attempt.cancel().await?;
        return Ok(TaskOutcome::Done);
    }
    let breaker = format!("webhook:{}", endpoint.id);
    let answer = match store.breaker_admit(&breaker, &BREAKER, now).await? {
        Err(_) => Answer::NOT_TRIED,
        Ok(permit) => {
            let Some(slot) = store.take_slot(&endpoint.id, SLOT_LEASE, now).await? else {
                return Ok(TaskOutcome::Later(until_a_slot_is_free(delivery, now)));
            };
            let answer = post(app, &endpoint, delivery).await;
            let well = matches!(answer.result, AttemptResult::Answered { status: 0..=428 | 430..=499, .. });
            let reported = store.breaker_report(&breaker, permit, well, &BREAKER, Timestamp::now()).await;
            let given_back = store.give_slot_back(slot).await;
            if let Err(error) = reported.and(given_back) {
                // Both end by themselves; the attempt must be recorded nevertheless.
                tracing::warn!(%error, "breaker or slot of an endpoint not updated");
            }
            answer
        }
    };
    attempt.record(&answer).await?;
    Ok(TaskOutcome::Done)
}

/// Deliveries that have waited for long come back less often.
fn until_a_slot_is_free(delivery: &webhook::Delivery, now: Timestamp) -> Duration {
    let waited = now.since(delivery.next_attempt_at.unwrap_or(now));
    let longest = (waited / 4).clamp(Duration::from_secs(2), Duration::from_mins(5));
    let share = u32::from(random::bytes::<1>()[0]) + 1;
    (longest * share / 256).max(Duration::from_secs(1))
}

async fn post(app: &App, endpoint: &Endpoint, delivery: &webhook::Delivery) -> Answer {
    let now = Timestamp::now();
    let keys: Vec<_> =
        endpoint.live_secrets(now).filter_map(|secret| standard_webhooks::key(&secret.key).ok()).collect();
    let id = delivery.event.to_string();
    let headers = standard_webhooks::signed_headers(&keys, &id, now, delivery.body.as_bytes());
    app.state::<Sender>().post(&endpoint.url, app.config.network, &headers, delivery.body.clone()).await
}

/// One attempt, to be recorded.
struct Attempt<'a> {
    app: &'static App,
    task: &'a DeliveryTask,
    correlation_id: &'a str,
    indexes: &'a IndexSecrets,
}

impl Attempt<'_> {
    /// Stores the result, and sends the message of the next attempt.
    async fn record(&self, answer: &Answer) -> Result<()> {
        let (store, now) = (self.app.store().await, Timestamp::now());
        let (endpoint, id) = (self.task.webhook, self.task.delivery);
        let failing_since = if answer.result.accepted() {
            store.endpoint_recovered(&endpoint).await?;
            None
        } else {
            Some(store.endpoint_failed(&endpoint, now).await?)
        };
        let reason = if answer.result.gone() {
            Some(DisabledReason::Gone)
        } else {
            failing_since.filter(|since| gives_up(*since, now)).map(|_| DisabledReason::Failing)
        };
        let random = u64::from_be_bytes(random::bytes());
        let command = store.command(self.correlation_id, Actor::system("webhooks"));
        let recorded = run_command!(command, |attempt| {
            let found = store.delivery(&endpoint, &id, now).await?;
            let Some(before) = found.filter(|found| found.delivery.version == self.task.version) else {
                return Ok(Decided::Unchanged(None));
            };
            let after = before.delivery.after(&answer.result, now, random);
            let item = match answer.result {
                AttemptResult::NotTried => before.next(after.clone()),
                _ => before.next(after.clone()).answered(answer.excerpt.as_ref(), self.indexes),
            };
            let commit = attempt.commit(now).delivery_changes(&before.delivery, &item);
            let commit = match reason {
                Some(reason) => self.disabling(commit, reason, now).await?,
                None => commit,
            };
            Ok(commit.returning(Some(after)))
        })?;
        match recorded {
            Some(delivery) => send_attempt(self.app, &delivery, self.correlation_id).await,
            None => Ok(()),
        }
    }

    /// Disables the endpoint in the same commit, unless it was disabled or deleted meanwhile.
    async fn disabling<'c>(&self, commit: Commit<'c>, reason: DisabledReason, now: Timestamp) -> Result<Commit<'c>> {
        let Some(item) = self.app.store().await.webhook(&self.task.webhook).await? else { return Ok(commit) };
        let before = item.open(self.indexes)?;
        let Some(after) = before.disable(reason, now) else { return Ok(commit) };
        let event = endpoint_event(EventType::WebhookDisabled, &after).data(&Cause { reason: reason.as_str().into() });
        Ok(commit.endpoint_changes(&before, &after, self.indexes).event(event))
    }

    async fn cancel(&self) -> Result<()> {
        let store = self.app.store().await;
        let (endpoint, id): (WebhookId, DeliveryId) = (self.task.webhook, self.task.delivery);
        let command = store.command(self.correlation_id, Actor::system("webhooks"));
        run_command!(command, |attempt| {
            let now = Timestamp::now();
            let found = store.delivery(&endpoint, &id, now).await?;
            let Some(before) = found.filter(|found| found.delivery.version == self.task.version) else {
                return Ok(Decided::Unchanged(()));
            };
            let after = before.next(before.delivery.cancel(now));
            Ok(attempt.commit(now).delivery_changes(&before.delivery, &after).returning(()))
        })
    }
}
