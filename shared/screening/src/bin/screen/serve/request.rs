//! From a request to a response.

use std::hash::{BuildHasher, Hasher, RandomState};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::Serialize;

use super::problem::Problem;
use super::{PATIENCE, Service, form};

const BODY_BYTES: usize = 64 << 10;
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

type Answer = Response<Full<Bytes>>;

pub async fn handle(service: &Service, request: Request<Incoming>) -> Answer {
    let correlation_id = correlation_id(&request);
    let method = request.method().clone();
    let allowed = match request.uri().path() {
        "/v1/aml/screenings" => "POST",
        "/v1/health" => "GET",
        _ => "",
    };
    let outcome = if !is_meant_for_us(&request) {
        Err(Problem::other_host())
    } else if allowed.is_empty() {
        Err(Problem::not_found())
    } else if method.as_str() != allowed {
        Err(Problem::method_not_allowed())
    } else if method == Method::GET {
        Ok(json(StatusCode::OK, "application/json", &Service::health()))
    } else {
        screen(service, request).await
    };
    let mut answer = outcome.unwrap_or_else(|problem| {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        json(status, "application/problem+json", &problem.body(&correlation_id))
    });
    let answer_is_405 = answer.status() == StatusCode::METHOD_NOT_ALLOWED;
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if answer_is_405 {
        headers.insert(ALLOW, HeaderValue::from_static(allowed));
    }
    headers.extend(HeaderValue::from_str(&correlation_id).ok().map(|id| (CORRELATION_ID, id)));
    answer
}

async fn screen(service: &Service, request: Request<Incoming>) -> Result<Answer, Problem> {
    if !is_json(&request) {
        return Err(Problem::media_type());
    }
    let body = Limited::new(request.into_body(), BODY_BYTES).collect();
    let body = tokio::time::timeout(PATIENCE, body).await.map_err(|_| Problem::too_slow())?;
    let body = body.map_err(|error| {
        let too_large = error.downcast_ref::<LengthLimitError>().is_some();
        if too_large { Problem::too_large() } else { Problem::malformed("The body did not arrive whole.") }
    })?;
    let screened = service.screen(form::parse(&body.to_bytes())?)?;
    Ok(json(StatusCode::OK, "application/json", &screened))
}

fn json(status: StatusCode, media_type: &'static str, body: &impl Serialize) -> Answer {
    let (status, bytes) = match serde_json::to_vec(body) {
        Ok(bytes) => (status, bytes),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
    };
    let mut answer = Response::new(Full::new(Bytes::from(bytes)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

/// A page of another origin cannot send this type without asking first, and is not answered when it asks.
fn is_json(request: &Request<Incoming>) -> bool {
    let header = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (media_type, parameters) = header.split_once(';').unwrap_or((header, ""));
    let charset = parameters.trim().to_ascii_lowercase();
    media_type.trim().eq_ignore_ascii_case("application/json")
        && (charset.is_empty() || charset.replace('"', "") == "charset=utf-8")
}

fn is_meant_for_us(request: &Request<Incoming>) -> bool {
    let host = request.headers().get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host == "127.0.0.1" || host.eq_ignore_ascii_case("localhost")
}

/// The caller's own, if it has the form of one.
fn correlation_id(request: &Request<Incoming>) -> String {
    let given = request.headers().get(CORRELATION_ID).and_then(|value| value.to_str().ok());
    let fits = |id: &&str| (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    // Hashers begin with keys of the system's random numbers.
    let half = || RandomState::new().build_hasher().finish();
    given.filter(fits).map_or_else(|| format!("{:016x}{:016x}", half(), half()), str::to_owned)
}
