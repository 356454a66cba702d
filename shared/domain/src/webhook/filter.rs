//! Which events an endpoint hears of.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::WebhookType;
use crate::field::FieldFault;

/// The most filters of an endpoint.
const MOST: usize = 32;
const INVALID: FieldFault = FieldFault::new(
    "invalid_events",
    "Must be 1 to 32 event types that the endpoint may hear of, or beginnings of them with .* behind, or *.",
);

/// A type, a beginning of types (`kyc.check.*`), or every type (`*`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventFilter(String);

impl EventFilter {
    pub fn matches(&self, kind: WebhookType) -> bool {
        match self.0.strip_suffix('*') {
            // What is before the asterisk ends with a full stop, or is empty.
            Some(beginning) => kind.as_str().starts_with(beginning),
            None => kind.as_str() == self.0,
        }
    }
}

impl FromStr for EventFilter {
    type Err = FieldFault;

    fn from_str(text: &str) -> Result<Self, FieldFault> {
        let beginning = text.strip_suffix('*');
        let well_formed = match beginning {
            Some(beginning) => beginning.is_empty() || beginning.ends_with('.'),
            None => true,
        };
        let filter = Self(text.to_owned());
        // A filter that matches nothing is most likely a typing error.
        if well_formed && WebhookType::ALL.iter().any(|kind| filter.matches(*kind)) { Ok(filter) } else { Err(INVALID) }
    }
}

impl fmt::Display for EventFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses the filters of an endpoint, sorted and each once. Each must match a type that the endpoint `may_hear` of.
pub fn parse_filters<S: AsRef<str>>(
    texts: &[S],
    may_hear: impl Fn(WebhookType) -> bool,
) -> Result<Vec<EventFilter>, FieldFault> {
    if texts.is_empty() || texts.len() > MOST {
        return Err(INVALID);
    }
    let mut filters = texts.iter().map(|text| text.as_ref().parse()).collect::<Result<Vec<EventFilter>, _>>()?;
    let heard = |filter: &EventFilter| WebhookType::ALL.iter().any(|kind| filter.matches(*kind) && may_hear(*kind));
    if !filters.iter().all(heard) {
        return Err(INVALID);
    }
    filters.sort();
    filters.dedup();
    Ok(filters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(filter: &str) -> Vec<&'static str> {
        let filter: EventFilter = filter.parse().unwrap();
        WebhookType::ALL.iter().filter(|kind| filter.matches(**kind)).map(|kind| kind.as_str()).collect()
    }

    #[test]
    fn an_asterisk_stands_for_whole_parts_at_the_end() {
        assert_eq!(matched("session.*"), ["session.created", "session.revoked"]);
        assert_eq!(matched("kyc.document.*"), ["kyc.document.rejected"]);
        assert_eq!(matched("kyc.*").len(), 7);
        assert_eq!(matched("*").len(), WebhookType::ALL.len());
        assert_eq!(matched("user.locked"), ["user.locked"]);
    }

    #[test]
    fn filters_that_match_nothing_are_refused() {
        for text in ["", "user", "user.", "user*", "*.created", "user.*.x", "kyc.check.decided", "User.locked", "**"] {
            assert!(text.parse::<EventFilter>().is_err(), "{text}");
        }
    }

    #[test]
    fn filters_are_kept_sorted_and_once_and_only_if_the_endpoint_may_hear_of_them() {
        let own = |kind: WebhookType| kind.permission().is_none();
        let kept = parse_filters(&["user.*", "kyc.check.*", "user.*"], own).unwrap();
        assert_eq!(kept.iter().map(ToString::to_string).collect::<Vec<_>>(), ["kyc.check.*", "user.*"]);
        assert!(parse_filters(&["aml.*"], own).is_err());
        assert!(parse_filters(&["aml.*"], |_| true).is_ok());
        assert!(parse_filters(&["*"], own).is_ok());
        assert!(parse_filters::<&str>(&[], own).is_err());
        assert!(parse_filters(&["*"; 33], own).is_err());
    }
}
