//! A key service that answers the two calls this crate makes: like KMS it opens a key under the encryption context it
//! was made with only.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use crate::crypto::{
    DataKey,
    field::{self, Place},
};

#[derive(Debug)]
pub struct FakeKms {
    pub endpoint: String,
    decrypted: Arc<AtomicU32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    #[serde(default)]
    ciphertext_blob: String,
    encryption_context: BTreeMap<String, String>,
}

impl FakeKms {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let decrypted = Arc::new(AtomicU32::new(0));
        let (count, key) = (Arc::clone(&decrypted), DataKey::generate());
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let _ = serve(stream, &key, &count);
            }
        });
        Self { endpoint, decrypted }
    }

    /// Calls of `Decrypt` so far.
    pub fn decrypted(&self) -> u32 {
        self.decrypted.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, key: &DataKey, decrypted: &AtomicU32) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let (mut target, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(name) = line.strip_prefix("x-amz-target: ") {
            name.clone_into(&mut target);
        } else if let Some(bytes) = line.strip_prefix("content-length: ") {
            length = bytes.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let request: Request = serde_json::from_slice(&body).unwrap();
    let context = serde_json::to_string(&request.encryption_context).unwrap();
    let place = Place { table: "kms", partition: &context, sort: "", attribute: "" };
    let answer = if target.ends_with("generatedatakeywithoutplaintext") {
        let wrapped = field::seal(key, 1, &place, DataKey::generate().expose());
        Some(serde_json::json!({"CiphertextBlob": STANDARD.encode(wrapped), "KeyId": "key"}))
    } else {
        decrypted.fetch_add(1, Ordering::SeqCst);
        let blob = STANDARD.decode(&request.ciphertext_blob).unwrap();
        let plain = field::open(key, &place, &blob).ok();
        plain.map(|plain| serde_json::json!({"Plaintext": STANDARD.encode(&*plain), "KeyId": "key"}))
    };
    let (status, body) = match answer {
        Some(answer) => (200, answer.to_string()),
        None => (400, r#"{"__type":"InvalidCiphertextException"}"#.to_owned()),
    };
    write!(
        &stream,
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
