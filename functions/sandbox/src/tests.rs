//! The routes with an in-process DynamoDB and a fake queue.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use http::StatusCode;
use lambda_http::{Body, Request, RequestExt};
use serde_json::{Value, json};
use uuid::Uuid;
use verinym::{
    domain::secret::Secret,
    providers::{
        Provider, ProviderResult, TaskProgress,
        idfy::{self, Idfy},
        transport::CallLimits,
    },
    test_server::{ServerReply, TestServer},
};

use crate::{
    config::SandboxConfig,
    create_task::create_task,
    endpoint::SandboxResponse,
    get_tasks::get_tasks,
    scenario::Odds,
    service::Service,
    wire::{self, SandboxError},
};

const TABLE: &str = "tasks";

/// A client without retries, so that a failure is one request.
macro_rules! client {
    ($sdk:ident, $url:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version_latest()
                .region($sdk::config::Region::new("eu-central-1"))
                .credentials_provider($sdk::config::Credentials::new("test", "test", None, None, "test"))
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .endpoint_url($url)
                .build(),
        )
    };
}

async fn database() -> aws_sdk_dynamodb::Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
    let db = client!(aws_sdk_dynamodb, url);
    let pk = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    db.create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(pk.build().unwrap())
        .key_schema(key.build().unwrap())
        .send()
        .await
        .unwrap();
    db
}

/// The response of SQS to a sent message.
fn queued() -> ServerReply {
    ServerReply::json(200, &json!({"MessageId": "m", "MD5OfMessageBody": ""}).to_string())
}

async fn service(queue: &TestServer) -> Service {
    let config = SandboxConfig {
        table: TABLE.into(),
        queue_url: queue.url.to_string(),
        secret: String::new(),
        odds: Odds::new(70, 20).unwrap(),
    };
    Service::of(config, database().await, client!(aws_sdk_sqs, queue.url.as_str()))
}

async fn ask(
    service: &Service,
    mode: &str,
    task_id: Uuid,
    document_number: &str,
) -> Result<SandboxResponse, SandboxError> {
    let body = json!({
        "task_id": task_id, "group_id": Uuid::from_u128(7),
        "data": {
            "document_type": "passport", "document_number": document_number, "document_sha256": "ab".repeat(32),
            "name": "Ada Lovelace", "date_of_birth": "1815-12-10", "callback_url": "https://api.example/webhook",
        }
    });
    let path = [("mode", mode), ("kind", "verify_with_source"), ("task", "sandbox_document")];
    let path = path.map(|(name, value)| (name.to_owned(), vec![value.to_owned()]));
    let request = Request::new(Body::Text(body.to_string()));
    create_task(service, request.with_path_parameters(std::collections::HashMap::from(path))).await
}

async fn read(service: &Service, request_id: &str) -> Value {
    let query = std::collections::HashMap::from([("request_id".to_owned(), vec![request_id.to_owned()])]);
    get_tasks(service, Request::new(Body::Empty).with_query_string_parameters(query)).await.unwrap().body
}

#[tokio::test]
async fn a_task_is_created_once_and_a_repeated_request_queues_missing_callbacks() {
    let queue = TestServer::start(vec![queued(), ServerReply::json(500, "{}"), queued(), queued(), queued()]);
    let service = service(&queue).await;
    let task_id = Uuid::from_u128(1);
    // The task is stored, but the queue fails after the first callback.
    assert_eq!(ask(&service, "async", task_id, "TWICE1").await.unwrap_err().status(), 503);
    let second = ask(&service, "async", task_id, "TWICE1").await.unwrap();
    assert_eq!(second.status, StatusCode::ACCEPTED);
    // Further requests, even with other data, return the same task. The queue would refuse a connection.
    let third = ask(&service, "async", task_id, "BAD1").await.unwrap();
    assert_eq!(third.body, second.body);
    let messages = queue.requests();
    assert_eq!(messages.len(), 5);

    let last: Value = serde_json::from_str(&messages[4].body).unwrap();
    let body: Value = serde_json::from_str(last["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!({"request_id": second.body["request_id"], "forged": false}));
    assert!(last["DelaySeconds"].as_i64() >= Some(4), "{last}");

    let found = read(&service, second.body["request_id"].as_str().unwrap()).await;
    assert_eq!(found[0]["task_id"], json!(task_id));
    assert_eq!(found[0]["result"]["source_output"]["decision"], "approve");
}

#[tokio::test]
async fn flaky_is_refused_twice_for_each_task_and_down_always() {
    let queue = TestServer::start(vec![queued(), queued()]);
    let service = service(&queue).await;
    for task_id in [1, 2].map(Uuid::from_u128) {
        for _ in 0..2 {
            assert_eq!(ask(&service, "async", task_id, "FLAKY1").await.unwrap_err().status(), 503);
        }
        assert!(ask(&service, "async", task_id, "FLAKY1").await.is_ok());
        assert!(ask(&service, "async", task_id, "FLAKY1").await.is_ok());
    }
    for _ in 0..4 {
        assert_eq!(ask(&service, "async", Uuid::from_u128(3), "DOWN1").await.unwrap_err().status(), 503);
    }
}

#[tokio::test]
async fn synchronous_requests_return_the_whole_task_unless_it_takes_time() {
    let queue = TestServer::start(vec![queued(), queued()]);
    let service = service(&queue).await;
    let bad = ask(&service, "sync", Uuid::from_u128(1), "BAD1").await.unwrap();
    assert_eq!((bad.status, &bad.body["status"]), (StatusCode::OK, &json!("completed")));
    assert_eq!(bad.body["result"]["source_output"]["reasons"], json!(["document_forged"]));
    let slow = ask(&service, "sync", Uuid::from_u128(2), "SLOW1").await.unwrap();
    assert_eq!(slow.status, StatusCode::ACCEPTED);
    let found = read(&service, slow.body["request_id"].as_str().unwrap()).await;
    assert_eq!((&found[0]["status"], &found[0]["completed_at"]), (&json!("in_progress"), &json!("")));
}

#[tokio::test]
async fn our_client_understands_the_responses() {
    let queue = TestServer::start(vec![queued(), queued()]);
    let service = service(&queue).await;
    let bad = ask(&service, "async", Uuid::from_u128(1), "BAD1").await.unwrap();
    let slow = ask(&service, "async", Uuid::from_u128(2), "SLOW1").await.unwrap();
    for (answer, progress) in [
        (bad, TaskProgress::Done(ProviderResult::Reject { reasons: vec!["document_forged".into()] })),
        (slow, TaskProgress::Pending),
    ] {
        let request_id = answer.body["request_id"].as_str().unwrap();
        let provider = TestServer::start(vec![ServerReply::json(200, &read(&service, request_id).await.to_string())]);
        let client = Idfy::new(&idfy::IdfyConfig {
            base_url: provider.url.clone(),
            allow_http: true,
            account_id: "local".into(),
            api_key: Secret::new("key".into()),
            task: wire::TYPE.into(),
            signature_scheme: None,
            limits: CallLimits::default(),
        });
        let found = client.unwrap().fetch(&request_id.parse().unwrap(), Duration::from_secs(5)).await;
        assert_eq!(found, Ok(progress));
    }
}

#[tokio::test]
async fn silent_tasks_queue_no_callback_and_unknown_tasks_are_not_found() {
    let queue = TestServer::start(vec![]);
    let service = service(&queue).await;
    let silent = ask(&service, "async", Uuid::from_u128(1), "SILENT1").await.unwrap();
    assert_eq!(read(&service, silent.body["request_id"].as_str().unwrap()).await[0]["status"], "completed");
    for unknown in ["", "req-1", "b31252fa-6345-802d-9c04-ace991e39bed"] {
        assert_eq!(read(&service, unknown).await, json!([]), "{unknown}");
    }
    let missing = get_tasks(&service, Request::new(Body::Empty)).await.unwrap_err();
    assert_eq!(missing.code(), "BAD_REQUEST");
}
