//! When a delivery is attempted.

use std::time::Duration;

use crate::time::Timestamp;

/// The wait before each attempt, counted from the failure before it.
pub const WAITS: [Duration; 8] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(24),
];

/// The longest `Retry-After` that is honoured.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);

/// When the next attempt is made after `made` failed ones; `None` if there is none. A wait is up to a fifth longer than the
/// schedule says, so that deliveries that failed together do not come back together, and at least as long as the endpoint
/// asked for (`Retry-After`), within [`LONGEST_RETRY_AFTER`]. `random` is evenly distributed over all of `u64`.
pub fn next_attempt(made: u32, retry_after: Option<Duration>, now: Timestamp, random: u64) -> Option<Timestamp> {
    let wait = *WAITS.get(usize::try_from(made).ok()?)?;
    let jitter = (u128::from(random) * (wait.as_millis() / 5)) >> 64;
    let wait = wait + Duration::from_millis(u64::try_from(jitter).unwrap_or(0));
    Some(now + wait.max(retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER)))
}
