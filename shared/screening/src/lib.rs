//! Screening of names against sanctions, PEP and adverse-media lists.
//!
//! ```text
//! readers ──► List ──► Artifact::build ──► bytes ──► Artifact::load ──► screen(Query) ──► Hit
//! ```
//!
//! Nothing here does I/O, knows the time or depends on the rest of the product. Scores are 0 to 1. `README.md` shows how to
//! begin, `docs/screening.md` tells how a score comes about.

// A name's tokens, scores and offsets are small numbers that we bound ourselves; the casts between them are the arithmetic
// of this module, and every one that reads foreign bytes is checked where it is read. Formulae have one letter a variable.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::many_single_char_names
)]
#![warn(missing_docs)]

mod artifact;
mod calendar;
mod compare;
pub mod date;
mod entity;
mod evidence;
mod explanation;
mod hit;
mod matcher;
mod normalise;
mod number;
pub mod readers;
mod text;

pub use artifact::{Artifact, FORMAT_VERSION, ListInfo, LoadError};
pub use compare::{Comparison, compare};
pub use date::{DateSpan, PartialDate};
pub use entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};
pub use explanation::Step;
pub use hit::{Hit, MatchedOn, Options, Query};
pub use normalise::NameDoubt;
pub use number::{AskedNumber, NumberType};
pub use readers::{Format, ReadError, ReadReport};

/// Goes up whenever a score can change for the same name and the same lists.
pub const ENGINE_VERSION: &str = "1.4.1";

/// The one threshold: a hit at or above it is shown to a person.
pub const DEFAULT_THRESHOLD: f64 = 0.85;

/// The folder of real lists and pairs beside the workspace, for tests: `VERINYM_SHARED`, or `../shared` above the manifest.
/// Without it such tests say so and pass: public data is never committed.
#[cfg(test)]
fn shared_folder(part: &str) -> Option<std::path::PathBuf> {
    let given = std::env::var_os("VERINYM_SHARED").map(std::path::PathBuf::from);
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        given.into_iter().chain(here.ancestors().map(|a| a.join("shared"))).map(|s| s.join(part)).find(|s| s.is_dir());
    if found.is_none() {
        eprintln!("skipped: no shared data ({part})");
    }
    found
}

/// The code of the page is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
