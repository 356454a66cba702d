//! The answers that the tests of the stack received were compared with the OpenAPI document (`conformance`). Runs after `stack`, whose
//! answers it counts (cargo runs test targets in the order of their names).

use verinym_tests::conformance::{checked_answers, successes_never_checked};

/// Registering answers 202 where the stack hides taken addresses; the tests of that start functions of their own.
const NOT_CALLED: &[&str] = &["auth-register 202"];

#[test]
fn each_success_of_each_operation_was_compared_with_the_document() {
    let seen = checked_answers();
    let (answers, kinds) = (seen.values().sum::<usize>(), seen.len());
    eprintln!("{answers} answers were compared with docs/openapi.json, of {kinds} operations and statuses");
    assert!(answers > 2_000, "only {answers} answers");
    let missing: Vec<_> =
        successes_never_checked().into_iter().filter(|one| !NOT_CALLED.contains(&one.as_str())).collect();
    assert!(missing.is_empty(), "never received: {missing:?}");
}
