//! Callbacks: their queue, and the delivery of one.

use std::time::Duration;

use http::{StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use verinym::{
    domain::{backoff::Backoff, time::Timestamp},
    error::{Internal, Result},
    providers::{
        signature::{MalformedKey, Scheme, WebhookKey, standard_webhooks},
        transport::{CallLimits, Transport},
    },
};

use crate::{service::Service, task::SandboxTask, wire::TaskObject};

/// A callback in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedCallback {
    pub request_id: Uuid,
    /// Whether it is signed with a wrong key.
    pub forged: bool,
}

/// Sends the callbacks of a task to the queue, each with its delay.
pub async fn enqueue(service: &Service, task: &SandboxTask, now: Timestamp) -> Result<()> {
    for (delay, callback) in delayed_callbacks(task, now) {
        let body = serde_json::to_string(&callback).map_err(Internal::bug)?;
        let message = service.sqs().await.send_message().queue_url(&service.config.queue_url);
        let sent = message.message_body(body).delay_seconds(delay).send().await;
        sent.map_err(|error| Internal::aws("queue callback", &error))?;
    }
    Ok(())
}

/// The callbacks of a task, each with its delay from now in seconds.
fn delayed_callbacks(task: &SandboxTask, now: Timestamp) -> Vec<(i32, QueuedCallback)> {
    let callbacks = task.plan.callbacks().into_iter();
    let seconds = |delay: Duration| {
        // Rounded up, so that no callback is sent before the task is complete.
        let left = (task.created_at + delay).since(now).as_millis().div_ceil(1000);
        i32::try_from(left).unwrap_or(i32::MAX)
    };
    let request_id = task.request_id;
    callbacks
        .map(|callback| (seconds(callback.delay), QueuedCallback { request_id, forged: callback.forged }))
        .collect()
}

/// The time limit of a delivery.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(8);

/// The HTTP client for deliveries. It makes one attempt, since the queue repeats a failed delivery.
pub fn transport() -> Transport {
    Transport::new(CallLimits {
        connect_timeout: Duration::from_secs(3),
        attempt_timeout: DELIVERY_TIMEOUT,
        max_attempts: 1,
        backoff: Backoff { base: Duration::ZERO, cap: Duration::ZERO },
        max_body: 64 * 1024,
        max_retry_after: Duration::ZERO,
    })
}

/// Why a callback was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    #[error("the receiver did not respond")]
    NoResponse,
    #[error("the receiver responded {0}")]
    Status(StatusCode),
    #[error("the callback could not be signed or serialised")]
    Invalid,
}

/// How the receiver treated a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// Correctly: it accepted a genuine callback or refused a forged one.
    Correct,
    /// It accepted a forged callback, so it does not verify signatures.
    ForgeryAccepted,
}

/// Sends the state of the task to `url`. The id of the message is derived from the task, so repeated callbacks have the same id.
pub async fn deliver(
    transport: &Transport,
    url: &str,
    task: &SandboxTask,
    now: Timestamp,
    key: &WebhookKey,
    forged: bool,
) -> Result<DeliveryOutcome, DeliveryError> {
    let body = serde_json::to_vec(&TaskObject::new(task, now)).map_err(|_| DeliveryError::Invalid)?;
    let wrong_key = if forged { Some(random_key().map_err(|_| DeliveryError::Invalid)?) } else { None };
    let keys = [wrong_key.unwrap_or_else(|| key.clone())];
    let headers = standard_webhooks::signed_headers(&keys, &format!("msg_{}", task.request_id.simple()), now, &body);
    let sent = transport.send(
        |client| {
            let request = client.post(url).header(CONTENT_TYPE, "application/json");
            headers.iter().fold(request, |request, (name, value)| request.header(*name, value)).body(body.clone())
        },
        DELIVERY_TIMEOUT,
    );
    let status = sent.await.map_err(|_| DeliveryError::NoResponse)?.status;
    match (forged, status) {
        (false, status) if status.is_success() => Ok(DeliveryOutcome::Correct),
        (true, status) if status.is_client_error() => Ok(DeliveryOutcome::Correct),
        (true, status) if status.is_success() => Ok(DeliveryOutcome::ForgeryAccepted),
        _ => Err(DeliveryError::Status(status)),
    }
}

fn random_key() -> Result<WebhookKey, MalformedKey> {
    Scheme::StandardWebhooks.key(&standard_webhooks::new_key())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName};
    use verinym::{
        domain::secret::Secret,
        test_server::{ServerReply, TestServer},
    };

    use super::*;
    use crate::task::tests::task;

    fn key() -> WebhookKey {
        Scheme::StandardWebhooks.key(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())).unwrap()
    }

    async fn delivered(status: u16, forged: bool) -> (Result<DeliveryOutcome, DeliveryError>, TestServer) {
        let server = TestServer::start(vec![ServerReply::Response(status, "location: /elsewhere\r\n", String::new())]);
        let task = task("OK1");
        let result = deliver(&transport(), server.url.as_str(), &task, Timestamp::now(), &key(), forged).await;
        (result, server)
    }

    /// Whether the signature of the only request is valid.
    fn has_valid_signature(server: &TestServer) -> bool {
        let requests = server.requests();
        let [request] = &requests[..] else { panic!("one request") };
        let header = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?))
        };
        let headers: HeaderMap = request.head.iter().filter_map(|line| header(line)).collect();
        let scheme = Scheme::StandardWebhooks;
        scheme.verify(&headers, request.body.as_bytes(), Timestamp::now(), &[key()]).is_ok()
    }

    fn delays(document_number: &str, after: Duration) -> Vec<i32> {
        let task = task(document_number);
        delayed_callbacks(&task, task.created_at + after).into_iter().map(|(seconds, _)| seconds).collect()
    }

    #[test]
    fn delays_count_from_the_creation_of_the_task() {
        assert_eq!(delays("TWICE1", Duration::ZERO), [1, 3, 5]);
        assert_eq!(delays("TWICE1", Duration::from_millis(2_500)), [0, 1, 3]);
        assert_eq!(delays("TWICE1", Duration::from_mins(1)), [0, 0, 0]);
        assert_eq!(delays("SLOW1", Duration::ZERO), [21]);
        assert_eq!(delays("SILENT1", Duration::ZERO), [0; 0]);
    }

    #[tokio::test]
    async fn a_callback_contains_the_task_and_is_signed() {
        let (result, server) = delivered(200, false).await;
        assert_eq!(result, Ok(DeliveryOutcome::Correct));
        assert!(has_valid_signature(&server));
        let request = &server.requests()[0];
        assert!(request.head.contains(&"content-type: application/json".to_owned()), "{:?}", request.head);
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["request_id"], task("OK1").request_id.to_string());
        assert_eq!(body["status"], "completed");
    }

    #[tokio::test]
    async fn a_forged_callback_has_a_wrong_signature() {
        let (result, server) = delivered(401, true).await;
        assert_eq!(result, Ok(DeliveryOutcome::Correct));
        assert!(!has_valid_signature(&server));
        assert_eq!(delivered(200, true).await.0, Ok(DeliveryOutcome::ForgeryAccepted));
    }

    #[tokio::test]
    async fn a_failed_delivery_is_an_error() {
        assert_eq!(delivered(401, false).await.0, Err(DeliveryError::Status(StatusCode::UNAUTHORIZED)));
        for (status, forged) in [(302, false), (500, false), (503, true), (302, true)] {
            assert_eq!(delivered(status, forged).await.0, Err(DeliveryError::NoResponse), "{status}");
        }
    }
}
