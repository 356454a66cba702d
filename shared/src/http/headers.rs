//! Headers of every response, and CORS.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::call::Incoming;
use crate::config::Config;

const SECURITY_HEADERS: [(&str, &str); 5] = [
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-frame-options", "DENY"),
];

/// The headers that a browser exposes to scripts in addition to the safelisted ones (Fetch standard §3.3). API Gateway renames
/// `WWW-Authenticate` in responses of functions, so the new name is included.
const EXPOSED: &str = "Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Location, RateLimit, \
    RateLimit-Policy, Retry-After, WWW-Authenticate, X-Amzn-Remapped-WWW-Authenticate, X-Correlation-Id";

/// Adds the headers that the response does not have yet (the API reference sets its own content security policy).
pub fn finish(headers: &mut HeaderMap, config: &Config, correlation_id: &str, cache: &str, origin: Option<&str>) {
    for (name, value) in SECURITY_HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    set(headers, "x-correlation-id", correlation_id);
    if !headers.contains_key(header::CACHE_CONTROL) {
        set(headers, "cache-control", cache);
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(allowed) = allowed(config, origin) {
        set(headers, "access-control-allow-origin", allowed);
        set(headers, "access-control-expose-headers", EXPOSED);
    } else if let Some(refused) = origin {
        let refused: String = refused.chars().filter(|c| c.is_ascii_graphic()).take(200).collect();
        tracing::info!(
            correlation_id,
            origin = refused,
            "origin refused; add it to the parameter CorsOrigins to allow it"
        );
    }
}

/// The caller's origin, if the configuration allows it.
pub fn allowed<'a>(config: &Config, origin: Option<&'a str>) -> Option<&'a str> {
    origin.filter(|origin| config.cors_origins.iter().any(|allowed| allowed == origin))
}

pub fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// The bearer token in the header of this name.
pub fn bearer<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    bearer_token(headers.get(name)?.to_str().ok()?)
}

/// The bearer token in the value of a header (RFC 6750 §2.1); the name of the scheme is case-insensitive.
pub fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The correlation id of the request if it is 8–128 characters of `[A-Za-z0-9._-]`, otherwise a new one.
pub fn correlation_id(given: Option<&str>) -> String {
    given
        .filter(|id| (8..=128).contains(&id.len()))
        .filter(|id| id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')))
        .map_or_else(|| uuid::Uuid::from_bytes(crate::crypto::random::bytes()).simple().to_string(), str::to_owned)
}

impl Incoming {
    /// The key as sent, not yet checked. A value that is not text becomes empty, so it is refused and not ignored.
    pub(super) fn idempotency_key(&self) -> Option<&str> {
        self.headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::sample;

    #[test]
    fn only_configured_origins_are_allowed() {
        let config = Config::from_lookup(&[], sample).unwrap();
        assert_eq!(allowed(&config, Some("https://app.example")), Some("https://app.example"));
        assert_eq!(allowed(&config, Some("https://app.example.evil")), None);
        assert_eq!(allowed(&config, Some("*")), None);
        assert_eq!(allowed(&config, None), None);
    }

    #[test]
    fn scripts_of_an_allowed_origin_can_read_the_headers_they_need() {
        let config = Config::from_lookup(&[], sample).unwrap();
        let mut map = HeaderMap::new();
        finish(&mut map, &config, "correlation", "no-store", Some("https://app.example"));
        let exposed: Vec<_> = map["access-control-expose-headers"].to_str().unwrap().split(", ").collect();
        for name in ["Content-Range", "Content-Disposition", "ETag", "Retry-After", "Location", "X-Correlation-Id"] {
            assert!(exposed.contains(&name), "{name} in {exposed:?}");
        }
    }

    #[test]
    fn correlation_ids_of_requests_are_used_only_in_a_safe_form() {
        assert_eq!(correlation_id(Some("order-42.a_b")), "order-42.a_b");
        for bad in ["short", "with space 123", "line\nbreak12", &"x".repeat(129)] {
            assert_ne!(correlation_id(Some(bad)), bad);
        }
        assert_eq!(correlation_id(None).len(), 32);
    }
}
