//! The failure classes of screening, by class: what is listed, what is asked, and what the best score must be.
//!
//! A class holds when all its rows do. `cargo test --test classes -- --nocapture` prints right and wrong rows by class.

#![allow(
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tables with a printed summary"
)]

mod beyond;
mod explanations;
mod numbers;
mod organisations;
mod persons;
mod real_lists;
mod scripts;
mod vessels;

use verinym_screening::{Artifact, Entity, Kind, List, Name, Options, Query, date};

/// What the best score must be.
#[derive(Debug, Clone, Copy)]
pub enum Right {
    AtLeast(f64),
    Below(f64),
}

impl Right {
    pub fn holds(self, score: f64) -> bool {
        match self {
            Self::AtLeast(least) => score >= least,
            Self::Below(bound) => score < bound,
        }
    }
}

/// A listed entity and a question.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub listed: &'a str,
    pub listed_kind: Kind,
    pub listed_birth: &'a str,
    pub listed_country: &'a str,
    pub asked: &'a str,
    pub kind: Option<Kind>,
    pub birth: &'a str,
    pub country: &'a str,
}

impl<'a> Row<'a> {
    pub fn of(kind: Kind, listed: &'a str, asked: &'a str) -> Self {
        Self {
            listed,
            listed_kind: kind,
            listed_birth: "",
            listed_country: "",
            asked,
            kind: Some(kind),
            birth: "",
            country: "",
        }
    }

    pub fn query(&self) -> Query {
        Query {
            kind: self.kind,
            date_of_birth: date::parse(self.birth).map(|span| span.from),
            countries: words(self.country),
            ..Query::name(self.asked)
        }
    }

    fn entity(&self) -> Entity {
        Entity {
            id: "1".into(),
            kind: self.listed_kind,
            names: vec![Name::primary(self.listed)],
            dates_of_birth: date::parse(self.listed_birth).into_iter().collect(),
            countries: words(self.listed_country),
            ..Entity::default()
        }
    }

    /// The best score against a list of this entity alone; 0 without a hit at 0.5.
    pub fn score(&self) -> f64 {
        best(&artifact(vec![self.entity()]), &self.query())
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

pub fn artifact(entities: Vec<Entity>) -> Artifact {
    let list = List { id: "test".into(), version: "1".into(), published_at: None, entities };
    Artifact::load(Artifact::build(&[list])).unwrap()
}

pub fn best(artifact: &Artifact, query: &Query) -> f64 {
    let options = Options { threshold: 0.5, limit: 1, ..Options::default() };
    artifact.screen(query, &options).first().map_or(0.0, |hit| hit.score)
}

/// Prints how many rows of a class are right, and fails with those that are wrong.
pub fn class<'a>(name: &str, rows: impl IntoIterator<Item = (Row<'a>, Right)>) {
    let rows: Vec<_> = rows.into_iter().map(|(row, right)| (row, right, row.score())).collect();
    let wrong: Vec<String> = rows
        .iter()
        .filter(|(_, right, score)| !right.holds(*score))
        .map(|(row, right, score)| format!("{:?} / {:?}: {score:.3}, not {right:?}", row.listed, row.asked))
        .collect();
    println!("{name}: {} right, {} wrong", rows.len() - wrong.len(), wrong.len());
    if let Some(file) = std::env::var_os("VERINYM_CLASS_ROWS") {
        write_rows(name, &rows, &file);
    }
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

/// Adds rows with our scores to a CSV, for `bench/classes.py`, which asks another matcher for the same.
fn write_rows(name: &str, rows: &[(Row<'_>, Right, f64)], file: &std::ffi::OsStr) {
    let mut bytes = csv::Writer::from_writer(Vec::new());
    for (row, right, score) in rows {
        let found = matches!(right, Right::AtLeast(_)).to_string();
        let (schema, score) = (row.listed_kind.word(), score.to_string());
        let dates = [row.listed_birth, row.listed_country, row.birth, row.country];
        bytes.write_record([name, schema, row.listed, row.asked, &found, &score].iter().chain(&dates)).unwrap();
    }
    // Tests run side by side: one write a class keeps its rows together.
    let mut out = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    std::io::Write::write_all(&mut out, &bytes.into_inner().unwrap()).unwrap();
}

/// Rows of one kind that must reach a score.
pub fn found<'a>(kind: Kind, least: f64, rows: &[(&'a str, &'a str)]) -> Vec<(Row<'a>, Right)> {
    rows.iter().map(|(listed, asked)| (Row::of(kind, listed, asked), Right::AtLeast(least))).collect()
}

/// Rows of one kind that must stay below the threshold.
pub fn strangers<'a>(kind: Kind, rows: &[(&'a str, &'a str)]) -> Vec<(Row<'a>, Right)> {
    rows.iter().map(|(listed, asked)| (Row::of(kind, listed, asked), Right::Below(0.85))).collect()
}
