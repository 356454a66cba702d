//! Waiting for what happens by itself, up to a deadline.

use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine, retries and sweeps of a minute included.
pub const WAIT_LIMIT: Duration = Duration::from_mins(4);

const PAUSE: Duration = Duration::from_millis(150);

/// Asks again and again until there is something; panics with `what` once patience has run out.
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
