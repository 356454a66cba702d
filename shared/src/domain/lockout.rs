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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_unix_seconds(1_000_000);

    fn fail_five(mut lockout: Lockout, now: Timestamp) -> Lockout {
        for _ in 0..FAILURES {
            lockout = lockout.fail(now);
        }
        lockout
    }

    #[test]
    fn five_failures_lock_and_each_further_lock_is_longer() {
        let (mut lockout, mut now) = (Lockout::default(), START);
        for minutes in [5, 10, 20, 30, 30] {
            lockout = fail_five(lockout, now);
            assert_eq!(lockout.remaining(now), Some(Duration::from_mins(minutes)));
            now = now + Duration::from_mins(minutes);
            assert_eq!(lockout.remaining(now), None);
        }
    }

    #[test]
    fn four_failures_do_not_lock_and_a_success_forgets_them() {
        let mut lockout = Lockout::default();
        for _ in 0..4 {
            lockout = lockout.fail(START);
        }
        assert_eq!(lockout.remaining(START), None);
        assert_eq!(lockout.clone().succeed(), Lockout::default());
        assert!(lockout.fail(START).remaining(START).is_some());
    }

    #[test]
    fn failures_while_locked_do_not_count() {
        let locked = fail_five(Lockout::default(), START);
        assert_eq!(locked.clone().fail(START + Duration::from_secs(1)), locked);
    }

    #[test]
    fn strikes_are_forgiven_after_a_day() {
        let locked = fail_five(Lockout::default(), START);
        let later = START + LOCKS[0] + FORGIVEN_AFTER;
        assert_eq!(fail_five(locked, later).remaining(later), Some(LOCKS[0]));
    }

    proptest! {
        /// By the log of what was tried: at most five tries in the time of the shortest lock.
        #[test]
        fn no_five_minutes_see_a_sixth_try(gaps in prop::collection::vec(0u64..600, 1..200)) {
            let (mut lockout, mut now, mut log) = (Lockout::default(), START, vec![]);
            for gap in gaps {
                now = now + Duration::from_secs(gap);
                if lockout.remaining(now).is_none() {
                    log.push(now);
                    lockout = lockout.fail(now);
                }
                prop_assert!(lockout.failures.len() < FAILURES);
            }
            for first in &log {
                let within = log.iter().filter(|at| *at >= first && at.since(*first) < LOCKS[0]).count();
                prop_assert!(within <= FAILURES, "{within}");
            }
        }
    }
}
