//! The circuit breaker of a provider: when most calls fail, stop calling for a while, then let one call try.
//!
//! All instances share one breaker per provider, kept as one item; this file holds its rule, and nothing that reads or
//! writes. So the rule is split: [`Breaker::on_call`] and [`Breaker::on_outcome`] decide from the state last seen and
//! name a [`BreakerChange`]; a change carries the condition under which it holds, so that deciding from a stale state does no
//! harm; [`Breaker::apply`] is its plain meaning, which the store's update must equal.
//!
//! # How a change becomes one `UpdateItem`
//!
//! Item `BREAKER#<provider>` of `ephemeral`, attributes as the fields of [`Breaker`] (an absent item is
//! [`Breaker::default`]); ask for the new item on success and for the old one when the condition fails. Times are
//! text that sorts by time, so conditions compare them directly.
//!
//! | change | condition | update |
//! |---|---|---|
//! | `Count` | `generation = :g AND #window = :w` | `ADD calls :1, failures :0_or_1` |
//! | `StartWindow` | `generation = :g AND #window < :w`, or for `:g` 0 `attribute_not_exists(generation)` | `SET generation = :g, #window = :w, calls = :1, failures = :0_or_1` |
//! | `Open` | `generation = :g` | `SET generation = :g+1, open_until = :t, calls = :0, failures = :0 REMOVE probe_until` |
//! | `ClaimProbe` | `generation = :g AND (attribute_not_exists(probe_until) OR probe_until <= :now)` | `SET probe_until = :t` |
//! | `Close` | `generation = :g` | `SET generation = :g+1, calls = :0, failures = :0 REMOVE open_until, probe_until` |
//!
//! `Open` and `Close` come only from a state that exists. Before a call: one read, and `ClaimProbe` if that is the
//! answer (when its condition fails, decide again from the item that came back). After a call:
//!
//! ```text
//! while let Some(change) = state.on_outcome(permit, now, ok, &policy) {
//!     match store.apply(change) {
//!         Applied(new)      => { if let Some(open) = new.trips(now, &policy) { store.apply(open) }  break }
//!         Conflict(current) => state = current,         // a few times at most; a lost count is harmless
//!     }
//! }
//! ```
//!
//! That is one read and one write per call of a provider, one more write when a window begins or the breaker opens.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Length of a window. Windows are laid end to end from 1970, so that counters need no list of calls; a burst of
    /// failures astride two of them may be seen a little later than by a sliding window.
    pub window: Duration,
    /// A window with fewer calls never opens the breaker, so that a single failing check does not stop its neighbours.
    pub minimum_calls: u32,
    /// How long an open breaker refuses all calls.
    pub open_for: Duration,
    /// How long the one probe may take before another is let through; more than the longest call.
    pub probe_for: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            window: Duration::from_mins(1),
            minimum_calls: 20,
            open_for: Duration::from_secs(30),
            probe_for: Duration::from_secs(30),
        }
    }
}

impl BreakerPolicy {
    fn window_of(&self, now: Timestamp) -> Timestamp {
        let length = u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX).max(1);
        let start = now.unix_millis() / length * length;
        Timestamp::from_unix_millis(i64::try_from(start).unwrap_or(i64::MAX))
    }
}

/// What is known of a provider's health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Rises whenever the breaker opens or closes; an outcome counts only in the generation its call began in.
    pub generation: u64,
    /// Start of the window that `calls` and `failures` count.
    pub window: Timestamp,
    pub calls: u32,
    pub failures: u32,
    /// While it is there the breaker is open; once it has passed, half-open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<Timestamp>,
    /// Until then the probe that was let through is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_until: Option<Timestamp>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            generation: 0,
            window: Timestamp::from_unix_millis(0),
            calls: 0,
            failures: 0,
            open_until: None,
            probe_until: None,
        }
    }
}

/// Leave to make one call; its outcome is reported with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    generation: u64,
    probe: bool,
}

/// The answer to "may I call?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreakerAdmission {
    /// Call.
    Call(Permit),
    /// Make the change, and call if its condition held; else ask again with the state found.
    Probe(Permit, BreakerChange),
    /// Do not call; put the work back until then, and do not count it as an attempt.
    Refused { retry_at: Timestamp },
}

/// A conditional update of the shared state; see the table above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreakerChange {
    /// One more call in the window.
    Count { generation: u64, window: Timestamp, failed: bool },
    /// The first call of a new window.
    StartWindow { generation: u64, window: Timestamp, failed: bool },
    /// Refuse calls until then.
    Open { generation: u64, until: Timestamp },
    /// Let one call through, which has until then to answer.
    ClaimProbe { generation: u64, now: Timestamp, until: Timestamp },
    /// Call as usual again.
    Close { generation: u64 },
}

impl Breaker {
    /// Whether a call may be made now.
    pub fn on_call(&self, now: Timestamp, policy: &BreakerPolicy) -> BreakerAdmission {
        let generation = self.generation;
        let Some(open_until) = self.open_until else {
            return BreakerAdmission::Call(Permit { generation, probe: false });
        };
        match self.probe_until.filter(|until| *until > now) {
            _ if now < open_until => BreakerAdmission::Refused { retry_at: open_until },
            Some(probe_until) => BreakerAdmission::Refused { retry_at: probe_until },
            None => BreakerAdmission::Probe(
                Permit { generation, probe: true },
                BreakerChange::ClaimProbe { generation, now, until: now + policy.probe_for },
            ),
        }
    }

    /// How long an open breaker refuses calls from now on; `None` if a call may be made or tried.
    pub fn refuses_for(&self, now: Timestamp) -> Option<Duration> {
        self.open_until.filter(|until| *until > now).map(|until| until.since(now))
    }

    /// What a call's outcome changes; `None` when it no longer says anything, because the breaker has opened or closed
    /// since the call began. `ok` means that the provider answered, even if with a refusal.
    pub fn on_outcome(
        &self,
        permit: Permit,
        now: Timestamp,
        ok: bool,
        policy: &BreakerPolicy,
    ) -> Option<BreakerChange> {
        let generation = self.generation;
        if permit.generation != generation {
            return None;
        }
        let window = policy.window_of(now);
        Some(match (permit.probe, ok) {
            (true, true) => BreakerChange::Close { generation },
            (true, false) => BreakerChange::Open { generation, until: now + policy.open_for },
            (false, _) if self.window < window => BreakerChange::StartWindow { generation, window, failed: !ok },
            // A clock behind the others' counts in their window rather than turning it back.
            (false, _) => BreakerChange::Count { generation, window: self.window, failed: !ok },
        })
    }

    /// The opening that the counters call for, if they do: enough calls, and half of them or more failed.
    pub fn trips(&self, now: Timestamp, policy: &BreakerPolicy) -> Option<BreakerChange> {
        let closed = self.open_until.is_none();
        let enough = self.calls >= policy.minimum_calls && self.calls > 0;
        let failing = self.failures >= self.calls.div_ceil(2);
        (closed && enough && failing)
            .then_some(BreakerChange::Open { generation: self.generation, until: now + policy.open_for })
    }

    /// The state after a change, or `None` if its condition does not hold.
    pub fn apply(&self, change: &BreakerChange) -> Option<Self> {
        let (BreakerChange::Count { generation, .. }
        | BreakerChange::StartWindow { generation, .. }
        | BreakerChange::Open { generation, .. }
        | BreakerChange::ClaimProbe { generation, .. }
        | BreakerChange::Close { generation }) = change;
        if *generation != self.generation {
            return None;
        }
        let next_generation =
            Self { generation: generation + 1, calls: 0, failures: 0, probe_until: None, ..self.clone() };
        match *change {
            BreakerChange::Count { window, failed, .. } => (self.window == window).then(|| Self {
                calls: self.calls + 1,
                failures: self.failures + u32::from(failed),
                ..self.clone()
            }),
            BreakerChange::StartWindow { window, failed, .. } => {
                (self.window < window).then(|| Self { window, calls: 1, failures: u32::from(failed), ..self.clone() })
            }
            BreakerChange::Open { until, .. } => Some(Self { open_until: Some(until), ..next_generation }),
            BreakerChange::ClaimProbe { now, until, .. } => self
                .probe_until
                .is_none_or(|claimed| claimed <= now)
                .then(|| Self { probe_until: Some(until), ..self.clone() }),
            BreakerChange::Close { .. } => Some(Self { open_until: None, ..next_generation }),
        }
    }
}

#[cfg(test)]
mod tests;
