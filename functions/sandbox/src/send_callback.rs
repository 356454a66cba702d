//! Worker of the callback queue. Only failed deliveries are repeated.

use std::{panic::AssertUnwindSafe, process::ExitCode};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{FutureExt, future::join_all};
use lambda_runtime::LambdaEvent;
use serde_json::Value;
use verinym::{
    boot,
    domain::time::Timestamp,
    error::{Internal, Result},
    messaging::invocations,
    providers::{
        signature::{Scheme, WebhookKey},
        transport::Transport,
    },
    telemetry::{self, Invocation},
};

use crate::{
    callback::{self, Delivery, QueuedCallback},
    service::Service,
};

/// Runs the worker until the platform ends the process.
pub fn run(function: &'static str) -> ExitCode {
    boot::start(Service::from_env, |service| {
        let transport = &*Box::leak(Box::new(callback::transport()));
        invocations(Box::new(move |event| Box::pin(invoke(service, transport, function, event))))
    })
}

async fn invoke(
    service: &'static Service,
    transport: &'static Transport,
    function: &'static str,
    event: LambdaEvent<Value>,
) -> Result<Value, lambda_runtime::Error> {
    let started = Timestamp::now();
    let work = batch(service, transport, event.payload);
    let result = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(Internal::bug("panic").into()));
    let mut properties = serde_json::Map::new();
    let outcome = match &result {
        Ok((sent, failed)) => {
            properties.insert("sent".into(), (*sent).into());
            properties.insert("failed".into(), failed.len().into());
            if failed.is_empty() { "ok" } else { "partial" }
        }
        Err(error) => {
            tracing::error!(function, %error, "failed");
            "error"
        }
    };
    telemetry::write(Invocation {
        function,
        area: "sandbox",
        outcome,
        millis: u64::try_from(Timestamp::now().since(started).as_millis()).unwrap_or(u64::MAX),
        at: started,
        properties,
    });
    let failures = result.map_err(|_| "failed, see the log")?.1;
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.into_iter().map(failure).collect();
    Ok(serde_json::to_value(response)?)
}

fn failure(message_id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message_id;
    failure
}

/// Delivers a batch. Returns the number of delivered callbacks, and the message ids of the others.
async fn batch(service: &Service, transport: &Transport, event: Value) -> Result<(usize, Vec<String>)> {
    let event: SqsEvent = serde_json::from_value(event).map_err(Internal::bug)?;
    let credentials = service.credentials().await?;
    let key = Scheme::StandardWebhooks.key(&credentials.webhook_secret).map_err(Internal::corrupt)?;
    let total = event.records.len();
    let failed = join_all(event.records.into_iter().map(async |message: SqsMessage| {
        let body = message.body.unwrap_or_default();
        let error = match AssertUnwindSafe(send(service, transport, &key, &body)).catch_unwind().await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error,
            Err(_) => Internal::bug("panic").into(),
        };
        let message_id = message.message_id.unwrap_or_default();
        tracing::warn!(message_id, %error, "callback not delivered");
        Some(message_id)
    }))
    .await;
    let failed: Vec<String> = failed.into_iter().flatten().collect();
    Ok((total - failed.len(), failed))
}

async fn send(service: &Service, transport: &Transport, key: &WebhookKey, body: &str) -> Result<()> {
    let callback: QueuedCallback =
        serde_json::from_str(body).map_err(|_| Internal::corrupt("the message cannot be read"))?;
    let request_id = callback.request_id;
    let Some(task) = service.tasks().await.find(request_id).await? else {
        tracing::warn!(%request_id, "callback of a task that no longer exists");
        return Ok(());
    };
    let Some(url) = &task.callback_url else { return Ok(()) };
    let delivered = callback::deliver(transport, url, &task, Timestamp::now(), key, callback.forged).await;
    match delivered.map_err(Internal::unavailable)? {
        Delivery::Correct => {}
        Delivery::ForgeryAccepted => tracing::error!(%request_id, "the receiver accepted a forged callback"),
    }
    Ok(())
}
