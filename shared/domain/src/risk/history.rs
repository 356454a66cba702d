//! What is kept of a person's sign-ins, to tell a new place from a known one. It is personal: it is stored under their key.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{DeviceStanding, Factor, Observations, Place, Point, RiskPolicy};
use crate::time::Timestamp;

/// What was not seen for this long is new again.
pub const FORGOTTEN_AFTER: Duration = Duration::from_hours(90 * 24);
/// The most networks and countries that are kept; the ones not seen for longest go first.
pub const MOST_KEPT: usize = 32;

/// The sign-ins of one person, as far as they matter to the next one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SignInHistory {
    /// Digests of networks, and when each was last signed in from.
    #[serde(default)]
    networks: BTreeMap<String, Timestamp>,
    /// ISO 3166-1 alpha-2, and when each was last signed in from.
    #[serde(default)]
    countries: BTreeMap<String, Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Seen>,
}

/// A point, and when it was signed in from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    pub at: Timestamp,
    pub point: Point,
}

/// A sign-in with the right password. What is `None` is not known.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub at: Timestamp,
    pub device: Option<DeviceStanding>,
    /// Digest of the network.
    pub network: Option<String>,
    pub place: Option<Place>,
    /// Whether the list of networks names the address; `None` without a list.
    pub listed: Option<bool>,
    /// Tries to sign in to this account within the window of the policy's counters.
    pub account_tries: Option<u32>,
    pub address_tries: Option<u32>,
    pub password_set_at: Option<Timestamp>,
}

impl Attempt {
    /// One of which only the time is known.
    pub const fn at(at: Timestamp) -> Self {
        Self {
            at,
            device: None,
            network: None,
            place: None,
            listed: None,
            account_tries: None,
            address_tries: None,
            password_set_at: None,
        }
    }

    fn country(&self) -> Option<&String> {
        self.place.as_ref()?.country.as_ref()
    }

    fn point(&self) -> Option<Point> {
        self.place.as_ref()?.point
    }
}

impl SignInHistory {
    /// What is observed of an attempt. Where the person was never seen before, nothing is new: the factor is absent.
    pub fn observe(&self, attempt: &Attempt, policy: &RiskPolicy) -> Observations {
        let new_network = is_new(&self.networks, attempt.network.as_ref(), attempt.at);
        let new_country = is_new(&self.countries, attempt.country(), attempt.at);
        let since_password = attempt.password_set_at.map(|set| attempt.at.since(set).as_secs());
        let hours = |seconds: u64| u32::try_from(seconds / 3600).unwrap_or(u32::MAX);
        Observations::default()
            .with_device(attempt.device)
            .with_flag(Factor::NewNetwork, new_network)
            .with_flag(Factor::NewCountry, new_country)
            .with(Factor::ImpossibleTravel, self.speed(attempt, new_network, policy))
            .with(Factor::AccountVelocity, attempt.account_tries)
            .with(Factor::AddressVelocity, attempt.address_tries)
            .with_flag(Factor::AddressReputation, attempt.listed)
            .with(Factor::RecentPassword, since_password.map(hours))
            .with(Factor::OldPassword, since_password.map(|seconds| hours(seconds) / 24))
    }

    /// The history after a sign-in that was allowed, with its second factor if one was asked for.
    #[must_use]
    pub fn after(mut self, attempt: &Attempt) -> Self {
        remember(&mut self.networks, attempt.network.as_ref(), attempt.at);
        remember(&mut self.countries, attempt.country(), attempt.at);
        // A proxy is not where the person is: the next sign-in without it would be a journey from there.
        if let Some(point) = attempt.point().filter(|_| attempt.listed != Some(true)) {
            self.last = Some(Seen { at: attempt.at, point });
        }
        self
    }

    /// The speed of the journey from the last place. From a network that is known it is no journey: a telephone and the
    /// computer beside it often have addresses of different towns.
    fn speed(&self, attempt: &Attempt, new_network: Option<bool>, policy: &RiskPolicy) -> Option<u32> {
        let (last, point) = (self.last?, attempt.point()?);
        if new_network == Some(false) {
            return Some(0);
        }
        // Sign-ins of several processes may be a little out of order.
        let time = attempt.at.since(last.at).max(last.at.since(attempt.at));
        Some(last.point.least_speed(&point, time, policy.unknown_radius_km))
    }
}

fn is_new(known: &BTreeMap<String, Timestamp>, now_from: Option<&String>, now: Timestamp) -> Option<bool> {
    let now_from = now_from.filter(|_| !known.is_empty())?;
    Some(known.get(now_from).is_none_or(|seen| now.since(*seen) >= FORGOTTEN_AFTER))
}

fn remember(known: &mut BTreeMap<String, Timestamp>, now_from: Option<&String>, now: Timestamp) {
    let Some(now_from) = now_from else { return };
    let seen = known.entry(now_from.clone()).or_insert(now);
    *seen = now.max(*seen);
    // The newest one stays, however old: with nothing to compare to, nothing would be new.
    known.retain(|name, seen| name == now_from || now.since(*seen) < FORGOTTEN_AFTER);
    while known.len() > MOST_KEPT {
        let Some(oldest) = known.iter().min_by_key(|(_, seen)| **seen).map(|(name, _)| name.clone()) else { return };
        known.remove(&oldest);
    }
}
