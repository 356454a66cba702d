//! The UK Sanctions List, CSV of the FCDO: first line the report date, second the header, then one row a name; rows of
//! one `Unique ID` are one entry.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use super::ReadError;
use super::intake::{Broken, Intake};
use super::table::{Row, Table};
use super::uk_columns::{COLUMNS, OTHERS};
use crate::date;
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

const MANY: [char; 3] = ['|', ';', '\n'];
const REPORT_DATE: &str = "report date:";

pub(super) fn read(mut input: &mut dyn BufRead, intake: &mut Intake) -> Result<List, ReadError> {
    let mut first = Vec::new();
    if (&mut input).take(400).read_until(b'\n', &mut first)? == 0 {
        return Err(ReadError::Empty);
    }
    let report = report_date(&String::from_utf8_lossy(&first))?;
    let published_at = date::parse(&report).map(|d| d.to_string());
    let mut table = Table::with_header(input, COLUMNS, Some(OTHERS), &mut intake.report)?;
    table.allow_lacking(3);
    if !table.has("Type of entity") && !table.has("Designation Type") {
        return Err(ReadError::WrongFormat("no column \"Designation Type\": what an entry is would be lost".into()));
    }
    let mut by_id: HashMap<String, usize> = HashMap::new();
    while let Some(row) = table.next()? {
        intake.record();
        let id = row.get("Unique ID");
        if id.is_empty() {
            intake.set_aside(row.place(), Broken::new("", "no Unique ID"));
            continue;
        }
        let next = intake.entities.len();
        let at = *by_id.entry(id.clone()).or_insert(next);
        if at == next {
            intake.push(Entity { id, ..Entity::default() })?;
        }
        let mut entity = std::mem::take(&mut intake.entities[at]);
        merge(&row, &mut entity, intake);
        intake.entities[at] = entity;
    }
    Ok(List { version: published_at.clone().unwrap_or(report), published_at, ..List::default() })
}

/// `Report Date: 13-Feb-2026`, in quotes where a spreadsheet program wrote the file, with commas for the other columns.
fn report_date(line: &str) -> Result<String, ReadError> {
    let line = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | ',' | '\u{feff}'));
    match line.get(..REPORT_DATE.len()) {
        Some(start) if start.eq_ignore_ascii_case(REPORT_DATE) => {
            let date = &line[REPORT_DATE.len()..];
            Ok(date.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | ',')).to_owned())
        }
        _ => Err(ReadError::WrongFormat("the first line is not the report date".into())),
    }
}

/// The kind, by the column that says it; `Type of entity` is free text (legal forms, lines of business) and counts only
/// where there is no other.
fn kind(row: &Row<'_>, intake: &mut Intake) -> Option<Kind> {
    let of = |word: &str| match word.to_ascii_lowercase().as_str() {
        "individual" | "individuals" | "person" => Some(Kind::Person),
        "entity" | "entities" | "organisation" => Some(Kind::Organisation),
        "ship" | "ships" | "vessel" => Some(Kind::Vessel),
        _ => None,
    };
    let designation = row.get("Designation Type");
    if designation.is_empty() {
        return of(&row.get("Type of entity"));
    }
    let found = of(&designation);
    if found.is_none() {
        intake.report.unknown("Designation Type", &designation);
    }
    found
}

fn merge(row: &Row<'_>, entity: &mut Entity, intake: &mut Intake) {
    entity.kind = kind(row, intake).unwrap_or(entity.kind);
    // Name 6 is the family name or the whole name of an entity; 1 to 5 come before it.
    let parts: Vec<String> = ["Name 1", "Name 2", "Name 3", "Name 4", "Name 5", "Name 6"]
        .iter()
        .map(|c| row.get(c))
        .filter(|p| !p.is_empty())
        .collect();
    let name = parts.join(" ");
    let type_word = row.get("Name type").to_ascii_lowercase();
    let name_type = if type_word.starts_with("primary") { NameType::Primary } else { NameType::Alias };
    let stated = row.get("Alias strength").to_ascii_lowercase();
    let weak = match stated.as_str() {
        // A single word of which the list does not say that it is good stops everybody of that name.
        "" => name_type == NameType::Alias && entity.kind != Kind::Organisation && is_single_word(&name),
        word => word.contains("low") || word.contains("weak"),
    };
    let strength = if weak && name_type == NameType::Alias { Strength::Weak } else { Strength::Strong };
    entity.names.push(Name::new(name, name_type, strength));
    entity.names.push(Name::new(row.get("Name non-latin script"), NameType::OriginalScript, Strength::Strong));
    entity.dates_of_birth.extend(intake.dates("D.O.B", &row.get("D.O.B")));
    for column in ["Nationality(/ies)", "Address Country", "Current believed flag of ship"] {
        entity.countries.extend(intake.countries(column, &row.get(column)));
    }
    for (column, kind) in [
        ("Passport number", "passport"),
        ("National Identifier number", "national id"),
        ("Business registration number (s)", "registration"),
        ("IMO number", "imo"),
    ] {
        for cell in row.split(column, &MANY) {
            entity.identifiers.extend(labelled(&cell, kind));
        }
    }
    entity.programmes.push(row.get("Regime Name"));
    let reference = row.get("UN Reference Number");
    if !reference.is_empty() {
        entity.reference = Some(reference);
    }
    if entity.remarks.is_empty() {
        entity.remarks = row.get("Other Information");
    }
}

pub(super) fn is_single_word(name: &str) -> bool {
    name.split([' ', '-']).filter(|word| word.chars().any(char::is_alphanumeric)).count() == 1
}

/// The numbers of a cell: one, or several with labels (`INN: 7701 / KPP: 7702`).
fn labelled(cell: &str, kind: &str) -> Vec<Identifier> {
    let number = |kind: &str, number: &str| Identifier {
        kind: kind.to_lowercase(),
        number: number.trim().to_owned(),
        country: None,
    };
    if !cell.contains(':') {
        return vec![number(kind, cell)];
    }
    // A label ends with a colon, and begins behind a sign or behind the number before.
    let mut out = Vec::new();
    let mut label = kind;
    for (i, part) in cell.split(':').enumerate() {
        let (value, next) = match part.rfind([',', '/', '|', '(']) {
            Some(at) => (&part[..at], part[at + 1..].trim()),
            None if i == 0 => ("", part.trim()),
            None => part.trim().split_once(' ').map_or((part, ""), |(value, next)| (value, next.trim())),
        };
        if value.chars().any(|c| c.is_ascii_digit()) {
            out.push(number(if label.is_empty() { kind } else { label }, value));
        }
        let last = part.trim().rsplit([',', '/', '|', ' ']).next().unwrap_or_default();
        if next.is_empty() && i > 0 && out.is_empty() && last.chars().any(|c| c.is_ascii_digit()) {
            out.push(number(kind, last));
        }
        label = next;
    }
    if label.chars().filter(char::is_ascii_digit).count() >= 4 {
        out.push(number(kind, label));
    }
    out
}

#[cfg(test)]
#[path = "uk_csv_tests.rs"]
mod tests;
