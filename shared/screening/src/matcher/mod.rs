//! Comparing names: see [`compare_names`] for two names, [`score`] for how a score comes about.

pub mod align;
pub mod distance;
mod hungarian;
pub mod score;
pub mod token;

pub use score::{Deduction, NameMatch};

use super::entity::Kind;
use super::normalise::{Reading, TokenKind, forms};

/// The better of all forms of two names of the given kind. With [`Kind::Unknown`] a name that shows a company form or a
/// line of business is read as an organisation's, any other both ways.
pub fn compare_names(a: &str, b: &str, kind: Kind) -> NameMatch {
    match kind {
        Kind::Person => compare_as(a, b, Reading::Person),
        Kind::Organisation | Kind::Vessel | Kind::Aircraft => compare_as(a, b, Reading::Organisation),
        Kind::Unknown => {
            let organisation = compare_as(a, b, Reading::Organisation);
            if looks_like_organisation(a) || looks_like_organisation(b) {
                return organisation;
            }
            let person = compare_as(a, b, Reading::Person);
            if person.score > organisation.score { person } else { organisation }
        }
    }
}

fn compare_as(a: &str, b: &str, reading: Reading) -> NameMatch {
    let (left, right) = (forms(a, reading), forms(b, reading));
    let mut best = NameMatch::default();
    for l in &left {
        for r in &right {
            let found = score::compare_forms(l, r, reading);
            if found.score > best.score {
                best = found;
            }
        }
    }
    best
}

fn looks_like_organisation(name: &str) -> bool {
    forms(name, Reading::Organisation)
        .iter()
        .flat_map(|f| &f.tokens)
        .any(|t| matches!(t.kind, TokenKind::Legal | TokenKind::Generic))
}
