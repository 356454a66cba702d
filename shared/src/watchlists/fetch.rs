//! Fetches a file of a list over HTTP if it changed, with limits on time, size, attempts and redirects.

use std::time::{Duration, Instant};

use reqwest::{Client, Response, StatusCode, header, redirect};
use url::Url;

use super::source::may_fetch;
use crate::{
    crypto::random,
    domain::{
        aml::list::{FileValidator, ListRefusal},
        backoff::{self, Backoff},
        time::Timestamp,
    },
};

/// Limits for fetching one file.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    pub connect: Duration,
    /// The longest time without a byte.
    pub silence: Duration,
    pub attempts: u32,
    pub backoff: Backoff,
    /// Bytes of a file; the largest in use (`OpenSanctions`' PEPs) has about 150 MB.
    pub size: usize,
    pub redirects: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            silence: Duration::from_secs(15),
            attempts: 3,
            backoff: Backoff { base: Duration::from_millis(500), cap: Duration::from_secs(5) },
            size: 256 << 20,
            redirects: 3,
        }
    }
}

/// The result of a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchedFile {
    Unchanged,
    Content { bytes: Vec<u8>, validator: FileValidator },
}

/// Fetches lists. Plain HTTP is for the local stack.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
    limits: FetchLimits,
}

enum FetchFailure {
    /// Another attempt may succeed, after this wait if the source asked for one.
    Again(ListRefusal, Option<Duration>),
    /// Another attempt would fail too.
    Final(ListRefusal),
}

impl Fetcher {
    pub fn new(limits: FetchLimits, plain_http: bool) -> Result<Self, reqwest::Error> {
        let policy = redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > limits.redirects || !may_fetch(attempt.url(), plain_http) {
                attempt.stop()
            } else {
                attempt.follow()
            }
        });
        let client = Client::builder()
            .redirect(policy)
            .no_proxy()
            .connect_timeout(limits.connect)
            .read_timeout(limits.silence)
            .user_agent(concat!("verinym/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, limits })
    }

    /// Fetches one file, within `remaining`. With the validators of the stored file the source can answer that
    /// it is unchanged. Lost connections, 408, 429 and 5xx are tried again with full jitter.
    pub async fn fetch(
        &self,
        url: &Url,
        known: Option<&FileValidator>,
        remaining: Duration,
    ) -> Result<FetchedFile, ListRefusal> {
        let deadline = Instant::now() + remaining;
        let mut failed = 0;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let once = tokio::time::timeout(left, self.once(url, known)).await;
            let (refusal, asked) = match once.unwrap_or(Err(FetchFailure::Again(ListRefusal::Unreachable, None))) {
                Ok(file) => return Ok(file),
                Err(FetchFailure::Final(refusal)) => return Err(refusal),
                Err(FetchFailure::Again(refusal, asked)) => (refusal, asked),
            };
            let jitter = self.limits.backoff.delay(failed, u64::from_be_bytes(random::bytes()));
            let wait = jitter.max(asked.unwrap_or_default());
            failed += 1;
            if failed >= self.limits.attempts || Instant::now() + wait >= deadline {
                return Err(refusal);
            }
            tracing::debug!(%url, failed, ?wait, "list is fetched again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn once(&self, url: &Url, known: Option<&FileValidator>) -> Result<FetchedFile, FetchFailure> {
        let mut request = self.client.get(url.clone());
        for (name, value) in [
            (header::IF_NONE_MATCH, known.and_then(|known| known.etag.as_ref())),
            (header::IF_MODIFIED_SINCE, known.and_then(|known| known.last_modified.as_ref())),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.map_err(|error| lost(url, &error))?;
        let status = response.status();
        match status {
            StatusCode::NOT_MODIFIED if known.is_some() => Ok(FetchedFile::Unchanged),
            StatusCode::OK => self.content(url, response).await,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Err(again(&response)),
            _ if status.is_server_error() => Err(again(&response)),
            // Only a redirect that was not followed arrives here.
            _ => Err(FetchFailure::Final(ListRefusal::BadAnswer)),
        }
    }

    async fn content(&self, url: &Url, mut response: Response) -> Result<FetchedFile, FetchFailure> {
        const TOO_LARGE: FetchFailure = FetchFailure::Final(ListRefusal::TooLarge);
        let declared = response.content_length();
        if declared.is_some_and(|length| length > self.limits.size as u64) {
            return Err(TOO_LARGE);
        }
        let tag = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let validator = FileValidator {
            place: url.to_string(),
            etag: tag(header::ETAG),
            last_modified: tag(header::LAST_MODIFIED),
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| lost(url, &error))? {
            if bytes.len() + chunk.len() > self.limits.size {
                return Err(TOO_LARGE);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(FetchedFile::Content { bytes, validator })
    }
}

fn lost(url: &Url, error: &reqwest::Error) -> FetchFailure {
    tracing::debug!(%url, cause = ?error, "no answer from a list's source");
    FetchFailure::Again(ListRefusal::Unreachable, None)
}

fn again(response: &Response) -> FetchFailure {
    const LONGEST: Duration = Duration::from_secs(30);
    let asked = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let asked = asked.and_then(|value| backoff::retry_after(value, Timestamp::now(), LONGEST));
    FetchFailure::Again(ListRefusal::BadAnswer, asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_server::{ServerReply, TestServer};

    const SOON: Duration = Duration::from_secs(5);

    fn fetcher() -> Fetcher {
        let backoff = Backoff { base: Duration::from_millis(5), cap: Duration::from_millis(20) };
        Fetcher::new(FetchLimits { size: 64 * 1024, backoff, silence: SOON, ..FetchLimits::default() }, true).unwrap()
    }

    fn say(status: u16, headers: &'static str, body: &str) -> ServerReply {
        ServerReply::Response(status, headers, body.to_owned())
    }

    #[tokio::test]
    async fn a_file_comes_with_its_validators_and_is_not_fetched_twice() {
        let headers = "etag: \"abc\"\r\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        let server = TestServer::start(vec![say(200, headers, "list"), say(304, "", "")]);
        let fetcher = fetcher();
        let FetchedFile::Content { bytes, validator } = fetcher.fetch(&server.url, None, SOON).await.unwrap() else {
            panic!()
        };
        assert_eq!(bytes, b"list");
        assert_eq!(validator.place, server.url.as_str());
        assert_eq!(fetcher.fetch(&server.url, Some(&validator), SOON).await, Ok(FetchedFile::Unchanged));
        let second = &server.requests()[1];
        assert!(second.has("if-none-match: \"abc\""), "{second:?}");
        assert!(second.has("if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT"), "{second:?}");
    }

    #[tokio::test]
    async fn transient_failures_are_retried_and_permanent_ones_are_not() {
        let broken = vec![say(503, "retry-after: 0\r\n", ""), ServerReply::Interrupted, say(200, "", "list")];
        let server = TestServer::start(broken);
        assert!(fetcher().fetch(&server.url, None, SOON).await.is_ok());
        assert_eq!(server.requests().len(), 3);

        let server = TestServer::start(vec![say(404, "", ""), say(200, "", "list")]);
        assert_eq!(fetcher().fetch(&server.url, None, SOON).await, Err(ListRefusal::BadAnswer));
        assert_eq!(server.requests().len(), 1);

        let server = TestServer::start(vec![say(500, "", ""), say(500, "", ""), say(500, "", ""), say(200, "", "x")]);
        assert_eq!(fetcher().fetch(&server.url, None, SOON).await, Err(ListRefusal::BadAnswer));
        assert_eq!(server.requests().len(), 3);
    }

    #[tokio::test]
    async fn an_endless_file_and_a_silent_source_are_given_up() {
        let server = TestServer::start(vec![ServerReply::Endless]);
        assert_eq!(fetcher().fetch(&server.url, None, SOON).await, Err(ListRefusal::TooLarge));
        let server = TestServer::start(vec![ServerReply::Hang(Duration::from_secs(30)); 3]);
        let brief = Duration::from_millis(300);
        assert_eq!(fetcher().fetch(&server.url, None, brief).await, Err(ListRefusal::Unreachable));
    }

    #[tokio::test]
    async fn redirects_are_limited_in_number_and_to_https() {
        let server = TestServer::start(vec![say(302, "location: ftp://other.example/\r\n", "")]);
        assert_eq!(fetcher().fetch(&server.url, None, SOON).await, Err(ListRefusal::BadAnswer));
        let server = TestServer::start(vec![say(302, "location: /again\r\n", ""); 6]);
        assert_eq!(fetcher().fetch(&server.url, None, SOON).await, Err(ListRefusal::BadAnswer));
        assert_eq!(server.requests().len(), 4);
        let server = TestServer::start(vec![say(302, "location: /moved\r\n", ""), say(200, "", "list")]);
        assert!(fetcher().fetch(&server.url, None, SOON).await.is_ok());
        // With https only, the same redirect is not followed.
        let strict = Fetcher::new(FetchLimits::default(), false).unwrap();
        let server = TestServer::start(vec![say(302, "location: /moved\r\n", ""), say(200, "", "list")]);
        assert_eq!(strict.fetch(&server.url, None, SOON).await, Err(ListRefusal::BadAnswer));
    }

    #[tokio::test]
    async fn an_unexpected_304_is_refused() {
        let server = TestServer::start(vec![say(304, "", "")]);
        assert_eq!(fetcher().fetch(&server.url, None, SOON).await, Err(ListRefusal::BadAnswer));
    }
}
