//! Entity tags and the preconditions that name them (RFC 9110 §8.8.3, §13.1).

use super::response::Response;
use crate::error::{RequestError, Result};

/// The strong entity tag of a version: `"7"`.
pub fn of_version(version: u64) -> String {
    format!("\"{version}\"")
}

/// Whether an `If-Match` names versions. `*` matches any, so it says nothing about what the caller has read.
pub fn names_version(if_match: Option<&str>) -> bool {
    if_match.is_some_and(|tags| tags.trim() != "*")
}

/// Refuses an `If-Match` that does not name this version. Without the header there is no condition.
pub fn check_if_match(if_match: Option<&str>, version: u64) -> Result<()> {
    match if_match.map(str::trim) {
        None | Some("*") => Ok(()),
        Some(tags) if tags.split(',').any(|tag| tag.trim() == of_version(version)) => Ok(()),
        Some(_) => Err(RequestError::StaleVersion.into()),
    }
}

/// Replaces a response with 304 if `If-None-Match` names its entity tag.
pub fn apply_if_none_match(response: Response, if_none_match: Option<&str>) -> Response {
    let tag = response.headers.iter().find(|(name, _)| *name == "etag").map(|(_, tag)| tag.clone());
    match (tag, if_none_match) {
        (Some(tag), Some(known))
            if response.status == 200
                && known
                    .split(',')
                    .map(|one| one.trim().trim_start_matches("W/"))
                    .any(|one| one == tag || one == "*") =>
        {
            Response::empty(304).header("etag", tag)
        }
        _ => response,
    }
}
