//! What each operation refuses, and to which caller.

use http::Method;
use serde_json::json;
use verinym_tests::{
    ApiResponse, Client,
    client::{ApiRequest, multipart},
    contract::Operation,
    people::tag,
    picture,
};

use super::{
    cast::{Cast, kind_of_id, request, sample},
    proper_problem,
};

/// Sends the request with a given correlation id and checks everything that a refusal must have.
async fn refusal(
    cast: &Cast,
    operation: &Operation,
    what: &str,
    request: ApiRequest,
    status: u16,
    code: &str,
) -> ApiResponse {
    let correlation = format!("stranger.{}", tag());
    let answer = request.header("x-correlation-id", &correlation).send().await;
    let told = format!("{} {} ({what}): {answer}", operation.method, operation.path);
    assert_eq!((answer.status, answer.code().as_deref()), (status, Some(code)), "{told}");
    assert!(operation.documents(status, code), "the document does not tell of {status} {code}: {told}");
    assert_eq!(answer.header("x-correlation-id"), Some(correlation.as_str()), "{told}");
    proper_problem(&answer);
    assert_eq!(answer.json()["correlation_id"], correlation.as_str(), "{told}");
    for secret in cast.personal_data() {
        assert!(!answer.text().contains(secret), "personal data: {told}");
    }
    answer
}

pub async fn without_a_good_token_nobody_gets_in(cast: &Cast, operation: &Operation) {
    if operation.permission() == "anonymous" || operation.answers_as_oauth() {
        return;
    }
    let path = Cast::path(operation, cast.nobodys());
    let stranger = cast.stack.client();
    let answer =
        refusal(cast, operation, "no token", request(&stranger, operation, &path), 401, "unauthenticated").await;
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{answer}");
    for other in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "Token abc"] {
        let request = request(&stranger, operation, &path).header("authorization", other);
        refusal(cast, operation, other, request, 401, "unauthenticated").await;
    }
    for (what, token) in cast.bad_tokens(operation) {
        let request = request(&stranger.bearing(token), operation, &path);
        let answer = refusal(cast, operation, what, request, 401, "unauthenticated").await;
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{answer}");
    }
}

pub async fn who_lacks_the_permission_is_forbidden(cast: &Cast, operation: &Operation) {
    if matches!(operation.permission(), "anonymous" | "signed-in") || operation.answers_as_oauth() {
        return;
    }
    let path = Cast::path(operation, cast.nobodys());
    let request = request(&cast.caller, operation, &path);
    refusal(cast, operation, "an ordinary person", request, 403, "forbidden").await;
}

/// An auditor reads, and changes nothing.
pub async fn an_auditor_can_change_nothing(cast: &Cast, operation: &Operation) {
    let staff = !matches!(operation.permission(), "anonymous" | "signed-in") && !operation.answers_as_oauth();
    if staff && operation.method != Method::GET {
        let path = Cast::path(operation, cast.theirs());
        refusal(cast, operation, "an auditor", request(&cast.auditor, operation, &path), 403, "forbidden").await;
    }
}

pub async fn a_malformed_id_names_nothing(cast: &Cast, operation: &Operation) {
    let Some(kind) = kind_of_id(&operation.path) else { return };
    let client = cast.entitled(operation);
    let (prefix, rest) = cast.theirs().of(kind).split_once('_').unwrap();
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
}

pub async fn foreign_and_unknown_resources_are_not_found(cast: &Cast, operation: &Operation) {
    if kind_of_id(&operation.path).is_none() {
        return;
    }
    let mut cases = vec![("nobody's", cast.entitled(operation), cast.nobodys())];
    if operation.permission() == "signed-in" {
        cases.push(("somebody else's", cast.caller.clone(), cast.theirs()));
    }
    for (what, client, ids) in cases {
        let path = Cast::path(operation, ids);
        let mut request = request(&client, operation, &path);
        if let Some(body) = sample(operation) {
            request = request.json(&body);
        }
        refusal(cast, operation, what, request, 404, "not_found").await;
    }
}

pub async fn a_body_that_is_too_large_is_refused_unread(cast: &Cast, operation: &Operation) {
    let Some(content_type) = operation.takes() else { return };
    let client = cast.entitled(operation);
    let path = Cast::path(operation, cast.nobodys());
    let size = operation.body_limit() + 1;
    let request = request(&client, operation, &path);
    let request = if content_type == "multipart/form-data" {
        let (content_type, body) = multipart(&[("document_type", "passport")], &vec![b'x'; size]);
        request.body(&content_type, body)
    } else {
        request.body(content_type, format!("{{\"filler\":\"{}\"}}", "x".repeat(size)))
    };
    refusal(cast, operation, "too large", request, 413, "payload_too_large").await;
}

/// Whether other companies' servers send the parameters, which may have more of them.
fn takes_any_field(operation: &Operation) -> bool {
    operation.path == "/v1/oauth/{provider}/callback"
}

pub async fn a_field_that_is_not_known_is_refused_by_name(cast: &Cast, operation: &Operation) {
    if takes_any_field(operation) {
        return;
    }
    let client = cast.entitled(operation);
    let path = Cast::path(operation, cast.nobodys());
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
}

pub async fn a_body_of_another_type_or_form_is_refused(cast: &Cast, operation: &Operation) {
    let parsed = |_: &&str| !operation.takes_raw() && !takes_any_field(operation);
    let Some(content_type) = operation.takes().filter(parsed) else { return };
    let client = cast.entitled(operation);
    let path = Cast::path(operation, cast.nobodys());
    for wrong in ["text/plain", "application/xml", "application/x-www-form-urlencoded"] {
        let request = request(&client, operation, &path).body(wrong, "{}");
        refusal(cast, operation, wrong, request, 415, "unsupported_media_type").await;
    }
    for charset in ["iso-8859-1", "utf-16"] {
        let form = multipart(&[("document_type", "passport")], b"x");
        let (kind, body) =
            if content_type == "multipart/form-data" { form } else { (content_type.into(), b"{}".into()) };
        let request = request(&client, operation, &path).body(&format!("{kind}; charset={charset}"), body);
        refusal(cast, operation, charset, request, 415, "unsupported_media_type").await;
    }
    if content_type == "multipart/form-data" {
        let request = request(&client, operation, &path).json(&json!({}));
        refusal(cast, operation, "JSON", request, 415, "unsupported_media_type").await;
        return;
    }
    let optional = operation.body["requestBody"]["required"] == false;
    for malformed in ["", "{", "[1,2", "\u{feff}{}"] {
        if malformed.is_empty() && optional {
            continue;
        }
        let request = request(&client, operation, &path).body("application/json", malformed);
        refusal(cast, operation, malformed, request, 400, "malformed_request").await;
    }
    for other in ["[]", "null", "\"text\"", "17"] {
        let request = request(&client, operation, &path).body("application/json", other);
        refusal(cast, operation, other, request, 400, "malformed_request").await;
    }
}

/// Also for resources that do not exist: status and headers of the problem, without a body.
pub async fn head_is_answered_as_get(cast: &Cast, operation: &Operation) {
    if operation.method != Method::GET {
        return;
    }
    let path = Cast::path(operation, cast.nobodys());
    let told = async |client: &Client, method: Method| {
        let answer = client.call(method, &path).header("x-correlation-id", "head-and-get").send().await;
        let varies = ["connection", "content-length", "date", "ratelimit", "transfer-encoding"];
        let ours = |name: &str| !varies.contains(&name) && !name.starts_with("x-amz");
        let headers = answer.headers.iter().filter(|(name, _)| ours(name.as_str()));
        let headers: Vec<_> = headers.map(|(name, value)| (name.to_string(), value.clone())).collect();
        (answer, headers)
    };
    for client in [cast.stack.client(), cast.entitled(operation)] {
        let ((get, get_headers), (head, head_headers)) =
            (told(&client, Method::GET).await, told(&client, Method::HEAD).await);
        assert_eq!((head.status, head_headers), (get.status, get_headers), "{head} beside {get}");
        assert!(!get.body.is_empty() && head.body.is_empty(), "{head} beside {get}");
    }
}
