//! The compiled form of all lists: one block of bytes, built once, read without parsing.

mod build;
mod candidates;
mod chance;
mod judge;
mod keys;
mod layout;
mod lookup;
mod pieces;
mod search;
mod side;
mod view;

use std::ops::Range;
use std::sync::Mutex;

pub use layout::{FORMAT_VERSION, LoadError};

use super::entity::List;
use super::hit::{Hit, Options, Query};
use candidates::Scratch;
use layout::{SECTIONS, Section};

/// All lists, ready to be screened against. Share it behind an `Arc`; every screening answers wholly from it.
pub struct Artifact {
    bytes: Vec<u8>,
    /// The section of texts once more, checked to be UTF-8: so that no word need be checked when it is read.
    strings: String,
    sections: [Range<usize>; SECTIONS],
    /// Working memory of finished screenings, for the next ones: nothing is allocated per name on a warm path.
    scratch: Mutex<Vec<Scratch>>,
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Artifact")
            .field("bytes", &self.bytes.len())
            .field("lists", &self.lists())
            .finish_non_exhaustive()
    }
}

/// What an artifact says of one of its lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListInfo {
    /// As hits name it.
    pub id: String,
    /// The publisher's version or date, else a hash of what was read.
    pub version: String,
    /// Entities, each with one name or more.
    pub entries: usize,
    /// Date or time (RFC 3339) where the list carries one.
    pub published_at: Option<String>,
}

impl Artifact {
    /// Compiles lists to bytes. The same lists give the same bytes.
    pub fn build(lists: &[List]) -> Vec<u8> {
        build::build(lists)
    }

    /// Takes the bytes of [`Artifact::build`]: checks version, length, checksum and that texts are texts; parses nothing.
    ///
    /// # Errors
    /// [`LoadError`] if the bytes are anything else, or damaged.
    pub fn load(bytes: Vec<u8>) -> Result<Self, LoadError> {
        let sections = layout::open(&bytes)?;
        let strings = bytes.get(sections[Section::Strings.number(0)].clone()).unwrap_or_default();
        let strings = std::str::from_utf8(strings).map_err(|_| LoadError::NotText)?.to_owned();
        Ok(Self { bytes, strings, sections, scratch: Mutex::new(Vec::new()) })
    }

    /// The lists inside, in the order they were given.
    pub fn lists(&self) -> Vec<ListInfo> {
        self.view().lists()
    }

    /// Number of indexed names, of all lists.
    pub fn names(&self) -> usize {
        self.view().name_count()
    }

    /// Screens one name: the hits at or above the threshold, best first, one per listed entity.
    pub fn screen(&self, query: &Query, options: &Options) -> Vec<Hit> {
        let mut scratch = self.scratch.lock().ok().and_then(|mut s| s.pop()).unwrap_or_default();
        let hits = search::screen(self.view(), query, options, &mut scratch, false);
        if let Ok(mut pool) = self.scratch.lock() {
            pool.push(scratch);
        }
        hits
    }

    /// As [`Artifact::screen`], but by comparing with every listed name: what the candidate search is measured against.
    pub fn screen_exhaustively(&self, query: &Query, options: &Options) -> Vec<Hit> {
        search::screen(self.view(), query, options, &mut Scratch::default(), true)
    }

    fn view(&self) -> view::View<'_> {
        view::View::new(&self.bytes, &self.strings, &self.sections)
    }
}

#[cfg(test)]
mod evasion_tests;
#[cfg(test)]
mod tests;
