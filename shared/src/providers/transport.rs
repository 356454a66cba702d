//! HTTP client for providers: one deadline per call, responses of limited size, retries with full jitter, no redirects.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use reqwest::{Client, RequestBuilder, Response, StatusCode, header::RETRY_AFTER, redirect};

use super::ProviderError;
use crate::{
    crypto::random,
    domain::{
        backoff::{self, Backoff},
        time::Timestamp,
    },
};

/// The limits of a call.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// Time to establish a connection.
    pub connect_timeout: Duration,
    /// Time of one attempt, including the body of the response.
    pub attempt_timeout: Duration,
    /// Maximum number of attempts.
    pub max_attempts: u32,
    pub backoff: Backoff,
    /// Maximum size of the body of a response, in bytes.
    pub max_body: usize,
    /// The longest `Retry-After` of a provider that is respected.
    pub max_retry_after: Duration,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            attempt_timeout: Duration::from_secs(8),
            max_attempts: 4,
            backoff: Backoff { base: Duration::from_millis(200), cap: Duration::from_secs(3) },
            max_body: 256 * 1024,
            max_retry_after: Duration::from_hours(1),
        }
    }
}

/// The HTTP client of one provider. Connections are made on first use and reused.
#[derive(Debug)]
pub struct Transport {
    client: OnceLock<Client>,
    limits: CallLimits,
}

/// A response that is neither a redirect nor 408, 429 or 5xx.
#[derive(Debug)]
pub struct ProviderResponse {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

impl Transport {
    pub fn new(limits: CallLimits) -> Self {
        Self { client: OnceLock::new(), limits }
    }

    /// Sends the request until there is a response, at most [`CallLimits::max_attempts`] times and within `remaining`.
    ///
    /// Only for requests that may be repeated. It retries after 408, 429, 5xx, timeouts and lost connections. If the next wait (or the
    /// `Retry-After` of the provider) would end after the deadline, it returns the error at once, so that the caller can retry later.
    pub async fn send(
        &self,
        request: impl Fn(&Client) -> RequestBuilder,
        remaining: Duration,
    ) -> Result<ProviderResponse, ProviderError> {
        let deadline = Instant::now() + remaining;
        let client = self.client()?;
        let mut failed = 0;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let attempt = tokio::time::timeout(left.min(self.limits.attempt_timeout), self.attempt(request(client)));
            let error = match attempt.await.unwrap_or(Err(ProviderError::Timeout)) {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let wait = self.wait(&error, failed);
            failed += 1;
            match wait {
                Some(wait) if failed < self.limits.max_attempts && Instant::now() + wait < deadline => {
                    tracing::debug!(failed, ?wait, %error, "provider call is retried");
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(error),
            }
        }
    }

    fn client(&self) -> Result<&Client, ProviderError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(self.limits.connect_timeout)
            .user_agent(concat!("verinym/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| unreachable(&error))?;
        Ok(self.client.get_or_init(|| client))
    }

    async fn attempt(&self, request: RequestBuilder) -> Result<ProviderResponse, ProviderError> {
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let retry_after = || self.retry_after(&response);
        match status {
            _ if status.is_redirection() => Err(ProviderError::Malformed("a redirect")),
            StatusCode::REQUEST_TIMEOUT => Err(ProviderError::Timeout),
            StatusCode::TOO_MANY_REQUESTS => Err(ProviderError::RateLimited { retry_after: retry_after() }),
            _ if status.is_server_error() => Err(ProviderError::Unavailable { retry_after: retry_after() }),
            _ => Ok(ProviderResponse { status, body: self.body(response).await? }),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, ProviderError> {
        const TOO_LARGE: ProviderError = ProviderError::Malformed("too large");
        let limit = self.limits.max_body;
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(TOO_LARGE);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len() + chunk.len() > limit {
                return Err(TOO_LARGE);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn retry_after(&self, response: &Response) -> Option<Duration> {
        let header = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
        backoff::retry_after(header, Timestamp::now(), self.limits.max_retry_after)
    }

    /// The wait before the next attempt; `None` if the error is not temporary.
    fn wait(&self, error: &ProviderError, failed: u32) -> Option<Duration> {
        let temporary = matches!(
            error,
            ProviderError::Unavailable { .. } | ProviderError::RateLimited { .. } | ProviderError::Timeout
        );
        let jitter = self.limits.backoff.delay(failed, u64::from_be_bytes(random::bytes()));
        temporary.then(|| jitter.max(error.retry_after().unwrap_or_default()))
    }
}

/// The error of a call without a response. The logged cause contains the URL, but nothing of the request.
fn unreachable(error: &reqwest::Error) -> ProviderError {
    tracing::debug!(cause = ?error, "no response from the provider");
    if error.is_timeout() { ProviderError::Timeout } else { ProviderError::Unavailable { retry_after: None } }
}
