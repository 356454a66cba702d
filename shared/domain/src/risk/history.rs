//! What is kept of a person's sign-ins, to tell a new place from a known one. It is personal: it is stored under their key.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{DeviceStanding, Factor, Observations, Place, Point, Proof, RiskPolicy};
use crate::time::Timestamp;

/// What was not seen for this long is new again.
pub const FORGOTTEN_AFTER: Duration = Duration::from_hours(90 * 24);
/// The most networks and countries that are kept; the ones not seen for longest go first.
pub const MOST_KEPT: usize = 32;
/// Sign-ins of this long count for the velocity of the account.
const COUNTED: Duration = Duration::from_hours(1);
/// The most of them that are counted.
pub const MOST_COUNTED: usize = 60;

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
    /// When the person signed in lately, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recent: Vec<Timestamp>,
}

/// A point, and when it was signed in from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    pub at: Timestamp,
    pub point: Point,
}

/// A sign-in whose first factor was proved. What is `None` is not known.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub at: Timestamp,
    pub proof: Proof,
    pub device: Option<DeviceStanding>,
    /// Digest of the network.
    pub network: Option<String>,
    pub place: Option<Place>,
    /// Whether the list of networks names the address; `None` without a list.
    pub listed: Option<bool>,
    /// Wrong passwords for this account lately.
    pub account_failures: u32,
    /// Wrong passwords from this network lately, for any account.
    pub network_failures: Option<u32>,
    /// Of a sign-in by password: since when it is the password, as far as known.
    pub password_since: Option<Timestamp>,
    /// When it was changed or reset; `None` for the first password of an account.
    pub password_changed_at: Option<Timestamp>,
}

impl Attempt {
    /// One of which only the time is known.
    pub const fn at(at: Timestamp) -> Self {
        Self {
            at,
            proof: Proof::FirstFactor,
            device: None,
            network: None,
            place: None,
            listed: None,
            account_failures: 0,
            network_failures: None,
            password_since: None,
            password_changed_at: None,
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
        let hours = |set: Timestamp| u32::try_from(attempt.at.since(set).as_secs() / 3600).unwrap_or(u32::MAX);
        let recent = u32::try_from(self.recent(attempt.at).count()).unwrap_or(u32::MAX);
        Observations::of(attempt.proof)
            .with_device(attempt.device)
            .with_flag(Factor::NewNetwork, new_network)
            .with_flag(Factor::NewCountry, new_country)
            .with(Factor::ImpossibleTravel, self.speed(attempt, new_network, policy))
            .with(Factor::AccountVelocity, Some(recent.saturating_add(attempt.account_failures)))
            .with(Factor::AddressVelocity, attempt.network_failures)
            .with_flag(Factor::AddressReputation, attempt.listed)
            .with(Factor::RecentPassword, attempt.password_changed_at.map(hours))
            .with(Factor::OldPassword, attempt.password_since.map(|since| hours(since) / 24))
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
        self.recent = self.recent(attempt.at).chain([attempt.at]).collect();
        let surplus = self.recent.len().saturating_sub(MOST_COUNTED);
        self.recent.drain(..surplus);
        self
    }

    /// The sign-ins that still count. Clocks differ a little; what lies further ahead was written by a clock that was wrong.
    fn recent(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        self.recent.iter().copied().filter(move |at| now.since(*at) < COUNTED && at.since(now) < COUNTED)
    }

    /// The speed of the journey from the last place. From a network that is known it is no journey: a telephone and the
    /// computer beside it often have addresses of different towns. A proxy is not where the person is.
    fn speed(&self, attempt: &Attempt, new_network: Option<bool>, policy: &RiskPolicy) -> Option<u32> {
        let (last, point) = (self.last?, attempt.point().filter(|_| attempt.listed != Some(true))?);
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
