//! The decision on a hit.

use crate::words::words;

words! {
    /// Whether the listed entity is the person.
    pub enum HitDecision {
        /// No reviewer has decided.
        Open = "open",
        /// It is the person.
        TrueMatch = "true_match",
        /// It is somebody else.
        FalsePositive = "false_positive",
    }

    /// What a reviewer may decide.
    pub enum HitVerdict {
        FalsePositive = "false_positive",
        TrueMatch = "true_match",
    }
}

impl From<HitVerdict> for HitDecision {
    fn from(verdict: HitVerdict) -> Self {
        match verdict {
            HitVerdict::TrueMatch => Self::TrueMatch,
            HitVerdict::FalsePositive => Self::FalsePositive,
        }
    }
}
