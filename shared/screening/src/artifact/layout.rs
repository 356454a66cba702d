//! The bytes of an artifact.
//!
//! ```text
//! 0   8  magic "VNYMSCR1"
//! 8   4  format version          12  4  number of sections
//! 16  8  length of all bytes     24  8  XXH3-64 of everything from byte 32 on
//! 32     per section: offset u64, length u64
//! …      the sections, each on a multiple of 8
//! ```
//!
//! All integers are little-endian and read by [`u32::from_le_bytes`] at checked positions: a position outside its
//! section reads as zero, so that no byte sequence, however made, can make a reader panic or read elsewhere. The checksum
//! guards against damage, not against forgery: who may write the object is the bucket's concern, and its SHA-256 is kept
//! with the list's version.

use std::ops::Range;

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

pub const MAGIC: &[u8; 8] = b"VNYMSCR1";
/// Goes up with every change of layout, or of the normalisation whose results are stored.
pub const FORMAT_VERSION: u32 = 5;
const HEADER: usize = 32;

/// Why bytes are not an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoadError {
    /// The bytes do not begin as an artifact does.
    #[error("not a screening artifact")]
    NotAnArtifact,
    /// Build it again from the lists.
    #[error("made by another version of the engine: format {found}, this engine reads {FORMAT_VERSION}")]
    OtherVersion {
        /// Format of the bytes.
        found: u32,
    },
    /// A download or copy that broke off.
    #[error("cut off or padded: {found} bytes instead of {expected}")]
    WrongLength {
        /// Bytes by its header.
        expected: u64,
        /// Bytes given.
        found: u64,
    },
    /// At least one byte is another.
    #[error("the checksum does not match: the bytes are damaged")]
    Damaged,
    /// Its table of contents points outside.
    #[error("a section lies outside the artifact")]
    BadSections,
    /// Names that are no text.
    #[error("its texts are not UTF-8")]
    NotText,
}

/// The sections, in their order in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Section {
    Strings = 0,
    Lists,
    Entities,
    Names,
    Dates,
    Refs,
    Identifiers,
    /// From a number to the entities that have it.
    NumberDirectory,
    Numbers,
    /// The parts of the index, once for persons and once for organisations.
    Forms,
    Tokens,
    Dictionary,
    Postings,
    KeyDirectory,
    Keys,
    JoinDirectory,
    Joins,
}

const SHARED: usize = Section::Forms as usize;
const PER_READING: usize = Section::Joins as usize - SHARED + 1;
pub const SECTIONS: usize = SHARED + 2 * PER_READING;

impl Section {
    /// The section's number; `reading` (0 or 1) matters for the index only.
    pub fn number(self, reading: usize) -> usize {
        let n = self as usize;
        if n < SHARED { n } else { n + reading * PER_READING }
    }
}

/// Puts header and sections together.
pub fn assemble(sections: &[Vec<u8>; SECTIONS]) -> Vec<u8> {
    let mut at = HEADER + SECTIONS * 16;
    let mut table = Vec::with_capacity(SECTIONS * 16);
    for s in sections {
        table.extend_from_slice(&(at as u64).to_le_bytes());
        table.extend_from_slice(&(s.len() as u64).to_le_bytes());
        at += s.len().next_multiple_of(8);
    }
    let mut out = Vec::with_capacity(at);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    out.extend_from_slice(&(SECTIONS as u32).to_le_bytes());
    out.extend_from_slice(&(at as u64).to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&table);
    for s in sections {
        out.extend_from_slice(s);
        out.resize(out.len().next_multiple_of(8), 0);
    }
    let sum = xxh3_64(&out[HEADER..]);
    out[24..32].copy_from_slice(&sum.to_le_bytes());
    out
}

/// Checks header, length and checksum, and answers where the sections lie.
///
/// # Errors
/// [`LoadError`], if anything is not as [`assemble`] writes it.
pub fn open(bytes: &[u8]) -> Result<[Range<usize>; SECTIONS], LoadError> {
    if bytes.len() < HEADER || &bytes[..8] != MAGIC {
        return Err(LoadError::NotAnArtifact);
    }
    let found = u32_at(bytes, 8);
    if found != FORMAT_VERSION {
        return Err(LoadError::OtherVersion { found });
    }
    let expected = u64_at(bytes, 16);
    if expected != bytes.len() as u64 {
        return Err(LoadError::WrongLength { expected, found: bytes.len() as u64 });
    }
    if u64_at(bytes, 24) != xxh3_64(&bytes[HEADER..]) {
        return Err(LoadError::Damaged);
    }
    if u32_at(bytes, 12) as usize != SECTIONS || bytes.len() < HEADER + SECTIONS * 16 {
        return Err(LoadError::BadSections);
    }
    let mut out: [Range<usize>; SECTIONS] = std::array::from_fn(|_| 0..0);
    for (i, range) in out.iter_mut().enumerate() {
        let at = HEADER + i * 16;
        let start = usize::try_from(u64_at(bytes, at)).map_err(|_| LoadError::BadSections)?;
        let len = usize::try_from(u64_at(bytes, at + 8)).map_err(|_| LoadError::BadSections)?;
        let end = start.checked_add(len).filter(|e| *e <= bytes.len()).ok_or(LoadError::BadSections)?;
        *range = start..end;
    }
    Ok(out)
}

/// A little-endian integer, or 0 outside the slice.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    match at.checked_add(4).and_then(|end| bytes.get(at..end)) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// As [`u32_at`].
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at.saturating_add(4))) << 32
}

/// A sorted table of (hash, value) with a directory over the upper bits of the hash, so that a look-up is one jump and a
/// short scan.
pub struct HashTable<'a> {
    pub directory: &'a [u8],
    pub rows: &'a [u8],
}

impl<'a> HashTable<'a> {
    /// Writes directory and rows.
    pub fn build(mut pairs: Vec<(u32, u32)>) -> (Vec<u8>, Vec<u8>) {
        pairs.sort_unstable();
        pairs.dedup();
        let bits = (pairs.len().max(2).ilog2()).clamp(4, 24);
        let mut directory = Vec::with_capacity((1 << bits) * 4 + 8);
        directory.extend_from_slice(&bits.to_le_bytes());
        let mut at = 0;
        for bucket in 0..=(1u64 << bits) {
            while at < pairs.len() && u64::from(pairs[at].0 >> (32 - bits)) < bucket {
                at += 1;
            }
            directory.extend_from_slice(&(at as u32).to_le_bytes());
        }
        let rows = pairs.iter().flat_map(|(h, v)| [h.to_le_bytes(), v.to_le_bytes()]).flatten().collect();
        (directory, rows)
    }

    /// All values under a hash.
    pub fn get(&self, hash: u32) -> impl Iterator<Item = u32> + use<'a> {
        let bits = u32_at(self.directory, 0).clamp(1, 31);
        let bucket = (hash >> (32 - bits)) as usize;
        let start = u32_at(self.directory, 4 + bucket * 4) as usize;
        let end = u32_at(self.directory, 8 + bucket * 4) as usize;
        let end = end.min(self.rows.len() / 8);
        let rows = self.rows;
        (start..end.max(start))
            .map(move |i| (u32_at(rows, i * 8), u32_at(rows, i * 8 + 4)))
            .filter(move |(h, _)| *h == hash)
            .map(|(_, v)| v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_finds_all_and_only_what_was_put_in() {
        let pairs: Vec<(u32, u32)> = (0..5000u32).map(|i| ((i.wrapping_mul(2_654_435_761) % 1000) << 20, i)).collect();
        let (directory, rows) = HashTable::build(pairs.clone());
        let table = HashTable { directory: &directory, rows: &rows };
        for hash in pairs.iter().map(|p| p.0).chain([7, u32::MAX]) {
            let mut expected: Vec<u32> = pairs.iter().filter(|p| p.0 == hash).map(|p| p.1).collect();
            expected.sort_unstable();
            assert_eq!(table.get(hash).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn sections_round_trip() {
        let sections: [Vec<u8>; SECTIONS] = std::array::from_fn(|i| vec![i as u8; i]);
        let bytes = assemble(&sections);
        let ranges = open(&bytes).unwrap();
        for (i, r) in ranges.iter().enumerate() {
            assert_eq!(&bytes[r.clone()], &sections[i][..]);
        }
    }
}
