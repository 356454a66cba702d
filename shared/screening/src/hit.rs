//! What is asked and what is answered.

use serde::{Deserialize, Serialize};

use super::DEFAULT_THRESHOLD;
use super::date::PartialDate;
use super::entity::Kind;
use super::normalise::{NameDoubt, Reading, doubts, forms, without_number};
use super::number::{AskedNumber, NumberType};

/// The name to screen. Dates, countries and numbers raise or lower the scores.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// In any script.
    pub name: String,
    /// `None` looks at everything.
    pub kind: Option<Kind>,
    /// For persons: moves the score up by as much as 60 % of the distance to 1, and down by as much as 0.20.
    pub date_of_birth: Option<PartialDate>,
    /// ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// Numbers of documents, taxpayers, companies, vessels and wallets.
    pub identifiers: Vec<AskedNumber>,
}

impl Query {
    /// In which ways the name is read: as a person's, as an organisation's.
    pub(crate) fn readings(&self) -> impl Iterator<Item = Reading> + use<> {
        let kind = self.kind.filter(|kind| *kind != Kind::Unknown);
        let wanted =
            move |reading: &Reading| kind.is_none_or(|kind| (kind == Kind::Person) == (*reading == Reading::Person));
        [Reading::Person, Reading::Organisation].into_iter().filter(wanted)
    }

    /// The numbers asked for, with the one that a vessel's name has beside it.
    pub(crate) fn numbers(&self) -> Vec<AskedNumber> {
        let person = self.kind == Some(Kind::Person);
        let beside = Some(&self.name).filter(|_| !person).and_then(|name| without_number(name).1);
        let imo = beside.map(|value| AskedNumber { kind: NumberType::Imo, value, country: None });
        self.identifiers.iter().cloned().chain(imo).collect()
    }

    /// Whether there is nothing in the name that could be compared with a listed one.
    pub fn is_empty(&self) -> bool {
        self.readings().all(|reading| forms(&self.name, reading).is_empty())
    }

    /// Why an empty result does not clear this name. Without a kind, the doubts of both readings count, so that a name without
    /// a kind is never cleared where the same name of a person would not be. Each doubt stands once.
    pub fn doubts(&self) -> Vec<NameDoubt> {
        let mut all = Vec::new();
        for doubt in self.readings().flat_map(|reading| doubts(&self.name, reading)) {
            if !all.contains(&doubt) {
                all.push(doubt);
            }
        }
        all
    }

    /// A name without anything else.
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
    /// The first name of the entity.
    Name,
    /// Another of its names.
    Alias,
    /// A date of birth agrees, at least in its year.
    DateOfBirth,
    /// A country is in common.
    Country,
    /// A number is in common.
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
    /// Id of the list.
    pub list: String,
    /// The list's own key of the entity.
    pub entity_id: String,
    /// The listed name that agrees best, as published.
    pub name: String,
    /// That this is the person: name, how rare it is, and evidence for and against. 0 to 1; below 1 on a name alone, whatever the name.
    pub score: f64,
    /// That the names agree, and no more. 0 to 1.
    pub name_score: f64,
    /// What speaks for the hit.
    pub matched_on: Vec<MatchedOn>,
    /// For the file: what agrees, what does not, and what it cost.
    pub explanation: String,
    /// Those on the list: `1962-07-14`, `1962`, `circa 1962`, `1960 to 1963`.
    pub dates_of_birth: Vec<String>,
    /// Those on the list, ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// Sanctions programmes or regimes, in the list's words.
    pub programmes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubts_of(name: &str, kind: Option<Kind>) -> Vec<NameDoubt> {
        Query { kind, ..Query::name(name) }.doubts()
    }

    #[test]
    fn without_a_kind_a_doubt_of_the_reading_as_a_person_counts() {
        for (name, doubt) in
            [("3M", NameDoubt::MixedScripts), ("123", NameDoubt::NotScreenable), ("Alv(aro", NameDoubt::MixedScripts)]
        {
            let person = doubts_of(name, Some(Kind::Person));
            assert!(person.contains(&doubt), "{name}: {person:?}");
            for kind in [None, Some(Kind::Unknown)] {
                let found = doubts_of(name, kind);
                assert!(person.iter().all(|doubt| found.contains(doubt)), "{name}: {found:?}");
            }
            assert_eq!(doubts_of(name, Some(Kind::Organisation)), [], "{name}");
        }
    }

    #[test]
    fn without_a_kind_a_doubt_of_both_readings_stands_once() {
        assert_eq!(doubts_of("...", None), [NameDoubt::NotScreenable]);
        assert_eq!(doubts_of("Brunhilde Xylander", None), []);
    }
}
