//! The HTTP client for deliveries: one attempt, no redirects, no proxy, an answer of limited size and time, and only to addresses
//! that may be connected to.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use reqwest::{Client, Response, header, redirect};

use super::resolver::CheckedResolver;
use crate::domain::{
    backoff,
    secret::Masked,
    time::Timestamp,
    webhook::{AttemptResult, EndpointUrl, LONGEST_RETRY_AFTER, Network},
};

/// The time limit of a whole attempt.
const TIME_LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// More of an answer is not read.
const MOST_READ: usize = 64 * 1024;
/// The owner of the endpoint sees this much of an answer.
const EXCERPT: usize = 1024;

/// What came of an attempt, with the beginning of the answer.
#[derive(Debug)]
pub struct Answer {
    pub result: AttemptResult,
    /// The endpoint's own text.
    pub excerpt: Option<Masked<String>>,
}

impl Answer {
    const NONE: Self = Self { result: AttemptResult::NoAnswer, excerpt: None };
    /// Of an attempt that was not made.
    pub const NOT_TRIED: Self = Self { result: AttemptResult::NotTried, excerpt: None };
}

/// The client. It keeps no connections: each attempt resolves and checks the address of its endpoint.
#[derive(Debug, Default)]
pub struct Sender {
    public: OnceLock<Client>,
    local: OnceLock<Client>,
}

impl Sender {
    /// Sends a body to an endpoint. Whatever prevents an answer has the same result.
    pub async fn post(
        &self,
        url: &EndpointUrl,
        network: Network,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Answer {
        // Stored URLs are parsed again: a numeric host is connected to without the resolver.
        let Ok(url) = EndpointUrl::parse(url.as_str(), network) else { return Answer::NONE };
        let Some(client) = self.client(network) else { return Answer::NONE };
        let started = Instant::now();
        let ends = tokio::time::Instant::now() + TIME_LIMIT;
        let request = client.post(url.as_str()).header(header::CONTENT_TYPE, "application/json").body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let response = match tokio::time::timeout_at(ends, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                // Without the URL, which may hold a token.
                tracing::info!(error = ?error.without_url(), "no answer from the endpoint");
                return Answer::NONE;
            }
            Err(_) => return Answer::NONE,
        };
        let status = response.status().as_u16();
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after =
            retry_after.and_then(|text| backoff::retry_after(text, Timestamp::now(), LONGEST_RETRY_AFTER));
        let excerpt = excerpt(response, ends).await;
        let result = AttemptResult::Answered { status, retry_after, duration: started.elapsed() };
        Answer { result, excerpt }
    }

    fn client(&self, network: Network) -> Option<&Client> {
        let slot = match network {
            Network::Public => &self.public,
            Network::Local => &self.local,
        };
        if slot.get().is_none() {
            let made = make_client(network, CheckedResolver::of_system(network));
            let client = made.inspect_err(|error| tracing::error!(?error, "no client for deliveries")).ok()?;
            // Another attempt may have made one meanwhile.
            let _ = slot.set(client);
        }
        slot.get()
    }
}

fn make_client(network: Network, resolver: CheckedResolver) -> reqwest::Result<Client> {
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .https_only(network == Network::Public)
        .dns_resolver(resolver)
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_LIMIT)
        .user_agent(concat!("verinym-webhooks/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// The beginning of the body. An endpoint that stops in the middle of it has answered nevertheless.
async fn excerpt(mut response: Response, ends: tokio::time::Instant) -> Option<Masked<String>> {
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Ok(Ok(Some(chunk))) = tokio::time::timeout_at(ends, response.chunk()).await {
        read += chunk.len();
        let wanted = EXCERPT - kept.len();
        kept.extend_from_slice(&chunk[..chunk.len().min(wanted)]);
        if read >= MOST_READ {
            break;
        }
    }
    let text: String = String::from_utf8_lossy(&kept).chars().filter(|c| !c.is_control() || *c == '\n').collect();
    (!text.is_empty()).then_some(Masked(text))
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, sync::Arc};

    use super::*;
    use crate::{
        test_server::{ServerReply, TestServer},
        webhooks::resolver::Lookup,
    };

    fn local(url: &str) -> EndpointUrl {
        EndpointUrl::parse(url, Network::Local).unwrap()
    }

    async fn sent_to(server: &TestServer) -> Answer {
        let headers = [("webhook-id", "evt_1".to_owned())];
        Sender::default().post(&local(server.url.as_str()), Network::Local, &headers, "{}".to_owned()).await
    }

    async fn answer(reply: ServerReply) -> Answer {
        sent_to(&TestServer::start(vec![reply])).await
    }

    fn status(answer: &Answer) -> Option<u16> {
        match answer.result {
            AttemptResult::Answered { status, .. } => Some(status),
            _ => None,
        }
    }

    #[tokio::test]
    async fn the_body_and_the_headers_arrive_and_the_beginning_of_the_answer_comes_back() {
        let server = TestServer::start(vec![ServerReply::Response(200, "", "thanks".repeat(500))]);
        let answer = sent_to(&server).await;
        assert_eq!(status(&answer), Some(200));
        assert_eq!(answer.excerpt.unwrap().len(), EXCERPT);
        let request = &server.requests()[0];
        assert_eq!(request.body, "{}");
        assert!(request.has("webhook-id: evt_1") && request.has("content-type: application/json"));
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let there = TestServer::start(vec![ServerReply::json(200, "{}")]);
        let location: &'static str = format!("location: {}\r\n", there.url).leak();
        let answer = answer(ServerReply::Response(302, location, String::new())).await;
        assert_eq!(status(&answer), Some(302));
        assert!(there.requests().is_empty());
    }

    #[tokio::test]
    async fn retry_after_is_read() {
        let answer = answer(ServerReply::Response(429, "retry-after: 120\r\n", String::new())).await;
        let AttemptResult::Answered { retry_after, .. } = answer.result else { panic!("{answer:?}") };
        assert_eq!(retry_after, Some(Duration::from_mins(2)));
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_off_and_an_interrupted_one_counts() {
        let endless = answer(ServerReply::Endless).await;
        assert_eq!((status(&endless), endless.excerpt.unwrap().len()), (Some(200), EXCERPT));
        assert_eq!(status(&answer(ServerReply::Interrupted).await), Some(200));
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_hangs_is_given_up_after_ten_seconds() {
        let started = tokio::time::Instant::now();
        let answer = answer(ServerReply::Hang(Duration::from_mins(1))).await;
        assert_eq!(answer.result, AttemptResult::NoAnswer);
        assert!(started.elapsed() <= TIME_LIMIT + Duration::from_secs(1));
    }

    /// Whatever is there, or is not there, the owner of the endpoint learns the same.
    #[tokio::test]
    async fn an_internal_address_is_not_connected_to_and_looks_like_one_that_does_not_answer() {
        let server = TestServer::start(vec![ServerReply::json(200, "secret")]);
        let port = server.url.port().unwrap();
        let sender = Sender::default();
        for url in [
            format!("https://127.0.0.1:{port}/"),
            format!("https://2130706433:{port}/"),
            format!("https://[::ffff:127.0.0.1]:{port}/"),
            format!("https://localhost:{port}/"),
            format!("http://127.0.0.1:{port}/"),
            "https://nothing.invalid/".to_owned(),
        ] {
            // As if it had been stored before the rule was made.
            let url = EndpointUrl::stored(url);
            let answer = sender.post(&url, Network::Public, &[], "{}".to_owned()).await;
            assert_eq!(answer.result, AttemptResult::NoAnswer, "{url:?}");
            assert!(answer.excerpt.is_none());
        }
        assert!(server.requests().is_empty());
    }

    /// The name changes its address with each lookup (DNS rebinding).
    #[tokio::test]
    async fn a_name_that_resolves_to_an_internal_address_is_not_connected_to() {
        let server = TestServer::start(vec![ServerReply::json(200, "secret")]);
        let address: SocketAddr = server.url.socket_addrs(|| None).unwrap()[0];
        let lookup: Lookup = Arc::new(move |_| Box::pin(async move { Ok(vec![address]) }));
        let client = make_client(Network::Public, CheckedResolver::new(Network::Public, lookup)).unwrap();
        let sender = Sender { public: OnceLock::from(client), local: OnceLock::new() };
        let url = EndpointUrl::stored(format!("https://rebinding.example.com:{}/", address.port()));
        let answer = sender.post(&url, Network::Public, &[], "{}".to_owned()).await;
        assert_eq!(answer.result, AttemptResult::NoAnswer);
        assert!(server.requests().is_empty());
    }

    #[tokio::test]
    async fn a_failed_tls_handshake_is_no_answer() {
        use std::io::Write;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = local(&format!("https://{}/", listener.local_addr().unwrap()));
        let server = std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
        let answer = Sender::default().post(&url, Network::Local, &[], "{}".to_owned()).await;
        assert_eq!(answer.result, AttemptResult::NoAnswer);
        server.join().unwrap().unwrap();
    }
}
