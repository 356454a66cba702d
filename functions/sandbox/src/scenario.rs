//! Which document number makes the sandbox do what.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How a callback follows the end of its task: late enough that the caller has written down the task it asked for.
const CALLBACK_DELAY: Duration = Duration::from_secs(1);
/// Between callbacks of one task, so that they arrive in order.
const CALLBACK_GAP: Duration = Duration::from_secs(2);
const SLOW: Duration = Duration::from_secs(20);

/// What the sandbox does with a task, chosen by how its document number starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// `OK`: approved.
    Ok,
    /// `BAD`: rejected as forged.
    Bad,
    /// `REVIEW`: unsure.
    Review,
    /// `SLOW`: approved, after 20 s.
    Slow,
    /// `FLAKY`: 503 twice, then approved.
    Flaky,
    /// `DOWN`: always 503.
    Down,
    /// `TWICE`: approved, and told three times.
    Twice,
    /// `FORGED`: approved, and told first with a wrong signature.
    Forged,
    /// `SILENT`: approved, and never told.
    Silent,
    /// Anything else: drawn, the same for the same number.
    Drawn,
}

impl Scenario {
    const PREFIXES: [(&str, Self); 9] = [
        ("OK", Self::Ok),
        ("BAD", Self::Bad),
        ("REVIEW", Self::Review),
        ("SLOW", Self::Slow),
        ("FLAKY", Self::Flaky),
        ("DOWN", Self::Down),
        ("TWICE", Self::Twice),
        ("FORGED", Self::Forged),
        ("SILENT", Self::Silent),
    ];

    pub fn of(document_number: &str) -> Self {
        let named = Self::PREFIXES.into_iter().find(|(prefix, _)| document_number.starts_with(prefix));
        named.map_or(Self::Drawn, |(_, scenario)| scenario)
    }
}

/// What the sandbox decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedDecision {
    Approve,
    Reject,
    Review,
}

impl PlannedDecision {
    /// `reasons` of the wire format.
    pub fn reasons(self) -> &'static [&'static str] {
        match self {
            Self::Approve => &[],
            Self::Reject => &["document_forged"],
            Self::Review => &["document_unclear"],
        }
    }
}

/// How often a drawn task ends how, in percent; review takes the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Odds {
    approve: u8,
    reject: u8,
}

/// The percentages exceed a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("approve and reject make more than 100 percent")]
pub struct OddsExceeded;

impl Odds {
    pub fn new(approve: u8, reject: u8) -> Result<Self, OddsExceeded> {
        let sum = approve.checked_add(reject).ok_or(OddsExceeded)?;
        if sum > 100 { Err(OddsExceeded) } else { Ok(Self { approve, reject }) }
    }

    /// The decision for a text: by its SHA-256, so that it is the same in every process and at any time.
    fn draw(self, lot: &str) -> PlannedDecision {
        let mut first = [0; 8];
        first.copy_from_slice(&Sha256::digest(lot)[..8]);
        let percent = u64::from_be_bytes(first) % 100;
        if percent < u64::from(self.approve) {
            PlannedDecision::Approve
        } else if percent < u64::from(self.approve) + u64::from(self.reject) {
            PlannedDecision::Reject
        } else {
            PlannedDecision::Review
        }
    }
}

/// How often a new task is answered 503 before it is taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedOutage {
    Never,
    /// So many times for each task id.
    First(u32),
    Always,
}

/// One callback of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedCallback {
    /// After the task was taken on; at most SQS's 15 minutes.
    pub delay: Duration,
    /// Signed with a key that is not ours.
    pub forged: bool,
}

/// All that happens to one task. Kept with the task in place of the document number, which it follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub scenario: Scenario,
    pub decision: PlannedDecision,
}

impl Plan {
    /// The plan for a document number: a rule without state, so that every request of a task finds the same one.
    pub fn of_number(document_number: &str, odds: Odds) -> Self {
        let scenario = Scenario::of(document_number);
        let decision = match scenario {
            Scenario::Bad => PlannedDecision::Reject,
            Scenario::Review => PlannedDecision::Review,
            Scenario::Drawn => odds.draw(document_number),
            _ => PlannedDecision::Approve,
        };
        Self { scenario, decision }
    }

    /// The plan for a document without number: drawn by its content. Its digest names no scenario, though one in hex
    /// may well start with `BAD`.
    pub fn of_content(document_sha256: &str, odds: Odds) -> Self {
        Self { scenario: Scenario::Drawn, decision: odds.draw(&document_sha256.to_ascii_lowercase()) }
    }

    pub fn unavailable(self) -> PlannedOutage {
        match self.scenario {
            Scenario::Flaky => PlannedOutage::First(2),
            Scenario::Down => PlannedOutage::Always,
            _ => PlannedOutage::Never,
        }
    }

    /// Until then, counted from when it was taken on, the task is in progress.
    pub fn completes_after(self) -> Duration {
        if self.scenario == Scenario::Slow { SLOW } else { Duration::ZERO }
    }

    /// In order of delay.
    pub fn callbacks(self) -> Vec<PlannedCallback> {
        let forged: &[bool] = match self.scenario {
            Scenario::Silent | Scenario::Down => &[],
            Scenario::Twice => &[false, false, false],
            Scenario::Forged => &[true, false],
            _ => &[false],
        };
        let first = self.completes_after() + CALLBACK_DELAY;
        (0..)
            .zip(forged)
            .map(|(n, forged)| PlannedCallback { delay: first + CALLBACK_GAP * n, forged: *forged })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn odds(approve: u8, reject: u8) -> Odds {
        Odds::new(approve, reject).unwrap()
    }

    fn plan(document_number: &str) -> Plan {
        // Odds that would show if a named scenario were drawn.
        Plan::of_number(document_number, odds(0, 0))
    }

    fn told(document_number: &str) -> Vec<(u64, bool)> {
        plan(document_number).callbacks().iter().map(|callback| (callback.delay.as_secs(), callback.forged)).collect()
    }

    #[test]
    fn the_start_of_the_number_names_the_scenario() {
        for (prefix, scenario) in Scenario::PREFIXES {
            assert_eq!(Scenario::of(prefix), scenario);
            assert_eq!(Scenario::of(&format!("{prefix}-123")), scenario);
            assert_eq!(Scenario::of(&format!("X{prefix}")), Scenario::Drawn);
        }
        assert_eq!(Scenario::of(""), Scenario::Drawn);
        assert_eq!(Scenario::of("L898902C3"), Scenario::Drawn);
    }

    #[test]
    fn decisions_follow_the_scenario() {
        assert_eq!(plan("BAD1").decision, PlannedDecision::Reject);
        assert_eq!(plan("BAD1").decision.reasons(), ["document_forged"]);
        assert_eq!(plan("REVIEW1").decision, PlannedDecision::Review);
        for number in ["OK1", "SLOW1", "FLAKY1", "TWICE1", "FORGED1", "SILENT1"] {
            assert_eq!(plan(number).decision, PlannedDecision::Approve, "{number}");
        }
    }

    #[test]
    fn callbacks_come_as_the_scenario_says() {
        assert_eq!(told("OK1"), [(1, false)]);
        assert_eq!(told("SLOW1"), [(21, false)]);
        assert_eq!(told("TWICE1"), [(1, false), (3, false), (5, false)]);
        assert_eq!(told("FORGED1"), [(1, true), (3, false)]);
        assert_eq!(told("SILENT1"), []);
        assert_eq!(told("X1"), [(1, false)]);
    }

    #[test]
    fn only_slow_tasks_are_in_progress_for_a_while() {
        assert_eq!(plan("SLOW1").completes_after(), Duration::from_secs(20));
        assert_eq!(plan("SILENT1").completes_after(), Duration::ZERO);
    }

    #[test]
    fn flaky_refuses_twice_and_down_always() {
        assert_eq!(plan("FLAKY1").unavailable(), PlannedOutage::First(2));
        assert_eq!(plan("DOWN1").unavailable(), PlannedOutage::Always);
        assert_eq!(plan("OK1").unavailable(), PlannedOutage::Never);
    }

    #[test]
    fn content_is_drawn_and_never_names_a_scenario() {
        let digest = format!("BAD{}", "0".repeat(61));
        let drawn = Plan::of_content(&digest, odds(100, 0));
        assert_eq!(drawn, Plan { scenario: Scenario::Drawn, decision: PlannedDecision::Approve });
        assert_eq!(drawn, Plan::of_content(&digest.to_lowercase(), odds(100, 0)));
    }

    #[test]
    fn a_draw_does_not_change_with_the_release() {
        let drawn = |number| Plan::of_number(number, odds(70, 20)).decision;
        // SHA-256, first eight bytes modulo 100: 29, 83, 93.
        assert_eq!(drawn("L898902C3"), PlannedDecision::Approve);
        assert_eq!(drawn("X1"), PlannedDecision::Reject);
        assert_eq!(drawn("X2"), PlannedDecision::Review);
    }

    #[test]
    fn draws_follow_the_odds() {
        let count =
            |wanted| (0..10_000).filter(|n| Plan::of_number(&format!("P{n}"), odds(70, 20)).decision == wanted).count();
        assert!((6_800..7_200).contains(&count(PlannedDecision::Approve)));
        assert!((1_800..2_200).contains(&count(PlannedDecision::Reject)));
    }

    #[test]
    fn odds_beyond_a_hundred_are_refused() {
        assert_eq!(Odds::new(70, 31), Err(OddsExceeded));
        assert_eq!(Odds::new(255, 1), Err(OddsExceeded));
        assert!(Odds::new(100, 0).is_ok());
    }

    proptest! {
        #[test]
        fn any_number_has_one_plan_in_order_that_ends_with_a_true_callback(number in ".{0,40}", approve in 0_u8..=100) {
            let odds = odds(approve, 100 - approve);
            let plan = Plan::of_number(&number, odds);
            prop_assert_eq!(&plan, &Plan::of_number(&number, odds));
            prop_assert!(plan.callbacks().is_sorted_by_key(|callback| callback.delay));
            prop_assert!(plan.callbacks().iter().all(|callback| callback.delay > plan.completes_after()));
            prop_assert!(plan.callbacks().last().is_none_or(|callback| !callback.forged));
        }
    }
}
