//! The set-up of AWS clients: endpoints, timeouts, retries, and when idle connections are dropped.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
        interceptors::context::InterceptorContext,
        retries::classifiers::{ClassifyRetry, RetryAction},
        runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
    },
};
use aws_smithy_types::{config_bag::ConfigBag, retry::ErrorKind};

use crate::{deadline::Deadline, telemetry::UsageInterceptor};

/// A connection that was idle for longer is not used again: the network may have dropped it silently, and a call over it would wait
/// until its timeout.
const MAX_IDLE: Duration = Duration::from_secs(20);

/// Settings of all AWS clients. Region, credentials and the endpoint of a local stack come from the environment, where Lambda puts
/// them. The default credentials chain would link SSO, STS and instance metadata into every function.
pub fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12))
        .build();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard())
        .http_client(ReplacedAfterFreeze::new(https));
    with_endpoints(config.build(), |name| std::env::var(name).ok())
}

/// Sets region, endpoint, FIPS and dual stack by the standard variables of AWS.
fn with_endpoints(config: SdkConfig, lookup: impl Fn(&str) -> Option<String>) -> SdkConfig {
    let mut config = config.into_builder();
    let variable = |name| lookup(name).filter(|value| !value.is_empty());
    config.set_region(variable("AWS_REGION").map(Region::new));
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    let switch = |name| variable(name).map(|value| value.eq_ignore_ascii_case("true"));
    config.set_use_fips(switch("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(switch("AWS_USE_DUALSTACK_ENDPOINT"));
    config.build()
}

fn https() -> SharedHttpClient {
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    aws_smithy_http_client::Builder::new().pool_idle_timeout(MAX_IDLE).tls_provider(tls).build_https()
}

/// The time of one attempt at a call that takes milliseconds.
const PROMPT: Duration = Duration::from_secs(1);
/// The time of one attempt at a long read where no deadline is set.
const LONG_READ: Duration = Duration::from_secs(5);

/// Timeouts of services that normally respond within milliseconds: DynamoDB, KMS, Secrets Manager. The whole call is limited by the
/// deadline of the request or message.
fn prompt_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(PROMPT)
        .operation_attempt_timeout(PROMPT)
        .disable_operation_timeout()
        .build()
}

/// The override for a read of many items, which may take seconds while the table is busy: an attempt may take half of the
/// time that the request has left, so that one retry fits.
pub fn long_read(deadline: Option<Deadline>) -> aws_sdk_dynamodb::config::Builder {
    let attempt = deadline.map_or(LONG_READ, |deadline| deadline.remaining() / 2).max(PROMPT);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(PROMPT)
        .operation_attempt_timeout(attempt)
        .disable_operation_timeout()
        .build();
    aws_sdk_dynamodb::config::Builder::new().timeout_config(timeouts)
}

/// Retries of the same services: more attempts and shorter waits than the defaults of the SDK.
fn prompt_retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(8)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(1))
}

pub fn dynamodb(sdk: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::config::Builder::from(sdk)
        .timeout_config(prompt_timeouts())
        .retry_config(prompt_retries())
        .retry_classifier(RetryTransactionConflict)
        .interceptor(UsageInterceptor);
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

pub fn kms(sdk: &SdkConfig) -> aws_sdk_kms::Client {
    let config = aws_sdk_kms::config::Builder::from(sdk)
        .timeout_config(prompt_timeouts())
        .retry_config(prompt_retries())
        .interceptor(UsageInterceptor);
    aws_sdk_kms::Client::from_conf(config.build())
}

pub fn secretsmanager(sdk: &SdkConfig) -> aws_sdk_secretsmanager::Client {
    let config = aws_sdk_secretsmanager::config::Builder::from(sdk)
        .timeout_config(prompt_timeouts())
        .retry_config(prompt_retries())
        .interceptor(UsageInterceptor);
    aws_sdk_secretsmanager::Client::from_conf(config.build())
}

pub fn sqs(sdk: &SdkConfig) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::from_conf(aws_sdk_sqs::config::Builder::from(sdk).interceptor(UsageInterceptor).build())
}

pub fn ses(sdk: &SdkConfig) -> aws_sdk_ses::Client {
    aws_sdk_ses::Client::from_conf(aws_sdk_ses::config::Builder::from(sdk).interceptor(UsageInterceptor).build())
}

/// A text message costs money, and one that was sent twice confuses, so a call is repeated once at most.
pub fn sns(sdk: &SdkConfig) -> aws_sdk_sns::Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(PROMPT)
        .operation_attempt_timeout(Duration::from_secs(4))
        .operation_timeout(Duration::from_secs(5))
        .build();
    let config = aws_sdk_sns::config::Builder::from(sdk)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(200)))
        .interceptor(UsageInterceptor);
    aws_sdk_sns::Client::from_conf(config.build())
}

/// On a local stack the bucket is in the path, since there is no host name per bucket.
pub fn s3(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(sdk)
        .interceptor(UsageInterceptor)
        .force_path_style(sdk.endpoint_url().is_some());
    aws_sdk_s3::Client::from_conf(config.build())
}

/// Retries a single write that conflicts with a transaction on the same item. DynamoDB refuses it with
/// `TransactionConflictException`, which the SDK does not treat as retryable.
#[derive(Debug)]
struct RetryTransactionConflict;

impl ClassifyRetry for RetryTransactionConflict {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else { return RetryAction::NoActionIndicated };
        let Some(error) = error.as_operation_error() else { return RetryAction::NoActionIndicated };
        let conflict = error
            .downcast_ref::<UpdateItemError>()
            .map(UpdateItemError::is_transaction_conflict_exception)
            .or_else(|| error.downcast_ref::<PutItemError>().map(PutItemError::is_transaction_conflict_exception))
            .or_else(|| error.downcast_ref::<DeleteItemError>().map(DeleteItemError::is_transaction_conflict_exception))
            .unwrap_or(false);
        // A transient error would also close the connection.
        if conflict { RetryAction::retryable_error(ErrorKind::ThrottlingError) } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "transaction conflict"
    }
}

/// The time of the wall clock and the monotonic clock at one moment.
#[derive(Debug, Clone, Copy)]
struct Moment {
    wall: SystemTime,
    monotonic: Instant,
}

impl Moment {
    fn now() -> Self {
        Self { wall: SystemTime::now(), monotonic: Instant::now() }
    }

    /// By how much the two clocks have diverged since an earlier moment. While a process is frozen, its monotonic clock may stop.
    fn drift_since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_duration_since(earlier.monotonic);
        match self.wall.duration_since(earlier.wall) {
            Ok(wall) => wall.abs_diff(monotonic),
            Err(back) => back.duration() + monotonic,
        }
    }
}

/// An HTTP client that is replaced after a jump of the wall clock, the sign that the process was frozen. The connection pool measures
/// idle time by the monotonic clock, so it would reuse connections that were dropped in the meantime.
#[derive(Debug)]
struct ReplacedAfterFreeze {
    make: fn() -> SharedHttpClient,
    current: Mutex<(Moment, SharedHttpClient)>,
}

impl ReplacedAfterFreeze {
    fn new(make: fn() -> SharedHttpClient) -> Self {
        Self { make, current: Mutex::new((Moment::now(), make())) }
    }

    fn client(&self, now: Moment) -> SharedHttpClient {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if now.drift_since(current.0) >= MAX_IDLE {
            *current = (now, (self.make)());
        }
        current.1.clone()
    }
}

impl HttpClient for ReplacedAfterFreeze {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.client(Moment::now()).http_connector(settings, components)
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.client(Moment::now()).validate_base_client_config(components, config)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, config: &ConfigBag) -> Result<(), BoxError> {
        self.client(Moment::now()).validate_final_config(components, config)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_smithy_runtime_api::client::http::http_client_fn;

    use super::*;

    static MADE: AtomicUsize = AtomicUsize::new(0);

    fn counted() -> SharedHttpClient {
        MADE.fetch_add(1, Ordering::SeqCst);
        http_client_fn(|_, _| unreachable!("nothing is sent"))
    }

    fn made_after(wall: i64, monotonic: u64) -> usize {
        let before = MADE.load(Ordering::SeqCst);
        let client = ReplacedAfterFreeze::new(counted);
        let start = client.current.lock().unwrap().0;
        let shift = Duration::from_secs(wall.unsigned_abs());
        let wall = if wall < 0 { start.wall - shift } else { start.wall + shift };
        let then = Moment { wall, monotonic: start.monotonic + Duration::from_secs(monotonic) };
        client.client(then);
        client.client(then);
        MADE.load(Ordering::SeqCst) - before
    }

    #[test]
    fn the_client_is_replaced_once_after_a_jump_of_the_clock() {
        // Both clocks advanced, so the pool knows how long its connections were idle.
        assert_eq!(made_after(3600, 3600), 1);
        assert_eq!(made_after(19, 0), 1);
        // Frozen for an hour, frozen for barely long enough, and a wall clock that was set back.
        assert_eq!(made_after(3600, 0), 2);
        assert_eq!(made_after(21, 1), 2);
        assert_eq!(made_after(-15, 5), 2);
    }

    fn with(variables: &[(&str, &str)]) -> SdkConfig {
        with_endpoints(SdkConfig::builder().build(), |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn fips_and_dual_stack_come_from_the_environment() {
        let both = with(&[("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "TRUE")]);
        assert_eq!((both.use_fips(), both.use_dual_stack()), (Some(true), Some(true)));
        let off = with(&[("AWS_USE_FIPS_ENDPOINT", "false"), ("AWS_USE_DUALSTACK_ENDPOINT", "")]);
        assert_eq!((off.use_fips(), off.use_dual_stack()), (Some(false), None));
    }

    #[test]
    fn an_empty_endpoint_means_aws() {
        let config = with(&[("AWS_REGION", "eu-central-1"), ("AWS_ENDPOINT_URL", "")]);
        assert_eq!(config.endpoint_url(), None);
        assert_eq!(config.region().map(Region::as_ref), Some("eu-central-1"));
    }
}
