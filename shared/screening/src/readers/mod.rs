//! Readers: every published format into one [`List`].
//!
//! Strict about shape: a file whose rows or elements are not what its publisher documents is refused whole, because a
//! list read by halves clears people it should stop. A single broken entity is set aside and told. Generous about dirt
//! within the shape: odd dates, unknown countries, empty fields, code pages; whatever is not understood is counted in the
//! [`ReadReport`]. Memory is bounded by one record, time by the input.

mod country;
mod csl_csv;
mod encoding;
mod eu_xml;
mod ftm_json;
mod ftm_line;
mod guard;
mod intake;
mod mapped_csv;
mod name_marks;
mod names;
mod ofac_csv;
mod ofac_labels;
mod ofac_remarks;
mod ofac_xml;
mod opensanctions_csv;
mod quotes;
mod report;
mod table;
mod tidy;
mod uk_columns;
mod uk_csv;
mod un_xml;
mod xml;

use std::io::BufRead;

use thiserror::Error;

pub use country::iso_country;
pub use mapped_csv::ColumnMap;
pub use names::{FieldName, FieldNames, names_in};
pub use report::{
    BrokenEntity, Counts, DropReason, FileReport, Loss, MAX_SHRINK_PERCENT, MissingColumn, ReadReport, SetAside,
    UnknownValues,
};

use encoding::{Decoded, Expected};
use intake::Intake;

use super::entity::List;

/// More entries than any list or combined data set in use (`OpenSanctions`' whole collection has about 3 million).
pub const MAX_ENTITIES: usize = 5_000_000;

/// A published format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// OFAC Specially Designated Nationals, legacy CSV: `sdn.csv`, `alt.csv`, `add.csv`, `sdn_comments.csv`.
    OfacSdnCsv,
    /// OFAC's consolidated list of the other programmes, the same four files.
    OfacConsolidatedCsv,
    /// OFAC legacy XML (`sdn.xml`, `consolidated.xml`).
    OfacXml,
    /// United Nations Security Council Consolidated List, XML.
    UnXml,
    /// EU Financial Sanctions Files, XML 1.1.
    EuXml,
    /// The UK Sanctions List, CSV of the FCDO (the OFSI consolidated list was retired in January 2026).
    UkCsv,
    /// The US Consolidated Screening List of the Department of Commerce, CSV.
    UsCslCsv,
    /// `OpenSanctions` `targets.simple.csv`.
    OpenSanctionsCsv,
    /// `FollowTheMoney` entities, one JSON object a line.
    FtmJson,
    /// Any CSV whose columns a map names (RBI, SEBI, MHA, NSE).
    MappedCsv(Box<ColumnMap>),
}

impl Format {
    /// How many files a list of this format has at most.
    pub fn most_files(&self) -> usize {
        if matches!(self, Self::OfacSdnCsv | Self::OfacConsolidatedCsv) { 4 } else { 1 }
    }

    fn encoding(&self) -> Expected<'_> {
        match self {
            Self::OfacXml | Self::UnXml | Self::EuXml => Expected::Xml,
            Self::FtmJson => Expected::Utf8,
            Self::MappedCsv(map) => map.encoding.as_deref().map_or(Expected::Any, Expected::Declared),
            _ => Expected::Any,
        }
    }

    /// The id a list of this format has unless told otherwise.
    pub fn default_id(&self) -> &str {
        match self {
            Self::OfacSdnCsv | Self::OfacXml => "ofac_sdn",
            Self::OfacConsolidatedCsv => "ofac_consolidated",
            Self::UnXml => "un",
            Self::EuXml => "eu",
            Self::UkCsv => "uk",
            Self::UsCslCsv => "us_csl",
            Self::OpenSanctionsCsv => "opensanctions",
            Self::FtmJson => "ftm",
            Self::MappedCsv(map) => &map.list_id,
        }
    }
}

/// Why a file was refused. The last good list stays in force; that is the caller's part.
#[derive(Debug, Error)]
pub enum ReadError {
    /// No bytes, or nobody on the list.
    #[error("the file is empty")]
    Empty,
    /// A web page, another format, columns that are not there, bytes that are not of the encoding.
    #[error("not the expected format: {0}")]
    WrongFormat(String),
    /// A row or line that is not what its format documents.
    #[error("line {line}: {problem}")]
    BadRow {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// XML that is not well-formed, or has what no list has.
    #[error("byte {at}: {problem}")]
    BadXml {
        /// Byte of the decoded file.
        at: u64,
        /// What is wrong there.
        problem: String,
    },
    /// The file was cut off: load it again.
    #[error("the file ends in the middle: {0}")]
    Truncated(String),
    /// A record, a row or the list is larger than any list in use.
    #[error("too large: {0}")]
    TooLarge(String),
    /// Files of different days or lists, or too many of them.
    #[error("the files do not belong together: {0}")]
    Inconsistent(String),
    /// More broken entities than can be set aside: more than ten, and more than one in a thousand.
    #[error("{broken} entities are broken and {read} are not; the first one at {first}")]
    TooManyBroken {
        /// How many.
        broken: usize,
        /// How many others there are.
        read: usize,
        /// Where the first is and what it lacks.
        first: String,
    },
    /// The source failed.
    #[error("reading failed: {0}")]
    Io(String),
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        let text = error.to_string();
        if text.contains(guard::TOO_LONG) {
            Self::TooLarge(guard::TOO_LONG.into())
        } else if text.contains(encoding::NOT_DECODED) {
            Self::WrongFormat(text)
        } else {
            Self::Io(text)
        }
    }
}

/// Reads a list that is one file.
///
/// # Errors
/// [`ReadError`] says what is wrong and where; nothing of a refused file is returned.
pub fn read<R: BufRead>(format: &Format, mut input: R) -> Result<List, ReadError> {
    read_parts(format, &mut [&mut input])
}

/// Reads a list of several files: for the OFAC CSV formats the main file, then aliases, addresses and comments, which may
/// be missing; for all others the one file.
///
/// # Errors
/// As [`read`].
pub fn read_parts(format: &Format, parts: &mut [&mut dyn BufRead]) -> Result<List, ReadError> {
    read_with_report(format, parts).map(|(list, _)| list)
}

/// As [`read_parts`], with the report of what came in and what did not.
///
/// # Errors
/// As [`read`].
pub fn read_with_report(format: &Format, parts: &mut [&mut dyn BufRead]) -> Result<(List, ReadReport), ReadError> {
    if parts.is_empty() {
        return Err(ReadError::Empty);
    }
    if parts.len() > format.most_files() {
        return Err(ReadError::Inconsistent(format!("this format has at most {} files", format.most_files())));
    }
    let mut intake = Intake::default();
    let mut files = Vec::with_capacity(parts.len());
    for part in parts {
        files.push(Decoded::open(&mut **part, format.encoding())?);
    }
    let mut list = read_files(format, &mut files, &mut intake)?;
    for (file, seen) in files.iter().zip(&mut intake.report.files) {
        let (encoding, misfit_lines) = file.outcome();
        (seen.encoding, seen.misfit_lines) = (encoding.to_owned(), misfit_lines);
    }
    intake.check_broken()?;
    if intake.entities.is_empty() {
        return Err(ReadError::Empty);
    }
    let Intake { mut entities, mut report } = intake;
    entities.retain_mut(|entity| tidy::tidy(entity, &mut report));
    list.entities = entities;
    if list.id.is_empty() {
        format.default_id().clone_into(&mut list.id);
    }
    if list.version.is_empty() {
        // No version in the file: what was read stands for itself.
        list.version = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(format!("{:?}", list.entities).as_bytes()));
    }
    Ok((list, report))
}

/// Reads the files into the intake; the answer is the list without its entities.
fn read_files(format: &Format, files: &mut [Decoded<'_>], intake: &mut Intake) -> Result<List, ReadError> {
    if matches!(format, Format::OfacSdnCsv | Format::OfacConsolidatedCsv) {
        return ofac_csv::read(files, intake);
    }
    let Some(file) = files.first_mut() else { return Err(ReadError::Empty) };
    intake.begin_file();
    match format {
        Format::OfacXml => ofac_xml::read(file, intake),
        Format::UnXml => un_xml::read(file, intake),
        Format::EuXml => eu_xml::read(file, intake),
        Format::UkCsv => uk_csv::read(file, intake),
        Format::UsCslCsv => csl_csv::read(file, intake),
        Format::OpenSanctionsCsv => opensanctions_csv::read(file, intake),
        Format::FtmJson => ftm_json::read(file, intake),
        Format::MappedCsv(map) => mapped_csv::read(file, map, intake),
        Format::OfacSdnCsv | Format::OfacConsolidatedCsv => Err(ReadError::Empty),
    }
}

/// What a file looks like, by its first bytes: for the tuning command, which is handed a folder. The product is told the
/// format of each list by its configuration. OFAC's headerless CSVs cannot be told from each other this way.
pub fn sniff(head: &[u8]) -> Option<Format> {
    let text = String::from_utf8_lossy(&head[..head.len().min(4096)]);
    let text = text.trim_start_matches('\u{feff}').trim_start().trim_start_matches('"');
    if text.starts_with('<') {
        return [("<CONSOLIDATED_LIST", Format::UnXml), ("<sdnList", Format::OfacXml), ("<export", Format::EuXml)]
            .into_iter()
            .find(|(tag, _)| text.contains(tag))
            .map(|(_, f)| f);
    }
    if text.starts_with('{') {
        return Some(Format::FtmJson);
    }
    let first = text.lines().next().unwrap_or_default();
    if first.to_ascii_lowercase().starts_with("report date") || first.contains("OFSI Group ID") {
        Some(Format::UkCsv)
    } else if first.contains("entity_number") && first.contains("alt_names") {
        Some(Format::UsCslCsv)
    } else if first.contains("schema") && first.contains("aliases") && first.contains("birth_date") {
        Some(Format::OpenSanctionsCsv)
    } else {
        None
    }
}

#[cfg(test)]
mod class_tests;
#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod real_tests;
