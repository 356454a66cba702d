use super::*;
use crate::normalise::{Reading, form};

fn aligned(a: &str, b: &str) -> Alignment {
    let (x, y) = (form(a, Reading::Person), form(b, Reading::Person));
    let l: Vec<TokenRef<'_>> = x.tokens.iter().map(Into::into).collect();
    let r: Vec<TokenRef<'_>> = y.tokens.iter().map(Into::into).collect();
    let mut out = Alignment::default();
    align(&l, &r, &mut Memo::default(), &mut out, false);
    out
}

#[test]
fn best_not_first() {
    // Greedy order would give Marina to Marin and leave Karina with nothing.
    let a = aligned("Marina Karin", "Karina Marin");
    assert_eq!(a.pairs.len(), 2);
    assert_eq!((a.left_over, a.right_over), (0, 0));
    let total: i32 = a.pairs.iter().map(|p| p.agreement.loss).sum();
    assert!(total < 150, "{total}");
}

#[test]
fn joined_and_split() {
    for (a, b) in [
        ("Alvaro Montenegro", "Alvaromontenegro"),
        ("Jan Pieter Bakker", "Janpieter Bakker"),
        ("van der Bilt", "Vanderbilt"),
        ("Mon Te Negro Alvaro", "Alvaro Montenegro"),
    ] {
        for (x, y) in [(a, b), (b, a)] {
            let al = aligned(x, y);
            assert_eq!((al.left_over, al.right_over), (0, 0), "{x} / {y}");
        }
    }
}
