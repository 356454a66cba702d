//! One bound on the time of a request or a message, and the retries that live inside it.
//!
//! The harness sets the bound for everything it runs ([`Deadline::run`]); code below it asks for the bound in force
//! ([`Deadline::current`]) and needs no parameter for it. Time is measured by a steady clock: the wall clock is read
//! once, to turn the platform's deadline into a duration.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

use crate::{
    crypto::random,
    domain::{backoff::Backoff, time::Timestamp},
};

tokio::task_local! {
    static CURRENT: Deadline;
}

/// Kept back from an invocation's time, for the answer and the log line.
pub const RESERVE: Duration = Duration::from_secs(1);

/// The bound where no harness has set one.
const DEFAULT: Duration = Duration::from_secs(10);

/// When work must have ended.
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

    /// The deadline of the work that asks; `None` where no harness has set one.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|deadline| *deadline).ok()
    }

    /// What is left until it.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Does work under this deadline; `None` if the work did not end in time and was dropped. A deadline in force
    /// already is never extended.
    pub async fn run<F: Future>(self, work: F) -> Option<F::Output> {
        let earliest = Self::current().map_or(self, |outer| outer.min(self));
        // Boxed: futures of the harness are nested deep enough as it is.
        CURRENT.scope(earliest, tokio::time::timeout_at(earliest.0, Box::pin(work))).await.ok()
    }
}

/// The waits between the tries of one call: full jitter, until the deadline. One per call.
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

    /// Waits before the next try; `false`, at once, if the next try would begin after the deadline.
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
    async fn work_is_dropped_at_its_deadline_and_an_inner_one_does_not_extend_it() {
        assert_eq!(Deadline::current(), None);
        let began = Instant::now();
        let outer = Deadline::after(3 * SECOND);
        let inner = async { Deadline::after(60 * SECOND).run(std::future::pending::<()>()).await };
        // Both end at the same instant: whichever notices first, nothing outlives the outer one.
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
    async fn retries_end_before_the_deadline_and_never_before_they_were_tried() {
        let began = Instant::now();
        let tries = Deadline::after(8 * SECOND).run(async {
            let mut retries = Retries::new();
            let mut tries = 1;
            while retries.wait().await {
                tries += 1;
            }
            tries
        });
        let tries = tries.await.unwrap();
        assert!(tries > 8, "{tries} tries in 8 s, none of them more than a second apart");
        assert!(began.elapsed() <= 8 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn an_invocation_s_deadline_keeps_time_back_and_survives_a_clock_that_is_ahead() {
        let now = Timestamp::from_unix_seconds(1_772_357_400);
        assert_eq!(Deadline::of_invocation(now + 15 * SECOND, now).remaining(), 14 * SECOND);
        assert_eq!(Deadline::of_invocation(now, now + SECOND).remaining(), Duration::ZERO);
    }
}
