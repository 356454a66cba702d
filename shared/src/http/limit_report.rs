//! The state of rate limits for the response headers `RateLimit` and `RateLimit-Policy`.

use std::sync::{Arc, Mutex, PoisonError};

/// The header values of one rate limit.
#[derive(Debug, Clone)]
pub struct LimitReport {
    pub policy: String,
    pub state: String,
    pub remaining: u32,
}

/// The report of a call, shared by the harness and the handler, which both count. Of several limits the one with the fewest calls
/// left is reported.
#[derive(Debug, Clone, Default)]
pub struct LimitReports(Arc<Mutex<Option<LimitReport>>>);

impl LimitReports {
    pub(super) fn add(&self, report: LimitReport) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_none_or(|current| report.remaining <= current.remaining) {
            *slot = Some(report);
        }
    }

    /// Forgets the allowance that is used up, since another one follows.
    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn lowest(&self) -> Option<LimitReport> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_limits_the_one_with_the_fewest_calls_left_is_reported() {
        let reports = LimitReports::default();
        assert!(reports.lowest().is_none());
        for (state, remaining) in [("ip", 4), ("identifier", 1), ("session", 299)] {
            reports.clone().add(LimitReport { policy: String::new(), state: state.to_owned(), remaining });
        }
        assert_eq!(reports.lowest().unwrap().state, "identifier");
    }
}
