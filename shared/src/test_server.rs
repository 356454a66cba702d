//! A small HTTP/1.1 server for tests. It can fail in ways that a regular server library does not allow: interrupted and endless
//! bodies, and no response at all.

#![expect(clippy::unwrap_used, reason = "a failing server must fail the test")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use url::Url;

/// The reply to one request.
#[derive(Debug, Clone)]
pub enum ServerReply {
    /// Status, further header lines (each with its CRLF), body.
    Response(u16, &'static str, String),
    /// Reads the request and sends nothing for this long.
    Hang(Duration),
    /// Sends a body without end (chunked, so without a length).
    Endless,
    /// Closes the connection in the middle of the body.
    Interrupted,
}

impl ServerReply {
    pub fn json(status: u16, body: &str) -> Self {
        Self::Response(status, "content-type: application/json\r\n", body.to_owned())
    }
}

/// A request as the server received it.
#[derive(Debug, Clone)]
pub struct ReceivedRequest {
    /// Request line and header lines. Names of headers are in lower case.
    pub head: Vec<String>,
    pub body: String,
}

impl ReceivedRequest {
    pub fn has(&self, line: &str) -> bool {
        self.head.iter().any(|head| head == line)
    }
}

#[derive(Debug)]
pub struct TestServer {
    pub url: Url,
    received: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl TestServer {
    /// Gives the replies in order, one connection each. After the last it refuses connections.
    pub fn start(replies: Vec<ServerReply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/base/", listener.local_addr().unwrap()).parse().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                log.lock().unwrap().push(read(&stream));
                // In a thread of its own, so that a slow response does not delay the next request. Errors are ignored, since clients in
                // tests may close the connection early.
                thread::spawn(move || send(&mut stream, reply));
            }
        });
        Self { url, received }
    }

    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.received.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> ReceivedRequest {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => head.push(match line.split_once(": ") {
                Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
                None => line.to_owned(),
            }),
        }
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    ReceivedRequest { head, body: String::from_utf8(body).unwrap() }
}

fn send(stream: &mut TcpStream, reply: ServerReply) -> std::io::Result<()> {
    match reply {
        ServerReply::Response(status, headers, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
            )
        }
        ServerReply::Hang(time) => {
            thread::sleep(time);
            Ok(())
        }
        ServerReply::Endless => {
            write!(stream, "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n")?;
            loop {
                write!(stream, "1000\r\n{}\r\n", " ".repeat(0x1000))?;
            }
        }
        ServerReply::Interrupted => write!(stream, "HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{{"),
    }
}
