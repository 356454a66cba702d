//! No two modules of a crate import each other, directly or through others.

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

mod graph;

use std::path::Path;

use graph::Modules;

/// Where each crate has its sources.
const CRATES: &[&str] = &[
    "shared",
    "shared/crypto",
    "shared/domain",
    "shared/screening",
    "functions/account",
    "functions/admin",
    "functions/aml",
    "functions/auth",
    "functions/kyc",
    "functions/platform",
    "functions/sandbox",
    "functions/webhooks",
    "functions/workers",
    "tests",
];

#[test]
fn no_two_modules_import_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut wrong = Vec::new();
    for name in CRATES {
        let circles = Modules::read(&root.join(name).join("src")).circles();
        wrong.extend(circles.into_iter().map(|circle| format!("{name}: {}", circle.join(", "))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_circle_through_a_re_export_and_an_inline_path_is_found() {
    let source = "
        pub mod a { use super::Thing; pub struct Part; }
        pub mod b { pub struct Thing; fn make() -> crate::a::Part { crate::a::Part } }
        pub mod c { pub struct Alone(crate::b::Thing); }
        pub use b::Thing;
    ";
    assert_eq!(Modules::parse(source).circles(), [["a", "b"]]);
}
