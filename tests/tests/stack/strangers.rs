//! Every route against those who should get nothing from it, driven by the OpenAPI document, so that a new route cannot
//! escape: no token, bad tokens, a wrong role, malformed and foreign ids, bodies that are too large, of a wrong type or
//! with fields nobody knows. Each answer is a problem of the right kind and says not a word too much.

use http::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use verinym::domain::{
    id::{CheckId, DocumentId, HitId, SessionId},
    time::Timestamp,
};
use verinym_tests::{
    Answer, Client, Person, Stack,
    client::{Request, multipart},
    contract::{Operation, document, operations},
    people::tag,
    picture, tokens,
};

/// Two people who know nothing of each other, and what belongs to one of them.
struct Cast {
    stack: Stack,
    caller: Person,
    admin: Client,
    /// Not the caller's.
    theirs: Ids,
    /// Nobody's.
    nobodys: Ids,
}

struct Ids {
    check: String,
    document: String,
    session: String,
    hit: String,
    list: String,
}

impl Cast {
    async fn new() -> Self {
        let stack = Stack::get();
        let (caller, other) = (stack.person().await, stack.person().await);
        let document = other.passport(&format!("OK-{}", tag())).await;
        let draft = json!({"document_ids": [document], "submit": false});
        let check = other.api.post("/v1/kyc/checks").json(&draft).send().await.expect(201).json();
        let theirs = Ids {
            check: check["id"].as_str().unwrap().to_owned(),
            document,
            session: other.api.session_id().to_owned(),
            hit: HitId::new(Timestamp::now()).to_string(),
            // Lists are everybody's; this one is only configured.
            list: "test_same".to_owned(),
        };
        let now = Timestamp::now();
        let nobodys = Ids {
            check: CheckId::new(now).to_string(),
            document: DocumentId::new(now).to_string(),
            session: SessionId::new(now).to_string(),
            hit: HitId::new(now).to_string(),
            list: "nobodys_list".to_owned(),
        };
        Self { admin: stack.admin().await, stack, caller, theirs, nobodys }
    }

    /// A path with its parameters filled in.
    fn path(operation: &Operation, ids: &Ids) -> String {
        let mut path = operation.path.clone();
        if let Some(kind) = kind_of_id(&operation.path) {
            let id = match kind {
                IdKind::Check => &ids.check,
                IdKind::Document => &ids.document,
                IdKind::Session => &ids.session,
                IdKind::Hit => &ids.hit,
                IdKind::List => &ids.list,
            };
            path = path.replace("{id}", id);
        }
        path = path.replace("{provider}", "sandbox");
        assert!(!path.contains('{'), "{path}: tell the tests what stands for this parameter");
        path
    }

    /// Somebody who is let in to this operation.
    fn entitled(&self, operation: &Operation) -> Client {
        match operation.permission() {
            "anonymous" => self.stack.client(),
            "signed-in" => self.caller.api.clone(),
            _ => self.admin.clone(),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum IdKind {
    Check,
    Document,
    Session,
    Hit,
    List,
}

/// What the `{id}` of a path names.
fn kind_of_id(path: &str) -> Option<IdKind> {
    if !path.contains("{id}") {
        None
    } else if path.starts_with("/v1/kyc/checks/") {
        Some(IdKind::Check)
    } else if path.starts_with("/v1/kyc/documents/") {
        Some(IdKind::Document)
    } else if path.starts_with("/v1/sessions/") {
        Some(IdKind::Session)
    } else if path.starts_with("/v1/aml/hits/") {
        Some(IdKind::Hit)
    } else if path.starts_with("/v1/aml/lists/") {
        Some(IdKind::List)
    } else {
        panic!("{path}: tell the tests what its id names")
    }
}

/// A body that the operation would take from its owner, where it takes one.
fn sample(operation: &Operation) -> Option<Value> {
    match (operation.method.as_str(), operation.path.as_str()) {
        ("PUT", "/v1/kyc/checks/{id}") => Some(json!({"decision": "approve"})),
        ("POST", "/v1/kyc/checks/{id}/documents") => {
            Some(json!({"document_ids": [DocumentId::new(Timestamp::now()).to_string()]}))
        }
        ("POST", "/v1/aml/hits/{id}/decision") => Some(json!({"decision": "false_positive", "reason": "x"})),
        (_, path) if operation.takes().is_some() && path.contains("{id}") => {
            panic!("{} {path}: tell the tests a body that it takes", operation.method)
        }
        _ => None,
    }
}

fn request(client: &Client, operation: &Operation, path: &str) -> Request {
    let request = client.call(operation.method.clone(), path);
    if operation.requires_if_match() { request.header("if-match", "\"1\"") } else { request }
}

/// The cast is made once for all of these tests, each of which runs a loop over all operations.
async fn every_operation(test: impl AsyncFn(&Cast, &Operation)) {
    let cast = Cast::new().await;
    let operations = operations(&document());
    assert!(operations.len() > 30);
    for operation in &operations {
        test(&cast, operation).await;
    }
}

/// Sends the request with a correlation id of ours and looks at all that any refusal must be.
async fn refusal(cast: &Cast, operation: &Operation, what: &str, request: Request, status: u16, code: &str) -> Answer {
    let correlation = format!("stranger.{}", tag());
    let answer = request.header("x-correlation-id", &correlation).send().await;
    let told = format!("{} {} ({what}): {answer}", operation.method, operation.path);
    assert_eq!((answer.status, answer.code().as_deref()), (status, Some(code)), "{told}");
    assert!(operation.documents(status, code), "the document does not tell of {status} {code}: {told}");
    assert_eq!(answer.header("x-correlation-id"), Some(correlation.as_str()), "{told}");
    proper_problem(&answer);
    assert_eq!(answer.json()["correlation_id"], correlation.as_str(), "{told}");
    let person = &cast.caller.draft;
    for secret in [&person.email, &person.given_name, &person.family_name, &person.date_of_birth] {
        assert!(!answer.text().contains(secret.as_str()), "personal data: {told}");
    }
    answer
}

/// RFC 9457's shape, our headers, and nothing of what is behind.
pub fn proper_problem(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer}");
    let body = answer.json();
    let code = body["code"].as_str().unwrap_or_default();
    assert_eq!(body["type"], format!("https://verinym.dev/problems/{code}"), "{answer}");
    assert_eq!(body["status"], answer.status, "{answer}");
    assert!(body["title"].as_str().is_some_and(|title| title.len() > 5), "{answer}");
    assert_eq!(body["correlation_id"].as_str(), answer.header("x-correlation-id"), "{answer}");
    for name in body.as_object().unwrap().keys() {
        let known = ["type", "title", "status", "code", "detail", "correlation_id", "errors"];
        assert!(known.contains(&name.as_str()), "'{name}' in {answer}");
    }
    proper_headers(answer);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
    silent(answer);
}

/// Headers that every answer has.
pub fn proper_headers(answer: &Answer) {
    for (name, value) in [
        ("strict-transport-security", "max-age="),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", ""),
        ("x-frame-options", "DENY"),
        ("cache-control", ""),
    ] {
        let found = answer.header(name);
        assert!(found.is_some_and(|found| found.starts_with(value)), "{name}: {found:?} in {answer}");
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name} more than once in {answer}");
    }
    assert_ne!(answer.header("access-control-allow-origin"), Some("*"), "{answer}");
    assert!(answer.header("set-cookie").is_none(), "{answer}");
    assert!(answer.header("x-correlation-id").is_some_and(|id| id.len() >= 8), "{answer}");
}

/// Not a word of AWS, of tables, of the code.
fn silent(answer: &Answer) {
    let text = answer.text().to_lowercase();
    for word in [
        "amazon",
        "arn:",
        "dynamo",
        "exception",
        "lambda",
        "panick",
        ".rs",
        "stack",
        "serde",
        "#auth",
        "bidx",
        "secret",
        "127.0.0.1",
    ] {
        assert!(!text.contains(word), "'{word}' in {answer}");
    }
}

#[tokio::test]
async fn without_a_good_token_nobody_gets_in() {
    let bad: OnceCell<Vec<tokens::Bad>> = OnceCell::new();
    every_operation(async |cast, operation| {
        if operation.permission() == "anonymous" {
            return;
        }
        let path = Cast::path(operation, &cast.nobodys);
        let stranger = cast.stack.client();
        refusal(cast, operation, "no token", request(&stranger, operation, &path), 401, "unauthenticated").await;
        for other in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "Token abc"] {
            let request = request(&stranger, operation, &path).header("authorization", other);
            refusal(cast, operation, other, request, 401, "unauthenticated").await;
        }
        let good = cast.entitled(operation);
        let bad = bad.get_or_init(|| tokens::bad_tokens(&cast.stack, good.token())).await;
        for (what, token) in bad {
            let request = request(&stranger.bearing(token), operation, &path);
            refusal(cast, operation, what, request, 401, "unauthenticated").await;
        }
    })
    .await;
}

/// Else the refusals above would prove nothing.
#[tokio::test]
async fn a_token_that_the_tests_issue_by_our_key_is_taken() {
    let stack = Stack::get();
    let person = stack.person().await;
    let token = tokens::reissued(&stack, person.api.token()).await;
    person.api.bearing(&token).get("/v1/auth/me").send().await.expect(200);
}

#[tokio::test]
async fn who_lacks_the_permission_is_forbidden() {
    every_operation(async |cast, operation| {
        if matches!(operation.permission(), "anonymous" | "signed-in") {
            return;
        }
        let path = Cast::path(operation, &cast.nobodys);
        let request = request(&cast.caller.api, operation, &path);
        refusal(cast, operation, "an ordinary person", request, 403, "forbidden").await;
    })
    .await;
}

/// An auditor reads, and changes nothing.
#[tokio::test]
async fn an_auditor_can_change_nothing_of_others() {
    let auditor = Stack::get().auditor().await;
    every_operation(async |cast, operation| {
        let staff = !matches!(operation.permission(), "anonymous" | "signed-in");
        if staff && operation.method != Method::GET {
            let path = Cast::path(operation, &cast.theirs);
            refusal(cast, operation, "an auditor", request(&auditor, operation, &path), 403, "forbidden").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_malformed_id_names_nothing() {
    every_operation(async |cast, operation| {
        let Some(kind) = kind_of_id(&operation.path) else { return };
        let client = cast.entitled(operation);
        let well_formed = match kind {
            IdKind::Check => &cast.theirs.check,
            IdKind::Document => &cast.theirs.document,
            IdKind::Session => &cast.theirs.session,
            IdKind::Hit => &cast.theirs.hit,
            IdKind::List => &cast.theirs.list,
        };
        let (prefix, rest) = well_formed.split_once('_').unwrap();
        let long = "7".repeat(300);
        let ids = [
            "x".to_owned(),
            "0".to_owned(),
            rest.to_owned(),
            format!("user_{rest}"),
            format!("{prefix}_{}", rest.to_uppercase()),
            format!("{prefix}_{}", &rest[1..]),
            format!("{prefix}_{long}"),
            format!("{prefix}_{}", "z".repeat(26)),
            "%00".to_owned(),
            "CHK%23REF".to_owned(),
            "%F0%9F%98%80".to_owned(),
        ];
        for id in ids {
            let path = operation.path.replace("{id}", &id);
            let mut request = request(&client, operation, &path);
            if let Some(body) = sample(operation) {
                request = request.json(&body);
            }
            refusal(cast, operation, &format!("id {id}"), request, 404, "not_found").await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_somebody_else_s_or_nobody_s_is_not_found() {
    every_operation(async |cast, operation| {
        if kind_of_id(&operation.path).is_none() {
            return;
        }
        let mut cases = vec![("nobody's", cast.entitled(operation), &cast.nobodys)];
        if operation.permission() == "signed-in" {
            cases.push(("somebody else's", cast.caller.api.clone(), &cast.theirs));
        }
        for (what, client, ids) in cases {
            let path = Cast::path(operation, ids);
            let mut request = request(&client, operation, &path);
            if let Some(body) = sample(operation) {
                request = request.json(&body);
            }
            refusal(cast, operation, what, request, 404, "not_found").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_unread() {
    every_operation(async |cast, operation| {
        let Some(content_type) = operation.takes() else { return };
        let client = cast.entitled(operation);
        let path = Cast::path(operation, &cast.nobodys);
        let size = operation.body_limit() + 1;
        let request = request(&client, operation, &path);
        let request = if content_type == "multipart/form-data" {
            let (content_type, body) = multipart(&[("document_type", "passport")], &vec![b'x'; size]);
            request.body(&content_type, body)
        } else {
            request.body(content_type, format!("{{\"filler\":\"{}\"}}", "x".repeat(size)))
        };
        refusal(cast, operation, "too large", request, 413, "payload_too_large").await;
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_not_known_is_refused_by_name() {
    every_operation(async |cast, operation| {
        let client = cast.entitled(operation);
        let path = Cast::path(operation, &cast.nobodys);
        let surprise = json!({"surprise": 1});
        if operation.has_parameters_in("query") {
            let request = request(&client, operation, &format!("{path}?surprise=1"));
            let answer = refusal(cast, operation, "unknown parameter", request, 400, "unknown_field").await;
            assert_eq!(answer.faults(), ["surprise unknown_field"], "{answer}");
        }
        if operation.takes_raw() || matches!(operation.method, Method::GET | Method::DELETE) {
            return;
        }
        let request = request(&client, operation, &path);
        let request = if operation.takes() == Some("multipart/form-data") {
            request.form(&[("document_type", "passport"), ("surprise", "1")], &picture::page("surprise"))
        } else {
            request.json(&surprise)
        };
        let answer = refusal(cast, operation, "unknown field", request, 400, "unknown_field").await;
        assert_eq!(answer.faults(), ["surprise unknown_field"], "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_body_of_another_type_or_form_is_refused() {
    every_operation(async |cast, operation| {
        let Some(content_type) = operation.takes().filter(|_| !operation.takes_raw()) else { return };
        let client = cast.entitled(operation);
        let path = Cast::path(operation, &cast.nobodys);
        for wrong in ["text/plain", "application/xml", "application/x-www-form-urlencoded"] {
            let request = request(&client, operation, &path).body(wrong, "{}");
            refusal(cast, operation, wrong, request, 415, "unsupported_media_type").await;
        }
        if content_type == "multipart/form-data" {
            let request = request(&client, operation, &path).json(&json!({}));
            refusal(cast, operation, "JSON", request, 415, "unsupported_media_type").await;
            return;
        }
        for malformed in ["", "{", "[1,2", "\u{feff}{}"] {
            let request = request(&client, operation, &path).body("application/json", malformed);
            refusal(cast, operation, malformed, request, 400, "malformed_request").await;
        }
        for other in ["[]", "null", "\"text\"", "17"] {
            let request = request(&client, operation, &path).body("application/json", other);
            refusal(cast, operation, other, request, 400, "malformed_request").await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_the_gateway_refuses_looks_like_what_we_refuse() {
    let stack = Stack::get();
    let person = stack.person().await;
    for client in [stack.client(), person.api.clone()] {
        for path in ["/v1/nothing", "/v2/health", "/", "/v1/kyc/checks/x/y/z", "/v1/auth/login/"] {
            let answer = client.get(path).send().await.refused(404, "not_found");
            proper_problem(&answer);
        }
        let answer = client.delete("/v1/auth/login").send().await.refused(404, "not_found");
        proper_problem(&answer);
    }
}

#[tokio::test]
async fn good_answers_carry_the_headers_too() {
    let stack = Stack::get();
    let person = stack.person().await;
    for path in ["/v1/health", "/.well-known/jwks.json", "/v1/openapi.json", "/docs", "/v1/auth/me", "/v1/kyc/status"] {
        let answer = person.api.get(path).header("x-correlation-id", "order-42.a_b").send().await.expect(200);
        proper_headers(&answer);
        assert_eq!(answer.header("x-correlation-id"), Some("order-42.a_b"));
    }
    let answer = person.api.get("/v1/health").header("x-correlation-id", "no good").send().await.expect(200);
    assert_ne!(answer.header("x-correlation-id"), Some("no good"));
}

#[tokio::test]
async fn only_listed_origins_may_read_answers() {
    let stack = Stack::get();
    let ask = async |origin: &str| {
        let preflight = stack
            .client()
            .call(Method::OPTIONS, "/v1/auth/login")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type,idempotency-key")
            .send()
            .await;
        let call = stack.client().get("/v1/health").header("origin", origin).send().await.expect(200);
        (preflight, call)
    };
    let ours = "http://localhost:3000";
    let (preflight, call) = ask(ours).await;
    let preflight = preflight.expect(204);
    for answer in [&preflight, &call] {
        assert_eq!(answer.header("access-control-allow-origin"), Some(ours), "{answer}");
        assert!(answer.headers.get_all("vary").iter().any(|vary| vary == "Origin"), "{answer}");
    }
    let headers = preflight.header("access-control-allow-headers").unwrap_or_default().to_lowercase();
    for name in ["authorization", "content-type", "idempotency-key", "if-match"] {
        assert!(headers.contains(name), "{name} in '{headers}'");
    }
    for other in ["https://evil.example", "http://localhost:3000.evil.example", "null"] {
        let (preflight, call) = ask(other).await;
        for answer in [preflight, call] {
            assert_eq!(answer.header("access-control-allow-origin"), None, "{answer}");
        }
    }
}
