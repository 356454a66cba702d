//! What is asked and what is answered.

use serde::{Deserialize, Serialize};

use super::DEFAULT_THRESHOLD;
use super::date::PartialDate;
use super::entity::Kind;
use super::normalise::{NameDoubt, Reading, doubts, forms};

/// Whom to screen. More is better: dates, countries and numbers speak for and against.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// In any script.
    pub name: String,
    /// `None` looks at everything.
    pub kind: Option<Kind>,
    pub date_of_birth: Option<PartialDate>,
    /// ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// Passport, national id, registration numbers; compared by letters and digits alone.
    pub identifiers: Vec<String>,
}

impl Query {
    /// In which ways the name is read: as a person's, as an organisation's.
    pub fn readings(&self) -> impl Iterator<Item = Reading> + use<> {
        let kind = self.kind.filter(|kind| *kind != Kind::Unknown);
        let wanted =
            move |reading: &Reading| kind.is_none_or(|kind| (kind == Kind::Person) == (*reading == Reading::Person));
        [Reading::Person, Reading::Organisation].into_iter().filter(wanted)
    }

    /// Whether there is nothing in the name that could be compared with a listed one.
    pub fn is_empty(&self) -> bool {
        self.readings().all(|reading| forms(&self.name, reading).is_empty())
    }

    /// Why finding nothing clears nobody of this name, in whichever way it is read.
    pub fn doubts(&self) -> Vec<NameDoubt> {
        let mut readings = self.readings().map(|reading| doubts(&self.name, reading));
        let first = readings.next().unwrap_or_default();
        readings.fold(first, |known, more| known.into_iter().filter(|doubt| more.contains(doubt)).collect())
    }

    pub fn name(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// How to screen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Hits score at least this (0 to 1).
    pub threshold: f64,
    /// Ids of the lists to look at; empty means all.
    pub lists: Vec<String>,
    /// At most so many hits.
    pub limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { threshold: DEFAULT_THRESHOLD, lists: Vec::new(), limit: 50 }
    }
}

/// What a hit rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedOn {
    Name,
    Alias,
    DateOfBirth,
    Country,
    Identifier,
}

impl MatchedOn {
    /// The word for it, as answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Alias => "alias",
            Self::DateOfBirth => "date_of_birth",
            Self::Country => "country",
            Self::Identifier => "identifier",
        }
    }
}

/// A listed entity that may be the person asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    pub list: String,
    pub entity_id: String,
    /// The listed name that agrees best, as published.
    pub name: String,
    /// That this is the person: name, how rare it is, and evidence for and against. 0 to 1; below 1 on a name alone, whatever the name.
    pub score: f64,
    /// That the names agree, and no more. 0 to 1.
    pub name_score: f64,
    pub matched_on: Vec<MatchedOn>,
    /// For the file: what agrees, what does not, and what it cost.
    pub explanation: String,
    pub dates_of_birth: Vec<String>,
    pub countries: Vec<String>,
    pub programmes: Vec<String>,
}
