//! Lock-out after failed sign-ins, per submitted identifier, whether an account has it or not.

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
/// An identifier without a failure for this long after its last lock starts with the shortest lock again.
pub const FORGIVEN_AFTER: Duration = Duration::from_hours(24);

/// The longest time that a function runs. A try that began earlier and was not settled never will be.
const LONGEST_TRY: Duration = Duration::from_secs(30);
/// Failures of one identifier make one event per period of this length.
pub const REPORTED_EVERY: Duration = Duration::from_mins(15);

/// A failed try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedTry {
    pub at: Timestamp,
    /// Digest of the network that it came from.
    pub network: String,
}

/// The tries of one identifier. The time of each failure is kept, not only their number, so that five failures within any
/// 15 minutes are noticed.
///
/// A try is reserved before the password is compared, and settled after: as a failure, as a success, or given back. Failures
/// and reserved tries together are never more than [`FAILURES`], so parallel guesses are no more than sequential ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockout {
    /// Failures since the last lock, oldest first; fewer than [`FAILURES`].
    pub failures: Vec<FailedTry>,
    /// Tries that are reserved and not settled, oldest first. If the process died, a try counts until it leaves the window.
    pub reserved: Vec<Timestamp>,
    pub locked_until: Option<Timestamp>,
    /// The number of locks in a row.
    pub strikes: u32,
    /// Start of the last quarter of an hour whose failures have an event.
    pub reported: Option<Timestamp>,
}

/// Why no try is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTryLeft {
    /// How long until one may be available.
    pub wait: Duration,
    /// Other tries are not settled yet. If they succeed, a try is available at once.
    pub in_flight: bool,
}

impl Lockout {
    /// How much longer the identifier is locked. Meanwhile no try is reserved and no failure counted.
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
            let first =
                self.failures.first().map(|failure| failure.at).into_iter().chain(self.reserved.first().copied()).min();
            let wait = match first {
                Some(first) if !in_flight => (first + WINDOW).since(now),
                _ => Duration::from_secs(1),
            };
            return Err(NoTryLeft { wait, in_flight });
        }
        self.reserved.push(now);
        Ok(self)
    }

    /// The state after the try reserved at `reserved` failed, at `now`. It may lock the identifier: see [`Self::remaining`].
    pub fn fail(self, reserved: Timestamp, network: &str, now: Timestamp) -> Self {
        let mut after = self.give_back(reserved);
        if after.remaining(now).is_some() {
            return after;
        }
        after.forget(now);
        after.failures.push(FailedTry { at: now, network: network.to_owned() });
        if after.failures.len() >= FAILURES {
            let step = usize::try_from(after.strikes).unwrap_or(usize::MAX).min(LOCKS.len() - 1);
            after.failures.clear();
            after.strikes = after.strikes.saturating_add(1);
            after.locked_until = Some(now + LOCKS[step]);
        }
        after
    }

    /// The state after the try reserved at `reserved` ended without a result: it does not count.
    pub fn give_back(mut self, reserved: Timestamp) -> Self {
        if let Some(at) = self.reserved.iter().position(|one| *one == reserved) {
            self.reserved.remove(at);
        }
        self
    }

    /// The state after the try reserved at `reserved` had the right password. It forgives the failures of its own network
    /// only: otherwise somebody who knows when the owner signs in could guess four times before each sign-in, without ever
    /// being locked out. Locks end by time alone.
    pub fn succeed(self, reserved: Timestamp, network: &str) -> Self {
        let mut after = self.give_back(reserved);
        after.failures.retain(|failure| failure.network != network);
        after
    }

    /// Start of the current quarter of an hour, if its failures have no event yet.
    pub fn unreported(&self, now: Timestamp) -> Option<Timestamp> {
        let quarter = quarter(now);
        (self.reported != Some(quarter)).then_some(quarter)
    }

    /// Removes what is too old to matter.
    fn forget(&mut self, now: Timestamp) {
        if self.locked_until.is_some_and(|until| now.since(until) >= FORGIVEN_AFTER) {
            (self.locked_until, self.strikes) = (None, 0);
        }
        self.failures.retain(|failure| now.since(failure.at) < WINDOW);
        self.reserved.retain(|at| now.since(*at) < WINDOW);
    }

    /// When none of this matters any longer; `None` if it does not matter now.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let tries = self.failures.iter().map(|failure| failure.at).chain(self.reserved.iter().copied());
        let by_try = tries.max().map(|at| at + WINDOW);
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

    const HERE: &str = "here";

    fn fail(lockout: Lockout, now: Timestamp) -> Lockout {
        lockout.reserve(now).unwrap().fail(now, HERE, now)
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
    fn four_failures_do_not_lock_and_a_right_password_of_their_network_forgives_them() {
        let mut lockout = Lockout::default();
        for _ in 0..4 {
            lockout = fail(lockout, START);
        }
        assert_eq!(lockout.remaining(START), None);
        let reserved = lockout.clone().reserve(START).unwrap();
        assert_eq!(reserved.succeed(START, HERE), Lockout::default());
        assert!(fail(lockout, START).remaining(START).is_some());
    }

    #[test]
    fn a_right_password_forgives_no_failure_of_another_network() {
        let mut lockout = Lockout::default();
        for _ in 0..4 {
            lockout = fail(lockout, START);
        }
        let owner = START + Duration::from_secs(1);
        let lockout = lockout.reserve(owner).unwrap().succeed(owner, "the owner's");
        assert!(lockout.reserved.is_empty());
        assert!(fail(lockout, START + Duration::from_secs(2)).remaining(owner).is_some(), "the fifth failure locks");
    }

    #[test]
    fn a_right_password_shortens_no_lock_and_leaves_the_next_one_longer() {
        let reserved = Lockout::default().reserve(START).unwrap();
        let locked = Lockout { failures: vec![], ..fail_five(Lockout::default(), START) };
        let after = Lockout { reserved: reserved.reserved, ..locked }.succeed(START, HERE);
        assert_eq!(after.remaining(START), Some(LOCKS[0]));
        let later = START + LOCKS[0];
        assert_eq!(fail_five(after, later).remaining(later), Some(LOCKS[1]));
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
        assert!(lockout.fail(START, HERE, later).reserve(later).is_err());
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
    fn failures_are_reported_once_a_quarter_of_an_hour() {
        let at = |minutes| Timestamp::from_unix_seconds(900 * 1000) + Duration::from_mins(minutes);
        let mut lockout = Lockout::default();
        assert_eq!(lockout.unreported(at(3)), Some(at(0)));
        lockout.reported = Some(at(0));
        assert_eq!(lockout.unreported(at(14)), None);
        assert_eq!(lockout.clone().succeed(at(14), HERE).unreported(at(14)), None);
        assert_eq!(lockout.unreported(at(15)), Some(at(15)));
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
                    lockout = lockout.fail(reserved, HERE, now);
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
