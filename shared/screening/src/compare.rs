//! Two names compared without a list.

use super::entity::Kind;
use super::evidence::ceiling;
use super::explanation::{Step, name_steps};
use super::matcher::compare_names;
use super::matcher::token::TokenRef;

/// How two names agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// That both names have one bearer, 0 to 0.97: a name alone is no certainty. How many others have such a name is not
    /// known without a list, so a screening may score the same two names lower.
    pub score: f64,
    /// That the names agree, and no more. 0 to 1.
    pub name_score: f64,
    /// Why. The points, added to 1000, are the score in thousandths.
    pub steps: Vec<Step>,
}

/// Compares two names of the given kind, in any script and order. It does not matter which stands first, except for the words
/// of the steps. With [`Kind::Unknown`] a name that shows a company form or a line of business is read as an organisation's,
/// any other both as a person's and as an organisation's, and the better score counts.
///
/// ```
/// use verinym_screening::{Kind, compare};
///
/// let found = compare("Alvaro Montenegro", "MONTENEGRO, Alvaro", Kind::Person);
/// assert_eq!(found.score, 0.97);
/// ```
pub fn compare(a: &str, b: &str, kind: Kind) -> Comparison {
    let compared = compare_names(a, b, kind);
    let tokens =
        [&compared.left, &compared.right].map(|form| form.tokens.iter().map(TokenRef::from).collect::<Vec<_>>());
    let [left, right] = &tokens;
    let name_score = compared.found.score;
    let score = ceiling(name_score);
    let mut steps = name_steps(left, right, &compared.found);
    if score != name_score {
        steps.push(Step::new("a name alone is no certainty", score - name_score));
    }
    Comparison { score: f64::from(score) / 1000.0, name_score: f64::from(name_score) / 1000.0, steps }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(comparison: &Comparison) -> i32 {
        comparison.steps.iter().map(|step| step.points).sum::<i32>() + 1000
    }

    #[test]
    fn the_steps_of_names_that_agree_differ_or_say_nothing_add_up() {
        let pairs = [
            ("Alvaro Montenegro", "Alvaro Montenegor", 0.85..0.97),
            ("Alvaro Montenegro", "Alvaro Montenegro", 0.97..0.971),
            ("Zeta Trading Ltd", "Vorska Yards", 0.0..0.85),
            ("", "", 0.0..0.001),
            ("...", "Alvaro", 0.0..0.001),
        ];
        for (a, b, range) in pairs {
            let found = compare(a, b, Kind::Unknown);
            assert!(range.contains(&found.score), "{a} / {b}: {found:?}");
            assert_eq!(sum(&found), (found.score * 1000.0).round() as i32, "{found:?}");
        }
    }

    proptest! {
        #[test]
        fn the_steps_of_any_two_names_add_up(a in "\\PC{0,30}", b in "[A-Za-z .,-]{0,30}", kind in 0u8..5) {
            let found = compare(&a, &b, Kind::from_byte(kind));
            prop_assert_eq!(sum(&found), (found.score * 1000.0).round() as i32, "{:?}", found);
            prop_assert!((0.0..=0.97).contains(&found.score));
        }
    }
}
