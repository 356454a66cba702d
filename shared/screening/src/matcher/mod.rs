//! Comparing names: see [`compare_names`] for two names, [`score`] for how a score comes about.

pub mod align;
pub mod distance;
mod hungarian;
pub mod score;
pub mod token;

pub use score::NameMatch;

use super::entity::Kind;
use super::normalise::{NameForm, Reading, TokenKind, forms};

/// Two names, each in the form in which they agree best, and how those agree.
#[derive(Debug, Default)]
pub struct Compared {
    pub left: NameForm,
    pub right: NameForm,
    pub found: NameMatch,
}

/// The better of all forms of two names of the given kind. With [`Kind::Unknown`] a name that shows a company form or a
/// line of business is read as an organisation's, any other both ways.
pub fn compare_names(a: &str, b: &str, kind: Kind) -> Compared {
    match kind {
        Kind::Person => compare_as(a, b, Reading::Person),
        Kind::Organisation | Kind::Vessel | Kind::Aircraft => compare_as(a, b, Reading::Organisation),
        Kind::Unknown => {
            let organisation = compare_as(a, b, Reading::Organisation);
            if looks_like_organisation(a) || looks_like_organisation(b) {
                return organisation;
            }
            let person = compare_as(a, b, Reading::Person);
            if person.found.score > organisation.found.score { person } else { organisation }
        }
    }
}

fn compare_as(a: &str, b: &str, reading: Reading) -> Compared {
    let mut best: Option<Compared> = None;
    let right_forms = forms(b, reading);
    for left in forms(a, reading) {
        for right in &right_forms {
            let found = score::compare_forms(&left, right, reading);
            if best.as_ref().is_none_or(|best| found.score > best.found.score) {
                best = Some(Compared { left: left.clone(), right: right.clone(), found });
            }
        }
    }
    best.unwrap_or_default()
}

fn looks_like_organisation(name: &str) -> bool {
    forms(name, Reading::Organisation)
        .iter()
        .flat_map(|f| &f.tokens)
        .any(|t| matches!(t.kind, TokenKind::Legal | TokenKind::Generic))
}
