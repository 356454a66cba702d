//! A small Lambda Runtime API: starts a function's binary, reports its first poll, and passes invocations to it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command},
    sync::{mpsc, oneshot, watch},
};
use verinym_tests::usage;

const WAIT_LIMIT: Duration = Duration::from_secs(20);

type Work = (Value, oneshot::Sender<Value>);

/// A function's process, waiting for work.
#[derive(Debug)]
pub struct Running {
    pub child: Child,
    /// From the start of the process to its first poll.
    pub cold: Duration,
    work: mpsc::Sender<Work>,
    /// Sequential calls to AWS of each invocation, as the function logged them.
    logged: watch::Receiver<Vec<u32>>,
}

impl Running {
    /// Starts a binary with these variables, and no other.
    pub async fn start(binary: &Path, variables: &BTreeMap<String, String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (work, queue) = mpsc::channel(1);
        let (first, polled) = oneshot::channel();
        tokio::spawn(serve(listener, queue, first));
        let began = Instant::now();
        let mut child =
            command(binary, variables, address).spawn().unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let at: Instant = tokio::time::timeout(WAIT_LIMIT, polled).await.expect("it polls in time").expect("it polls");
        let (log, logged) = watch::channel(Vec::new());
        tokio::spawn(follow(child.stdout.take().expect("it is piped"), log));
        Self { child, cold: at - began, work, logged }
    }

    /// Invokes the function and returns its response.
    pub async fn invoke(&self, event: Value) -> Value {
        let (done, answer) = oneshot::channel();
        self.work.send((event, done)).await.expect("it lives");
        tokio::time::timeout(WAIT_LIMIT, answer).await.expect("it answers in time").expect("it answers")
    }

    /// Sequential calls to AWS of an invocation, by its number from 0 on.
    pub async fn round_trips(&self, invocation: usize) -> u32 {
        let mut logged = self.logged.clone();
        let told = logged.wait_for(|logged| logged.len() > invocation);
        tokio::time::timeout(WAIT_LIMIT, told).await.expect("it logs in time").expect("it logs")[invocation]
    }

    /// Resident memory in megabytes (10⁶ bytes).
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux tells");
        let kibibytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kibibytes * 1024.0 / 1e6
    }

    /// Time on a core so far, in clock ticks of a hundredth of a second.
    pub fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id().unwrap())).unwrap();
        let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    pub async fn end(mut self) {
        self.child.kill().await.unwrap();
    }
}

fn command(binary: &Path, variables: &BTreeMap<String, String>, address: SocketAddr) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(variables)
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn follow(stdout: ChildStdout, log: watch::Sender<Vec<u32>>) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(invocation) = usage::parse(&line) {
            log.send_modify(|logged| logged.push(u32::try_from(invocation.round_trips).unwrap_or(u32::MAX)));
        }
    }
}

async fn serve(listener: TcpListener, mut queue: mpsc::Receiver<Work>, first: oneshot::Sender<Instant>) {
    let mut first = Some(first);
    let mut pending: Option<oneshot::Sender<Value>> = None;
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let _ = stream.set_nodelay(true);
        while let Some((path, body)) = request(&mut stream).await {
            if path.ends_with("/next") {
                if let Some(first) = first.take() {
                    let _ = first.send(Instant::now());
                }
                let Some((event, done)) = queue.recv().await else { return };
                pending = Some(done);
                answer(&mut stream, 200, &event.to_string()).await;
            } else {
                if let Some(done) = pending.take() {
                    let _ = done.send(serde_json::from_slice(&body).unwrap_or(Value::Null));
                }
                answer(&mut stream, 202, "{}").await;
            }
        }
    }
}

/// Path and body of the next request of a connection.
async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let head = loop {
        if let Some(end) = find(&read, b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, &mut read).await?;
    };
    let text = String::from_utf8_lossy(&read[..head]).to_lowercase();
    let path = text.split(' ').nth(1)?.to_owned();
    let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let mut body = read.split_off(head);
    if header("transfer-encoding:") == Some("chunked") {
        while find(&body, b"0\r\n\r\n").is_none() {
            more(stream, &mut body).await?;
        }
        return Some((path, unchunked(&body)));
    }
    let length: usize = header("content-length:").and_then(|length| length.parse().ok()).unwrap_or_default();
    while body.len() < length {
        more(stream, &mut body).await?;
    }
    Some((path, body))
}

async fn more(stream: &mut TcpStream, into: &mut Vec<u8>) -> Option<()> {
    (stream.read_buf(into).await.ok()? > 0).then_some(())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = find(rest, b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap_or_default();
        if size == 0 || rest.len() < end + 2 + size {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[(end + 4 + size).min(rest.len())..];
    }
    body
}

async fn answer(stream: &mut TcpStream, status: u16, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         Lambda-Runtime-Deadline-Ms: 4102444800000\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:000000000000:function:bench\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

/// A call in the form in which the gateway passes it to a function.
///
/// Each event has a source address of its own, as calls of different people have: a limit that is in use already costs one
/// more update.
pub fn gateway_event(method: &str, path: &str, token: Option<&str>, body: &Value) -> Value {
    let mut headers = json!({"content-type": "application/json", "user-agent": "bench"});
    if let Some(token) = token {
        headers["authorization"] = json!(format!("Bearer {token}"));
    }
    let several: serde_json::Map<_, _> =
        headers.as_object().unwrap().iter().map(|(name, value)| (name.clone(), json!([value]))).collect();
    json!({
        "resource": path, "path": path, "httpMethod": method, "headers": headers, "multiValueHeaders": several,
        "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": null,
        "stageVariables": null, "isBase64Encoded": false,
        "body": if body.is_null() { Value::Null } else { json!(body.to_string()) },
        "requestContext": {
            "accountId": "000000000000", "apiId": "bench", "httpMethod": method, "path": path, "resourcePath": path,
            "resourceId": "r", "stage": "local", "requestId": "r", "protocol": "HTTP/1.1",
            "identity": {"sourceIp": source_address(), "userAgent": "bench"},
        },
    })
}

fn source_address() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let [_, b, c, d] = MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("10.{b}.{c}.{d}")
}

/// The same event on a route with path parameters.
pub fn with_path(mut event: Value, resource: &str, parameters: &[(&str, &str)]) -> Value {
    event["resource"] = json!(resource);
    event["requestContext"]["resourcePath"] = json!(resource);
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    event["pathParameters"] = Value::Object(parameters.collect());
    event
}

/// The same event with another header.
pub fn with_header(mut event: Value, name: &str, value: &str) -> Value {
    event["headers"][name] = json!(value);
    event["multiValueHeaders"][name] = json!([value]);
    event
}
