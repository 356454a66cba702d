//! The deadline of a request or a message, and retries within it.
//!
//! The harness sets the deadline ([`Deadline::run`]); code below it reads the current deadline ([`Deadline::current`]) without a
//! parameter. Time is measured by the monotonic clock; the wall clock is read once, to convert the deadline of the platform.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

use crate::{
    crypto::random,
    domain::{backoff::Backoff, time::Timestamp},
};

tokio::task_local! {
    static CURRENT: Deadline;
}

/// Time that is reserved at the end of an invocation for the response and the log line.
pub const RESERVE: Duration = Duration::from_secs(1);

/// The deadline of work outside of the harness.
const DEFAULT: Duration = Duration::from_secs(10);

/// When work must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// This long from now.
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// [`RESERVE`] before the platform ends the invocation.
    pub fn of_invocation(ends_at: Timestamp, now: Timestamp) -> Self {
        Self::after(ends_at.since(now).saturating_sub(RESERVE))
    }

    /// The deadline of the current task; `None` outside of the harness.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|deadline| *deadline).ok()
    }

    /// The time left.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Runs work under this deadline; `None` if the work did not end in time and was dropped. An outer deadline is never extended.
    pub async fn run<F: Future>(self, work: F) -> Option<F::Output> {
        let earliest = Self::current().map_or(self, |outer| outer.min(self));
        // Boxed, since the futures of the harness are large.
        CURRENT.scope(earliest, tokio::time::timeout_at(earliest.0, Box::pin(work))).await.ok()
    }
}

/// The waits between the attempts of one call, with full jitter, until the deadline.
#[derive(Debug)]
pub struct Retries {
    deadline: Deadline,
    failed: u32,
}

const BACKOFF: Backoff = Backoff { base: Duration::from_millis(50), cap: Duration::from_secs(1) };

impl Retries {
    pub fn new() -> Self {
        Self { deadline: Deadline::current().unwrap_or_else(|| Deadline::after(DEFAULT)), failed: 0 }
    }

    /// Waits before the next attempt. Returns `false` at once if the attempt would begin after the deadline.
    pub async fn wait(&mut self) -> bool {
        let wait = BACKOFF.delay(self.failed, u64::from_be_bytes(random::bytes()));
        self.failed = self.failed.saturating_add(1);
        if wait >= self.deadline.remaining() {
            return false;
        }
        tokio::time::sleep(wait).await;
        true
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn work_is_dropped_at_its_deadline_and_an_inner_deadline_does_not_extend_it() {
        assert_eq!(Deadline::current(), None);
        let began = Instant::now();
        let outer = Deadline::after(3 * SECOND);
        let inner = async { Deadline::after(60 * SECOND).run(std::future::pending::<()>()).await };
        // Both end at the same instant, so the inner work does not outlive the outer deadline.
        assert!(outer.run(inner).await.flatten().is_none());
        assert_eq!(began.elapsed(), 3 * SECOND);
        let shorter = outer_then(10 * SECOND, SECOND).await;
        assert_eq!(shorter, SECOND);
    }

    async fn outer_then(outer: Duration, inner: Duration) -> Duration {
        let inside = async { Deadline::current().unwrap().remaining() };
        Deadline::after(outer).run(Deadline::after(inner).run(inside)).await.flatten().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn retries_go_on_until_shortly_before_the_deadline() {
        let began = Instant::now();
        let attempts = Deadline::after(8 * SECOND).run(async {
            let mut retries = Retries::new();
            let mut attempts = 1;
            while retries.wait().await {
                attempts += 1;
            }
            attempts
        });
        let attempts = attempts.await.unwrap();
        assert!(attempts > 8, "{attempts} attempts in 8 s, at most a second apart");
        assert!(began.elapsed() <= 8 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_of_an_invocation_reserves_time_and_is_never_negative() {
        let now = Timestamp::from_unix_seconds(1_772_357_400);
        assert_eq!(Deadline::of_invocation(now + 15 * SECOND, now).remaining(), 14 * SECOND);
        assert_eq!(Deadline::of_invocation(now, now + SECOND).remaining(), Duration::ZERO);
    }
}
