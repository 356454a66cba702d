//! Waits for asynchronous results, up to a deadline.

use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine, including retries and the sweeps of each minute.
pub const WAIT_LIMIT: Duration = Duration::from_mins(4);

const PAUSE: Duration = Duration::from_millis(150);

/// Repeats a request until it returns a value; panics with `what` at the deadline.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(began.elapsed() < WAIT_LIMIT, "waited in vain for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
