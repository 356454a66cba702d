//! Sanctions, politically exposed persons, adverse media: what a list is, and what becomes of a hit.

mod decision;
mod hit;
pub mod list;

use super::words::words;

pub use decision::{HitDecision, HitVerdict};
pub use hit::{Hit, HitForStaff, HitMark, HitProposal, Match, Reasons, Source};

words! {
    /// What being on a list means.
    pub enum ListKind {
        /// Nobody may deal with whom it names.
        Sanctions = "sanctions",
        /// Politically exposed persons: more care, no ban.
        Pep = "pep",
        /// Whom the press or an authority speaks ill of.
        AdverseMedia = "adverse_media",
    }
}

/// Refusals of the AML area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmlError {
    #[error("no list of this name is configured")]
    UnknownList,
    #[error("no lists are in force yet")]
    ListsUnavailable,
    #[error("reviewers do not decide a hit on themselves")]
    OwnHit,
    #[error("the hit is decided already")]
    HitDecided,
    #[error("the second reviewer is the first one")]
    SameReviewer,
}
