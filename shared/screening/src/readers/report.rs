//! What a reader took from a list's files, and what it left.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Examples that a report keeps of one thing.
const EXAMPLES: usize = 20;
/// Characters of an example.
const EXAMPLE_CHARS: usize = 120;
/// A figure that falls by more than so many per cent is a loss.
pub const MAX_SHRINK_PERCENT: usize = 20;
/// Smaller figures say nothing when they fall, except for the entities: a small list loses whom it names.
const LEAST_COMPARED: usize = 20;
const ENTITIES: &str = "entities";

/// What was read and what was left out, to be kept with the list's version and compared with the version before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadReport {
    /// What came in.
    pub read: Counts,
    /// In the order of the list's files.
    pub files: Vec<FileReport>,
    /// How many were left out, by reason.
    pub dropped: BTreeMap<DropReason, usize>,
    /// Entities that are broken.
    pub set_aside: SetAside,
    /// By column: values that the reader did not understand.
    pub unknown: BTreeMap<String, UnknownValues>,
    /// Columns that the format has and the file does not, with what is lost by it.
    pub missing_columns: Vec<MissingColumn>,
}

/// How much of each kind is in the list as read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Persons, organisations, vessels, aircraft.
    pub entities: usize,
    /// All names of all entities.
    pub names: usize,
    /// Those of the names that the list calls weak.
    pub weak_names: usize,
    /// Dates of birth.
    pub dates: usize,
    /// Countries of entities.
    pub countries: usize,
    /// Numbers of documents, companies and vessels.
    pub numbers: usize,
}

/// One file of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileReport {
    /// Rows, elements or lines that describe something.
    pub records: usize,
    /// As the WHATWG Encoding Standard calls it.
    pub encoding: String,
    /// Lines in another encoding than the rest of the file.
    pub misfit_lines: u64,
}

/// Why something of a list was left out without being broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// A name without a letter or digit.
    EmptyName,
    /// A name that the same entity has already.
    RepeatedName,
    /// A name that is nothing but a legal form.
    LegalFormAlone,
    /// Names beyond the most that an entity may have.
    TooManyNames,
    /// An entity that is left without a name.
    EntityWithoutName,
    /// A record without a name to screen: an address, an ownership.
    NotScreened,
    /// An alias, address or comment whose entity is not in the main file.
    WithoutEntity,
    /// A number without a letter or digit.
    EmptyNumber,
}

/// Entities that are broken and were left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetAside {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub examples: Vec<BrokenEntity>,
}

/// An entity that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenEntity {
    /// The list's own key; empty if that is what lacks.
    pub id: String,
    /// `line 12` or `record 12`.
    pub place: String,
    /// What it lacks.
    pub problem: String,
}

/// Values of a column that were not understood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnknownValues {
    /// How many values.
    pub count: usize,
    /// The first different ones and how often each stood there.
    pub values: BTreeMap<String, usize>,
}

/// A column that is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingColumn {
    /// The column's name.
    pub column: String,
    /// What the column would hold: "passport numbers".
    pub lost: String,
}

/// A figure of the report fell by more than [`MAX_SHRINK_PERCENT`] per cent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{now} {what} where there were {before}: more than {MAX_SHRINK_PERCENT} % gone")]
pub struct Loss {
    /// Which figure: `names`, `dates of birth`.
    pub what: String,
    /// In the version before.
    pub before: usize,
    /// In this version.
    pub now: usize,
}

impl ReadReport {
    pub(super) fn unknown(&mut self, column: &str, value: &str) {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        if value.is_empty() {
            return;
        }
        let unknown = self.unknown.entry(column.to_owned()).or_default();
        unknown.count += 1;
        let value: String = value.chars().take(EXAMPLE_CHARS).collect();
        if unknown.values.len() < EXAMPLES || unknown.values.contains_key(&value) {
            *unknown.values.entry(value).or_default() += 1;
        }
    }

    pub(super) fn dropped(&mut self, reason: DropReason, count: usize) {
        if count > 0 {
            *self.dropped.entry(reason).or_default() += count;
        }
    }

    pub(super) fn set_aside(&mut self, mut broken: BrokenEntity) {
        self.set_aside.count += 1;
        if self.set_aside.examples.len() < EXAMPLES {
            broken.problem = broken.problem.chars().take(EXAMPLE_CHARS).collect();
            broken.id = broken.id.chars().take(EXAMPLE_CHARS).collect();
            self.set_aside.examples.push(broken);
        }
    }

    /// The figures that fell by more than [`MAX_SHRINK_PERCENT`] since the version before: entities, names, dates of birth, countries, numbers,
    /// and the records of each file. A figure that was 0 or unknown before cannot fall.
    pub fn losses(&self, before: &Self) -> Vec<Loss> {
        let figures = |report: &Self| {
            let Counts { entities, names, dates, countries, numbers, weak_names: _ } = report.read;
            let mut figures = vec![
                (ENTITIES.to_owned(), entities),
                ("names".to_owned(), names),
                ("dates of birth".to_owned(), dates),
                ("countries".to_owned(), countries),
                ("numbers".to_owned(), numbers),
            ];
            let files = report.files.iter().enumerate();
            figures.extend(files.map(|(i, file)| (format!("records in file {}", i + 1), file.records)));
            figures
        };
        let now = figures(self);
        let lost = |(what, before): (String, usize)| {
            let now = now.iter().find(|(other, _)| *other == what).map_or(0, |(_, now)| *now);
            let counts = before >= LEAST_COMPARED || what == ENTITIES;
            let falls = counts && now * 100 < before * (100 - MAX_SHRINK_PERCENT);
            falls.then_some(Loss { what, before, now })
        };
        figures(before).into_iter().filter_map(lost).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_in_any_figure_or_file_is_told() {
        let file = |records| FileReport { records, ..FileReport::default() };
        let before = ReadReport {
            read: Counts { entities: 1000, names: 5000, weak_names: 9, dates: 700, countries: 900, numbers: 10 },
            files: vec![file(1000), file(4000)],
            ..ReadReport::default()
        };
        assert_eq!(before.losses(&before), []);
        let mut now = before.clone();
        (now.read.names, now.read.numbers, now.files[1].records) = (3000, 0, 2000);
        let told: Vec<String> = now.losses(&before).iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0], "3000 names where there were 5000: more than 20 % gone");
        assert!(told[1].starts_with("2000 records in file 2"));
        now.files.pop();
        assert!(now.losses(&before).iter().any(|loss| loss.now == 0));
    }

    #[test]
    fn a_small_list_may_lose_a_fifth_of_its_entities_and_no_more() {
        let of = |entities| ReadReport { read: Counts { entities, ..Counts::default() }, ..ReadReport::default() };
        for (before, now, losses) in [(0, 0, 0), (100, 80, 0), (100, 79, 1), (100, 500, 0), (5, 4, 0), (5, 3, 1)] {
            assert_eq!(of(now).losses(&of(before)).len(), losses, "{before} {now}");
        }
    }

    #[test]
    fn a_report_stays_small_and_can_be_stored() {
        let mut report = ReadReport::default();
        for i in 0..1000 {
            report.unknown("Nationality", &format!("Atlantis {i} {}", "x".repeat(1000)));
            report.set_aside(BrokenEntity { problem: "y".repeat(1000), ..BrokenEntity::default() });
        }
        report.dropped(DropReason::EmptyName, 3);
        assert_eq!((report.unknown["Nationality"].count, report.set_aside.count), (1000, 1000));
        let text = serde_json::to_string(&report).unwrap();
        assert!(text.len() < 10_000, "{}", text.len());
        assert_eq!(serde_json::from_str::<ReadReport>(&text).unwrap(), report);
    }
}
