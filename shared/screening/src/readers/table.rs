//! CSV with and without headers, for all tabular formats: exact column counts, Latin-1 where UTF-8 fails, bounded records.

use std::io::BufRead;

use super::ReadError;
use super::guard::{Guarded, Meter, TOO_LONG};

/// No published list has more columns; a row of millions would cost more than its bytes.
const MAX_COLUMNS: usize = 1000;
/// No field of a published list holds more values.
const MAX_VALUES: usize = 2000;

/// A CSV file being read.
pub struct Table<'a> {
    reader: csv::Reader<Guarded<'a>>,
    meter: Meter,
    headers: Vec<String>,
    record: csv::ByteRecord,
    /// How many columns at the end a row may lack.
    lacking: usize,
}

/// One row, by column name or number.
pub struct Row<'t> {
    pub line: u64,
    record: &'t csv::ByteRecord,
    headers: &'t [String],
}

impl<'a> Table<'a> {
    /// Without header.
    pub fn bare(input: &'a mut dyn BufRead) -> Self {
        let (guarded, meter) = Guarded::new(input);
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(guarded);
        Self { reader, meter, headers: Vec::new(), record: csv::ByteRecord::new(), lacking: 0 }
    }

    /// With a header that must hold `required`; header names are trimmed, a byte order mark is dropped.
    pub fn with_header(input: &'a mut dyn BufRead, required: &[&str]) -> Result<Self, ReadError> {
        let mut table = Self::bare(input);
        if !table.advance()? {
            return Err(ReadError::Empty);
        }
        table.headers = (0..table.record.len())
            .map(|i| field(&table.record, i).trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        for name in required {
            if !table.headers.iter().any(|h| h == name) {
                return Err(ReadError::WrongFormat(format!("no column {name:?}")));
            }
        }
        Ok(table)
    }

    /// Rows may end up to `columns` early: some spreadsheets drop empty cells at the end of a row.
    pub fn allow_lacking(&mut self, columns: usize) {
        self.lacking = columns;
    }

    /// The header's names.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// The next row; rows of nothing but blanks are skipped. With a header, each row must have exactly its columns
    /// (but see [`Table::allow_lacking`]).
    pub fn next(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        loop {
            if !self.advance()? {
                return Ok(None);
            }
            if self.record.iter().any(|f| !f.trim_ascii().is_empty()) {
                break;
            }
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        let expected = self.headers.len().saturating_sub(self.lacking)..=self.headers.len();
        if !self.headers.is_empty() && !expected.contains(&self.record.len()) {
            return Err(ReadError::BadRow {
                line,
                problem: format!("{} columns where the header has {}", self.record.len(), self.headers.len()),
            });
        }
        Ok(Some(Row { line, record: &self.record, headers: &self.headers }))
    }

    fn advance(&mut self) -> Result<bool, ReadError> {
        let got = self.reader.read_byte_record(&mut self.record).map_err(|e| match e.into_kind() {
            csv::ErrorKind::Io(e) if e.to_string() == TOO_LONG => ReadError::TooLarge(TOO_LONG.into()),
            csv::ErrorKind::Io(e) => ReadError::Io(e.to_string()),
            other => ReadError::WrongFormat(format!("{other:?}")),
        })?;
        self.meter.record_done();
        if self.record.len() > MAX_COLUMNS {
            return Err(ReadError::TooLarge(format!("a row of more than {MAX_COLUMNS} columns")));
        }
        Ok(got)
    }
}

impl Row<'_> {
    pub fn len(&self) -> usize {
        self.record.len()
    }

    /// Column by number, trimmed; empty where there is none.
    pub fn at(&self, i: usize) -> String {
        field(self.record, i).trim().to_owned()
    }

    /// Column by name, trimmed; empty where there is none.
    pub fn get(&self, name: &str) -> String {
        self.headers.iter().position(|h| h == name).map_or_else(String::new, |i| self.at(i))
    }

    /// A column that holds several values.
    pub fn split(&self, name: &str, separators: &[char]) -> Vec<String> {
        let field = self.get(name);
        let values = field.split(separators).map(str::trim).filter(|p| !p.is_empty());
        values.take(MAX_VALUES).map(str::to_owned).collect()
    }

    pub fn bad(&self, problem: impl Into<String>) -> ReadError {
        ReadError::BadRow { line: self.line, problem: problem.into() }
    }
}

/// UTF-8, or else Latin-1: older government files mix both.
fn field(record: &csv::ByteRecord, i: usize) -> String {
    let bytes = record.get(i).unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}
