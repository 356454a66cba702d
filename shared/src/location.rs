//! Where network addresses are, by a database in the format MMDB (`GeoLite2`, DB-IP and others).

use std::{fmt, net::IpAddr};

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

use crate::domain::{
    risk::{Place, Point},
    time::Timestamp,
};

/// A database in memory.
pub struct LocationDatabase(Reader<Vec<u8>>);

impl fmt::Debug for LocationDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocationDatabase({})", self.0.metadata().database_type)
    }
}

/// The part of a record that is read; a database of countries has no location.
#[derive(Debug, Default, Deserialize)]
struct Record<'a> {
    /// Not `registered_country`, which is where the owner of the network is.
    #[serde(borrow, default)]
    country: Option<CountryRecord<'a>>,
    #[serde(default)]
    location: Option<LocationRecord>,
}

#[derive(Debug, Default, Deserialize)]
struct CountryRecord<'a> {
    #[serde(default)]
    iso_code: Option<&'a str>,
}

#[derive(Debug, Default, Deserialize)]
struct LocationRecord {
    #[serde(default)]
    latitude: Option<f64>,
    #[serde(default)]
    longitude: Option<f64>,
    #[serde(default)]
    accuracy_radius: Option<u16>,
}

impl LocationDatabase {
    /// # Errors
    /// What is wrong with the file.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, MaxMindDbError> {
        Reader::from_source(bytes).map(Self)
    }

    /// When it was made.
    pub fn built_at(&self) -> Timestamp {
        let seconds = u32::try_from(self.0.metadata().build_epoch).unwrap_or(u32::MAX);
        Timestamp::from_unix_seconds(seconds.into())
    }

    /// What the database knows of an address; `None` if that is nothing, as for private addresses.
    pub fn place(&self, address: IpAddr) -> Option<Place> {
        let found = self.0.lookup(address.to_canonical()).and_then(|found| found.decode::<Record<'_>>());
        let record = found
            .inspect_err(|error| tracing::warn!(%error, "an address could not be looked up in the location database"))
            .ok()
            .flatten()?;
        let country = record.country.and_then(|country| country.iso_code).map(str::to_owned);
        let point =
            record.location.and_then(|at| Point::new(at.latitude?, at.longitude?, at.accuracy_radius.map(f64::from)));
        (country.is_some() || point.is_some()).then_some(Place { country, point })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `mmdb_writer` for addresses of the documentation ranges.
    const PLACES: &[u8] = include_bytes!("location/places.mmdb");

    fn place(address: &str) -> Option<Place> {
        LocationDatabase::from_bytes(PLACES.to_vec()).unwrap().place(address.parse().unwrap())
    }

    fn is_at(address: &str, country: Option<&str>, point: Option<Point>) {
        assert_eq!(place(address), Some(Place { country: country.map(str::to_owned), point }), "{address}");
    }

    #[test]
    fn an_address_has_a_country_and_a_point_with_its_uncertainty() {
        let berlin = Point::new(52.52, 13.405, Some(20.0));
        is_at("192.0.2.7", Some("DE"), berlin);
        // The same address in IPv6.
        is_at("::ffff:192.0.2.7", Some("DE"), berlin);
        is_at("2001:db8::1", Some("JP"), Point::new(35.68, 139.69, Some(100.0)));
    }

    #[test]
    fn what_a_record_lacks_is_absent() {
        is_at("198.51.100.1", Some("FR"), None);
        // Registered in another country.
        is_at("198.51.100.200", None, Point::new(51.5, -0.1, None));
        // Its point is not on the earth.
        is_at("203.0.113.1", Some("GB"), None);
    }

    #[test]
    fn an_address_that_is_not_in_the_database_has_no_place() {
        for address in ["10.0.0.1", "127.0.0.1", "::1", "fe80::1", "8.8.8.8"] {
            assert_eq!(place(address), None, "{address}");
        }
    }

    #[test]
    fn a_damaged_file_is_refused_or_knows_nothing_and_never_panics() {
        for bytes in [&b""[..], b"<html>", &PLACES[..PLACES.len() / 2], &PLACES[1..PLACES.len() - 40]] {
            assert!(LocationDatabase::from_bytes(bytes.to_vec()).is_err());
        }
        for at in 0..PLACES.len() {
            let mut damaged = PLACES.to_vec();
            damaged[at] ^= 0xff;
            if let Ok(database) = LocationDatabase::from_bytes(damaged) {
                database.place("192.0.2.7".parse().unwrap());
                database.place("2001:db8::1".parse().unwrap());
            }
        }
    }
}
