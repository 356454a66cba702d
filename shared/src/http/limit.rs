//! Rate limits at the door: by the caller or the address before a handler runs, by what was submitted inside it.

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
    /// What was submitted (an address, a session), counted by the handler with [`Call::limit`] once it is parsed.
    Submitted,
}

/// The fullest of several verdicts is the one a client should look at.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub policy: String,
    pub state: String,
}

/// Counts a call against the limits that can be counted before its body is parsed.
pub async fn enforce(app: &App, limits: &[Limited], meta: &Meta, user: Option<&str>) -> Result<Option<Report>> {
    let mut report = None;
    for Limited { limit, by } in limits {
        let subject = match by {
            By::Submitted => continue,
            By::Caller => user.unwrap_or(&meta.ip),
            By::Ip => &meta.ip,
        };
        report = Some(count(app, limit, subject, meta).await?);
    }
    Ok(report)
}

async fn count(app: &App, limit: &Limit, subject: &str, meta: &Meta) -> Result<Report> {
    let indexes = app.index_secrets().await?;
    let store = app.store().await;
    // Addresses and identifiers are personal: the table knows them only by digest.
    let digest = indexes.digest(&[limit.name.as_bytes(), subject.as_bytes()]);
    match store.count(limit, &digest, app.config.rate_limit_scale, meta.now).await? {
        Verdict::Allowed { remaining, reset_seconds } => Ok(Report {
            policy: format!(
                "\"{}\";q={};w={}",
                limit.name,
                limit.scaled(app.config.rate_limit_scale).rate.burst,
                limit.rate.period.as_secs()
            ),
            state: format!("\"{}\";r={remaining};t={reset_seconds}", limit.name),
        }),
        Verdict::Refused { retry_after } => Err(RequestError::RateLimited { retry_after }.into()),
    }
}

impl<A> Call<A> {
    /// Counts this call against a limit by something submitted.
    pub async fn limit(&self, limit: &Limit, subject: &str) -> Result<()> {
        count(self.app, limit, subject, &self.meta).await.map(|_| ())
    }
}
