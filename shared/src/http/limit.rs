//! Rate limits at the door: by the caller or the address before a handler runs, by what was submitted inside it.

use std::sync::{Arc, Mutex, PoisonError};

use super::call::{Call, Meta};
use crate::{
    app::App,
    domain::limit::Limit,
    error::{RequestError, Result},
    store::limit::Verdict,
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
    /// The address that the gateway saw.
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

/// Counts a call against the limits that can be counted before its body is parsed.
pub async fn enforce(app: &App, limits: &[Limited], meta: &Meta, user: Option<&str>, reports: &Reports) -> Result<()> {
    for Limited { limit, by } in limits {
        let subject = match by {
            By::Submitted | By::IpBeside => continue,
            By::Caller => user.unwrap_or(&meta.ip),
            By::Ip => &meta.ip,
        };
        count(app, limit, subject, meta, reports).await?;
    }
    Ok(())
}

async fn count(app: &App, limit: &Limit, subject: &str, meta: &Meta, reports: &Reports) -> Result<()> {
    let indexes = app.index_secrets().await?;
    let store = app.store().await;
    // Addresses and identifiers are personal: the table knows them only by digest.
    let digest = indexes.digest(&[limit.name.as_bytes(), subject.as_bytes()]);
    match store.count(limit, &digest, app.config.rate_limit_scale, meta.now).await? {
        Verdict::Allowed { remaining, reset_seconds } => {
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
        Verdict::Refused { retry_after } => Err(RequestError::RateLimited { retry_after }.into()),
    }
}

impl<A> Call<A> {
    /// Counts this call against a limit by something submitted.
    pub async fn limit(&self, limit: &Limit, subject: &str) -> Result<()> {
        count(self.app, limit, subject, &self.meta, &self.reports).await
    }

    /// Counts this call against a limit by the address it came from.
    pub async fn limit_ip(&self, limit: &Limit) -> Result<()> {
        self.limit(limit, &self.meta.ip).await
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
}
