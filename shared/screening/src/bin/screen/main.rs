//! The command of the screening engine: builds an artifact from lists, asks it, compares names, and answers over HTTP.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a command for people, printing figures"
)]

mod args;
mod build;
mod classify;
mod compare;
mod explain;
mod query;
mod serve;

use std::error::Error;
use std::io;
use std::process::ExitCode;

use args::{Args, Usage};

/// What the command answers to the shell.
const DONE: u8 = 0;
const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;
/// `explain` only: somebody has to look at this name.
const TO_REVIEW: u8 = 3;

/// The exit code, or why there is none.
type Outcome = Result<u8, Box<dyn Error>>;

const HELP: &str = "\
Screening of names against sanctions, PEP and adverse-media lists.

  screen build FOLDER -o FILE       compile the lists of a folder to an artifact
  screen explain ARTIFACT NAME      ask for one name: every hit with the lines that lead to its score
  screen query ARTIFACT NAMES.csv   ask for many names: hits as CSV
  screen compare NAME NAME          compare two names: score and lines
  screen compare PAIRS.csv          compare many pairs of names
  screen serve ARTIFACT             answer POST /v1/aml/screenings on this machine alone
  screen VERB --help                what a verb takes
  screen --version                  version of the engine

Exit codes: 0 done, 1 failed, 2 wrong usage; `explain` answers 3 for a name that somebody has to look at.
";

/// A verb's name, help and function.
type Verb = (&'static str, &'static str, fn(Args) -> Outcome);

const VERBS: [Verb; 5] = [
    ("build", build::HELP, build::run),
    ("explain", explain::HELP, explain::run),
    ("query", query::HELP, query::run),
    ("compare", compare::HELP, compare::run),
    ("serve", serve::HELP, serve::run),
];

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let first = words.next().unwrap_or_default();
    let outcome = match first.to_str() {
        Some("--help" | "-h" | "help") => args::print(HELP),
        Some("--version" | "-V") => args::print(&format!("screen {}\n", verinym_screening::ENGINE_VERSION)),
        Some("") => Err(Usage::of("no verb", HELP)),
        word => match VERBS.iter().find(|(name, ..)| Some(*name) == word) {
            Some((_, help, run)) => Args::of(words, help).and_then(|args| args.map_or(Ok(DONE), run)),
            None => Err(Usage::of(&format!("no verb {}", first.display()), HELP)),
        },
    };
    ExitCode::from(outcome.unwrap_or_else(|error| told(&*error)))
}

/// Says what went wrong; the answer is the exit code.
fn told(error: &(dyn Error + 'static)) -> u8 {
    if let Some(usage) = error.downcast_ref::<Usage>() {
        eprintln!("screen: {usage}");
        return WRONG_USAGE;
    }
    // The reader of the output went away, as `head` does.
    if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
        return DONE;
    }
    eprintln!("screen: {error}");
    FAILED
}
