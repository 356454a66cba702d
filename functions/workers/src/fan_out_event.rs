//! Queue `webhooks`: finds the endpoints that are told of an event, and makes a delivery for each. A delivery has its id from the event
//! and the endpoint, so an event that is handed out twice is delivered under the same id.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use verinym::{
    app::App,
    config::names::SecretId,
    deadline::Deadline,
    domain::{
        event::{Actor, Cause, DeliveryTo, EventType, RetriedSince},
        id::{DeliveryId, WebhookId},
        time::Timestamp,
        webhook::{self, DeliveryStatus, DisabledReason, EndpointOwner, MOST_OF_OWNER, NewDelivery, WebhookPayload},
    },
    error::{Internal, Result},
    function::{Capability, Needs, QueueTrigger},
    messaging::{Delivery, TaskOutcome, Worker, message::EventTask, queue::Queue},
    run_command,
    store::{
        Table,
        command::Decided,
        delivery::{DeliveryItem, delivery_id},
        event::EventRecord,
        webhook::{EndpointItem, endpoint_event},
    },
};

use crate::webhook_deliveries::{may_be_told, send_attempt};

/// The time limit of one message.
const LONGEST: Duration = Duration::from_secs(20);
/// Deliveries of one event that are made at once.
const AT_ONCE: usize = 8;
/// Another page of deliveries is begun only if so much time is left.
const FOR_A_PAGE: Duration = Duration::from_secs(8);
const PAGE: u32 = 25;

pub fn worker() -> Worker {
    Worker::of_queue("workers-fan-out-event", QueueTrigger::of(Queue::Webhooks).late_after(300), LONGEST, fan_out)
        .summary("Make the deliveries of an event to webhook endpoints")
        .timeout(60)
        .needs(
            Needs::new()
                .query(Table::Outbound)
                .get_many(Table::Outbound)
                .get(Table::Outbound)
                .put(Table::Outbound)
                .get(Table::Identity)
                .rarely("the owner has a custom role", Needs::new().get_many(Table::Identity))
                .rarely(
                    "an owner recovers their account",
                    Needs::new().with(Capability::Commit).read_secret(SecretId::Indexes),
                )
                .send(Queue::Deliveries),
        )
}

async fn fan_out(app: &'static App, task: Delivery<EventTask>) -> Result<TaskOutcome> {
    let EventTask::Event { event } = &task.body else {
        return Err(Internal::corrupt("a message of webhooks without its event").into());
    };
    match event.r#type {
        EventType::WebhookTestRequested | EventType::WebhookRetryRequested => send_requested(app, event).await,
        EventType::WebhookRetriesRequested => retry_all(app, event, task.now).await,
        _ => {
            disable_endpoints_of_recovered(app, event).await?;
            if let Some(payload) = event.told()? {
                deliver_to_all(app, event, &payload, task.now).await?;
            }
            Ok(TaskOutcome::Done)
        }
    }
}

/// Disables endpoints that were made before their owner recovered the account. The owner is told and enables those that are theirs.
async fn disable_endpoints_of_recovered(app: &App, event: &EventRecord) -> Result<()> {
    let scopes = event.r#type.disables_endpoints();
    let Some(person) = event.person.filter(|_| !scopes.is_empty()) else { return Ok(()) };
    let (store, indexes) = (app.store().await, app.index_secrets().await?);
    let (endpoints, _) = store.webhooks_of(&EndpointOwner::Person(person), MOST_OF_OWNER, None).await?;
    for endpoint in endpoints {
        let command = store.command(&event.correlation_id, Actor::system("webhooks"));
        run_command!(command, |attempt| {
            let now = Timestamp::now();
            let Some(item) = store.webhook(&endpoint.id).await? else { return Ok(Decided::Unchanged(())) };
            let before = item.open(&indexes)?;
            let concerned = scopes.contains(&before.scope) && before.updated_at <= event.occurred_at;
            let disabled = if concerned { before.disable(DisabledReason::AccountRecovered, now) } else { None };
            let Some(after) = disabled else { return Ok(Decided::Unchanged(())) };
            let cause = Cause { reason: DisabledReason::AccountRecovered.as_str().into() };
            let event = endpoint_event(EventType::WebhookDisabled, &after).data(&cause);
            Ok(attempt.commit(now).endpoint_changes(&before, &after, &indexes).event(event).returning(()))
        })?;
    }
    Ok(())
}

/// Sends the delivery that somebody asked for.
async fn send_requested(app: &App, event: &EventRecord) -> Result<TaskOutcome> {
    let to: DeliveryTo = event.part().ok_or_else(|| Internal::corrupt("a requested delivery without its endpoint"))?;
    let id: DeliveryId = event.subject.id.parse().map_err(Internal::corrupt)?;
    if let Some(found) = app.store().await.delivery(&to.webhook, &id, Timestamp::now()).await? {
        send_attempt(app, &found.delivery, &event.correlation_id).await?;
    }
    Ok(TaskOutcome::Done)
}

async fn deliver_to_all(app: &App, event: &EventRecord, payload: &WebhookPayload, now: Timestamp) -> Result<()> {
    let kind = event.r#type.row().webhook.ok_or_else(|| Internal::bug("a told event has a public type"))?;
    let body = serde_json::to_string(payload).map_err(Internal::bug)?;
    let endpoints = app.store().await.webhooks_hearing_of(event.person).await?;
    // An endpoint hears of what happens after it was made, however late the event is handed out.
    let told = endpoints.into_iter().filter(|endpoint| {
        endpoint.enabled
            && endpoint.created_at <= event.occurred_at
            && endpoint.events.iter().any(|filter| filter.matches(kind))
    });
    stream::iter(told)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, async |endpoint: EndpointItem| {
            if !may_be_told(app, &endpoint.owner, endpoint.scope, Some(kind)).await? {
                return Ok(());
            }
            let new = NewDelivery {
                id: delivery_id(&event.id, event.occurred_at, &endpoint.id),
                endpoint: endpoint.id,
                event: event.id,
                kind: payload.kind.to_owned(),
                body: body.clone(),
            };
            let delivery = webhook::Delivery::new(new, now);
            match app.store().await.add_delivery(&delivery, now).await? {
                Some(stored) => send_attempt(app, &stored, &event.correlation_id).await,
                None => Ok(()),
            }
        })
        .await
}

/// Makes all failed deliveries again, page by page. A run that has no time left goes on with those that are left.
async fn retry_all(app: &App, event: &EventRecord, now: Timestamp) -> Result<TaskOutcome> {
    let RetriedSince { since } = event.part().ok_or_else(|| Internal::corrupt("retries without their beginning"))?;
    let endpoint: WebhookId = event.subject.id.parse().map_err(Internal::corrupt)?;
    let store = app.store().await;
    let mut after = None;
    loop {
        if Deadline::current().is_some_and(|deadline| deadline.remaining() < FOR_A_PAGE) {
            return Ok(TaskOutcome::Later(Duration::from_secs(1)));
        }
        let (page, next) = store.deliveries(&endpoint, PAGE, after.as_ref()).await?;
        let failed = page.iter().filter(|item| {
            let delivery = &item.delivery;
            item.is_kept(now)
                && (since..=event.occurred_at).contains(&delivery.created_at)
                // What failed again since then was made again before.
                && delivery.updated_at <= event.occurred_at
                && matches!(delivery.status, DeliveryStatus::Dead | DeliveryStatus::Cancelled)
        });
        stream::iter(failed)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, async |item| retry_one(app, item, event).await)
            .await?;
        after = next;
        if after.is_none() {
            return Ok(TaskOutcome::Done);
        }
    }
}

async fn retry_one(app: &App, item: &DeliveryItem, event: &EventRecord) -> Result<()> {
    let store = app.store().await;
    let (endpoint, id) = (item.delivery.endpoint, item.delivery.id);
    let command = store.command(&event.correlation_id, Actor::system("webhooks"));
    let again = run_command!(command, |attempt| {
        let now = Timestamp::now();
        let Some(before) = store.delivery(&endpoint, &id, now).await? else { return Ok(Decided::Unchanged(None)) };
        // Somebody else made it again meanwhile.
        let Ok(again) = before.delivery.again(now) else { return Ok(Decided::Unchanged(None)) };
        let commit = attempt.commit(now).delivery_changes(&before.delivery, &before.next(again.clone()));
        Ok(commit.returning(Some(again)))
    })?;
    match again {
        Some(again) => send_attempt(app, &again, &event.correlation_id).await,
        None => Ok(()),
    }
}
