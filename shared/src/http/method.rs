//! Methods of a route: those it declares, and `HEAD` beside `GET`.

use http::{HeaderMap, Method, header};

use super::{
    endpoint::Route,
    reply::{Answer, Body},
};
use crate::error::{RequestError, Result};

/// What of the answer goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// Of `HEAD`: status and headers of the answer to `GET` (RFC 9110 §9.3.2).
    Head,
}

impl Part {
    pub(super) fn of(method: &Method) -> Self {
        if method == Method::HEAD { Self::Head } else { Self::Whole }
    }

    pub(super) fn take(self, answer: Answer) -> Answer {
        match self {
            Self::Whole => answer,
            Self::Head => Answer { body: Body::Empty, ..answer },
        }
    }
}

/// Refuses a method that the route does not have, as the gateway refuses it on a path without that method; `Range` is heard for
/// `GET` alone (RFC 9110 §14.2).
pub(super) fn admit(route: &Route, method: &Method, headers: &mut HeaderMap) -> Result<()> {
    if *method == Method::HEAD && route.method == Method::GET {
        headers.remove(header::RANGE);
        return Ok(());
    }
    if *method == route.method || route.also.as_ref() == Some(method) {
        return Ok(());
    }
    Err(RequestError::NotFound.into())
}
