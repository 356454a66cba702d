//! When to try again: full-jitter exponential back-off, and `Retry-After`.

use std::time::Duration;

use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::time::Timestamp;

/// Exponential back-off with *full jitter* (AWS Architecture Blog, "Exponential backoff and jitter"): each wait is
/// drawn evenly from nothing to a ceiling that doubles with every attempt, so that many callers who failed together
/// do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Ceiling of the first wait.
    pub base: Duration,
    /// No wait is longer.
    pub cap: Duration,
}

impl Backoff {
    /// The longest wait that [`Backoff::delay`] can give: `min(cap, base · 2^attempt)`.
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// How long to wait after the failed attempt number `attempt`, counted from 0. `random` is evenly distributed over
    /// all of `u64`.
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        let ceiling = u64::try_from(self.ceiling(attempt).as_nanos()).unwrap_or(u64::MAX);
        let share = (u128::from(ceiling) * u128::from(random)) >> 64;
        Duration::from_nanos(u64::try_from(share).unwrap_or(ceiling))
    }
}

/// The wait asked for by a `Retry-After` header (RFC 9110 §10.2.3: seconds, or an HTTP date), at most `cap`, since it
/// comes from outside. A date that has passed asks for no wait; what is neither form is `None`.
pub fn retry_after(header: &str, now: Timestamp, cap: Duration) -> Option<Duration> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|b| b.is_ascii_digit()) {
        // Digits that overflow are a long wait, not a malformed one.
        return Some(header.parse().map_or(cap, Duration::from_secs).min(cap));
    }
    let date =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let at: OffsetDateTime = PrimitiveDateTime::parse(header, date).ok()?.assume_utc();
    Some(Timestamp::from_unix_seconds(at.unix_timestamp()).since(now).min(cap))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_stays_between_nothing_and_its_ceiling(
            base in 0_u64..100_000, cap in 0_u64..10_000_000, attempt: u32, random: u64,
        ) {
            let backoff = Backoff { base: Duration::from_millis(base), cap: Duration::from_millis(cap) };
            let ceiling = backoff.ceiling(attempt);
            prop_assert!(backoff.delay(attempt, random) <= ceiling);
            prop_assert!(ceiling <= backoff.cap);
            prop_assert_eq!(backoff.delay(attempt, 0), Duration::ZERO);
            // The far end of the draw reaches the ceiling, to the rounding of one nanosecond.
            prop_assert!(backoff.delay(attempt, u64::MAX) + Duration::from_nanos(1) >= ceiling);
        }

        #[test]
        fn the_ceiling_doubles_until_the_cap(base in 1_u64..100_000, cap in 1_u64..10_000_000, attempt in 0_u32..40) {
            let backoff = Backoff { base: Duration::from_millis(base), cap: Duration::from_millis(cap) };
            let plain = u128::from(base) * (1_u128 << attempt);
            prop_assert_eq!(backoff.ceiling(attempt).as_millis(), plain.min(u128::from(cap)));
        }

        #[test]
        fn a_larger_draw_never_waits_shorter(attempt in 0_u32..20, a: u64, b: u64) {
            let backoff = Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(20) };
            prop_assert!(backoff.delay(attempt, a.min(b)) <= backoff.delay(attempt, a.max(b)));
        }

        #[test]
        fn retry_after_never_exceeds_its_cap(header in "[0-9]{1,40}|.{0,40}", cap in 0_u64..100_000) {
            let cap = Duration::from_secs(cap);
            if let Some(wait) = retry_after(&header, Timestamp::from_unix_seconds(1_000), cap) {
                prop_assert!(wait <= cap);
            }
        }
    }

    #[test]
    fn half_the_draw_waits_half_the_ceiling() {
        let backoff = Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(1) };
        assert_eq!(backoff.delay(2, 1 << 63), Duration::from_millis(200));
        assert_eq!(backoff.delay(9, 1 << 63), Duration::from_millis(500));
    }

    #[test]
    fn retry_after_reads_seconds_and_dates() {
        // Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
        let now = Timestamp::from_unix_seconds(784_111_777 - 30);
        let cap = Duration::from_mins(1);
        assert_eq!(retry_after("7", now, cap), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("3600", now, cap), Some(cap));
        assert_eq!(retry_after("99999999999999999999999", now, cap), Some(cap));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now, cap), Some(Duration::from_secs(30)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now + Duration::from_secs(90), cap),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("", now, cap), None);
        assert_eq!(retry_after("-1", now, cap), None);
        assert_eq!(retry_after("soon", now, cap), None);
    }
}
