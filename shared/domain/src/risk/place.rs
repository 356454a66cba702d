//! Places of network addresses, and the speed of a journey between two of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The mean radius of the earth (IUGG), km.
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// The highest speed that is told apart, km/h.
const FASTEST: u32 = 99_999;

/// A journey takes at least this long: two sign-ins of one second are not at an infinite speed.
const SHORTEST_JOURNEY: Duration = Duration::from_mins(1);

/// Where an address is, as far as the database knows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
}

/// A point on the earth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    latitude: f64,
    longitude: f64,
    /// The address is within this distance, as far as the database knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    radius_km: Option<f64>,
}

impl Point {
    /// Degrees north and east, and the uncertainty in km; `None` if that is no point on the earth.
    pub fn new(latitude: f64, longitude: f64, radius_km: Option<f64>) -> Option<Self> {
        let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        let radius_km = radius_km.filter(|radius| radius.is_finite() && *radius >= 0.0);
        on_earth.then_some(Self { latitude, longitude, radius_km })
    }

    /// The great-circle distance in km (haversine formula).
    pub fn distance_km(&self, other: &Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_sine = |angle: f64| (angle / 2.0).sin().powi(2);
        let a =
            half_sine(to - from) + from.cos() * to.cos() * half_sine((other.longitude - self.longitude).to_radians());
        // Rounding takes it beyond 1 for two opposite points.
        2.0 * EARTH_RADIUS_KM * a.clamp(0.0, 1.0).sqrt().asin()
    }

    /// The least speed in km/h, rounded down, at which somebody comes from one place to the other in this time: the distance
    /// less the uncertainty of both.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and FASTEST")]
    pub fn least_speed(&self, other: &Self, time: Duration, unknown_radius_km: u32) -> u32 {
        let radius = |point: &Self| point.radius_km.unwrap_or(f64::from(unknown_radius_km));
        // The sum of the two radii first: it is the same from both ends, to the last bit.
        let distance = (self.distance_km(other) - (radius(self) + radius(other))).max(0.0);
        let hours = time.max(SHORTEST_JOURNEY).as_secs_f64() / 3600.0;
        (distance / hours).min(f64::from(FASTEST)) as u32
    }
}
