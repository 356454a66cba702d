//! The service, by raw requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{artifact, screen};

struct Service {
    process: Child,
    address: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Service {
    fn start(options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_screen"));
        let command = command.args(["serve", "--port", "0"]).args(options).arg(artifact());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap().to_owned();
        Self { process, address }
    }

    /// Sends bytes and reads until the service closes the connection.
    fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // A service that has refused the head does not read on.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        let answer = self.raw(request.as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        Answer { status, head: head.to_ascii_lowercase(), body }
    }

    fn post(&self, body: &str) -> Answer {
        self.ask("POST", "/v1/aml/screenings", "Host: localhost\r\nContent-Type: application/json\r\n", body)
    }
}

#[test]
fn a_listed_person_is_found_and_the_answer_is_the_apis() {
    let service = Service::start(&["--kind-of", "ftm=pep"]);
    let asked = json!({
        "name": "Alvaro Montenegor Ruiz", "date_of_birth": "1962-07-14", "countries": ["PE"], "kind": "person",
        "identifiers": [{"type": "passport", "value": "P4455667", "country": "PE"}],
    });
    let answer = service.post(&asked.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let hit = &answer.body["hits"][0];
    assert_eq!(
        (&hit["list"], &hit["kind"], &hit["entity_id"]),
        (&json!("ofac_sdn"), &json!("sanctions"), &json!("7001"))
    );
    assert_eq!(hit["matched_on"], json!(["name", "date_of_birth", "country", "identifier"]));
    assert_eq!(answer.body["lists_current"], true);
    let pep = service.post(r#"{"name":"Emeka Okonkwo"}"#);
    assert_eq!(pep.body["hits"][0]["kind"], "pep");
}

/// The fields of the answer are those of the API's document: no more, none less.
#[test]
fn the_answer_has_the_fields_of_the_openapi_document() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(document).unwrap()).unwrap();
    let schemas = &document["components"]["schemas"];
    let service = Service::start(&[]);
    let answer = service.post(r#"{"name":"Alvaro Montenegro Ruiz"}"#).body;
    let problem = service.post(r#"{"name":""}"#).body;
    for (name, value) in [
        ("Screened", &answer),
        ("ScreeningHit", &answer["hits"][0]),
        ("ScreenedList", &answer["lists"][0]),
        ("Problem", &problem),
        ("FieldProblem", &problem["errors"][0]),
    ] {
        let fields = value.as_object().unwrap();
        let known = schemas[name]["properties"].as_object().unwrap();
        for field in fields.keys() {
            assert!(known.contains_key(field), "{name} has no {field}");
        }
        for field in schemas[name]["required"].as_array().unwrap() {
            assert!(fields.contains_key(field.as_str().unwrap()), "{name} lacks {field}");
        }
    }
}

#[test]
fn an_old_artifact_is_stale() {
    let service = Service::start(&["--max-age", "0"]);
    std::thread::sleep(Duration::from_millis(20));
    let answer = service.post(r#"{"name":"Ingrid Solberg"}"#);
    assert_eq!(answer.body["lists_current"], false);
    assert_eq!(answer.body["lists"][0]["stale"], true);
}

#[test]
fn what_cannot_be_asked_is_a_problem_with_its_code() {
    let service = Service::start(&[]);
    for (body, status, code, field) in [
        ("", 400, "malformed_request", None),
        ("[]", 400, "malformed_request", None),
        ("{\"name\":", 400, "malformed_request", None),
        ("{\"name\":\"A B\"} x", 400, "malformed_request", None),
        ("{\"name\":\"A B\",\"nmae\":1}", 400, "unknown_field", Some("nmae")),
        ("{}", 400, "validation_failed", Some("name")),
        ("{\"name\":7}", 400, "validation_failed", Some("name")),
        ("{\"name\":\"...\"}", 400, "validation_failed", Some("name")),
        ("{\"name\":\"A B\",\"kind\":\"dragon\"}", 400, "validation_failed", Some("kind")),
        ("{\"name\":\"A B\",\"threshold\":0.1}", 400, "validation_failed", Some("threshold")),
        ("{\"name\":\"A B\",\"lists\":[\"x\"]}", 400, "validation_failed", Some("lists")),
        ("{\"name\":\"A B\",\"countries\":[\"peru\"]}", 400, "validation_failed", Some("countries")),
        ("{\"name\":\"A B\",\"date_of_birth\":\"14 July 1962\"}", 400, "validation_failed", Some("date_of_birth")),
        (
            "{\"name\":\"A B\",\"identifiers\":[{\"type\":\"shoe\",\"value\":\"1\"}]}",
            400,
            "validation_failed",
            Some("identifiers[0].type"),
        ),
    ] {
        let answer = service.post(body);
        assert_eq!((answer.status, answer.body["code"].as_str()), (status, Some(code)), "{body}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["field"].as_str(), field, "{body}");
        assert!(answer.head.contains("content-type: application/problem+json"), "{}", answer.head);
        assert!(answer.head.contains(answer.body["correlation_id"].as_str().unwrap()), "{}", answer.head);
    }
    let long = service.post(&format!("{{\"name\":\"{}\"}}", "a".repeat(70_000)));
    assert_eq!((long.status, long.body["code"].as_str()), (413, Some("payload_too_large")));
    let kept = service.ask("POST", "/v1/aml/screenings", "Host: localhost\r\nX-Correlation-Id: abcd-1234\r\n", "{}");
    assert_eq!((kept.status, kept.body["correlation_id"].as_str()), (415, Some("abcd-1234")));
}

#[test]
fn other_paths_methods_and_hosts_are_refused() {
    let service = Service::start(&[]);
    let host = "Host: localhost\r\n";
    assert_eq!(service.ask("GET", "/v1/health", host, "").body["status"], "ok");
    assert_eq!(service.ask("GET", "/", host, "").status, 404);
    let get = service.ask("GET", "/v1/aml/screenings", host, "");
    assert_eq!(get.status, 405);
    assert!(get.head.contains("allow: post"), "{}", get.head);
    // A page in a browser, by a name that its owner lets resolve to this machine.
    let rebound = service.ask("GET", "/v1/health", "Host: evil.example:8640\r\n", "");
    assert_eq!((rebound.status, rebound.body["code"].as_str()), (421, Some("misdirected_request")));
    let asked_first =
        service.ask("OPTIONS", "/v1/aml/screenings", "Host: localhost\r\nOrigin: https://evil.example\r\n", "");
    assert_eq!(asked_first.status, 405);
    assert!(!asked_first.head.contains("access-control-allow"), "{}", asked_first.head);
}

#[test]
fn heads_are_bounded_and_a_client_that_falls_silent_is_let_go() {
    let service = Service::start(&[]);
    let long = format!("GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "a".repeat(100_000));
    assert!(service.raw(long.as_bytes()).starts_with("HTTP/1.1 431"), "a head of 100,000 bytes");
    let many = (0..100).fold(String::new(), |all, i| all + &format!("X-{i}: a\r\n"));
    let many = format!("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n{many}\r\n");
    assert!(service.raw(many.as_bytes()).starts_with("HTTP/1.1 431"), "a hundred headers");
    // The head, then the body, never come: the service ends both conversations by itself.
    let silent = std::thread::scope(|scope| {
        let head = scope.spawn(|| service.raw(b"GET /v1/health HTTP/1.1\r\n"));
        let body = scope.spawn(|| {
            let head = "POST /v1/aml/screenings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
            service.raw(format!("{head}Connection: close\r\nContent-Length: 10\r\n\r\n{{").as_bytes())
        });
        (head.join().unwrap(), body.join().unwrap())
    });
    assert!(silent.0.is_empty() || silent.0.starts_with("HTTP/1.1 408"), "{}", silent.0);
    assert!(silent.1.starts_with("HTTP/1.1 408"), "{}", silent.1);
}

#[test]
fn a_port_in_use_and_wrong_options_are_told() {
    let service = Service::start(&[]);
    let port = service.address.rsplit_once(':').unwrap().1;
    assert_eq!(screen(&["serve", "--port", port, artifact()]).status.code(), Some(1));
    for options in [["--port", "70000"], ["--kind-of", "ftm"], ["--kind-of", "ftm=dragon"], ["--max-age", "-1"]] {
        assert_eq!(screen(&["serve", options[0], options[1], artifact()]).status.code(), Some(2), "{options:?}");
    }
}
