//! Readers: every published format into one [`List`].
//!
//! Strict about shape: a file whose rows or elements are not what its publisher documents is refused whole, because a
//! list read by halves clears people it should stop. Generous about dirt within the shape: odd dates, unknown
//! countries, empty fields, Latin-1 bytes, missing trailing markers. Memory is bounded by one record, time by the input.

mod country;
mod csl_csv;
mod eu_xml;
mod ftm_json;
pub mod guard;
mod mapped_csv;
mod ofac_csv;
mod ofac_remarks;
mod ofac_xml;
mod opensanctions_csv;
mod shrink;
mod table;
mod uk_csv;
mod un_xml;
mod xml;

use std::io::BufRead;

use thiserror::Error;

pub use country::{CountryReading, iso_country, read_country};
pub use mapped_csv::ColumnMap;
pub use shrink::{MAX_SHRINK_PERCENT, Shrunken, check_shrink};

use super::entity::{Entity, List};

/// More entries than any list or combined data set in use (`OpenSanctions`' whole collection has about 3 million).
pub const MAX_ENTITIES: usize = 5_000_000;

/// A published format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// OFAC Specially Designated Nationals, legacy CSV: `sdn.csv`, `alt.csv`, `add.csv`.
    OfacSdnCsv,
    /// OFAC's consolidated list of the other programmes, the same three files.
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
    #[error("the file is empty")]
    Empty,
    #[error("not the expected format: {0}")]
    WrongFormat(String),
    #[error("line {line}: {problem}")]
    BadRow { line: u64, problem: String },
    #[error("byte {at}: {problem}")]
    BadXml { at: u64, problem: String },
    #[error("the file ends in the middle: {0}")]
    Truncated(String),
    #[error("too large: {0}")]
    TooLarge(String),
    #[error("the files do not belong together: {0}")]
    Inconsistent(String),
    #[error("reading failed: {0}")]
    Io(String),
}

/// Reads a list that is one file.
///
/// # Errors
/// [`ReadError`] says what is wrong and where; nothing of a refused file is returned.
pub fn read<R: BufRead>(format: &Format, mut input: R) -> Result<List, ReadError> {
    read_parts(format, &mut [&mut input])
}

/// Reads a list of several files: for the OFAC CSV formats the main file, aliases and addresses in this order (the latter
/// two may be missing); for all others the one file.
///
/// # Errors
/// As [`read`].
pub fn read_parts(format: &Format, parts: &mut [&mut dyn BufRead]) -> Result<List, ReadError> {
    let Some((first, rest)) = parts.split_first_mut() else { return Err(ReadError::Empty) };
    if !rest.is_empty() && !matches!(format, Format::OfacSdnCsv | Format::OfacConsolidatedCsv) {
        return Err(ReadError::Inconsistent("this format is one file".into()));
    }
    let mut list = match format {
        Format::OfacSdnCsv | Format::OfacConsolidatedCsv => {
            let (alt, add) = match rest {
                [] => (None, None),
                [alt] => (Some(&mut **alt as &mut dyn BufRead), None),
                [alt, add, ..] => (Some(&mut **alt as &mut dyn BufRead), Some(&mut **add as &mut dyn BufRead)),
            };
            ofac_csv::read(&mut **first, alt, add)?
        }
        Format::OfacXml => ofac_xml::read(&mut **first)?,
        Format::UnXml => un_xml::read(&mut **first)?,
        Format::EuXml => eu_xml::read(&mut **first)?,
        Format::UkCsv => uk_csv::read(&mut **first)?,
        Format::UsCslCsv => csl_csv::read(&mut **first)?,
        Format::OpenSanctionsCsv => opensanctions_csv::read(&mut **first)?,
        Format::FtmJson => ftm_json::read(&mut **first)?,
        Format::MappedCsv(map) => mapped_csv::read(&mut **first, map)?,
    };
    if list.entities.is_empty() {
        return Err(ReadError::Empty);
    }
    if list.id.is_empty() {
        format.default_id().clone_into(&mut list.id);
    }
    for entity in &mut list.entities {
        tidy(entity);
    }
    list.entities.retain(|e| !e.names.is_empty());
    if list.version.is_empty() {
        // No version in the file: what was read stands for itself.
        list.version = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(format!("{:?}", list.entities).as_bytes()));
    }
    Ok(list)
}

/// Drops empty and repeated names, countries, dates and identifiers; cuts what is beyond reason.
fn tidy(entity: &mut Entity) {
    const MAX_NAMES: usize = 500;
    for name in &mut entity.names {
        let clean = name.text.split_whitespace().collect::<Vec<_>>().join(" ");
        name.text = if clean.len() > 1000 { clean.chars().take(400).collect() } else { clean };
    }
    entity.names.retain(|n| n.text.chars().any(char::is_alphanumeric));
    let mut seen = std::collections::HashSet::new();
    entity.names.retain(|n| seen.insert(n.text.to_lowercase()));
    entity.names.truncate(MAX_NAMES);
    for list in [&mut entity.countries, &mut entity.programmes, &mut entity.linked_to] {
        list.retain(|c| !c.trim().is_empty());
        list.sort();
        list.dedup();
        list.truncate(60);
    }
    let mut dates: Vec<super::date::DateSpan> = Vec::new();
    for date in &entity.dates_of_birth {
        if !dates.contains(date) {
            dates.push(*date);
        }
    }
    dates.truncate(60);
    entity.dates_of_birth = dates;
    entity.identifiers.retain(|i| i.number.chars().any(char::is_alphanumeric));
    entity.identifiers.truncate(200);
    if entity.remarks.len() > 2000 {
        entity.remarks = entity.remarks.chars().take(500).collect();
    }
}

/// What a file looks like, by its first bytes: for the tuning command, which is handed a folder. The product is told the
/// format of each list by its configuration. OFAC's headerless CSVs cannot be told from each other this way.
pub fn sniff(head: &[u8]) -> Option<Format> {
    let text = String::from_utf8_lossy(&head[..head.len().min(4096)]);
    let text = text.trim_start_matches('\u{feff}').trim_start();
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
    if first.starts_with("Report Date") || first.contains("OFSI Group ID") {
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
mod fuzz_tests;
