//! The methods of a route: those that it declares, and `HEAD` wherever it has `GET`.

use http::{HeaderMap, Method, header};

use super::route::Route;
use crate::error::{RequestError, Result};

/// Refuses a method that the route does not have; the gateway does not lead it here. The route of `OPTIONS` gets every method that a
/// path does not have. Removes `Range` from `HEAD`, since only `GET` supports it
/// (RFC 9110 §14.2).
pub(super) fn admit(route: &Route, method: &Method, headers: &mut HeaderMap) -> Result<()> {
    if *method == Method::HEAD && route.method == Method::GET {
        headers.remove(header::RANGE);
        return Ok(());
    }
    if route.method == Method::OPTIONS || *method == route.method || route.also.as_ref() == Some(method) {
        return Ok(());
    }
    Err(RequestError::NotFound.into())
}
