//! Lock-out after failed sign-ins, per submitted identifier, whether it exists or not.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// This many failures …
pub const FAILURES: usize = 5;
/// … within this long lock the identifier.
pub const WINDOW: Duration = Duration::from_mins(15);
/// For how long: the first time, the second …; further ones as the last.
pub const LOCKS: [Duration; 4] =
    [Duration::from_mins(5), Duration::from_mins(10), Duration::from_mins(20), Duration::from_mins(30)];
/// An identifier without a failure for this long after its last lock starts anew.
pub const FORGIVEN_AFTER: Duration = Duration::from_hours(24);

/// What is kept of an identifier. The times of the failures, not only their number, so that no five of them within
/// any 15 minutes escape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockout {
    /// Failures since the last lock, oldest first; fewer than [`FAILURES`].
    pub failures: Vec<Timestamp>,
    pub locked_until: Option<Timestamp>,
    /// How often it was locked in a row.
    pub strikes: u32,
}

impl Lockout {
    /// How much longer the identifier is locked. Nothing is tried nor counted while it is.
    pub fn remaining(&self, now: Timestamp) -> Option<Duration> {
        self.locked_until.filter(|until| *until > now).map(|until| until.since(now))
    }

    /// After a failure at `now`. It locked the identifier if [`Self::remaining`] says so thereafter.
    pub fn fail(mut self, now: Timestamp) -> Self {
        if self.remaining(now).is_some() {
            return self;
        }
        if self.locked_until.is_some_and(|until| now.since(until) >= FORGIVEN_AFTER) {
            self = Self::default();
        }
        self.failures.retain(|at| now.since(*at) < WINDOW);
        self.failures.push(now);
        if self.failures.len() >= FAILURES {
            let step = usize::try_from(self.strikes).unwrap_or(usize::MAX).min(LOCKS.len() - 1);
            self.failures.clear();
            self.strikes = self.strikes.saturating_add(1);
            self.locked_until = Some(now + LOCKS[step]);
        }
        self
    }

    /// After a success: all is forgotten.
    pub fn succeed(self) -> Self {
        Self::default()
    }

    /// When this says nothing any more and can be dropped.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let by_failure = self.failures.last().map(|at| *at + WINDOW);
        let by_lock = self.locked_until.map(|until| until + FORGIVEN_AFTER);
        by_failure.max(by_lock)
    }
}
