//! Headers that every answer has, and CORS.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::call::Incoming;
use crate::config::Config;

const EVERYWHERE: [(&str, &str); 5] = [
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-frame-options", "DENY"),
];

/// What a browser's script may read beside the safelisted headers (Fetch standard §3.3). API Gateway renames
/// `WWW-Authenticate` of every answer that a function gives, so its new name is among them.
const EXPOSED: &str = "Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Location, RateLimit, \
    RateLimit-Policy, Retry-After, WWW-Authenticate, X-Amzn-Remapped-WWW-Authenticate, X-Correlation-Id";

/// Sets what an answer has not set itself (a page of documentation brings its own content policy).
pub fn finish(headers: &mut HeaderMap, config: &Config, correlation_id: &str, cache: &str, origin: Option<&str>) {
    for (name, value) in EVERYWHERE {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    set(headers, "x-correlation-id", correlation_id);
    if !headers.contains_key(header::CACHE_CONTROL) {
        set(headers, "cache-control", cache);
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed(config, origin) {
        set(headers, "access-control-allow-origin", origin);
        set(headers, "access-control-expose-headers", EXPOSED);
    }
}

/// The caller's origin, if it is on the list.
pub fn allowed<'a>(config: &Config, origin: Option<&'a str>) -> Option<&'a str> {
    origin.filter(|origin| config.cors_origins.iter().any(|allowed| allowed == origin))
}

pub fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// Taken from the request when it is 8–128 of `[A-Za-z0-9._-]`, else made.
pub fn correlation_id(given: Option<&str>) -> String {
    given
        .filter(|id| (8..=128).contains(&id.len()))
        .filter(|id| id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')))
        .map_or_else(|| uuid::Uuid::from_bytes(crate::crypto::random::bytes()).simple().to_string(), str::to_owned)
}

impl Incoming {
    /// As it came, to be checked; one that is no text at all is empty, and so refused and not overlooked.
    pub(super) fn idempotency_key(&self) -> Option<&str> {
        self.headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::sample;

    #[test]
    fn only_listed_origins_are_let_in() {
        let config = Config::from_lookup(&[], sample).unwrap();
        assert_eq!(allowed(&config, Some("https://app.example")), Some("https://app.example"));
        assert_eq!(allowed(&config, Some("https://app.example.evil")), None);
        assert_eq!(allowed(&config, Some("*")), None);
        assert_eq!(allowed(&config, None), None);
    }

    #[test]
    fn a_page_of_a_listed_origin_may_read_what_it_needs() {
        let config = Config::from_lookup(&[], sample).unwrap();
        let mut map = HeaderMap::new();
        finish(&mut map, &config, "correlation", "no-store", Some("https://app.example"));
        let exposed: Vec<_> = map["access-control-expose-headers"].to_str().unwrap().split(", ").collect();
        for name in ["Content-Range", "Content-Disposition", "ETag", "Retry-After", "Location", "X-Correlation-Id"] {
            assert!(exposed.contains(&name), "{name} in {exposed:?}");
        }
    }

    #[test]
    fn correlation_ids_are_taken_only_in_a_harmless_form() {
        assert_eq!(correlation_id(Some("order-42.a_b")), "order-42.a_b");
        for bad in ["short", "with space 123", "line\nbreak12", &"x".repeat(129)] {
            assert_ne!(correlation_id(Some(bad)), bad);
        }
        assert_eq!(correlation_id(None).len(), 32);
    }
}
