//! The engine over HTTP, on this machine alone.

mod answer;
mod form;
mod problem;
mod request;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use verinym_screening::Artifact;

use crate::args::{Args, load, named};
use crate::{DONE, Outcome};

pub const HELP: &str = "\
screen serve [OPTIONS] ARTIFACT

Answers POST /v1/aml/screenings as the API does, and GET /v1/health, at 127.0.0.1: nobody but this machine reaches it, and
whoever is on it needs no password. Prints the address once it listens. Ends with Ctrl-C. A new artifact needs a new start.

  --port PORT          port; 8640 if absent, 0 for any that is free
  --kind-of LIST=KIND  what a list is: sanctions (if absent), pep or adverse_media; may stand several times
  --max-age HOURS      an artifact older than this is stale, and lists_current is false; 48 if absent

Limits: a body of 64 KiB, a head of 16 KiB with 64 headers, 10 seconds for either, 64 connections at once.

Exit codes: 1 failed, 2 wrong usage.
";

/// More would have to wait for memory, not for the processor.
const CONNECTIONS: usize = 64;
/// The least that hyper takes is 8 KiB.
const HEAD_BYTES: usize = 16 << 10;
const HEADERS: usize = 64;
/// For a request's head, and then for its body.
const PATIENCE: Duration = Duration::from_secs(10);
/// For a connection, however many requests it carries: a client that does not read its answers holds no place for ever.
const CONNECTION_LIFE: Duration = Duration::from_mins(5);
const DEFAULT_PORT: u16 = 8640;
const DEFAULT_MAX_AGE_HOURS: u64 = 48;

/// What all requests share.
#[derive(Debug)]
pub struct Service {
    artifact: Artifact,
    /// What a list is, where it is no sanctions list.
    kinds: BTreeMap<String, &'static str>,
    /// When the artifact was built: nothing is known of its lists after that.
    built: SystemTime,
    max_age: Duration,
}

pub fn run(args: Args) -> Outcome {
    let [file] = args.plain()?;
    let port = args.one("--port", |text| text.parse().ok())?.unwrap_or(DEFAULT_PORT);
    let hours = args.one("--max-age", |text| text.parse::<u32>().ok().map(u64::from))?;
    let kinds = args.all("--kind-of")?.into_iter().map(|text| {
        let known = |kind: &str| ["sanctions", "pep", "adverse_media"].into_iter().find(|known| *known == kind);
        let kind = text.split_once('=').and_then(|(list, kind)| Some((list.to_owned(), known(kind)?)));
        kind.ok_or_else(|| args.wrong(&format!("--kind-of cannot be {text}")))
    });
    let kinds = kinds.collect::<Result<_, _>>()?;
    let built = named(file, fs::metadata(file).and_then(|meta| meta.modified()))?;
    let max_age = Duration::from_secs(3600 * hours.unwrap_or(DEFAULT_MAX_AGE_HOURS));
    let service = Service { artifact: load(file)?, kinds, built, max_age };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(listen(Arc::new(service), port))?;
    Ok(DONE)
}

async fn listen(service: Arc<Service>, port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // A connection that broke at once, or too many open files: others go on.
                eprintln!("screen: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            // Whatever breaks a connection is the client's affair.
            let _ = tokio::time::timeout(CONNECTION_LIFE, converse(stream, service)).await;
            drop(place);
        });
    }
}

async fn converse(stream: TcpStream, service: Arc<Service>) -> hyper::Result<()> {
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, std::convert::Infallible>(request::handle(&service, request).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), answer)
        .await
}
