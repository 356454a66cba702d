//! Rate limits: by caller or source network before the handler runs, by submitted values in the handler.

use std::net::{IpAddr, Ipv6Addr};

use super::{
    call::{Call, Meta},
    limit_report::{LimitReport, LimitReports},
    route::{By, Limited},
};
use crate::{
    app::App,
    domain::limit::{Limit, LimitPurpose},
    error::{Error, RequestError, Result},
    store::{
        item::Key,
        limit::{self, LimitVerdict},
        secrets::IndexSecrets,
    },
};

/// What a call is counted by.
#[derive(Debug, Clone, Copy)]
enum CountedBy<'a> {
    /// The source network. Each call after a refusal doubles its wait.
    Network(&'a str),
    /// A person or a submitted value. Other callers can submit the same value, so its wait never grows.
    Named(&'a str),
}

/// The source network of an address: the IPv4 address itself, or the /64 of an IPv6 address, the smallest network that a
/// subscriber gets. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) counts as the IPv4 address.
pub fn network(ip: &str) -> String {
    match ip.trim().parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Ok(IpAddr::V6(ip)) => format!("{}/64", Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
        // `unknown`: all calls without an address count as one source.
        Err(_) => ip.to_owned(),
    }
}

/// A limit that refuses a call.
#[derive(Debug)]
pub struct LimitRefusal {
    /// Its place among the limits of the route.
    at: usize,
    error: Error,
}

impl From<LimitRefusal> for Error {
    fn from(refusal: LimitRefusal) -> Self {
        refusal.error
    }
}

/// Counts a call against the limits that do not depend on its body.
pub async fn enforce(
    app: &App,
    limits: &[Limited],
    meta: &Meta,
    user: Option<&str>,
    reports: &LimitReports,
) -> Result<(), LimitRefusal> {
    enforce_from(app, 0, limits, (meta, user), reports).await
}

async fn enforce_from(
    app: &App,
    first: usize,
    limits: &[Limited],
    (meta, user): (&Meta, Option<&str>),
    reports: &LimitReports,
) -> Result<(), LimitRefusal> {
    let network = network(&meta.ip);
    for (at, Limited { limit, by }) in limits.iter().enumerate().skip(first) {
        let subject = match (by, user) {
            (By::Submitted | By::IpBeside, _) => continue,
            (By::Caller, Some(user)) => CountedBy::Named(user),
            (By::Caller, None) | (By::Ip, _) => CountedBy::Network(&network),
        };
        count(app, limit, subject, meta, reports).await.map_err(|error| LimitRefusal { at, error })?;
    }
    Ok(())
}

/// Goes on for a caller with a trusted session whom a limit refuses: it has a second allowance of each throughput limit of its own. The
/// first one is counted before the session is read, since that takes no time then; so only calls beyond it take longer.
pub async fn enforce_second_allowance(
    app: &App,
    refusal: LimitRefusal,
    limits: &[Limited],
    meta: &Meta,
    user: &str,
    reports: &LimitReports,
) -> Result<()> {
    let mut refusal = refusal;
    loop {
        let is_limited = matches!(refusal.error, Error::Request(RequestError::RateLimited { .. }));
        let doubled =
            |limited: &&Limited| limited.by == By::Caller && limited.limit.purpose == LimitPurpose::Throughput;
        let Some(Limited { limit, .. }) = limits.get(refusal.at).filter(doubled).filter(|_| is_limited) else {
            return Err(refusal.error);
        };
        reports.clear();
        let subject = format!("{user} trusted");
        count(app, limit, CountedBy::Named(&subject), meta, reports).await?;
        match enforce_from(app, refusal.at + 1, limits, (meta, Some(user)), reports).await {
            Ok(()) => return Ok(()),
            Err(next) => refusal = next,
        }
    }
}

async fn count(app: &App, limit: &Limit, subject: CountedBy<'_>, meta: &Meta, reports: &LimitReports) -> Result<()> {
    let indexes = app.index_secrets().await?;
    let store = app.store().await;
    let (text, doubles) = match subject {
        CountedBy::Network(text) => (text, true),
        CountedBy::Named(text) => (text, false),
    };
    let key = bucket(&indexes, limit, text);
    match store.count(limit, &key, doubles, app.config.rate_limit_scale, meta.now).await? {
        LimitVerdict::Allowed { remaining, reset_seconds } => {
            reports.add(LimitReport {
                policy: policy(limit, app.config.rate_limit_scale),
                state: format!("\"{}\";r={remaining};t={reset_seconds}", limit.name),
                remaining,
            });
            Ok(())
        }
        LimitVerdict::Refused { retry_after } => Err(RequestError::RateLimited { retry_after }.into()),
    }
}

/// The value of `RateLimit-Policy`. It names the factor that multiplies the limits, as on the local stack.
fn policy(limit: &Limit, scale: u32) -> String {
    let (quota, window) = (limit.scaled(scale).rate.burst, limit.rate.period.as_secs());
    let scale = if scale == 1 { String::new() } else { format!(";scale={scale}") };
    format!("\"{}\";q={quota};w={window}{scale}", limit.name)
}

/// The key of a subject's counter. Addresses and identifiers are personal data, so the table holds only their digests.
pub fn bucket(indexes: &IndexSecrets, limit: &Limit, subject: &str) -> Key {
    limit::key(limit, &indexes.digest(&[limit.name.as_bytes(), subject.as_bytes()]))
}

impl<A> Call<A> {
    /// Counts this call by a submitted value.
    pub async fn limit(&self, limit: &Limit, subject: &str) -> Result<()> {
        count(self.app, limit, CountedBy::Named(subject), &self.meta, &self.reports).await
    }

    /// Counts this call by its source network.
    pub async fn limit_ip(&self, limit: &Limit) -> Result<()> {
        count(self.app, limit, CountedBy::Network(&network(&self.meta.ip)), &self.meta, &self.reports).await
    }

    /// Counts this call by a submitted value together with its source network.
    pub async fn limit_pair(&self, limit: &Limit, subject: &str) -> Result<()> {
        let pair = format!("{subject} {}", network(&self.meta.ip));
        count(self.app, limit, CountedBy::Named(&pair), &self.meta, &self.reports).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::USER;

    #[test]
    fn the_policy_names_a_scale_other_than_one() {
        assert_eq!(policy(&USER, 1), "\"user\";q=300;w=60");
        assert!(policy(&USER, 10_000).ends_with(";w=60;scale=10000"), "{}", policy(&USER, 10_000));
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
