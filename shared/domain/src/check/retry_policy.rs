//! How often and how long a provider is asked before a reviewer decides.

use std::time::Duration;

use crate::{backoff::Backoff, time::Timestamp};

/// Limits and waits for the calls to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Failed calls (each with its own retries) after which a check goes to the review queue.
    pub attempts: u32,
    /// Time after submission at which a check without a result goes to the review queue.
    pub age: Duration,
    /// Upper bounds of the waits after failed calls.
    pub backoff: Backoff,
    /// The wait before the first poll of a task whose callback is missing; later waits grow with the age of the task.
    pub first_poll: Duration,
    /// The longest wait between two polls.
    pub longest_poll: Duration,
}

/// A real provider may be down for hours; that must not fill the review queue.
const PROVIDER: RetryPolicy = RetryPolicy {
    attempts: 12,
    age: Duration::from_hours(24),
    backoff: Backoff { base: Duration::from_secs(10), cap: Duration::from_mins(30) },
    first_poll: Duration::from_secs(30),
    longest_poll: Duration::from_mins(15),
};

/// The sandbox simulates every path, so a check reaches the review queue within a minute of an outage.
const SANDBOX: RetryPolicy = RetryPolicy {
    attempts: 3,
    age: Duration::from_mins(10),
    backoff: Backoff { base: Duration::from_secs(6), cap: Duration::from_secs(15) },
    first_poll: Duration::from_secs(5),
    longest_poll: Duration::from_secs(30),
};

impl RetryPolicy {
    /// The policy for a provider, by its name.
    pub const fn of_provider(provider: &str) -> Self {
        match provider.as_bytes() {
            b"sandbox" => SANDBOX,
            _ => PROVIDER,
        }
    }

    /// Whether no call is left after `attempts` failed ones.
    pub const fn attempts_are_used_up(&self, attempts: u32) -> bool {
        attempts >= self.attempts
    }

    /// Whether a check that was submitted at `submitted_at` has waited for the whole period.
    pub fn time_is_up(&self, submitted_at: Timestamp, now: Timestamp) -> bool {
        now.since(submitted_at) >= self.age
    }

    /// The wait after the failed call number `attempts` (from 1): at least half of its upper bound, so that the
    /// attempts are not used up too soon, and at least what the provider asked for.
    pub fn wait_after_failure(&self, attempts: u32, asked: Option<Duration>, random: u64) -> Duration {
        let half = self.backoff.ceiling(attempts.saturating_sub(1)) / 2;
        let jitter = self.backoff.delay(attempts.saturating_sub(1), random) / 2;
        (half + jitter).max(asked.unwrap_or_default())
    }

    /// The wait before the next poll of a task of this age: half its age, so that polls become rarer.
    pub fn wait_before_poll(&self, age: Duration) -> Duration {
        (age / 2).clamp(self.first_poll, self.longest_poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_is_asked_for_less_than_a_minute() {
        let policy = RetryPolicy::of_provider("sandbox");
        let longest: Duration = (1..policy.attempts).map(|n| policy.wait_after_failure(n, None, u64::MAX)).sum();
        assert!(longest < Duration::from_secs(30), "{longest:?}");
        assert!(!policy.attempts_are_used_up(2) && policy.attempts_are_used_up(3));
    }

    #[test]
    fn a_provider_is_asked_for_hours() {
        let policy = RetryPolicy::of_provider("onfido");
        let shortest: Duration = (1..policy.attempts).map(|n| policy.wait_after_failure(n, None, 0)).sum();
        assert!(shortest > Duration::from_hours(1), "{shortest:?}");
    }

    #[test]
    fn the_wait_is_at_least_what_the_provider_asked_for() {
        let wait = RetryPolicy::of_provider("sandbox").wait_after_failure(1, Some(Duration::from_mins(4)), 0);
        assert_eq!(wait, Duration::from_mins(4));
    }

    #[test]
    fn polls_become_rarer_with_the_age_of_the_task() {
        let policy = RetryPolicy::of_provider("sandbox");
        let polls = [0, 20, 300].map(|age| policy.wait_before_poll(Duration::from_secs(age)).as_secs());
        assert_eq!(polls, [5, 10, 30]);
    }

    #[test]
    fn the_time_is_up_after_the_whole_period() {
        let (policy, start) = (RetryPolicy::of_provider("sandbox"), Timestamp::from_unix_seconds(1000));
        assert!(!policy.time_is_up(start, start + Duration::from_mins(9)));
        assert!(policy.time_is_up(start, start + Duration::from_mins(10)));
    }
}
