//! Direct access to the services behind the API, by their wire protocols. The emulator accepts any signature and routes by the service that
//! the credential names.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use http::Method;
use serde_json::{Value, json};

use crate::{Stack, contract::with_every_section};

/// The six tables, by their last name.
pub const TABLES: [&str; 6] = ["identity", "keys", "kyc", "events", "outbound", "ephemeral"];

/// Calls the services of one stack.
#[derive(Debug, Clone)]
pub struct Aws {
    stack: Stack,
}

impl Stack {
    /// The services behind the API.
    pub fn aws(&self) -> Aws {
        Aws { stack: self.clone() }
    }
}

impl Aws {
    fn request(&self, method: Method, service: &str, path: &str) -> reqwest::RequestBuilder {
        let (id, region) = (self.stack.var("AWS_ACCESS_KEY_ID"), self.stack.var("AWS_REGION"));
        let credential = format!("Credential={id}/20260101/{region}/{service}/aws4_request");
        self.stack
            .http()
            .request(method, format!("{}{path}", self.stack.var("AWS_ENDPOINT_URL")))
            .header("authorization", format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=00"))
            .header("x-amz-date", "20260101T000000Z")
    }

    /// One call of a JSON protocol service, like `dynamodb`, `DynamoDB_20120810.Scan`.
    pub async fn call(&self, service: &str, target: &str, body: &Value) -> Value {
        let request = self
            .request(Method::POST, service, "/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(body.to_string());
        let answer = request.send().await.unwrap_or_else(|error| panic!("{target}: {error}"));
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{target} answered {status}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Every item of one of the stack's tables, in DynamoDB's own JSON.
    pub async fn scan(&self, table: &str) -> Vec<Value> {
        self.scan_named(&self.stack.named(table)).await
    }

    /// Every item of a table.
    pub async fn scan_named(&self, table: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut body = json!({"TableName": table, "ConsistentRead": true});
            if !start.is_null() {
                body["ExclusiveStartKey"] = start;
            }
            let page = self.call("dynamodb", "DynamoDB_20120810.Scan", &body).await;
            items.extend(page["Items"].as_array().unwrap().clone());
            start = page["LastEvaluatedKey"].clone();
            if start.is_null() {
                return items;
            }
        }
    }

    /// The items of one partition of one of the stack's tables.
    pub async fn partition(&self, table: &str, pk: &str) -> Vec<Value> {
        self.partition_named(&self.stack.named(table), pk).await
    }

    /// The items of one partition.
    pub async fn partition_named(&self, table: &str, pk: &str) -> Vec<Value> {
        let body = json!({
            "TableName": table, "ConsistentRead": true, "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
        });
        let page = self.call("dynamodb", "DynamoDB_20120810.Query", &body).await;
        page["Items"].as_array().unwrap().clone()
    }

    /// The events of an aggregate as they are stored in the log, in their canonical form.
    pub async fn events(&self, aggregate: &str) -> Vec<Value> {
        let items = self.partition("events", aggregate).await;
        let values = items.iter().flat_map(|item| item.as_object().unwrap().values());
        let bodies = values.filter_map(|value| BASE64.decode(value["B"].as_str()?).ok());
        bodies.filter_map(|body| serde_json::from_slice(&body).ok()).collect()
    }

    /// Sets one attribute of an item of a table without sort key.
    pub async fn set(&self, table: &str, pk: &Value, name: &str, value: &Value) {
        let body = json!({
            "TableName": table, "Key": {"pk": pk}, "UpdateExpression": "SET #name = :value",
            "ExpressionAttributeNames": {"#name": name}, "ExpressionAttributeValues": {":value": value},
        });
        self.call("dynamodb", "DynamoDB_20120810.UpdateItem", &body).await;
    }

    /// An empty table with the keys and indexes of another.
    pub async fn copy_table(&self, from: &str, to: &str) {
        let answer = self.call("dynamodb", "DynamoDB_20120810.DescribeTable", &json!({"TableName": from})).await;
        let table = &answer["Table"];
        let mut body = json!({
            "TableName": to, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": table["AttributeDefinitions"], "KeySchema": table["KeySchema"],
        });
        if let Some(indexes) = table["GlobalSecondaryIndexes"].as_array() {
            let index = |one: &Value| json!({"IndexName": one["IndexName"], "KeySchema": one["KeySchema"], "Projection": one["Projection"]});
            body["GlobalSecondaryIndexes"] = indexes.iter().map(index).collect();
        }
        self.call("dynamodb", "DynamoDB_20120810.CreateTable", &body).await;
    }

    /// Copies the items of one partition.
    pub async fn copy_partition(&self, from: &str, to: &str, pk: &str) {
        for item in self.partition_named(from, pk).await {
            self.call("dynamodb", "DynamoDB_20120810.PutItem", &json!({"TableName": to, "Item": item})).await;
        }
    }

    /// Creates a queue whose messages can be received again at once; returns its URL.
    pub async fn create_queue(&self, name: &str) -> String {
        let body = json!({"QueueName": name, "Attributes": {"VisibilityTimeout": "0"}});
        let answer = self.call("sqs", "AmazonSQS.CreateQueue", &body).await;
        answer["QueueUrl"].as_str().unwrap().to_owned()
    }

    /// Messages of a queue, at most ten.
    pub async fn receive(&self, url: &str) -> Vec<Value> {
        let body = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
        let answer = self.call("sqs", "AmazonSQS.ReceiveMessage", &body).await;
        answer["Messages"].as_array().cloned().unwrap_or_default()
    }

    pub async fn delete_message(&self, url: &str, receipt: &str) {
        let body = json!({"QueueUrl": url, "ReceiptHandle": receipt});
        self.call("sqs", "AmazonSQS.DeleteMessage", &body).await;
    }

    /// A secret's value, which is JSON.
    pub async fn secret(&self, name: &str) -> Value {
        let body = json!({"SecretId": self.stack.named(name)});
        let answer = self.call("secretsmanager", "secretsmanager.GetSecretValue", &body).await;
        serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap()
    }

    async fn queue_url(&self, queue: &str) -> String {
        let body = json!({"QueueName": self.stack.named(queue)});
        let answer = self.call("sqs", "AmazonSQS.GetQueueUrl", &body).await;
        answer["QueueUrl"].as_str().unwrap().to_owned()
    }

    /// Puts a message on a queue.
    pub async fn send(&self, queue: &str, message: &Value) {
        self.send_to(&self.queue_url(queue).await, message).await;
    }

    /// Puts a message on the queue of this URL.
    pub async fn send_to(&self, url: &str, message: &Value) {
        let body = json!({"QueueUrl": url, "MessageBody": message.to_string()});
        self.call("sqs", "AmazonSQS.SendMessage", &body).await;
    }

    /// How many messages a queue holds, those in flight included.
    pub async fn depth(&self, queue: &str) -> u64 {
        let names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ];
        let body = json!({"QueueUrl": self.queue_url(queue).await, "AttributeNames": names});
        let answer = self.call("sqs", "AmazonSQS.GetQueueAttributes", &body).await;
        names
            .iter()
            .filter_map(|name| answer["Attributes"][name].as_str())
            .map(|count| count.parse::<u64>().unwrap())
            .sum()
    }

    /// Invokes a function directly and returns its response.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Value {
        self.invocation(function, payload).await.unwrap_or_else(|message| panic!("{function} failed: {message}"))
    }

    /// The answer of a function, or the message of its error.
    pub async fn invocation(&self, function: &str, payload: &Value) -> Result<Value, String> {
        let path = format!("/2015-03-31/functions/{}/invocations", self.stack.named(function));
        let request = self.request(Method::POST, "lambda", &path).body(payload.to_string());
        let answer = request.send().await.unwrap();
        let failed = answer.headers().get("x-amz-function-error").is_some();
        let body: Value = answer.json().await.unwrap();
        if failed { Err(body["errorMessage"].as_str().unwrap_or_default().to_owned()) } else { Ok(body) }
    }

    /// The environment a function runs in.
    pub async fn environment(&self, function: &str) -> Value {
        let path = format!("/2015-03-31/functions/{}/configuration", self.stack.named(function));
        let answer = self.request(Method::GET, "lambda", &path).send().await.unwrap();
        let configuration: Value = answer.json().await.unwrap();
        configuration["Environment"]["Variables"].clone()
    }

    /// The environments of all functions together, with every section of the configuration.
    pub async fn whole_environment(&self) -> BTreeMap<String, String> {
        let mut whole = BTreeMap::new();
        for function in with_every_section() {
            let deployed = self.environment(function).await;
            let variables = deployed.as_object().expect("a function has variables").iter();
            whole.extend(variables.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))));
        }
        whole
    }

    /// Every line that the functions of an area logged. The emulator answers at most 10,000 events and no token for
    /// the others, so that the next page starts at the time of the last event; events that came twice count once.
    pub async fn log(&self, area: &str) -> Vec<String> {
        let group = format!("/{}/{area}", self.stack.var("STACK_NAME"));
        let mut lines = Vec::new();
        let mut seen = BTreeSet::new();
        let mut since = 0;
        loop {
            let body = json!({"logGroupName": group, "limit": 10_000, "startTime": since});
            let page = self.call("logs", "Logs_20140328.FilterLogEvents", &body).await;
            let before = seen.len();
            for event in page["events"].as_array().unwrap() {
                let Some(message) = event["message"].as_str() else { continue };
                since = since.max(event["timestamp"].as_i64().unwrap_or_default());
                if seen.insert(format!("{} {} {message}", event["timestamp"], event["logStreamName"])) {
                    lines.push(message.to_owned());
                }
            }
            if seen.len() == before {
                return lines;
            }
        }
    }

    /// Puts an object.
    pub async fn put_object(&self, bucket: &str, key: &str, content: impl AsRef<[u8]>) {
        let request = self.request(Method::PUT, "s3", &format!("/{bucket}/{key}")).body(content.as_ref().to_vec());
        let status = request.send().await.unwrap().status();
        assert!(status.is_success(), "{bucket}/{key}: {status}");
    }

    /// The bytes of an object.
    pub async fn object(&self, bucket: &str, key: &str) -> Vec<u8> {
        let answer = self.request(Method::GET, "s3", &format!("/{bucket}/{key}")).send().await.unwrap();
        assert!(answer.status().is_success(), "{bucket}/{key}: {}", answer.status());
        answer.bytes().await.unwrap().to_vec()
    }

    /// Every object of a bucket: its key and bytes.
    pub async fn objects(&self, bucket: &str) -> Vec<(String, Vec<u8>)> {
        let mut objects = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/{bucket}?list-type=2&start-after={after}");
            let page = self.request(Method::GET, "s3", &path).send().await.unwrap().text().await.unwrap();
            let keys: Vec<_> = between(&page, "<Key>", "</Key>").map(str::to_owned).collect();
            for key in &keys {
                let answer = self.request(Method::GET, "s3", &format!("/{bucket}/{key}")).send().await.unwrap();
                objects.push((key.clone(), answer.bytes().await.unwrap().to_vec()));
            }
            match keys.last() {
                Some(last) if page.contains("<IsTruncated>true</IsTruncated>") => after.clone_from(last),
                _ => return objects,
            }
        }
    }
}

/// The text between two marks.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}

/// The bytes of everything in an item: its JSON as text, and each binary value decoded.
pub fn raw_bytes(item: &Value) -> Vec<u8> {
    let mut all = item.to_string().into_bytes();
    collect_binary(item, &mut all);
    all
}

fn collect_binary(value: &Value, all: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if let (true, Some(text)) = (name == "B", field.as_str())
                    && let Ok(bytes) = BASE64.decode(text)
                {
                    all.push(b'\n');
                    all.extend(bytes);
                }
                collect_binary(field, all);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_binary(item, all)),
        _ => {}
    }
}
