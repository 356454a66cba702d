//! The wrong codes of an account, over all its challenges and sessions.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{limit::WRONG_CODES_ACCOUNT, time::Timestamp};

/// When wrong codes were given: those of the last hour at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WrongCodes(Vec<Timestamp>);

impl WrongCodes {
    /// How long no code is taken; `None` if one is. A right code does not clear the count, so that somebody who knows the password
    /// gains no tries by the sign-ins of its owner.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let most = usize::try_from(WRONG_CODES_ACCOUNT.rate.burst).unwrap_or(usize::MAX);
        let counted: Vec<_> = self.0.iter().filter(|at| is_counted(**at, now)).collect();
        // The oldest of the last so many: once it leaves the window, one more may be tried.
        let oldest = counted.len().checked_sub(most).and_then(|first| counted.get(first))?;
        Some((**oldest + WRONG_CODES_ACCOUNT.rate.period).since(now))
    }

    pub(super) fn count(&mut self, now: Timestamp) {
        self.0.retain(|at| is_counted(*at, now));
        self.0.push(now);
    }
}

fn is_counted(at: Timestamp, now: Timestamp) -> bool {
    now < at + WRONG_CODES_ACCOUNT.rate.period
}
