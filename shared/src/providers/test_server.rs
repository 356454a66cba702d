//! A tiny HTTP/1.1 server that answers one request after the other as it was told.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use url::Url;

#[derive(Debug, Clone)]
pub enum Reply {
    /// Status, further header lines (each ended by CRLF), body.
    Say(u16, &'static str, String),
    /// Reads the request and says nothing for this long.
    Hang(Duration),
    /// Says it sends without end, and does (chunked, so without a length).
    Endless,
    /// Closes the connection in the middle of the answer.
    Break,
}

pub fn json(status: u16, body: &str) -> Reply {
    Reply::Say(status, "content-type: application/json\r\n", body.to_owned())
}

#[derive(Debug, Clone)]
pub struct Request {
    /// Request line and header lines, lower case but for the request line.
    pub head: Vec<String>,
    pub body: String,
}

impl Request {
    pub fn has(&self, line: &str) -> bool {
        self.head.iter().any(|head| head == line)
    }
}

pub struct TestServer {
    pub url: Url,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl TestServer {
    /// Serves the replies in turn, one connection each; after the last it refuses connections.
    pub fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/base/", listener.local_addr().unwrap()).parse().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read(&stream);
                log.lock().unwrap().push(request);
                // On its own thread, so that a slow answer does not keep the next try waiting; a client that hangs up
                // early is part of the tests.
                thread::spawn(move || answer(&mut stream, reply));
            }
        });
        Self { url, seen }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let line = if head.is_empty() { line.to_owned() } else { line.to_lowercase() };
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Request { head, body: String::from_utf8(body).unwrap() }
}

fn answer(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Say(status, headers, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
            )
        }
        Reply::Hang(time) => {
            thread::sleep(time);
            Ok(())
        }
        Reply::Endless => {
            write!(stream, "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n")?;
            loop {
                write!(stream, "1000\r\n{}\r\n", " ".repeat(0x1000))?;
            }
        }
        Reply::Break => write!(stream, "HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{{"),
    }
}
