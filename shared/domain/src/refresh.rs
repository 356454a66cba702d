//! When a refresh token turns (RFC 9700 §4.14: rotation with reuse detection, made safe for lost answers).
//!
//! A token carries its session's generation counter and random nonce; the session keeps the counter of its newest
//! token and when that was made. Generations are ordered by the counter, never by time.

use std::time::Duration;

use super::time::Timestamp;

/// A session lives this long at most, however often it is used.
pub const LIFE: Duration = Duration::from_hours(7 * 24);
/// A session that is not refreshed for this long is over.
pub const IDLE: Duration = Duration::from_hours(24);
/// The previous token still yields its successor this long after the turn, for answers that were lost.
pub const GRACE: Duration = Duration::from_secs(10);

/// What a refresh token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshDecision {
    /// The newest token: the session goes on to the next generation, by a conditional write.
    Turn,
    /// The token before it, shortly after the turn: the same successor once more, no state changes.
    SameSuccessor,
    /// A genuine token out of its turn: somebody kept a copy, the session ends.
    Reuse,
    /// Nothing of ours, or of a session that is over: nothing changes.
    Invalid,
}

/// A session as far as refreshing it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshGeneration {
    /// Counter of the newest token.
    pub counter: u64,
    /// When the session began.
    pub started_at: Timestamp,
    /// When its newest token was made.
    pub last_turn: Timestamp,
}

impl RefreshGeneration {
    /// When the session ends unless it is refreshed before.
    pub fn expires_at(&self) -> Timestamp {
        (self.last_turn + IDLE).min(self.started_at + LIFE)
    }
}

/// Decides on a token that opened under one of our keys. `nonce_matches` is the constant-time comparison of the
/// token's nonce with the session's.
pub fn decide(session: RefreshGeneration, token_counter: u64, nonce_matches: bool, now: Timestamp) -> RefreshDecision {
    if !nonce_matches || now >= session.expires_at() {
        return RefreshDecision::Invalid;
    }
    if token_counter == session.counter {
        return RefreshDecision::Turn;
    }
    let previous = token_counter.checked_add(1) == Some(session.counter);
    if previous && now.since(session.last_turn) <= GRACE {
        RefreshDecision::SameSuccessor
    } else {
        RefreshDecision::Reuse
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_unix_seconds(1_000_000);

    fn session(counter: u64) -> RefreshGeneration {
        RefreshGeneration { counter, started_at: START, last_turn: START + Duration::from_hours(1) }
    }

    fn at(counter: u64, after_turn: Duration) -> RefreshDecision {
        decide(session(5), counter, true, session(5).last_turn + after_turn)
    }

    #[test]
    fn the_newest_turns_and_the_one_before_yields_its_successor_for_ten_seconds() {
        assert_eq!(at(5, Duration::ZERO), RefreshDecision::Turn);
        assert_eq!(at(4, Duration::from_secs(10)), RefreshDecision::SameSuccessor);
        assert_eq!(at(4, Duration::from_millis(10_001)), RefreshDecision::Reuse);
    }

    #[test]
    fn every_other_genuine_token_is_reuse() {
        assert_eq!(at(3, Duration::ZERO), RefreshDecision::Reuse);
        assert_eq!(at(6, Duration::ZERO), RefreshDecision::Reuse);
        assert_eq!(at(u64::MAX, Duration::ZERO), RefreshDecision::Reuse);
    }

    #[test]
    fn what_is_over_or_foreign_changes_nothing() {
        assert_eq!(at(5, IDLE), RefreshDecision::Invalid);
        assert_eq!(at(3, IDLE), RefreshDecision::Invalid);
        assert_eq!(decide(session(5), 5, false, START), RefreshDecision::Invalid);
        let busy = RefreshGeneration { last_turn: START + LIFE - Duration::from_secs(1), ..session(5) };
        assert_eq!(busy.expires_at(), START + LIFE);
        assert_eq!(decide(busy, 5, true, START + LIFE), RefreshDecision::Invalid);
    }

    proptest! {
        /// However the refreshes fall, a session ends when it was idle for a day or is a week old, whichever is first, and not before.
        #[test]
        fn a_session_ends_idle_or_old_and_not_before(waits in prop::collection::vec(0u64..108_000, 1..40)) {
            let mut session = RefreshGeneration { counter: 1, started_at: START, last_turn: START };
            let mut now = START;
            for seconds in waits {
                let wait = Duration::from_secs(seconds);
                now = now + wait;
                let over = wait >= IDLE || now.since(START) >= LIFE;
                prop_assert_eq!(now >= session.expires_at(), over);
                let decided = decide(session, session.counter, true, now);
                prop_assert_eq!(decided, if over { RefreshDecision::Invalid } else { RefreshDecision::Turn });
                if over {
                    return Ok(());
                }
                session = RefreshGeneration { counter: session.counter + 1, last_turn: now, ..session };
            }
        }

        /// A clock that runs back never turns a genuine newest token into reuse, nor a foreign one into anything.
        #[test]
        fn only_a_matching_nonce_ever_changes_anything(counter: u64, token: u64, millis in 0i64..2_000_000_000) {
            let session = session(counter);
            let now = Timestamp::from_unix_millis(millis);
            prop_assert_eq!(decide(session, token, false, now), RefreshDecision::Invalid);
            if token == counter {
                prop_assert_ne!(decide(session, token, true, now), RefreshDecision::Reuse);
            }
        }
    }
}
