//! The scenarios that document numbers choose.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Delay of the first callback after the end of its task, long enough for the caller to store the created task.
const CALLBACK_DELAY: Duration = Duration::from_secs(1);
/// Delay between the callbacks of a task, so that they arrive in order.
const CALLBACK_GAP: Duration = Duration::from_secs(2);
const SLOW: Duration = Duration::from_secs(20);

/// What the sandbox does with a task. The prefix of the document number chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// `OK`: approved.
    Ok,
    /// `BAD`: rejected as forged.
    Bad,
    /// `REVIEW`: needs a review.
    Review,
    /// `SLOW`: approved, after 20 s.
    Slow,
    /// `FLAKY`: 503 twice, then approved.
    Flaky,
    /// `DOWN`: always 503.
    Down,
    /// `TWICE`: approved, with three callbacks.
    Twice,
    /// `FORGED`: approved; the first callback has a wrong signature.
    Forged,
    /// `SILENT`: approved, without a callback.
    Silent,
    /// `RANDOM`: drawn at random, but always the same for the same number.
    Random,
}

impl Scenario {
    const PREFIXES: [(&str, Self); 10] = [
        ("OK", Self::Ok),
        ("BAD", Self::Bad),
        ("REVIEW", Self::Review),
        ("SLOW", Self::Slow),
        ("FLAKY", Self::Flaky),
        ("DOWN", Self::Down),
        ("TWICE", Self::Twice),
        ("FORGED", Self::Forged),
        ("SILENT", Self::Silent),
        ("RANDOM", Self::Random),
    ];

    pub fn of(document_number: &str) -> Self {
        let named = Self::PREFIXES.into_iter().find(|(prefix, _)| document_number.starts_with(prefix));
        // Any other number is approved.
        named.map_or(Self::Ok, |(_, scenario)| scenario)
    }
}

/// The decision of the sandbox.
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

/// The probabilities of the decisions of drawn tasks, in percent. The rest is review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Odds {
    approve: u8,
    reject: u8,
}

/// The percentages add up to more than 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("approve and reject add up to more than 100 percent")]
pub struct OddsExceeded;

impl Odds {
    pub fn new(approve: u8, reject: u8) -> Result<Self, OddsExceeded> {
        let sum = approve.checked_add(reject).ok_or(OddsExceeded)?;
        if sum > 100 { Err(OddsExceeded) } else { Ok(Self { approve, reject }) }
    }

    /// The decision for a text. It depends only on the SHA-256 of the text.
    fn draw(self, text: &str) -> PlannedDecision {
        let mut first = [0; 8];
        first.copy_from_slice(&Sha256::digest(text)[..8]);
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

/// How often a new task is refused with 503 before it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedOutage {
    Never,
    /// This many times for each task id.
    First(u32),
    Always,
}

/// One callback of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedCallback {
    /// Delay after the creation of the task; at most 15 minutes, the limit of SQS.
    pub delay: Duration,
    /// Whether it is signed with a wrong key.
    pub forged: bool,
}

/// Everything that happens to a task. It is stored instead of the document number, from which it is derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub scenario: Scenario,
    pub decision: PlannedDecision,
}

impl Plan {
    /// The plan for a document number. It has no state, so repeated requests get the same plan.
    pub fn of_number(document_number: &str, odds: Odds) -> Self {
        let scenario = Scenario::of(document_number);
        let decision = match scenario {
            Scenario::Bad => PlannedDecision::Reject,
            Scenario::Review => PlannedDecision::Review,
            Scenario::Random => odds.draw(document_number),
            _ => PlannedDecision::Approve,
        };
        Self { scenario, decision }
    }

    pub fn outage(self) -> PlannedOutage {
        match self.scenario {
            Scenario::Flaky => PlannedOutage::First(2),
            Scenario::Down => PlannedOutage::Always,
            _ => PlannedOutage::Never,
        }
    }

    /// Time from the creation of the task to its end.
    pub fn completes_after(self) -> Duration {
        if self.scenario == Scenario::Slow { SLOW } else { Duration::ZERO }
    }

    /// The callbacks, in order of delay.
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
        // With these odds, a drawn decision would differ from that of a named scenario.
        Plan::of_number(document_number, odds(0, 0))
    }

    fn callbacks(document_number: &str) -> Vec<(u64, bool)> {
        plan(document_number).callbacks().iter().map(|callback| (callback.delay.as_secs(), callback.forged)).collect()
    }

    #[test]
    fn the_prefix_of_the_number_chooses_the_scenario() {
        for (prefix, scenario) in Scenario::PREFIXES {
            assert_eq!(Scenario::of(prefix), scenario);
            assert_eq!(Scenario::of(&format!("{prefix}-123")), scenario);
            assert_eq!(Scenario::of(&format!("X{prefix}")), Scenario::Ok);
        }
        assert_eq!(Scenario::of(""), Scenario::Ok);
        assert_eq!(Scenario::of("L898902C3"), Scenario::Ok);
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
    fn each_scenario_has_its_callbacks() {
        assert_eq!(callbacks("OK1"), [(1, false)]);
        assert_eq!(callbacks("SLOW1"), [(21, false)]);
        assert_eq!(callbacks("TWICE1"), [(1, false), (3, false), (5, false)]);
        assert_eq!(callbacks("FORGED1"), [(1, true), (3, false)]);
        assert_eq!(callbacks("SILENT1"), []);
        assert_eq!(callbacks("X1"), [(1, false)]);
    }

    #[test]
    fn only_slow_tasks_are_in_progress_for_a_while() {
        assert_eq!(plan("SLOW1").completes_after(), Duration::from_secs(20));
        assert_eq!(plan("SILENT1").completes_after(), Duration::ZERO);
    }

    #[test]
    fn flaky_refuses_twice_and_down_always() {
        assert_eq!(plan("FLAKY1").outage(), PlannedOutage::First(2));
        assert_eq!(plan("DOWN1").outage(), PlannedOutage::Always);
        assert_eq!(plan("OK1").outage(), PlannedOutage::Never);
    }

    #[test]
    fn draws_are_the_same_in_every_release() {
        let drawn = |number| Plan::of_number(number, odds(70, 20)).decision;
        // SHA-256, first eight bytes modulo 100: 55, 73, 90.
        assert_eq!(drawn("RANDOM-1"), PlannedDecision::Approve);
        assert_eq!(drawn("RANDOM-8"), PlannedDecision::Reject);
        assert_eq!(drawn("RANDOM-2"), PlannedDecision::Review);
    }

    #[test]
    fn draws_follow_the_odds() {
        let count = |wanted| {
            (0..10_000).filter(|n| Plan::of_number(&format!("RANDOM{n}"), odds(70, 20)).decision == wanted).count()
        };
        assert!((6_800..7_200).contains(&count(PlannedDecision::Approve)));
        assert!((1_800..2_200).contains(&count(PlannedDecision::Reject)));
    }

    #[test]
    fn odds_of_more_than_100_percent_are_refused() {
        assert_eq!(Odds::new(70, 31), Err(OddsExceeded));
        assert_eq!(Odds::new(255, 1), Err(OddsExceeded));
        assert!(Odds::new(100, 0).is_ok());
    }

    proptest! {
        #[test]
        fn any_number_has_one_plan_whose_last_callback_is_genuine(number in ".{0,40}", approve in 0_u8..=100) {
            let odds = odds(approve, 100 - approve);
            let plan = Plan::of_number(&number, odds);
            prop_assert_eq!(&plan, &Plan::of_number(&number, odds));
            prop_assert!(plan.callbacks().is_sorted_by_key(|callback| callback.delay));
            prop_assert!(plan.callbacks().iter().all(|callback| callback.delay > plan.completes_after()));
            prop_assert!(plan.callbacks().last().is_none_or(|callback| !callback.forged));
        }
    }
}
