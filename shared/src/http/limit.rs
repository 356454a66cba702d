//! Rate limits at the door: by the caller or the address before a handler runs, by what was submitted inside it.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use super::call::{Call, Meta};
use crate::{
    app::App,
    domain::limit::Limit,
    error::{RequestError, Result},
    store::{
        item::Key,
        limit::{self, LimitVerdict},
        secrets::IndexSecrets,
    },
};

/// A limit of a route and whom it counts.
#[derive(Debug, Clone, Copy)]
pub struct Limited {
    pub limit: &'static Limit,
    pub by: By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The signed-in person, or the address where nobody is.
    Caller,
    /// The address that the gateway saw; of IPv6 its network.
    Ip,
    /// The same, counted by the handler with [`Call::limit_ip`] beside its own first reads, where one round trip more
    /// would show.
    IpBeside,
    /// What was submitted (an address, a session), counted by the handler with [`Call::limit`] once it is parsed.
    Submitted,
}

/// What the headers say of a limit. The fullest of several is the one a client should look at.
#[derive(Debug, Clone)]
pub struct Report {
    pub policy: String,
    pub state: String,
    remaining: u32,
}

/// Where a call's counts are noted, by the harness before the handler and by the handler itself.
#[derive(Debug, Clone, Default)]
pub struct Reports(Arc<Mutex<Option<Report>>>);

impl Reports {
    fn note(&self, report: Report) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_none_or(|noted| report.remaining <= noted.remaining) {
            *slot = Some(report);
        }
    }

    pub fn fullest(&self) -> Option<Report> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whom a call is counted against.
#[derive(Debug, Clone, Copy)]
enum Subject<'a> {
    /// The network a call came from: going on after a refusal doubles its wait.
    Network(&'a str),
    /// A person, or what was submitted. Anybody may name it, so nothing that others do to it grows.
    Named(&'a str),
}

/// What is counted as one source: an IPv4 address, or the /64 of an IPv6 address, which is the least that a subscriber
/// has. An IPv4 address written as an IPv6 one (RFC 4291 §2.5.5.2) counts as itself.
pub fn network(ip: &str) -> String {
    match ip.trim().parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Ok(IpAddr::V6(ip)) => format!("{}/64", Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
        // `unknown`: all of these are one source.
        Err(_) => ip.to_owned(),
    }
}

/// Counts a call against the limits that can be counted before its body is parsed.
pub async fn enforce(app: &App, limits: &[Limited], meta: &Meta, user: Option<&str>, reports: &Reports) -> Result<()> {
    let network = network(&meta.ip);
    for Limited { limit, by } in limits {
        let subject = match (by, user) {
            (By::Submitted | By::IpBeside, _) => continue,
            (By::Caller, Some(user)) => Subject::Named(user),
            (By::Caller, None) | (By::Ip, _) => Subject::Network(&network),
        };
        count(app, limit, subject, meta, reports).await?;
    }
    Ok(())
}

async fn count(app: &App, limit: &Limit, subject: Subject<'_>, meta: &Meta, reports: &Reports) -> Result<()> {
    let indexes = app.index_secrets().await?;
    let store = app.store().await;
    let (text, doubles) = match subject {
        Subject::Network(text) => (text, true),
        Subject::Named(text) => (text, false),
    };
    let key = bucket(&indexes, limit, text);
    match store.count(limit, &key, doubles, app.config.rate_limit_scale, meta.now).await? {
        LimitVerdict::Allowed { remaining, reset_seconds } => {
            reports.note(Report {
                policy: format!(
                    "\"{}\";q={};w={}",
                    limit.name,
                    limit.scaled(app.config.rate_limit_scale).rate.burst,
                    limit.rate.period.as_secs()
                ),
                state: format!("\"{}\";r={remaining};t={reset_seconds}", limit.name),
                remaining,
            });
            Ok(())
        }
        LimitVerdict::Refused { retry_after } => Err(RequestError::RateLimited { retry_after }.into()),
    }
}

/// Where a subject's calls are counted. Addresses and identifiers are personal: the table knows them only by digest.
pub fn bucket(indexes: &IndexSecrets, limit: &Limit, subject: &str) -> Key {
    limit::key(limit, &indexes.digest(&[limit.name.as_bytes(), subject.as_bytes()]))
}

impl<A> Call<A> {
    /// Counts this call against a limit by something submitted.
    pub async fn limit(&self, limit: &Limit, subject: &str) -> Result<()> {
        count(self.app, limit, Subject::Named(subject), &self.meta, &self.reports).await
    }

    /// Counts this call against a limit by the network it came from.
    pub async fn limit_ip(&self, limit: &Limit) -> Result<()> {
        count(self.app, limit, Subject::Network(&network(&self.meta.ip)), &self.meta, &self.reports).await
    }

    /// Counts this call against a limit by something submitted together with the network it came from.
    pub async fn limit_pair(&self, limit: &Limit, subject: &str) -> Result<()> {
        let pair = format!("{subject} {}", network(&self.meta.ip));
        count(self.app, limit, Subject::Named(&pair), &self.meta, &self.reports).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(state: &str, remaining: u32) -> Report {
        Report { policy: String::new(), state: state.to_owned(), remaining }
    }

    #[test]
    fn of_several_limits_the_fullest_is_told() {
        let reports = Reports::default();
        assert!(reports.fullest().is_none());
        for (name, remaining) in [("ip", 4), ("identifier", 1), ("session", 299)] {
            reports.clone().note(report(name, remaining));
        }
        assert_eq!(reports.fullest().unwrap().state, "identifier");
    }

    #[test]
    fn an_ipv6_source_is_its_network_and_an_ipv4_one_its_address() {
        for (ip, counted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::FFFF:c000:0207", "192.0.2.7"),
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
            ("2001:DB8:0001:0002:0:0:0:1", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
            ("unknown", "unknown"),
        ] {
            assert_eq!(network(ip), counted, "{ip}");
        }
    }
}
