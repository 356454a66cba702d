//! Logs, metrics and the count of AWS calls: one JSON line per invocation, without personal data.

#[cfg(not(test))]
use std::sync::{Mutex, PoisonError};
use std::{collections::BTreeMap, sync::LazyLock};

use aws_sdk_dynamodb::operation::{
    batch_get_item::BatchGetItemInput, delete_item::DeleteItemInput, get_item::GetItemInput, put_item::PutItemInput,
    query::QueryInput, transact_write_items::TransactWriteItemsInput, update_item::UpdateItemInput,
};
use aws_sdk_secretsmanager::operation::{get_secret_value::GetSecretValueInput, put_secret_value::PutSecretValueInput};
use aws_sdk_sqs::operation::send_message::SendMessageInput;
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

/// Starts JSON logging to standard output; the level comes from `LOG_LEVEL` (default `info`).
pub fn start() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("LOG_LEVEL")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second start (in tests) keeps the first.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .try_init();
}

/// The stack that this process belongs to, as the template tells it.
static STACK: LazyLock<String> = LazyLock::new(|| std::env::var("STACK_NAME").unwrap_or_else(|_| "unknown".to_owned()));

/// The count of the current invocation. A process has one invocation at a time; tests run side by side in threads of one
/// process, and each has a count of its own.
fn with_usage<R>(work: impl FnOnce(&mut Usage) -> R) -> R {
    #[cfg(not(test))]
    {
        static METER: Mutex<Usage> = Mutex::new(Usage { round_trips: 0, calls: BTreeMap::new() });
        work(&mut METER.lock().unwrap_or_else(PoisonError::into_inner))
    }
    #[cfg(test)]
    {
        thread_local!(static METER: std::cell::RefCell<Usage> = std::cell::RefCell::default());
        METER.with_borrow_mut(work)
    }
}

/// What one invocation asked of AWS.
#[derive(Debug, Default, Clone)]
pub struct Usage {
    /// The longest chain of calls that had to wait for one another: parallel calls count once.
    pub round_trips: u32,
    /// How often each action was called on each target, by IAM's words: `dynamodb:PutItem kyc`.
    pub calls: BTreeMap<String, u32>,
}

/// Ends the count of this process's current invocation and begins the next; a Lambda process has one at a time.
pub fn take_usage() -> Usage {
    with_usage(std::mem::take)
}

/// Counts calls and their depth on every SDK client of the process.
#[derive(Debug)]
pub struct Meter;

#[derive(Debug, Clone, Copy)]
struct Depth(u32);

impl Storable for Depth {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "verinym-meter"
    }

    /// Not `read_before_execution`: a client's interceptors see that before the operation's name is known.
    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = cfg.load::<Metadata>().map(|m| (m.service().to_owned(), m.name().to_owned()));
        let actions = operation.map(|(service, name)| actions(&service, &name, context.input())).unwrap_or_default();
        // Whatever ended before this call began may be what it waited for.
        let depth = with_usage(|usage| {
            for action in actions {
                *usage.calls.entry(action).or_default() += 1;
            }
            usage.round_trips + 1
        });
        cfg.interceptor_state().store_put(Depth(depth));
        Ok(())
    }

    fn read_after_execution(
        &self,
        _context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Depth(depth)) = cfg.load::<Depth>() {
            with_usage(|usage| usage.round_trips = usage.round_trips.max(*depth));
        }
        Ok(())
    }
}

/// The IAM actions one call needs, each with its table, secret or queue where there is one; a transaction needs its parts'.
fn actions(service: &str, operation: &str, input: &Input) -> Vec<String> {
    let service = service.to_lowercase().replace(' ', "");
    let on = |table: Option<&str>| vec![format!("{service}:{operation} {}", table.map_or("", logical))];
    if let Some(input) = input.downcast_ref::<GetItemInput>() {
        on(input.table_name())
    } else if let Some(input) = input.downcast_ref::<PutItemInput>() {
        on(input.table_name())
    } else if let Some(input) = input.downcast_ref::<UpdateItemInput>() {
        on(input.table_name())
    } else if let Some(input) = input.downcast_ref::<DeleteItemInput>() {
        on(input.table_name())
    } else if let Some(input) = input.downcast_ref::<QueryInput>() {
        on(input.table_name())
    } else if let Some(input) = input.downcast_ref::<BatchGetItemInput>() {
        let tables = input.request_items().map(|items| items.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        tables.iter().map(|table| format!("{service}:{operation} {}", logical(table))).collect()
    } else if let Some(input) = input.downcast_ref::<GetSecretValueInput>() {
        on(input.secret_id().map(secret))
    } else if let Some(input) = input.downcast_ref::<PutSecretValueInput>() {
        on(input.secret_id().map(secret))
    } else if let Some(input) = input.downcast_ref::<SendMessageInput>() {
        on(input.queue_url())
    } else if let Some(input) = input.downcast_ref::<TransactWriteItemsInput>() {
        let name = |verb: &str, table: &str| format!("{service}:{verb} {}", logical(table));
        let mut parts = Vec::new();
        for item in input.transact_items() {
            parts.extend(item.put().map(|put| name("PutItem", put.table_name())));
            parts.extend(item.update().map(|update| name("UpdateItem", update.table_name())));
            parts.extend(item.delete().map(|delete| name("DeleteItem", delete.table_name())));
            parts.extend(item.condition_check().map(|check| name("ConditionCheckItem", check.table_name())));
        }
        parts.sort_unstable();
        parts.dedup();
        parts
    } else {
        vec![format!("{service}:{operation}")]
    }
}

/// A secret's name; of an ARN what stands before the six random characters that Secrets Manager puts at its end.
fn secret(id: &str) -> &str {
    if id.starts_with("arn:") { id.rsplit_once('-').map_or(id, |(name, _)| name) } else { id }
}

/// `verinym-local-kyc` → `kyc`; a queue's URL ends like a table's name.
fn logical(table: &str) -> &str {
    table.rsplit('-').next().unwrap_or(table)
}

/// What one invocation was and how it ended; written as one line.
#[derive(Debug)]
pub struct Invocation<'a> {
    pub function: &'a str,
    pub area: &'a str,
    /// `ok`, a refusal's code, or `error`: a small closed set, since each pair of dimensions is billed.
    pub outcome: &'a str,
    pub millis: u64,
    pub at: crate::domain::time::Timestamp,
    /// Whatever else helps: status, correlation id, user id, counts. Never personal data.
    pub properties: serde_json::Map<String, serde_json::Value>,
}

/// The one line of an invocation: a log entry and, by CloudWatch's embedded metric format, two metrics in the same
/// breath. Dimensions are few (stack, area, outcome); all else rides along as properties. With the stack among them two
/// stacks of one account and region do not add up to one metric.
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
    line.insert("aws".into(), serde_json::json!(usage.calls));
    line.insert(
        "_aws".into(),
        serde_json::json!({"Timestamp": invocation.at.unix_millis(), "CloudWatchMetrics": [{
            "Namespace": "Verinym", "Dimensions": [["stack", "area", "outcome"]],
            "Metrics": [{"Name": "calls", "Unit": "Count"}, {"Name": "duration", "Unit": "Milliseconds"}],
        }]}),
    );
    serde_json::Value::Object(line)
}

/// A number as it is now, of this stack: a log line that is a metric too (embedded metric format), for alarms.
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
    fn a_gauge_s_line_holds_what_its_metric_names() {
        let line = gauge_line("stale_lists", 2, "verinym-dev", crate::domain::time::Timestamp::from_unix_seconds(1));
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(line[directive["Metrics"][0]["Name"].as_str().unwrap()], 2);
        assert_eq!(line[directive["Dimensions"][0][0].as_str().unwrap()], "verinym-dev");
        assert_eq!(line["_aws"]["Timestamp"], 1000);
    }

    /// The embedded metric format ignores a dimension that the line does not hold as text.
    #[test]
    fn a_line_holds_each_dimension_and_the_stack_is_one() {
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
            .interceptor(Meter)
            .build();
        let db = aws_sdk_dynamodb::Client::from_conf(config);
        let key = aws_sdk_dynamodb::types::AttributeValue::S("x".into());
        let call = || db.get_item().table_name("verinym-local-kyc").key("pk", key.clone()).send();
        take_usage();
        let (one, two) = tokio::join!(call(), call());
        assert!(one.is_err() && two.is_err());
        assert!(call().await.is_err());
        let usage = take_usage();
        assert_eq!(usage.calls, BTreeMap::from([("dynamodb:GetItem kyc".to_owned(), 3)]));
        assert_eq!(usage.round_trips, 2);
    }
}
