use super::*;
use crate::{
    domain::{backoff::Backoff, id::CheckId, secret::Masked, time::Timestamp},
    providers::{ProviderResult, TaskKey},
    test_server::{ServerReply, TestServer},
};

const CREATED: &str = r#"{"request_id": "req-1"}"#;
const LONG: Duration = Duration::from_secs(20);

fn config(server: &TestServer) -> IdfyConfig {
    IdfyConfig {
        base_url: server.url.clone(),
        allow_http: true,
        account_id: "acc-1".into(),
        api_key: Secret::new("key-1".into()),
        task: "sandbox_document".into(),
        signature_scheme: Some(Scheme::StandardWebhooks),
        limits: CallLimits {
            attempt_timeout: Duration::from_secs(5),
            max_attempts: 3,
            backoff: Backoff { base: Duration::from_millis(1), cap: Duration::from_millis(5) },
            ..CallLimits::default()
        },
    }
}

fn client(server: &TestServer) -> Idfy {
    Idfy::new(&config(server)).unwrap()
}

fn submission_of(name: &str) -> Submission {
    Submission {
        key: TaskKey {
            check: CheckId::from_parts(Timestamp::from_unix_millis(5), [7; 10]),
            step: "document".into(),
            attempt: 0,
        },
        document_type: "passport".into(),
        document_number: Some(Masked("OK123456".into())),
        document_sha256: "ab".repeat(32),
        name: Masked(name.into()),
        date_of_birth: Some(Masked("1990-02-03".into())),
        callback_url: "https://api.example/v1/providers/sandbox/webhook".into(),
    }
}

async fn submit_to(replies: Vec<ServerReply>) -> (Result<Submitted, ProviderError>, TestServer) {
    let server = TestServer::start(replies);
    let result = client(&server).submit(&submission_of("Ada"), LONG).await;
    (result, server)
}

async fn fetch_from(body: &str) -> Result<TaskProgress, ProviderError> {
    let server = TestServer::start(vec![ServerReply::json(200, body)]);
    client(&server).fetch(&"req-1".parse().unwrap(), LONG).await
}

fn task(status: &str, source_output: &str) -> String {
    format!(
        r#"{{"action": "verify_with_source", "type": "sandbox_document", "status": "{status}", "task_id": "t",
        "group_id": "g", "request_id": "req-1", "created_at": "2026-11-21T09:00:00+05:30", "completed_at": "",
        "result": {{"source_output": {source_output}}}}}"#
    )
}

#[tokio::test]
async fn a_task_is_submitted_with_credentials_and_data() {
    let (result, server) = submit_to(vec![ServerReply::json(202, CREATED)]).await;
    let created = Submitted { reference: "req-1".parse().unwrap(), progress: TaskProgress::Pending };
    assert_eq!(result, Ok(created));
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert_eq!(request.head[0], "POST /base/v3/tasks/async/verify_with_source/sandbox_document HTTP/1.1");
    for line in ["account-id: acc-1", "api-key: key-1", "content-type: application/json"] {
        assert!(request.has(line), "{line}: {:?}", request.head);
    }
    let submission = submission_of("Ada");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&request.body).unwrap(),
        serde_json::json!({
            "task_id": submission.key.task_id(), "group_id": submission.key.check.uuid(),
            "data": {
                "document_type": "passport", "document_number": "OK123456", "document_sha256": "ab".repeat(32),
                "name": "Ada", "date_of_birth": "1990-02-03",
                "callback_url": "https://api.example/v1/providers/sandbox/webhook",
            }
        })
    );
}

#[tokio::test]
async fn a_result_in_the_first_response_is_used() {
    let done = task("completed", r#"{"status": "id_found", "decision": "approve"}"#);
    let (result, _) = submit_to(vec![ServerReply::json(200, &done)]).await;
    assert_eq!(result.unwrap().progress, TaskProgress::Done(ProviderResult::Approve));
}

#[tokio::test]
async fn temporary_failures_are_retried_as_the_same_task() {
    let (result, server) =
        submit_to(vec![ServerReply::json(503, "{}"), ServerReply::Interrupted, ServerReply::json(202, CREATED)]).await;
    assert!(result.is_ok(), "{result:?}");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body == requests[0].body));
}

#[tokio::test]
async fn after_the_last_attempt_the_error_is_returned() {
    let (result, server) = submit_to(vec![
        ServerReply::json(503, "{}"),
        ServerReply::json(502, "<html>"),
        ServerReply::json(503, "{}"),
        ServerReply::json(202, CREATED),
    ])
    .await;
    assert_eq!(result, Err(ProviderError::Unavailable { retry_after: None }));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_long_retry_after_is_limited_and_returned_to_the_caller() {
    let limited = || ServerReply::Response(429, "retry-after: 999999\r\n", String::new());
    let (result, server) = submit_to(vec![limited(), ServerReply::json(202, CREATED)]).await;
    assert_eq!(result, Err(ProviderError::RateLimited { retry_after: Some(Duration::from_hours(1)) }));
    assert_eq!(server.requests().len(), 1);
}

/// The client's own waits are milliseconds here, so only `Retry-After` can exceed the deadline.
#[tokio::test]
async fn a_short_retry_after_is_awaited_within_the_deadline() {
    let busy = |headers| vec![ServerReply::Response(503, headers, String::new()), ServerReply::json(202, CREATED)];
    let (result, server) = submit_to(busy("retry-after: 1\r\n")).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(server.requests().len(), 2);

    let server = TestServer::start(busy("retry-after: 600\r\n"));
    let result = client(&server).submit(&submission_of("Ada"), Duration::from_mins(1)).await;
    assert_eq!(result, Err(ProviderError::Unavailable { retry_after: Some(Duration::from_mins(10)) }));
    assert_eq!(server.requests().len(), 1);

    let server = TestServer::start(busy(""));
    let result = client(&server).submit(&submission_of("Ada"), Duration::from_mins(1)).await;
    assert!(result.is_ok(), "{result:?}");
}

/// The attempt has no other limit: the server closes the connection only after a minute.
#[tokio::test]
async fn a_call_without_a_response_ends_at_the_deadline() {
    let server = TestServer::start(vec![ServerReply::Hang(Duration::from_mins(1))]);
    let mut config = config(&server);
    config.limits.attempt_timeout = Duration::from_hours(1);
    config.limits.max_attempts = 1;
    let result = Idfy::new(&config).unwrap().submit(&submission_of("Ada"), Duration::from_millis(200)).await;
    assert_eq!(result, Err(ProviderError::Timeout));
}

#[tokio::test]
async fn an_attempt_without_a_response_leaves_time_for_the_next() {
    let server = TestServer::start(vec![ServerReply::Hang(Duration::from_mins(1)), ServerReply::json(202, CREATED)]);
    let mut config = config(&server);
    config.limits.attempt_timeout = Duration::from_millis(500);
    let result = Idfy::new(&config).unwrap().submit(&submission_of("Ada"), LONG).await;
    assert!(result.is_ok(), "{result:?}");
}

#[tokio::test]
async fn a_refused_connection_is_unavailable() {
    let server = TestServer::start(vec![]);
    let result = client(&server).fetch(&"req-1".parse().unwrap(), LONG).await;
    assert_eq!(result, Err(ProviderError::Unavailable { retry_after: None }));
}

#[tokio::test]
async fn oversized_responses_are_refused() {
    let announced = ServerReply::json(200, &" ".repeat(256 * 1024 + 1));
    for giant in [announced, ServerReply::Endless] {
        let (result, _) = submit_to(vec![giant]).await;
        assert_eq!(result, Err(ProviderError::Malformed("too large")));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = TestServer::start(vec![ServerReply::json(202, CREATED)]);
    for status in [301, 302, 307, 308] {
        let headers: &'static str = format!("location: {}\r\n", elsewhere.url).leak();
        let (result, _) = submit_to(vec![ServerReply::Response(status, headers, String::new())]).await;
        assert_eq!(result, Err(ProviderError::Malformed("a redirect")));
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn refusals_are_distinguished_and_not_retried() {
    for (status, refusal) in [
        (400, ProviderRefusal::Request),
        (401, ProviderRefusal::Credentials),
        (402, ProviderRefusal::Product),
        (403, ProviderRefusal::Product),
        (404, ProviderRefusal::Product),
        (422, ProviderRefusal::Request),
    ] {
        let body = r#"{"error": "BAD_REQUEST", "message": "…"}"#;
        let (result, server) = submit_to(vec![ServerReply::json(status, body), ServerReply::json(202, CREATED)]).await;
        assert_eq!(result, Err(ProviderError::Refused(refusal)), "{status}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_response_that_is_not_a_task_is_malformed() {
    for body in ["", "<html>", "[]", "{}", r#"{"request_id": 5}"#, r#"{"request_id": "a#b"}"#, r#"{"request_id": ""}"#]
    {
        let (result, _) = submit_to(vec![ServerReply::json(202, body)]).await;
        assert!(matches!(result, Err(ProviderError::Malformed(_))), "{body}: {result:?}");
    }
}

#[tokio::test]
async fn a_fetch_uses_only_the_task_with_the_requested_id() {
    let server = TestServer::start(vec![ServerReply::json(
        200,
        &format!(r#"[{{"request_id": "req-2", "status": "failed"}}, {}]"#, task("in_progress", "{}")),
    )]);
    let result = client(&server).fetch(&"req-1".parse().unwrap(), LONG).await;
    assert_eq!(result, Ok(TaskProgress::Pending));
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert_eq!(request.head[0], "GET /base/v3/tasks?request_id=req-1 HTTP/1.1");
    assert!(request.has("api-key: key-1"));
}

#[tokio::test]
async fn an_unknown_task_is_an_unknown_reference() {
    assert_eq!(fetch_from("[]").await, Err(ProviderError::UnknownReference));
    assert_eq!(fetch_from(r#"[{"request_id": "req-2"}]"#).await, Err(ProviderError::UnknownReference));
    assert!(matches!(fetch_from("{}").await, Err(ProviderError::Malformed(_))));
}

#[tokio::test]
async fn results_are_translated() {
    let reject =
        |reasons: &[&str]| ProviderResult::Reject { reasons: reasons.iter().map(ToString::to_string).collect() };
    let review = |reason: &str| TaskProgress::Done(ProviderResult::Review { reasons: vec![reason.to_owned()] });
    let table = [
        (
            "completed",
            r#"{"status": "id_found", "decision": "approve", "reasons": []}"#,
            TaskProgress::Done(ProviderResult::Approve),
        ),
        (
            "completed",
            r#"{"status": "id_found", "decision": "reject", "reasons": ["document_forged", "Ada Lovelace"]}"#,
            TaskProgress::Done(reject(&["document_forged", "unspecified"])),
        ),
        (
            "completed",
            r#"{"status": "id_not_found", "decision": "reject"}"#,
            TaskProgress::Done(reject(&["unspecified"])),
        ),
        ("completed", r#"{"status": "id_found", "decision": "review", "reasons": ["blurred"]}"#, review("blurred")),
        ("completed", r#"{"status": "id_not_found", "decision": "approve"}"#, review("id_not_found")),
        ("completed", r#"{"decision": "approve"}"#, review("result_unclear")),
        ("completed", r#"{"status": "id_found"}"#, review("result_unclear")),
        ("completed", r#"{"status": "id_found", "decision": "maybe"}"#, review("result_unclear")),
        ("completed", "null", review("result_unclear")),
        ("completed", r#"{"status": "source_down", "decision": "approve"}"#, TaskProgress::Failed),
        ("failed", "{}", TaskProgress::Failed),
        ("in_progress", "null", TaskProgress::Pending),
    ];
    for (status, output, expected) in table {
        assert_eq!(fetch_from(&format!("[{}]", task(status, output))).await, Ok(expected), "{status} {output}");
    }
    let unknown = fetch_from(&format!("[{}]", task("paused", "{}"))).await;
    assert!(matches!(unknown, Err(ProviderError::Malformed(_))));
}

#[test]
fn a_callback_has_a_reference_and_a_time() {
    let server = TestServer::start(vec![]);
    let client = client(&server);
    let read = |body: &str| client.parse_callback(body.as_bytes());
    let without_time = read(&task("completed", "{}")).unwrap();
    assert_eq!(without_time, Callback { reference: "req-1".parse().unwrap(), event_time: None });
    let with_time = read(r#"{"request_id": "req-1", "completed_at": "2026-11-21T09:00:00+05:30"}"#).unwrap();
    assert_eq!(with_time.event_time, "2026-11-21T03:30:00Z".parse().ok());
    for body in ["", "[]", "{}", r#"{"request_id": "a/b"}"#] {
        assert_eq!(read(body), Err(MalformedCallback), "{body}");
    }
    assert_eq!(read(&format!(r#"{{"request_id": "req-1"}}{}"#, " ".repeat(64 * 1024))), Err(MalformedCallback));
}

#[test]
fn an_invalid_configuration_is_refused() {
    let server = TestServer::start(vec![]);
    let error = |change: fn(&mut IdfyConfig)| {
        let mut config = config(&server);
        change(&mut config);
        Idfy::new(&config).err()
    };
    assert_eq!(error(|_| ()), None);
    assert_eq!(error(|c| c.allow_http = false), Some(IdfyConfigError::BaseUrl));
    assert_eq!(error(|c| c.base_url = "https://x.example/?a=b".parse().unwrap()), Some(IdfyConfigError::BaseUrl));
    assert_eq!(error(|c| c.base_url = "ftp://x.example/".parse().unwrap()), Some(IdfyConfigError::BaseUrl));
    assert_eq!(error(|c| c.api_key = Secret::new("a\nb".into())), Some(IdfyConfigError::Credentials));
    assert_eq!(error(|c| c.task = "../x".into()), Some(IdfyConfigError::Task));
}

#[test]
fn neither_client_nor_configuration_shows_the_key() {
    let server = TestServer::start(vec![]);
    let shown = format!("{:?} {:?}", config(&server), client(&server));
    assert!(!shown.contains("key-1"), "{shown}");
}
