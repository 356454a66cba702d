//! How long a provider is waited for before a person takes over.

use std::time::Duration;

use crate::{backoff::Backoff, time::Timestamp};

/// When a provider is asked again, and when no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Calls that may fail (each with the retries of its own) before a check goes to the desk.
    pub attempts: u32,
    /// Time from the submission to the desk, if there is no outcome by then.
    pub age: Duration,
    /// Ceilings of the waits after failed calls.
    pub backoff: Backoff,
    /// The wait before the first look at a task whose callback has not come; later ones grow with the task's age.
    pub first_poll: Duration,
    /// No two looks are further apart.
    pub longest_poll: Duration,
}

/// Real providers have bad hours, which is no reason to fill the desk.
const PROVIDER: RetryPolicy = RetryPolicy {
    attempts: 12,
    age: Duration::from_hours(24),
    backoff: Backoff { base: Duration::from_secs(10), cap: Duration::from_mins(30) },
    first_poll: Duration::from_secs(30),
    longest_poll: Duration::from_mins(15),
};

/// The sandbox is there to rehearse every path, so its outages end at the desk within a minute.
const SANDBOX: RetryPolicy = RetryPolicy {
    attempts: 3,
    age: Duration::from_mins(10),
    backoff: Backoff { base: Duration::from_secs(6), cap: Duration::from_secs(15) },
    first_poll: Duration::from_secs(5),
    longest_poll: Duration::from_secs(30),
};

impl RetryPolicy {
    /// The patience with a provider, by its name.
    pub const fn with(provider: &str) -> Self {
        match provider.as_bytes() {
            b"sandbox" => SANDBOX,
            _ => PROVIDER,
        }
    }

    /// Whether the failed call number `attempts` was the last one.
    pub const fn is_over(&self, attempts: u32) -> bool {
        attempts >= self.attempts
    }

    /// Whether a check that was submitted then has waited long enough.
    pub fn has_run_out(&self, submitted_at: Timestamp, now: Timestamp) -> bool {
        now.since(submitted_at) >= self.age
    }

    /// The wait after the failed call number `attempts` (from 1): at least half of its ceiling, so that the patience
    /// lasts, and at least what the provider asked for.
    pub fn wait(&self, attempts: u32, asked: Option<Duration>, random: u64) -> Duration {
        let half = self.backoff.ceiling(attempts.saturating_sub(1)) / 2;
        let jitter = self.backoff.delay(attempts.saturating_sub(1), random) / 2;
        (half + jitter).max(asked.unwrap_or_default())
    }

    /// The wait before the next look at a task of this age: half its age, so that looks thin out.
    pub fn poll(&self, age: Duration) -> Duration {
        (age / 2).clamp(self.first_poll, self.longest_poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_is_given_up_within_a_minute() {
        let patience = RetryPolicy::with("sandbox");
        let longest: Duration = (1..patience.attempts).map(|n| patience.wait(n, None, u64::MAX)).sum();
        assert!(longest < Duration::from_secs(30), "{longest:?}");
        assert!(!patience.is_over(2) && patience.is_over(3));
    }

    #[test]
    fn a_provider_is_given_hours() {
        let patience = RetryPolicy::with("onfido");
        let shortest: Duration = (1..patience.attempts).map(|n| patience.wait(n, None, 0)).sum();
        assert!(shortest > Duration::from_hours(1), "{shortest:?}");
    }

    #[test]
    fn what_the_provider_asks_for_is_waited() {
        let wait = RetryPolicy::with("sandbox").wait(1, Some(Duration::from_mins(4)), 0);
        assert_eq!(wait, Duration::from_mins(4));
    }

    #[test]
    fn looks_thin_out_with_the_tasks_age() {
        let patience = RetryPolicy::with("sandbox");
        let polls = [0, 20, 300].map(|age| patience.poll(Duration::from_secs(age)).as_secs());
        assert_eq!(polls, [5, 10, 30]);
    }

    #[test]
    fn patience_runs_out_by_age_too() {
        let (patience, start) = (RetryPolicy::with("sandbox"), Timestamp::from_unix_seconds(1000));
        assert!(!patience.has_run_out(start, start + Duration::from_mins(9)));
        assert!(patience.has_run_out(start, start + Duration::from_mins(10)));
    }
}
