//! CSV with and without headers, for all tabular formats: exact column counts, bounded records, no half files.

use std::cell::Cell;
use std::io::BufRead;
use std::rc::Rc;

use super::ReadError;
use super::guard::{Guarded, Meter};
use super::quotes::{Ending, Watched};
use super::report::{MissingColumn, ReadReport};

/// No published list has more columns; a row of millions would cost more than its bytes.
const MAX_COLUMNS: usize = 1000;
/// No field of a published list holds more values.
const MAX_VALUES: usize = 2000;

/// A column that a reader uses.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    pub name: &'a str,
    /// Other names that the publisher has given it.
    pub others: &'a [&'a str],
    /// What a list without it lacks: "dates of birth".
    pub holds: &'a str,
    pub is_required: bool,
}

impl<'a> Column<'a> {
    pub const fn required(name: &'a str, others: &'a [&'a str], holds: &'a str) -> Self {
        Self { name, others, holds, is_required: true }
    }

    pub const fn optional(name: &'a str, others: &'a [&'a str], holds: &'a str) -> Self {
        Self { name, others, holds, is_required: false }
    }
}

/// A CSV file being read.
pub struct Table<'a> {
    reader: csv::Reader<Watched<Guarded<'a>>>,
    meter: Meter,
    ending: Rc<Cell<Ending>>,
    headers: Vec<String>,
    record: csv::ByteRecord,
    /// How many columns at the end a row may lack.
    lacking: usize,
    /// How many columns the last row had.
    last_columns: usize,
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
        let (watched, ending) = Watched::new(guarded);
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(watched);
        let record = csv::ByteRecord::new();
        Self { reader, meter, ending, headers: Vec::new(), record, lacking: 0, last_columns: 0 }
    }

    /// With a header. A column may stand there by its name or another known one, whatever the case and the blanks.
    ///
    /// A required column that is not there refuses the file. So does an optional one if the header has columns of names
    /// that are in neither `columns` nor `known`: the publisher has renamed something. Otherwise it is reported.
    pub fn with_header(
        input: &'a mut dyn BufRead,
        columns: &[Column<'_>],
        known: Option<&[&str]>,
        report: &mut ReadReport,
    ) -> Result<Self, ReadError> {
        let mut table = Self::bare(input);
        if !table.advance()? {
            return Err(ReadError::Empty);
        }
        let mut headers: Vec<String> =
            (0..table.record.len()).map(|i| field(&table.record, i).trim().to_owned()).collect();
        let mut missing = Vec::new();
        for column in columns {
            let names = || std::iter::once(column.name).chain(column.others.iter().copied());
            match names().find_map(|name| headers.iter().position(|h| same(h, name))) {
                Some(at) => column.name.clone_into(&mut headers[at]),
                None => missing.push(column),
            }
        }
        let is_known = |h: &String| {
            h.is_empty()
                || columns.iter().any(|c| same(c.name, h))
                || known.is_none_or(|k| k.iter().any(|k| same(k, h)))
        };
        let strange: Vec<&String> = headers.iter().filter(|h| !is_known(h)).collect();
        if missing.iter().any(|c| c.is_required || !strange.is_empty()) {
            let strange =
                if strange.is_empty() { String::new() } else { format!("; columns of unknown names: {strange:?}") };
            missing.sort_by_key(|c| !c.is_required);
            let lost: Vec<String> = missing.iter().map(|c| format!("{:?} ({})", c.name, c.holds)).collect();
            return Err(ReadError::WrongFormat(format!("lost with their columns: {}{strange}", lost.join(", "))));
        }
        report.missing_columns = missing
            .into_iter()
            .map(|c| MissingColumn { column: c.name.to_owned(), lost: c.holds.to_owned() })
            .collect();
        table.headers = headers;
        Ok(table)
    }

    /// Rows may end up to `columns` early: some spreadsheets drop empty cells at the end of a row.
    pub fn allow_lacking(&mut self, columns: usize) {
        self.lacking = columns;
    }

    /// Whether the header has this column.
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|h| h == name)
    }

    /// The next row; rows of nothing but blanks are skipped. With a header, each row must have exactly its columns
    /// (but see [`Table::allow_lacking`]).
    pub fn next(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        loop {
            if !self.advance()? {
                return self.check_end().map(|()| None);
            }
            // Blank cells may begin a row, but a blank line is not a row.
            if self.record.len() > 1 {
                self.last_columns = self.record.len();
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

    /// A file that ends within quotes, or within a row that has not all columns, is half a file.
    fn check_end(&self) -> Result<(), ReadError> {
        let ending = self.ending.get();
        if ending.within_quotes() {
            return Err(ReadError::Truncated("the last field's quotes are not closed".into()));
        }
        if ending.within_line() && self.last_columns < self.headers.len() {
            return Err(ReadError::Truncated("the last row has neither all columns nor a line end".into()));
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<bool, ReadError> {
        let got = self.reader.read_byte_record(&mut self.record).map_err(|e| match e.into_kind() {
            csv::ErrorKind::Io(e) => e.into(),
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

    /// Where the row stands, for the report.
    pub fn place(&self) -> String {
        format!("line {}", self.line)
    }

    /// Column by number, trimmed; empty where there is none.
    pub fn at(&self, i: usize) -> String {
        field(self.record, i).trim().to_owned()
    }

    /// Column by number as it stands.
    pub fn raw(&self, i: usize) -> String {
        field(self.record, i)
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

/// The same name of a column, whatever the case and the blanks between its words.
fn same(a: &str, b: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    words(a) == words(b)
}

/// Files are UTF-8 when they get here.
fn field(record: &csv::ByteRecord, i: usize) -> String {
    String::from_utf8_lossy(record.get(i).unwrap_or_default()).into_owned()
}
