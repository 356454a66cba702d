//! Callbacks: how they wait, and how one is made and delivered.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use http::{StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use verinym::{
    crypto::random,
    domain::{backoff::Backoff, secret::Secret, time::Timestamp},
    error::{Internal, Result},
    providers::{
        signature::{Key, MalformedKey, Scheme, standard_webhooks},
        transport::{CallLimits, Transport},
    },
};

use crate::{service::Service, task::Task, wire::TaskObject};

/// What waits in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub request_id: Uuid,
    /// To be signed with a key that is not ours.
    pub forged: bool,
}

/// Puts a task's callbacks into the queue, each to come out in its time.
pub async fn queue(service: &Service, task: &Task, now: Timestamp) -> Result<()> {
    for (seconds, waiting) in waiting(task, now) {
        let body = serde_json::to_string(&waiting).map_err(Internal::bug)?;
        let message = service.sqs().await.send_message().queue_url(&service.config.queue_url);
        let sent = message.message_body(body).delay_seconds(seconds).send().await;
        sent.map_err(|error| Internal::aws("queue callback", &error))?;
    }
    Ok(())
}

/// The task's callbacks, each with the seconds that it has to wait from now.
fn waiting(task: &Task, now: Timestamp) -> Vec<(i32, Waiting)> {
    let callbacks = task.plan.callbacks().into_iter();
    let seconds = |delay: Duration| {
        // Rounded up: early would be before the task is complete.
        let left = (task.created_at + delay).since(now).as_millis().div_ceil(1000);
        i32::try_from(left).unwrap_or(i32::MAX)
    };
    let request_id = task.request_id;
    callbacks.map(|callback| (seconds(callback.delay), Waiting { request_id, forged: callback.forged })).collect()
}

/// Time for one delivery.
const DEADLINE: Duration = Duration::from_secs(8);

/// The client that delivers: one try each, since the queue brings back what failed.
pub fn transport() -> Transport {
    Transport::new(CallLimits {
        connect: Duration::from_secs(3),
        attempt: DEADLINE,
        attempts: 1,
        backoff: Backoff { base: Duration::ZERO, cap: Duration::ZERO },
        answer: 64 * 1024,
        retry_after: Duration::ZERO,
    })
}

/// Why a callback was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    #[error("the receiver did not answer as one")]
    NoAnswer,
    #[error("the receiver answered {0}")]
    Status(StatusCode),
    #[error("the callback could not be made")]
    Unmade,
}

/// How a callback was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// As it should be: believed if it was true, refused if it was forged.
    Well,
    /// A forged callback was believed: the receiver does not check signatures.
    Fooled,
}

/// Reports to `url` how the task stands. The id names the message, so a callback that comes again has the same.
pub async fn deliver(
    transport: &Transport,
    url: &str,
    task: &Task,
    now: Timestamp,
    key: &Key,
    forged: bool,
) -> Result<Received, Undelivered> {
    let body = serde_json::to_vec(&TaskObject::new(task, now)).map_err(|_| Undelivered::Unmade)?;
    let foreign = if forged { Some(random_key().map_err(|_| Undelivered::Unmade)?) } else { None };
    let keys = [foreign.unwrap_or_else(|| key.clone())];
    let headers = standard_webhooks::signed_headers(&keys, &format!("msg_{}", task.request_id.simple()), now, &body);
    let sent = transport.send(
        |client| {
            let request = client.post(url).header(CONTENT_TYPE, "application/json");
            headers.iter().fold(request, |request, (name, value)| request.header(*name, value)).body(body.clone())
        },
        DEADLINE,
    );
    let status = sent.await.map_err(|_| Undelivered::NoAnswer)?.status;
    match (forged, status) {
        (false, status) if status.is_success() => Ok(Received::Well),
        (true, status) if status.is_client_error() => Ok(Received::Well),
        (true, status) if status.is_success() => Ok(Received::Fooled),
        _ => Err(Undelivered::Status(status)),
    }
}

fn random_key() -> Result<Key, MalformedKey> {
    Scheme::StandardWebhooks.key(&Secret::new(format!("whsec_{}", BASE64.encode(random::bytes::<32>()))))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName};

    use super::*;
    use crate::{task::tests::task, test_server::TestServer};

    fn key() -> Key {
        Scheme::StandardWebhooks.key(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())).unwrap()
    }

    async fn delivered(status: u16, forged: bool) -> (Result<Received, Undelivered>, TestServer) {
        let server = TestServer::start(vec![(status, String::new())]);
        let task = task("OK1");
        let result = deliver(&transport(), &server.url, &task, Timestamp::now(), &key(), forged).await;
        (result, server)
    }

    /// What a receiver that checks signatures thinks of the only request.
    fn is_believed(server: &TestServer) -> bool {
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

    fn left(document_number: &str, after: Duration) -> Vec<i32> {
        let task = task(document_number);
        waiting(&task, task.created_at + after).into_iter().map(|(seconds, _)| seconds).collect()
    }

    #[test]
    fn callbacks_wait_from_when_the_task_was_taken_on() {
        assert_eq!(left("TWICE1", Duration::ZERO), [1, 3, 5]);
        assert_eq!(left("TWICE1", Duration::from_millis(2_500)), [0, 1, 3]);
        assert_eq!(left("TWICE1", Duration::from_mins(1)), [0, 0, 0]);
        assert_eq!(left("SLOW1", Duration::ZERO), [21]);
        assert_eq!(left("SILENT1", Duration::ZERO), [0; 0]);
    }

    #[tokio::test]
    async fn a_callback_is_the_signed_task() {
        let (result, server) = delivered(200, false).await;
        assert_eq!(result, Ok(Received::Well));
        assert!(is_believed(&server));
        let request = &server.requests()[0];
        assert!(request.head.contains(&"content-type: application/json".to_owned()), "{:?}", request.head);
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["request_id"], task("OK1").request_id.to_string());
        assert_eq!(body["status"], "completed");
    }

    #[tokio::test]
    async fn a_forged_callback_is_not_to_be_believed() {
        let (result, server) = delivered(401, true).await;
        assert_eq!(result, Ok(Received::Well));
        assert!(!is_believed(&server));
        assert_eq!(delivered(200, true).await.0, Ok(Received::Fooled));
    }

    #[tokio::test]
    async fn what_was_not_received_is_told() {
        assert_eq!(delivered(401, false).await.0, Err(Undelivered::Status(StatusCode::UNAUTHORIZED)));
        for (status, forged) in [(302, false), (500, false), (503, true), (302, true)] {
            assert_eq!(delivered(status, forged).await.0, Err(Undelivered::NoAnswer), "{status}");
        }
    }
}
