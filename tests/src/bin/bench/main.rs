//! `make bench`: the table of budgets. Everything is measured in one run on one machine; where only a ratio is meaningful, the table
//! has the ratio. Nothing is asserted.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be measured ends the run")]
#![allow(clippy::print_stdout, reason = "the table is the result")]

mod functions;
mod harness;
mod logins;
mod round_trips;
mod tokens;

use std::path::PathBuf;

use verinym_tests::{Stack, workspace::root};

/// One line of the table.
#[derive(Debug)]
pub struct BudgetRow {
    pub what: String,
    pub budget: String,
    pub measured: String,
    pub kept: bool,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let stack = stack();
    let mut rows = Vec::new();
    match &stack {
        Some(stack) => {
            println!("· round trips of first and later calls of a process, by the functions' own count");
            rows.extend(round_trips::rows(stack).await);
        }
        None => println!("· no stack runs (make up): without round trips, logins and memory under load"),
    }
    println!("· cold starts and memory of release functions");
    rows.extend(functions::rows(stack.as_ref()).await);
    println!("· access tokens and permissions");
    rows.extend(tokens::rows());
    println!("· packages");
    rows.extend(functions::packages());
    if let Some(stack) = &stack {
        println!("· CPU of logins beside bare Argon2id");
        rows.push(logins::row(stack).await);
    }
    print(&rows);
}

/// The running stack, if there is one.
fn stack() -> Option<Stack> {
    let file = std::env::var("STACK_ENV").unwrap_or_else(|_| "target/stack.env".to_owned());
    root().join(file).is_file().then(Stack::get)
}

/// Where `cargo build --release` put the functions.
pub fn binaries() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    root().join(target).join("release")
}

pub fn median(mut values: Vec<f64>) -> f64 {
    assert!(!values.is_empty());
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(rows: &[BudgetRow]) {
    let width = |of: fn(&BudgetRow) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or_default();
    let (what, budget, measured) = (width(|row| &row.what), width(|row| &row.budget), width(|row| &row.measured));
    println!("\n{:what$}  {:>budget$}  {:>measured$}", "what", "budget", "measured");
    for row in rows {
        let mark = if row.kept { "" } else { "  over budget" };
        println!("{:what$}  {:>budget$}  {:>measured$}{mark}", row.what, row.budget, row.measured);
    }
}
