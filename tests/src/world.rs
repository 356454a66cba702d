//! An isolated copy of the system: the same code in this process, with tables and queues that no deployed function uses.
//!
//! The test takes the place of the platform: it passes rows of the outbox to the dispatcher and messages to the workers, and delivers
//! again what was not done. So it can kill a worker at any call and check what becomes of its work.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use aws_config::Region;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use lambda_http::{Body, RequestExt, request::RequestContext};
use serde_json::{Value, json};
use verinym::{
    app::{self, App},
    config::{
        Config, LIST_SOURCES_KEY, Section, Stage,
        names::{Queues, Tables},
    },
    domain::{secret::Secret, time::Timestamp},
    function::{QueueTrigger, Trigger},
    http::{Endpoint, respond},
    messaging::Worker,
    providers::signature::{Scheme, standard_webhooks},
    store::kek::KeyPurpose,
};

use crate::{
    Stack,
    aws::{Aws, TABLES},
    contract,
    faults::{self, Fault, FaultInjector},
    people::tag,
};

/// No test needs more rounds until nothing is left to do.
const ROUNDS: usize = 40;

#[derive(Debug)]
pub struct World {
    pub stack: Stack,
    pub aws: Aws,
    pub faults: Arc<FaultInjector>,
    app: &'static App,
    name: String,
    queues: HashMap<&'static str, String>,
    endpoints: Vec<Endpoint>,
    workers: Vec<Worker>,
}

/// The response of an endpoint of this world.
#[derive(Debug)]
pub struct EndpointReply {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl EndpointReply {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

impl World {
    /// A world with the deployed configuration except for tables, queues and these variables, and with the deployed lists in force.
    pub async fn new(stack: &Stack, variables: &[(&str, &str)]) -> Self {
        Self::made(stack, variables, None).await
    }

    /// A world with the deployed configuration except for tables and queues, and with lists of its own, none of which is loaded.
    pub async fn with_lists(stack: &Stack, lists: &Value) -> Self {
        Self::made(stack, &[], Some(lists)).await
    }

    async fn made(stack: &Stack, variables: &[(&str, &str)], lists: Option<&Value>) -> Self {
        let (aws, name) = (stack.aws(), format!("world-{}", tag()));
        let mut environment = aws.whole_environment().await;
        // The platform adds these to what the template says.
        for variable in ["AWS_REGION", "AWS_ENDPOINT_URL"] {
            environment.insert(variable.to_owned(), stack.var(variable).to_owned());
        }
        environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut config = Config::from_lookup(&Section::ALL, |name| environment.get(name).cloned())
            .expect("the deployed configuration");
        for table in TABLES {
            aws.copy_table(&stack.named(table), &format!("{name}-{table}")).await;
        }
        config.tables = Tables::of_stack(&name);
        // The deployed keys, since the rotation alone makes any.
        for purpose in KeyPurpose::ALL {
            let partition = format!("KEK#{}", purpose.name());
            aws.copy_partition(&stack.named("keys"), &format!("{name}-keys"), &partition).await;
        }
        let mut queues = HashMap::new();
        for worker in contract::workers().iter().map(Worker::as_function) {
            if let Trigger::Queue(QueueTrigger { queue, .. }) = worker.trigger {
                queues.insert(worker.name, aws.create_queue(&format!("{name}-{queue}")).await);
            }
        }
        let (base, _) = queues["workers-verify"].rsplit_once('/').expect("a queue's URL ends with its name");
        config.queues = Queues::of_stack(base, &name);
        if let Some(lists) = lists {
            config.list_sources_key = format!("config/{name}.json");
            aws.put_object(&config.lists_bucket, &config.list_sources_key, &lists.to_string()).await;
        } else {
            let text = aws.object(&config.lists_bucket, LIST_SOURCES_KEY).await;
            let text = String::from_utf8(text).expect("text");
            if config.stage != Stage::Local {
                // Off the local stack lists come by TLS only; nothing is fetched here.
                config.list_sources_key = format!("config/{name}.json");
                let secure = text.replace("http://", "https://");
                aws.put_object(&config.lists_bucket, &config.list_sources_key, &secure).await;
            }
            aws.copy_partition(&stack.named("kyc"), &format!("{name}-kyc"), "LISTS").await;
        }
        let faults = Arc::new(FaultInjector::default());
        let credentials =
            Credentials::new(stack.var("AWS_ACCESS_KEY_ID"), stack.var("AWS_SECRET_ACCESS_KEY"), None, None, "tests");
        let mut sdk = app::sdk_config().into_builder();
        sdk.set_region(Some(Region::new(stack.var("AWS_REGION"))));
        sdk.set_endpoint_url(Some(stack.var("AWS_ENDPOINT_URL").to_owned()));
        sdk.set_credentials_provider(Some(SharedCredentialsProvider::new(credentials)));
        sdk.set_http_client(Some(faults::client(faults.clone())));
        Self {
            app: Box::leak(Box::new(App::with_sdk(config, sdk.build()))),
            stack: stack.clone(),
            aws,
            faults,
            name,
            queues,
            endpoints: contract::endpoints(),
            workers: contract::workers(),
        }
    }

    /// The name of one of this world's tables.
    pub fn table(&self, table: &str) -> String {
        format!("{}-{table}", self.name)
    }

    /// Calls an endpoint with or without an access token.
    pub async fn call(
        &self,
        function: &str,
        token: Option<&str>,
        path: &[(&str, &str)],
        body: &Value,
    ) -> EndpointReply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("content-type", "application/json".to_owned())];
        self.send(function, token, path, &headers, body.into_bytes()).await
    }

    /// The same with given headers and body.
    pub async fn send(
        &self,
        function: &str,
        token: Option<&str>,
        path: &[(&str, &str)],
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> EndpointReply {
        self.send_from(None, function, token, path, headers, body).await
    }

    /// Calls an endpoint without an access token, from a given source address.
    pub async fn call_from(&self, ip: &str, function: &str, body: &Value) -> EndpointReply {
        let headers = [("content-type", "application/json".to_owned())];
        self.send_from(Some(ip), function, None, &[], &headers, body.to_string().into_bytes()).await
    }

    async fn send_from(
        &self,
        ip: Option<&str>,
        function: &str,
        token: Option<&str>,
        path: &[(&str, &str)],
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> EndpointReply {
        let endpoint = self.endpoints.iter().find(|endpoint| endpoint.route.function == function);
        let endpoint = endpoint.unwrap_or_else(|| panic!("no function {function}"));
        // A path parameter of the name `?` is the query string.
        let query = path.iter().find(|(name, _)| *name == "?").map_or("", |(_, query)| query);
        let uri = format!("http://world/?{query}");
        let mut request = http::Request::builder().method(&endpoint.route.method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let path: HashMap<String, String> =
            path.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut request = request.body(Body::Binary(body)).expect("a request").with_path_parameters(path);
        if let Some(ip) = ip {
            let context = json!({"requestId": "r", "identity": {"sourceIp": ip}, "httpMethod": "POST"});
            let context = serde_json::from_value(context).expect("a request context");
            request = request.with_request_context(RequestContext::ApiGatewayV1(context));
        }
        self.faults.begin(function);
        // Boxed, since a story nests many of these.
        let response = Box::pin(respond(self.app, endpoint, request)).await;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        EndpointReply { status, headers, body }
    }

    /// The application of this world's functions.
    pub fn app(&self) -> &'static App {
        self.app
    }

    /// Puts a message on a worker's queue.
    pub async fn message(&self, worker: &str, message: &Value) {
        self.aws.send_to(&self.queues[worker], message).await;
    }

    /// Runs the dispatcher and the workers until nothing is left to do, with a fault at one of their calls. Returns the calls; if there
    /// are fewer than the fault's number, the fault did not happen.
    pub async fn settle(&self, fault: Option<(usize, Fault)>) -> Vec<String> {
        self.faults.set(fault);
        for _ in 0..ROUNDS {
            let mut busy = self.dispatch().await;
            for (worker, url) in &self.queues {
                busy |= self.deliver(worker, url).await;
            }
            if !busy {
                let calls = self.faults.calls();
                self.faults.set(None);
                return calls;
            }
        }
        panic!("there is always something left to do: {:?}", self.faults.calls());
    }

    /// Passes the rows of the outbox to the dispatcher, as the stream or the sweep does.
    async fn dispatch(&self) -> bool {
        let items = self.aws.scan_named(&self.table("outbound")).await;
        let record = |item: &Value| {
            json!({
                "eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1_772_357_400.0, "SequenceNumber": "1", "SizeBytes": 1,
                    "StreamViewType": "NEW_IMAGE", "Keys": {"pk": item["pk"], "sk": item["sk"]}, "NewImage": item,
                },
            })
        };
        let rows: Vec<_> = items
            .iter()
            .filter(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("OUT#")))
            .map(record)
            .collect();
        if rows.is_empty() {
            return false;
        }
        self.invoke("workers-dispatch", json!({ "Records": rows })).await;
        true
    }

    /// Passes the messages of a queue to its worker and removes those that were done; the others are delivered again.
    async fn deliver(&self, worker: &str, url: &str) -> bool {
        let messages = self.aws.receive(url).await;
        if messages.is_empty() {
            return false;
        }
        let records: Vec<_> = messages
            .iter()
            .map(|message| {
                json!({
                    "messageId": message["MessageId"], "receiptHandle": "r", "eventSource": "aws:sqs",
                    "body": message["Body"], "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
                })
            })
            .collect();
        let Some(answer) = self.invoke(worker, json!({ "Records": records })).await else {
            self.pass_time().await;
            return true;
        };
        let failed = answer["batchItemFailures"].as_array().expect("a batch's answer");
        if !failed.is_empty() {
            self.pass_time().await;
        }
        for message in &messages {
            if !failed.iter().any(|failure| failure["itemIdentifier"] == message["MessageId"]) {
                self.aws.delete_message(url, message["ReceiptHandle"].as_str().expect("a receipt")).await;
            }
        }
        true
    }

    /// The worker's result; `None` if it failed or was killed.
    pub async fn invoke(&self, worker: &str, event: Value) -> Option<Value> {
        let worker = self.workers.iter().find(|one| one.function == worker).expect("a worker");
        self.faults.begin(worker.function);
        let deadline = Timestamp::from_unix_millis(i64::try_from(Timestamp::now().unix_millis()).unwrap() + 60_000);
        tokio::select! {
            biased;
            () = self.faults.killed() => None,
            ran = Box::pin(worker.invoke(self.app, event, deadline)) => ran.ok().map(|ran| ran.answer),
        }
    }

    /// Ends all claims of messages, as if a visibility time-out had passed.
    async fn pass_time(&self) {
        let table = self.table("ephemeral");
        for item in self.aws.scan_named(&table).await {
            if item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("WORK#")) && item["done"]["BOOL"] == false {
                self.aws.set(&table, &item["pk"], "lease_until", &json!({"S": "2000-01-01T00:00:00.000Z"})).await;
            }
        }
    }

    /// The provider's callback for a check, signed as the provider would.
    pub async fn callback(&self, check: &str) {
        let key = self.aws.secret("provider-sandbox").await;
        let key = Secret::new(key["webhook_secret"].as_str().unwrap().to_owned());
        let key = Scheme::StandardWebhooks.key(&key).unwrap();
        let stored = self.aws.scan_named(&self.table("kyc")).await;
        let reference = stored
            .iter()
            .filter_map(|item| {
                item["pk"]["S"].as_str()?.strip_prefix("REQ#sandbox#").map(|reference| (reference, item))
            })
            .find(|(_, item)| item.to_string().contains(check))
            .map(|(reference, _)| reference.to_owned())
            .expect("the provider was called");
        let body = json!({
            "action": "validate", "type": "sandbox_document", "status": "completed", "request_id": reference,
            "task_id": "6f1a4f0e-6a1c-4a44-9d1d-0f3a5f6c7b11", "group_id": "6f1a4f0e-6a1c-4a44-9d1d-0f3a5f6c7b12",
            "created_at": "2026-01-01T00:00:00Z", "completed_at": "2026-01-01T00:00:01Z", "result": {},
        })
        .to_string();
        let id = format!("msg_{}", tag());
        let signed = standard_webhooks::signed_headers(&[key], &id, Timestamp::now(), body.as_bytes());
        let headers: Vec<_> = signed.into_iter().chain([("content-type", "application/json".to_owned())]).collect();
        let path = [("provider", "sandbox")];
        self.send("webhooks-receive-provider", None, &path, &headers, body.into_bytes()).await.expect(200);
    }

    /// Events of an aggregate, by type, in their order.
    pub async fn events(&self, aggregate: &str) -> Vec<String> {
        let items = self.aws.partition_named(&self.table("events"), aggregate).await;
        items.iter().map(event_type).collect()
    }

    /// The data of the events of an aggregate, each with its type, in their order.
    pub async fn event_data(&self, aggregate: &str) -> Vec<(String, Value)> {
        let items = self.aws.partition_named(&self.table("events"), aggregate).await;
        let data = |item: &Value| (event_type(item), event_body(item)["data"].clone());
        items.iter().map(data).collect()
    }

    /// The sum of each counter.
    pub async fn counters(&self) -> BTreeMap<String, i64> {
        let mut sums = BTreeMap::new();
        for item in self.aws.scan_named(&self.table("outbound")).await {
            if item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("T#")) {
                let count: i64 = item["count"]["N"].as_str().and_then(|count| count.parse().ok()).unwrap_or_default();
                *sums.entry(item["sk"]["S"].as_str().unwrap_or_default().to_owned()).or_default() += count;
            }
        }
        sums
    }

    /// Messages and outbox rows that are left.
    pub async fn left_over(&self) -> usize {
        let rows = self.aws.scan_named(&self.table("outbound")).await;
        rows.iter().filter(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("OUT#"))).count()
    }
}

/// The type in an event's canonical bytes.
pub fn event_type(item: &Value) -> String {
    event_body(item)["type"].as_str().unwrap_or_default().to_owned()
}

fn event_body(item: &Value) -> Value {
    use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
    let bodies = item.as_object().into_iter().flat_map(|item| item.values()).filter_map(|value| value["B"].as_str());
    let mut events = bodies.filter_map(|body| serde_json::from_slice::<Value>(&BASE64.decode(body).ok()?).ok());
    events.find(|event| event["type"].is_string()).expect("an event's body")
}
