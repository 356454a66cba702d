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

/// As long as any function may take: a try that began longer ago has not ended and never will.
const LONGEST_TRY: Duration = Duration::from_secs(30);
/// Failures of one identifier are told to the log once in this long.
pub const REPORTED_EVERY: Duration = Duration::from_mins(15);

/// What is kept of an identifier. The times of the failures, not only their number, so that no five of them within
/// any 15 minutes escape.
///
/// A try is reserved before the password is compared, and settled after: as a failure, or given back. Failures and
/// reserved tries together are never more than [`FAILURES`], so that guesses made at once are no more than guesses made
/// one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockout {
    /// Failures since the last lock, oldest first; fewer than [`FAILURES`].
    pub failures: Vec<Timestamp>,
    /// Tries that are reserved and not settled, oldest first. One whose process died counts until it leaves the window.
    #[serde(default)]
    pub reserved: Vec<Timestamp>,
    pub locked_until: Option<Timestamp>,
    /// How often it was locked in a row.
    pub strikes: u32,
    /// Beginning of the quarter of an hour whose failures were last told to the log.
    #[serde(default)]
    pub reported: Option<Timestamp>,
}

/// Why no try is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTryLeft {
    /// How long until there may be one.
    pub wait: Duration,
    /// Tries are being made at this moment: if they succeed, others follow at once.
    pub in_flight: bool,
}

impl Lockout {
    /// How much longer the identifier is locked. Nothing is tried nor counted while it is.
    pub fn remaining(&self, now: Timestamp) -> Option<Duration> {
        self.locked_until.filter(|until| *until > now).map(|until| until.since(now))
    }

    /// Reserves a try at `now`.
    pub fn reserve(mut self, now: Timestamp) -> Result<Self, NoTryLeft> {
        if let Some(wait) = self.remaining(now) {
            return Err(NoTryLeft { wait, in_flight: false });
        }
        self.forget(now);
        if self.failures.len() + self.reserved.len() >= FAILURES {
            let in_flight = self.reserved.iter().any(|at| now.since(*at) < LONGEST_TRY);
            let first = self.failures.first().into_iter().chain(self.reserved.first()).min();
            let wait = match first {
                Some(first) if !in_flight => (*first + WINDOW).since(now),
                _ => Duration::from_secs(1),
            };
            return Err(NoTryLeft { wait, in_flight });
        }
        self.reserved.push(now);
        Ok(self)
    }

    /// After the try reserved at `reserved` failed, at `now`. It locked the identifier if [`Self::remaining`] says so
    /// thereafter.
    pub fn fail(self, reserved: Timestamp, now: Timestamp) -> Self {
        let mut after = self.give_back(reserved);
        if after.remaining(now).is_some() {
            return after;
        }
        after.forget(now);
        after.failures.push(now);
        if after.failures.len() >= FAILURES {
            let step = usize::try_from(after.strikes).unwrap_or(usize::MAX).min(LOCKS.len() - 1);
            after.failures.clear();
            after.strikes = after.strikes.saturating_add(1);
            after.locked_until = Some(now + LOCKS[step]);
        }
        after
    }

    /// After the try reserved at `reserved` came to nothing: it does not count.
    pub fn give_back(mut self, reserved: Timestamp) -> Self {
        if let Some(at) = self.reserved.iter().position(|one| *one == reserved) {
            self.reserved.remove(at);
        }
        self
    }

    /// After a success: all is forgotten, but what the log was told.
    pub fn succeed(self) -> Self {
        Self { reported: self.reported, ..Self::default() }
    }

    /// Beginning of the quarter of an hour at hand, if its failures are still to be told to the log.
    pub fn unreported(&self, now: Timestamp) -> Option<Timestamp> {
        let quarter = quarter(now);
        (self.reported != Some(quarter)).then_some(quarter)
    }

    /// Whether it still matters that the log was told.
    pub fn reported_now(&self, now: Timestamp) -> bool {
        self.reported == Some(quarter(now))
    }

    /// Drops what says nothing any more.
    fn forget(&mut self, now: Timestamp) {
        if self.locked_until.is_some_and(|until| now.since(until) >= FORGIVEN_AFTER) {
            (self.locked_until, self.strikes) = (None, 0);
        }
        for times in [&mut self.failures, &mut self.reserved] {
            times.retain(|at| now.since(*at) < WINDOW);
        }
    }

    /// When this says nothing any more and can be dropped.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let by_try = self.failures.iter().chain(&self.reserved).max().map(|at| *at + WINDOW);
        let by_lock = self.locked_until.map(|until| until + FORGIVEN_AFTER);
        let by_report = self.reported.map(|quarter| quarter + REPORTED_EVERY);
        by_try.max(by_lock).max(by_report)
    }
}

fn quarter(now: Timestamp) -> Timestamp {
    let seconds = i64::try_from(REPORTED_EVERY.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_unix_seconds(now.unix_seconds().div_euclid(seconds) * seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_unix_seconds(1_000_000);

    fn fail(lockout: Lockout, now: Timestamp) -> Lockout {
        lockout.reserve(now).unwrap().fail(now, now)
    }

    fn fail_five(mut lockout: Lockout, now: Timestamp) -> Lockout {
        for _ in 0..FAILURES {
            lockout = fail(lockout, now);
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
            lockout = fail(lockout, START);
        }
        assert_eq!(lockout.remaining(START), None);
        assert_eq!(lockout.clone().succeed(), Lockout::default());
        assert!(fail(lockout, START).remaining(START).is_some());
    }

    #[test]
    fn a_locked_identifier_has_no_try_left() {
        let locked = fail_five(Lockout::default(), START);
        let refused = locked.reserve(START + Duration::from_secs(1)).unwrap_err();
        assert_eq!(refused, NoTryLeft { wait: Duration::from_secs(299), in_flight: false });
    }

    #[test]
    fn five_tries_at_once_are_all_there_are_and_one_given_back_is_there_again() {
        let mut lockout = Lockout::default();
        for _ in 0..FAILURES {
            lockout = lockout.reserve(START).unwrap();
        }
        let refused = lockout.clone().reserve(START).unwrap_err();
        assert_eq!(refused, NoTryLeft { wait: Duration::from_secs(1), in_flight: true });
        let later = START + Duration::from_millis(80);
        let after = lockout.clone().give_back(START);
        assert!(after.clone().reserve(later).unwrap().reserve(later).is_err());
        // A failure takes its own reservation's place.
        assert!(lockout.fail(START, later).reserve(later).is_err());
    }

    #[test]
    fn a_try_whose_process_died_counts_until_it_leaves_the_window() {
        let lockout = Lockout { reserved: vec![START; FAILURES], ..Lockout::default() };
        let later = START + Duration::from_mins(1);
        let refused = lockout.clone().reserve(later).unwrap_err();
        assert_eq!(refused, NoTryLeft { wait: Duration::from_mins(14), in_flight: false });
        assert_eq!(lockout.reserve(START + WINDOW).unwrap().reserved.len(), 1);
    }

    #[test]
    fn strikes_are_forgiven_after_a_day() {
        let locked = fail_five(Lockout::default(), START);
        let later = START + LOCKS[0] + FORGIVEN_AFTER;
        assert_eq!(fail_five(locked, later).remaining(later), Some(LOCKS[0]));
    }

    #[test]
    fn the_log_is_told_once_a_quarter_of_an_hour() {
        let at = |minutes| Timestamp::from_unix_seconds(900 * 1000) + Duration::from_mins(minutes);
        let mut lockout = Lockout::default();
        assert_eq!(lockout.unreported(at(3)), Some(at(0)));
        lockout.reported = Some(at(0));
        assert_eq!(lockout.unreported(at(14)), None);
        assert_eq!(lockout.clone().succeed().unreported(at(14)), None);
        assert_eq!(lockout.unreported(at(15)), Some(at(15)));
    }

    #[test]
    fn what_was_stored_before_there_were_reservations_reads() {
        let stored = r#"{"failures":["2026-03-01T09:30:00.000Z"],"locked_until":null,"strikes":2}"#;
        let lockout: Lockout = serde_json::from_str(stored).unwrap();
        assert_eq!((lockout.failures.len(), lockout.strikes), (1, 2));
    }

    proptest! {
        /// By the log of what was tried, each try lasting a while: at most five tries in the time of the shortest lock.
        #[test]
        fn no_five_minutes_see_a_sixth_try(
            tries in prop::collection::vec((0u64..400, 0u64..25, any::<bool>()), 1..200),
        ) {
            let (mut lockout, mut now, mut log) = (Lockout::default(), START, vec![]);
            let mut open: Vec<(Timestamp, Timestamp)> = vec![];
            for (gap, lasts, together) in tries {
                if !together {
                    now = now + Duration::from_secs(gap);
                }
                for (reserved, _) in open.extract_if(.., |(_, ends)| *ends <= now) {
                    lockout = lockout.fail(reserved, now);
                }
                if let Ok(reserved) = lockout.clone().reserve(now) {
                    lockout = reserved;
                    log.push(now);
                    open.push((now, now + Duration::from_secs(lasts)));
                }
                prop_assert!(lockout.failures.len() + lockout.reserved.len() <= FAILURES);
            }
            for first in &log {
                let within = log.iter().filter(|at| *at >= first && at.since(*first) < LOCKS[0]).count();
                prop_assert!(within <= FAILURES, "{within}");
            }
        }
    }
}
