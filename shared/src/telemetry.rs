//! Logs, metrics and counts of AWS calls. Each invocation writes one JSON line without personal data.

#[cfg(not(test))]
use std::sync::{Mutex, PoisonError};
use std::{collections::BTreeMap, sync::LazyLock};

use aws_sdk_dynamodb::operation::{
    batch_get_item::BatchGetItemInput, delete_item::DeleteItemInput, get_item::GetItemInput, put_item::PutItemInput,
    query::QueryInput, scan::ScanInput, transact_write_items::TransactWriteItemsInput, update_item::UpdateItemInput,
};
use aws_sdk_kms::operation::{
    decrypt::DecryptInput, encrypt::EncryptInput, generate_data_key::GenerateDataKeyInput,
    generate_data_key_without_plaintext::GenerateDataKeyWithoutPlaintextInput,
};
use aws_sdk_s3::operation::{
    delete_object::DeleteObjectInput, get_object::GetObjectInput, head_bucket::HeadBucketInput,
    head_object::HeadObjectInput, list_objects_v2::ListObjectsV2Input, put_object::PutObjectInput,
};
use aws_sdk_secretsmanager::operation::{get_secret_value::GetSecretValueInput, put_secret_value::PutSecretValueInput};
use aws_sdk_sqs::operation::{get_queue_attributes::GetQueueAttributesInput, send_message::SendMessageInput};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef, Input},
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    layer::{Layer, SubscriberExt},
    util::SubscriberInitExt,
};

/// Starts JSON logging to standard output; the level comes from `LOG_LEVEL` (default `info`).
pub fn start() {
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let filter = log_filter(std::env::var("LOG_LEVEL").ok().as_deref());
    // In tests logging may be started already.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
}

/// Parses a level (`debug`) or levels by module (`warn,verinym=debug`). `EnvFilter` is not used, since it would link a
/// regular-expression engine into every function.
fn log_filter(text: Option<&str>) -> Targets {
    text.filter(|text| !text.trim().is_empty())
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO))
}

/// Name of the stack.
static STACK: LazyLock<String> = LazyLock::new(|| std::env::var("STACK_NAME").unwrap_or_else(|_| "unknown".to_owned()));

/// Accesses the usage of the current invocation. A process has one invocation at a time; in tests each thread has its own usage.
fn with_usage<R>(work: impl FnOnce(&mut Usage) -> R) -> R {
    #[cfg(not(test))]
    {
        static USAGE: Mutex<Usage> = Mutex::new(Usage { round_trips: 0, calls: BTreeMap::new() });
        work(&mut USAGE.lock().unwrap_or_else(PoisonError::into_inner))
    }
    #[cfg(test)]
    {
        thread_local!(static USAGE: std::cell::RefCell<Usage> = std::cell::RefCell::default());
        USAGE.with_borrow_mut(work)
    }
}

/// The AWS calls of one invocation.
#[derive(Debug, Default, Clone)]
pub struct Usage {
    /// Length of the longest chain of sequential calls. Parallel calls count once.
    pub round_trips: u32,
    /// Number of calls by IAM action and resource: `dynamodb:PutItem verinym-kyc`.
    pub calls: BTreeMap<String, u32>,
}

/// Returns the usage of the invocation and resets it for the next one.
pub fn take_usage() -> Usage {
    with_usage(std::mem::take)
}

/// Counts the calls of an SDK client, and how many of them were sequential.
#[derive(Debug)]
pub struct UsageInterceptor;

/// Number of sequential calls up to and including this one.
#[derive(Debug, Clone, Copy)]
struct CallDepth(u32);

impl Storable for CallDepth {
    type Storer = StoreReplace<Self>;
}

impl Intercept for UsageInterceptor {
    fn name(&self) -> &'static str {
        "verinym-meter"
    }

    /// `read_before_execution` would be too early: the name of the operation is not known yet.
    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = cfg.load::<Metadata>().map(|m| (m.service().to_owned(), m.name().to_owned()));
        let actions = operation.map(|(service, name)| actions(&service, &name, context.input())).unwrap_or_default();
        // The call may have waited for any call that ended before it began.
        let depth = with_usage(|usage| {
            for action in actions {
                *usage.calls.entry(action).or_default() += 1;
            }
            usage.round_trips + 1
        });
        cfg.interceptor_state().store_put(CallDepth(depth));
        Ok(())
    }

    fn read_after_execution(
        &self,
        _context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(CallDepth(depth)) = cfg.load::<CallDepth>() {
            with_usage(|usage| usage.round_trips = usage.round_trips.max(*depth));
        }
        Ok(())
    }
}

/// The IAM actions of a call, each with its resource: `dynamodb:PutItem verinym-kyc`. A transaction has the actions of its parts. The
/// form of a resource allows a comparison with the grants of a role:
///
/// | resource | form |
/// |---|---|
/// | table, index | `<table>`, `<table>/<index>` |
/// | queue, secret, bucket | its name |
/// | object | `<bucket>/<first folder of its key>` |
/// | KMS key | `key/<purpose of the encryption context>` |
fn actions(service: &str, operation: &str, input: &Input) -> Vec<String> {
    let service = service.to_lowercase().replace(' ', "");
    let action = format!("{service}:{operation}");
    if let Some(input) = input.downcast_ref::<TransactWriteItemsInput>() {
        let part = |verb: &str, table: &str| format!("{service}:{verb} {table}");
        let mut parts = Vec::new();
        for item in input.transact_items() {
            parts.extend(item.put().map(|put| part("PutItem", put.table_name())));
            parts.extend(item.update().map(|update| part("UpdateItem", update.table_name())));
            parts.extend(item.delete().map(|delete| part("DeleteItem", delete.table_name())));
            parts.extend(item.condition_check().map(|check| part("ConditionCheckItem", check.table_name())));
        }
        parts.sort_unstable();
        parts.dedup();
        return parts;
    }
    if let Some(input) = input.downcast_ref::<BatchGetItemInput>() {
        let tables = input.request_items().map(|items| items.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        return tables.iter().map(|table| format!("{action} {table}")).collect();
    }
    match resource(input) {
        Some(resource) => vec![format!("{action} {resource}")],
        None => vec![action],
    }
}

/// The resource of a call, in the form described at [`actions`].
fn resource(input: &Input) -> Option<String> {
    table_of(input).or_else(|| object_of(input)).or_else(|| key_of(input)).or_else(|| {
        if let Some(input) = input.downcast_ref::<GetSecretValueInput>() {
            input.secret_id().map(secret_name)
        } else if let Some(input) = input.downcast_ref::<PutSecretValueInput>() {
            input.secret_id().map(secret_name)
        } else if let Some(input) = input.downcast_ref::<SendMessageInput>() {
            input.queue_url().map(queue_name)
        } else if let Some(input) = input.downcast_ref::<GetQueueAttributesInput>() {
            input.queue_url().map(queue_name)
        } else {
            None
        }
    })
}

fn table_of(input: &Input) -> Option<String> {
    if let Some(input) = input.downcast_ref::<QueryInput>() {
        let table = input.table_name()?;
        return Some(input.index_name().map_or_else(|| table.to_owned(), |index| format!("{table}/{index}")));
    }
    let table = if let Some(input) = input.downcast_ref::<GetItemInput>() {
        input.table_name()
    } else if let Some(input) = input.downcast_ref::<PutItemInput>() {
        input.table_name()
    } else if let Some(input) = input.downcast_ref::<UpdateItemInput>() {
        input.table_name()
    } else if let Some(input) = input.downcast_ref::<DeleteItemInput>() {
        input.table_name()
    } else if let Some(input) = input.downcast_ref::<ScanInput>() {
        input.table_name()
    } else {
        None
    };
    table.map(str::to_owned)
}

fn object_of(input: &Input) -> Option<String> {
    let in_bucket = |bucket: Option<&str>, key: Option<&str>| {
        let folder = key.and_then(|key| key.split_once('/')).map_or("", |(folder, _)| folder);
        bucket.map(|bucket| format!("{bucket}/{folder}"))
    };
    if let Some(input) = input.downcast_ref::<GetObjectInput>() {
        in_bucket(input.bucket(), input.key())
    } else if let Some(input) = input.downcast_ref::<HeadObjectInput>() {
        in_bucket(input.bucket(), input.key())
    } else if let Some(input) = input.downcast_ref::<PutObjectInput>() {
        in_bucket(input.bucket(), input.key())
    } else if let Some(input) = input.downcast_ref::<DeleteObjectInput>() {
        in_bucket(input.bucket(), input.key())
    } else if let Some(input) = input.downcast_ref::<ListObjectsV2Input>() {
        input.bucket().map(str::to_owned)
    } else if let Some(input) = input.downcast_ref::<HeadBucketInput>() {
        input.bucket().map(str::to_owned)
    } else {
        None
    }
}

fn key_of(input: &Input) -> Option<String> {
    let context = if let Some(input) = input.downcast_ref::<DecryptInput>() {
        input.encryption_context()
    } else if let Some(input) = input.downcast_ref::<EncryptInput>() {
        input.encryption_context()
    } else if let Some(input) = input.downcast_ref::<GenerateDataKeyInput>() {
        input.encryption_context()
    } else if let Some(input) = input.downcast_ref::<GenerateDataKeyWithoutPlaintextInput>() {
        input.encryption_context()
    } else {
        None
    };
    context.and_then(|context| context.get("purpose")).map(|purpose| format!("key/{purpose}"))
}

/// The name of a secret from its name or ARN. Secrets Manager appends a hyphen and six random characters to ARNs.
fn secret_name(id: &str) -> String {
    match id.rsplit_once(":secret:") {
        Some((_, name)) => name.rsplit_once('-').map_or(name, |(name, _)| name).to_owned(),
        None => id.to_owned(),
    }
}

/// The name of a queue: the last segment of its URL.
fn queue_name(url: &str) -> String {
    url.rsplit('/').next().unwrap_or(url).to_owned()
}

/// The prefix `<stack>-` of deployed names, derived from the deployed name of the function. Empty outside of Lambda.
fn stack_prefix(function: &str) -> String {
    let deployed = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    deployed.strip_suffix(function).unwrap_or_default().to_owned()
}

/// An invocation and its outcome, for the log line.
#[derive(Debug)]
pub struct Invocation<'a> {
    pub function: &'a str,
    pub area: &'a str,
    /// `ok`, the code of a problem, or `error`. The set is small, since each combination of dimensions is billed.
    pub outcome: &'a str,
    pub millis: u64,
    pub at: crate::domain::time::Timestamp,
    /// Further members: status, correlation id, user id, counts. Never personal data.
    pub properties: serde_json::Map<String, serde_json::Value>,
}

/// Writes the log line of an invocation. In CloudWatch's embedded metric format it is also two metrics, with the dimensions stack, area
/// and outcome; other members are not dimensions. The stack is a dimension so that the metrics of two stacks in one account and region
/// stay separate.
#[expect(clippy::print_stdout, reason = "standard output is where CloudWatch reads from")]
pub fn write(invocation: Invocation<'_>) {
    println!("{}", line(invocation, take_usage(), &STACK));
}

fn line(invocation: Invocation<'_>, usage: Usage, stack: &str) -> serde_json::Value {
    let mut line = invocation.properties;
    line.insert("timestamp".into(), invocation.at.to_string().into());
    line.insert("level".into(), "INFO".into());
    line.insert("function".into(), invocation.function.into());
    line.insert("stack".into(), stack.into());
    line.insert("area".into(), invocation.area.into());
    line.insert("outcome".into(), invocation.outcome.into());
    line.insert("calls".into(), 1.into());
    line.insert("duration".into(), invocation.millis.into());
    line.insert("round_trips".into(), usage.round_trips.into());
    // The prefix is removed, so that the names are the same in every stack.
    let prefix = format!(" {}", stack_prefix(invocation.function));
    let calls: BTreeMap<_, _> =
        usage.calls.iter().map(|(call, count)| (call.replacen(&prefix, " ", 1), count)).collect();
    line.insert("aws".into(), serde_json::json!(calls));
    line.insert(
        "_aws".into(),
        serde_json::json!({"Timestamp": invocation.at.unix_millis(), "CloudWatchMetrics": [{
            "Namespace": "Verinym", "Dimensions": [["stack", "area", "outcome"]],
            "Metrics": [{"Name": "calls", "Unit": "Count"}, {"Name": "duration", "Unit": "Milliseconds"}],
        }]}),
    );
    serde_json::Value::Object(line)
}

/// Writes a gauge of this stack: a log line that is also a metric (embedded metric format), for alarms.
#[expect(clippy::print_stdout, reason = "standard output is where CloudWatch reads from")]
pub fn gauge(name: &str, value: u64, at: crate::domain::time::Timestamp) {
    println!("{}", gauge_line(name, value, &STACK, at));
}

fn gauge_line(name: &str, value: u64, stack: &str, at: crate::domain::time::Timestamp) -> serde_json::Value {
    serde_json::json!({
        "timestamp": at.to_string(), "level": "INFO", "stack": stack, name: value,
        "_aws": {"Timestamp": at.unix_millis(), "CloudWatchMetrics": [{
            "Namespace": "Verinym", "Dimensions": [["stack"]], "Metrics": [{"Name": name, "Unit": "Count"}],
        }]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_level_is_info_unless_the_environment_says_otherwise() {
        use tracing::Level;
        let enables = |text: Option<&str>, target: &str, level: Level| log_filter(text).would_enable(target, &level);
        for text in [None, Some(""), Some(" "), Some("nonsense=nonsense")] {
            assert!(enables(text, "verinym", Level::INFO) && !enables(text, "verinym", Level::DEBUG), "{text:?}");
        }
        assert!(enables(Some("debug"), "hyper", Level::DEBUG));
        assert!(enables(Some("warn,verinym=debug"), "verinym::http", Level::DEBUG));
        assert!(!enables(Some("warn,verinym=debug"), "hyper", Level::INFO));
    }

    #[test]
    fn the_line_of_a_gauge_has_the_members_that_its_metric_names() {
        let line = gauge_line("stale_lists", 2, "verinym-dev", crate::domain::time::Timestamp::from_unix_seconds(1));
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(line[directive["Metrics"][0]["Name"].as_str().unwrap()], 2);
        assert_eq!(line[directive["Dimensions"][0][0].as_str().unwrap()], "verinym-dev");
        assert_eq!(line["_aws"]["Timestamp"], 1000);
    }

    /// In the embedded metric format each dimension must be a text member of the line.
    #[test]
    fn a_line_has_each_dimension_as_a_member() {
        let invocation = Invocation {
            function: "auth-login",
            area: "auth",
            outcome: "ok",
            millis: 3,
            at: crate::domain::time::Timestamp::from_unix_seconds(1),
            properties: serde_json::Map::new(),
        };
        let line = line(invocation, Usage::default(), "verinym-dev");
        let dimensions = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0].as_array().unwrap();
        let values: Vec<_> = dimensions.iter().map(|name| line[name.as_str().unwrap()].as_str().unwrap()).collect();
        assert_eq!(values, ["verinym-dev", "auth", "ok"]);
    }

    #[tokio::test]
    async fn calls_are_counted_by_action_and_target_even_if_they_fail() {
        use aws_sdk_dynamodb::config::{Builder, Credentials, Region, retry::RetryConfig};
        let config = Builder::new()
            .behavior_version_latest()
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .endpoint_url("http://127.0.0.1:1")
            .interceptor(UsageInterceptor)
            .build();
        let db = aws_sdk_dynamodb::Client::from_conf(config);
        let key = aws_sdk_dynamodb::types::AttributeValue::S("x".into());
        let call = || db.get_item().table_name("verinym-local-kyc").key("pk", key.clone()).send();
        take_usage();
        let (one, two) = tokio::join!(call(), call());
        assert!(one.is_err() && two.is_err());
        assert!(call().await.is_err());
        let usage = take_usage();
        assert_eq!(usage.calls, BTreeMap::from([("dynamodb:GetItem verinym-local-kyc".to_owned(), 3)]));
        assert_eq!(usage.round_trips, 2);
    }
}
