//! Calls every route as somebody who must be refused: without a token, with bad tokens, with a wrong role, with malformed and foreign ids,
//! with bodies that are too large, of a wrong type or with unknown fields. The OpenAPI document drives the calls, so that a new route is
//! included by itself. Each response must be the right problem and disclose nothing else.
//!
//! Each area is a test of its own, so that areas run in parallel and can be run alone (`strangers::kyc`).

mod cast;
mod refusals;

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use http::Method;
use verinym_tests::{
    ApiResponse, Stack,
    contract::{Operation, document, operations},
    tokens,
};

use cast::Cast;

/// Operations of one area that are called at once.
const AT_ONCE: usize = 4;

fn area(operation: &Operation) -> &str {
    operation.id.split('-').next().unwrap_or_default()
}

async fn every_operation_of(name: &str) {
    let cast = Cast::get().await;
    let operations: Vec<_> = operations(&document()).into_iter().filter(|operation| area(operation) == name).collect();
    assert!(!operations.is_empty(), "{name} has no operations");
    stream::iter(&operations)
        .for_each_concurrent(AT_ONCE, async |operation| {
            refusals::without_a_good_token_nobody_gets_in(&cast, operation).await;
            refusals::who_lacks_the_permission_is_forbidden(&cast, operation).await;
            refusals::an_auditor_can_change_nothing(&cast, operation).await;
            refusals::a_malformed_id_names_nothing(&cast, operation).await;
            refusals::foreign_and_unknown_resources_are_not_found(&cast, operation).await;
            refusals::a_body_that_is_too_large_is_refused_unread(&cast, operation).await;
            refusals::a_field_that_is_not_known_is_refused_by_name(&cast, operation).await;
            refusals::a_body_of_another_type_or_form_is_refused(&cast, operation).await;
            refusals::head_is_answered_as_get(&cast, operation).await;
        })
        .await;
}

macro_rules! areas {
    ($($area:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $area() {
            every_operation_of(stringify!($area)).await;
        })+

        #[test]
        fn every_area_is_tested() {
            let operations = operations(&document());
            assert!(operations.len() > 30, "{} operations", operations.len());
            let areas: BTreeSet<_> = operations.iter().map(area).collect();
            assert_eq!(areas, BTreeSet::from([$(stringify!($area)),+]));
        }
    };
}

areas!(account, admin, aml, auth, kyc, platform, webhooks);

/// The form of RFC 9457, the API's headers, and no internal details.
pub fn proper_problem(answer: &ApiResponse) {
    gateway_problem(answer);
    proper_headers(answer);
}

/// The same for the gateway's own responses. Their headers are fixed, so that they cannot name one of several origins; `*` lets
/// a page read that a call was refused, and such an answer holds nothing else.
fn gateway_problem(answer: &ApiResponse) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer}");
    let body = answer.json();
    let code = body["code"].as_str().unwrap_or_default();
    let base = body["type"].as_str().and_then(|address| address.strip_suffix(&format!("/problems/{code}")));
    let bases = ["", Stack::get().var("API_URL")];
    assert!(base.is_some_and(|base| bases.contains(&base)), "{answer}");
    assert_eq!(body["status"], answer.status, "{answer}");
    assert!(body["title"].as_str().is_some_and(|title| title.len() > 5), "{answer}");
    assert_eq!(body["correlation_id"].as_str(), answer.header("x-correlation-id"), "{answer}");
    for name in body.as_object().unwrap().keys() {
        let known = ["type", "title", "status", "code", "detail", "correlation_id", "errors"];
        assert!(known.contains(&name.as_str()), "'{name}' in {answer}");
    }
    common_headers(answer);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
    silent(answer);
}

/// Headers of a function's response.
pub fn proper_headers(answer: &ApiResponse) {
    common_headers(answer);
    assert_ne!(answer.header("access-control-allow-origin"), Some("*"), "{answer}");
}

/// Headers of every response, also of the gateway's own.
fn common_headers(answer: &ApiResponse) {
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
    assert!(answer.header("set-cookie").is_none(), "{answer}");
    assert!(answer.header("x-correlation-id").is_some_and(|id| id.len() >= 8), "{answer}");
}

/// The response must not mention AWS, tables or code.
fn silent(answer: &ApiResponse) {
    // The address of the API, in `type`, is the operator's.
    let text = answer.text().replace(Stack::get().var("API_URL"), "").to_lowercase();
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

/// Otherwise the refusals above would prove nothing.
#[tokio::test]
async fn a_token_that_the_tests_issue_by_our_key_is_taken() {
    let stack = Stack::get();
    let person = stack.person().await;
    let token = tokens::reissued(&stack, person.api.token()).await;
    person.api.bearing(&token).get("/v1/auth/me").send().await.expect(200);
}

#[tokio::test]
async fn refusals_of_the_gateway_look_like_those_of_functions() {
    let stack = Stack::get();
    if stack.lacks("localstack", "of the gateway's own responses it applies the status only, not body and headers") {
        return;
    }
    let person = stack.person().await;
    for client in [stack.client(), person.api.clone()] {
        for path in ["/v1/nothing", "/v2/health", "/", "/v1/kyc/checks/x/y/z"] {
            let answer = client.get(path).send().await.refused(404, "not_found");
            gateway_problem(&answer);
        }
        for path in ["/v1/auth/login", "/v1/health"] {
            let answer = client.delete(path).send().await.refused(405, "method_not_allowed");
            proper_problem(&answer);
            let allow = if path == "/v1/health" { "GET, HEAD, OPTIONS" } else { "POST, OPTIONS" };
            assert_eq!(answer.header("allow"), Some(allow));
        }
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
async fn who_has_the_current_version_gets_304() {
    let stack = Stack::get();
    let person = stack.person().await;
    for path in ["/docs", "/docs/problem.css", "/problems/not_found", "/v1/openapi.json", "/v1/users/profile"] {
        let first = person.api.get(path).send().await.expect(200);
        let tag = first.header("etag").unwrap();
        let again = person.api.get(path).header("if-none-match", tag).send().await.expect(304);
        assert!(again.body.is_empty() && again.header("etag") == Some(tag), "{again}");
    }
    stack.client().get("/problems/no_such_problem").send().await.refused(404, "not_found");
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
