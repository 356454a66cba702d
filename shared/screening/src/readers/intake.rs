//! Where readers put what they read: entities, and the report of what came in and what did not.

use super::country::{CountryReading, read_country};
use super::report::{BrokenEntity, DropReason, FileReport, ReadReport};
use super::{MAX_ENTITIES, ReadError};
use crate::date::{self, DateSpan};
use crate::entity::Entity;

/// So many broken entities are set aside in any list, however short.
const ALWAYS_TOLERATED: usize = 10;
/// One in so many may be broken.
const TOLERATED_ONE_IN: usize = 1000;
/// No cell holds more values.
const MAX_VALUES: usize = 2000;

/// What is read so far.
#[derive(Debug, Default)]
pub(super) struct Intake {
    pub entities: Vec<Entity>,
    pub report: ReadReport,
}

impl Intake {
    /// Begins the next file of the list.
    pub fn begin_file(&mut self) {
        self.report.files.push(FileReport::default());
    }

    /// Counts a row, element or line of the file.
    pub fn record(&mut self) {
        if let Some(file) = self.report.files.last_mut() {
            file.records += 1;
        }
    }

    /// Takes an entity.
    pub fn push(&mut self, entity: Entity) -> Result<(), ReadError> {
        if self.entities.len() >= MAX_ENTITIES {
            return Err(ReadError::TooLarge("too many entries".into()));
        }
        self.entities.push(entity);
        Ok(())
    }

    /// Takes an entity, or sets it aside if it is broken.
    pub fn take(&mut self, place: String, found: Result<Entity, Broken>) -> Result<(), ReadError> {
        match found {
            Ok(entity) => self.push(entity),
            Err(broken) => {
                self.set_aside(place, broken);
                Ok(())
            }
        }
    }

    pub fn set_aside(&mut self, place: String, broken: Broken) {
        self.report.set_aside(BrokenEntity { id: broken.id, place, problem: broken.problem });
    }

    pub fn drop(&mut self, reason: DropReason) {
        self.report.dropped(reason, 1);
    }

    /// The country that a cell names. An unknown value is reported.
    pub fn country(&mut self, column: &str, text: &str) -> Option<String> {
        match read_country(text) {
            CountryReading::Country(code) => Some(code.to_owned()),
            CountryReading::NoCountry => None,
            CountryReading::Unknown => {
                self.report.unknown(column, text);
                None
            }
        }
    }

    /// The countries that a cell names: one, or several with signs or numbers between them.
    pub fn countries(&mut self, column: &str, text: &str) -> Vec<String> {
        let unnumbered = without_numbering(text);
        if !unnumbered.contains(['|', ';', '\n'])
            && let CountryReading::Country(code) = read_country(text)
        {
            return vec![code.to_owned()];
        }
        let parts = unnumbered.split(['|', ';', '\n', '/']).flat_map(|part| match read_country(part) {
            CountryReading::Unknown => part.split([',', '&']).flat_map(|p| p.split(" and ")).collect(),
            _ => vec![part],
        });
        parts.take(MAX_VALUES).filter_map(|part| self.country(column, part)).collect()
    }

    /// The dates that a cell holds. A value that is not a date is reported.
    pub fn dates(&mut self, column: &str, text: &str) -> Vec<DateSpan> {
        let unnumbered = without_numbering(text);
        let mut out = Vec::new();
        for part in unnumbered.split(['|', ';', '\n']).map(str::trim).filter(|p| !p.is_empty()).take(MAX_VALUES) {
            let found = date::parse_all(part);
            if found.is_empty() && !date::says_nothing(part) {
                self.report.unknown(column, part);
            }
            out.extend(found);
        }
        out
    }

    /// Refuses the list if more of it is broken than a publisher's slips explain, or nothing is left.
    pub fn check_broken(&self) -> Result<(), ReadError> {
        let (read, broken) = (self.entities.len(), self.report.set_aside.count);
        if broken > ALWAYS_TOLERATED.max(read / TOLERATED_ONE_IN) || broken > read {
            let first = self.report.set_aside.examples.first().cloned().unwrap_or_default();
            return Err(ReadError::TooManyBroken { broken, read, first: first.to_string() });
        }
        Ok(())
    }
}

/// An entity that cannot be read, though the file around it can.
#[derive(Debug)]
pub(super) struct Broken {
    id: String,
    problem: String,
}

impl Broken {
    pub fn new(id: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { id: id.into(), problem: problem.into() }
    }
}

impl std::fmt::Display for BrokenEntity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place)?;
        if !self.id.is_empty() {
            write!(f, ", entity {}", self.id)?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// `(1) Iran (2) Iraq` with a bar in place of each number.
fn without_numbering(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('(') {
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = at + 1 + digits;
        out.push_str(&rest[..at]);
        if (1..=2).contains(&digits) && rest[end..].starts_with(')') {
            out.push('|');
            rest = &rest[end + 1..];
        } else {
            out.push('(');
            rest = &rest[at + 1..];
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_countries_and_dates_of_one_cell_are_all_read() {
        let mut intake = Intake::default();
        for (text, expected) in [
            ("Iran", "IR"),
            ("(1) Iran (2) Iraq", "IR IQ"),
            ("Syria/Lebanon", "SY LB"),
            ("Bosnia and Herzegovina", "BA"),
            ("Iran and Iraq", "IR IQ"),
            ("Korea, Democratic People's Republic of | Cuba", "KP CU"),
            ("Korea (Dem. People's Rep. of); Cuba", "KP CU"),
            ("unknown", ""),
        ] {
            assert_eq!(intake.countries("Nationality", text).join(" "), expected, "{text}");
        }
        let dates = intake.dates("D.O.B", "(1) 14/07/1962 (2) dd/mm/1963; soon");
        assert_eq!(dates.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1962-07-14", "1963"]);
        assert_eq!(intake.report.unknown["D.O.B"].values["soon"], 1);
        assert_eq!(intake.countries("Nationality", "Atlantis; Peru"), ["PE"]);
        assert_eq!(intake.report.unknown["Nationality"].values["Atlantis"], 1);
        assert_eq!(intake.report.unknown["Nationality"].count, 1);
    }

    #[test]
    fn broken_entities_are_set_aside_up_to_a_bound() {
        for (read, broken, is_taken) in [
            (100, 10, true),
            (100, 11, false),
            (30_000, 30, true),
            (30_000, 31, false),
            (3, 1, true),
            (1, 1, true),
            (1, 2, false),
            (0, 1, false),
            (0, 0, true),
        ] {
            let mut intake = Intake { entities: vec![Entity::default(); read], ..Intake::default() };
            for i in 0..broken {
                intake.set_aside(format!("line {i}"), Broken::new("", "no name"));
            }
            assert_eq!(intake.check_broken().is_ok(), is_taken, "{broken} of {read}");
        }
    }
}
