//! HTTP to providers: one deadline over everything, bounded answers, retries with full jitter, no redirects.

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

/// What one call may cost.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// Time to a connection.
    pub connect: Duration,
    /// Time of one try, answer read to its end.
    pub attempt: Duration,
    /// Tries in all.
    pub attempts: u32,
    pub backoff: Backoff,
    /// Bytes of an answer.
    pub answer: usize,
    /// The longest wait that a provider can ask of us.
    pub retry_after: Duration,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(8),
            attempts: 4,
            backoff: Backoff { base: Duration::from_millis(200), cap: Duration::from_secs(3) },
            answer: 256 * 1024,
            retry_after: Duration::from_hours(1),
        }
    }
}

/// A client of one provider. Its connection is made on first use and kept.
#[derive(Debug)]
pub struct Transport {
    client: OnceLock<Client>,
    limits: CallLimits,
}

/// An answer that is neither a redirect, nor 408, 429 or 5xx.
#[derive(Debug)]
pub struct HttpAnswer {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

impl Transport {
    pub fn new(limits: CallLimits) -> Self {
        Self { client: OnceLock::new(), limits }
    }

    /// Sends what `request` builds until there is an answer, at most [`CallLimits::attempts`] times and for `remaining`.
    ///
    /// Only for requests that may be repeated. 408, 429, 5xx, timeouts and lost connections are tried again; when the
    /// wait that is due (or that `Retry-After` asks for) ends after the deadline, the error is returned at once, for
    /// the caller to come back later.
    pub async fn send(
        &self,
        request: impl Fn(&Client) -> RequestBuilder,
        remaining: Duration,
    ) -> Result<HttpAnswer, ProviderError> {
        let deadline = Instant::now() + remaining;
        let client = self.client()?;
        let mut failed = 0;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let once = tokio::time::timeout(left.min(self.limits.attempt), self.once(request(client)));
            let error = match once.await.unwrap_or(Err(ProviderError::Timeout)) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = self.wait(&error, failed);
            failed += 1;
            match wait {
                Some(wait) if failed < self.limits.attempts && Instant::now() + wait < deadline => {
                    tracing::debug!(failed, ?wait, %error, "provider call is tried again");
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
            .connect_timeout(self.limits.connect)
            .user_agent(concat!("verinym/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| unreachable(&error))?;
        Ok(self.client.get_or_init(|| client))
    }

    async fn once(&self, request: RequestBuilder) -> Result<HttpAnswer, ProviderError> {
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let retry_after = || self.retry_after(&response);
        match status {
            _ if status.is_redirection() => Err(ProviderError::Malformed("a redirect")),
            StatusCode::REQUEST_TIMEOUT => Err(ProviderError::Timeout),
            StatusCode::TOO_MANY_REQUESTS => Err(ProviderError::RateLimited { retry_after: retry_after() }),
            _ if status.is_server_error() => Err(ProviderError::Unavailable { retry_after: retry_after() }),
            _ => Ok(HttpAnswer { status, body: self.body(response).await? }),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, ProviderError> {
        const TOO_LARGE: ProviderError = ProviderError::Malformed("too large");
        let limit = self.limits.answer;
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
        backoff::retry_after(header, Timestamp::now(), self.limits.retry_after)
    }

    /// The wait before a further try, if the error leaves hope for one.
    fn wait(&self, error: &ProviderError, failed: u32) -> Option<Duration> {
        let hope = matches!(
            error,
            ProviderError::Unavailable { .. } | ProviderError::RateLimited { .. } | ProviderError::Timeout
        );
        let jitter = self.limits.backoff.delay(failed, u64::from_be_bytes(random::bytes()));
        hope.then(|| jitter.max(error.retry_after().unwrap_or_default()))
    }
}

/// No answer came. The cause is for our log; it names the address, but nothing of what was sent.
fn unreachable(error: &reqwest::Error) -> ProviderError {
    tracing::debug!(cause = ?error, "no answer from the provider");
    if error.is_timeout() { ProviderError::Timeout } else { ProviderError::Unavailable { retry_after: None } }
}
