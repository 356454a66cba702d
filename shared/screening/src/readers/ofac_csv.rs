//! OFAC's legacy CSV: headerless files joined by entry number. `-0-` is null, a lone 0x1A ends every file
//! (OFAC, "SDN data formats": `dat_spec.txt`).

use std::collections::HashMap;

use super::encoding::Decoded;
use super::intake::{Broken, Intake};
use super::report::DropReason;
use super::table::{Row, Table};
use super::{ReadError, ofac_remarks};
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

const MAIN_COLUMNS: usize = 12;
const END_MARK: &str = "\u{1a}";

/// A file beside the main file, by the number of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Aliases,
    Addresses,
    /// What did not fit into the main file's remarks.
    Comments,
}

impl Part {
    fn of_columns(columns: usize) -> Option<Self> {
        match columns {
            5 => Some(Self::Aliases),
            6 => Some(Self::Addresses),
            2 => Some(Self::Comments),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Aliases => "aliases",
            Self::Addresses => "addresses",
            Self::Comments => "comments",
        }
    }
}

pub(super) fn read(files: &mut [Decoded<'_>], intake: &mut Intake) -> Result<List, ReadError> {
    let Some((main, others)) = files.split_first_mut() else { return Err(ReadError::Empty) };
    let mut by_number: HashMap<u64, usize> = HashMap::new();
    let mut remarks: Vec<String> = Vec::new();
    intake.begin_file();
    rows(main, |row| {
        if row.len() != MAIN_COLUMNS {
            return Err(row.bad(format!("{} columns instead of {MAIN_COLUMNS}", row.len())));
        }
        intake.record();
        let at = intake.entities.len();
        let found = number(row).and_then(|number| {
            if by_number.contains_key(&number) {
                return Err(Broken::new(number.to_string(), "the entry is there twice"));
            }
            Ok((number, entity(row, number, intake)?))
        });
        match found {
            Ok((number, entity)) => {
                intake.push(entity)?;
                by_number.insert(number, at);
                // The comments go on in the middle of a word or behind a blank.
                remarks.push(null(row.raw(11)));
            }
            Err(broken) => intake.set_aside(row.place(), broken),
        }
        Ok(())
    })?;
    let mut seen: Vec<Part> = Vec::new();
    for file in others {
        intake.begin_file();
        part(file, &by_number, &mut remarks, &mut seen, intake)?;
    }
    for (at, remarks) in remarks.iter().enumerate() {
        let mut entity = std::mem::take(&mut intake.entities[at]);
        ofac_remarks::parse(remarks, &mut entity, intake);
        intake.entities[at] = entity;
    }
    Ok(List::default())
}

/// Reads a file beside the main file.
fn part(
    file: &mut Decoded<'_>,
    by_number: &HashMap<u64, usize>,
    remarks: &mut [String],
    seen: &mut Vec<Part>,
    intake: &mut Intake,
) -> Result<(), ReadError> {
    let (mut total, mut known) = (0usize, 0usize);
    let mut part = None;
    rows(file, |row| {
        let kind = match part {
            Some(kind) if Part::of_columns(row.len()) == Some(kind) => kind,
            // OFAC has published comments whose inner quotes are not doubled: then their commas part columns.
            Some(Part::Comments) if row.len() > 2 => Part::Comments,
            None if Part::of_columns(row.len()).is_some_and(|kind| !seen.contains(&kind)) => {
                let kind = Part::of_columns(row.len()).unwrap_or(Part::Aliases);
                seen.push(kind);
                part = Some(kind);
                kind
            }
            _ => return Err(row.bad(format!("{} columns, which fits no file that is awaited here", row.len()))),
        };
        intake.record();
        total += 1;
        let Some(at) = number(row).ok().and_then(|number| by_number.get(&number)).copied() else {
            intake.drop(DropReason::WithoutEntity);
            return Ok(());
        };
        known += 1;
        match kind {
            Part::Aliases => {
                let is_former = value(row, 2).eq_ignore_ascii_case("fka");
                let name_type = if is_former { NameType::Former } else { NameType::Alias };
                intake.entities[at].names.push(Name::new(value(row, 3), name_type, Strength::Strong));
            }
            Part::Addresses => {
                let country = intake.country("address country", &value(row, 4));
                intake.entities[at].countries.extend(country);
            }
            Part::Comments => {
                let whole = (1..row.len()).map(|i| row.raw(i)).collect::<Vec<_>>().join(",");
                // Of such a comment the quote behind its last full stop is left.
                let whole = whole.strip_suffix('"').filter(|rest| rest.ends_with('.')).unwrap_or(&whole);
                remarks[at].push_str(&null(whole.to_owned()));
            }
        }
        Ok(())
    })?;
    // The files are published together. A few strays happen; a fifth of them means two different days' files.
    if known * 5 < total * 4 {
        let what = part.map_or("rows", Part::word);
        return Err(ReadError::Inconsistent(format!(
            "only {known} of {total} {what} belong to an entry of the main file"
        )));
    }
    Ok(())
}

/// All rows up to the end mark, which must be there and be the last.
fn rows(file: &mut Decoded<'_>, mut each: impl FnMut(&Row<'_>) -> Result<(), ReadError>) -> Result<(), ReadError> {
    let mut table = Table::bare(file);
    let mut has_ended = false;
    while let Some(row) = table.next()? {
        if has_ended {
            return Err(row.bad("a row behind the end mark"));
        }
        if row.len() == 1 && row.at(0) == END_MARK {
            has_ended = true;
            continue;
        }
        each(&row)?;
    }
    if has_ended { Ok(()) } else { Err(ReadError::Truncated("OFAC's end mark (0x1A) is missing".into())) }
}

fn number(row: &Row<'_>) -> Result<u64, Broken> {
    row.at(0).parse().map_err(|_| Broken::new(row.at(0), "the entry number is not a number"))
}

/// A column, empty for `-0-`.
fn value(row: &Row<'_>, i: usize) -> String {
    null(row.at(i))
}

fn null(text: String) -> String {
    if text.trim() == "-0-" { String::new() } else { text }
}

fn entity(row: &Row<'_>, number: u64, intake: &mut Intake) -> Result<Entity, Broken> {
    let name = value(row, 1);
    if name.is_empty() {
        return Err(Broken::new(number.to_string(), "no name"));
    }
    let kind = match value(row, 2).to_ascii_lowercase().as_str() {
        "" | "entity" => Kind::Organisation,
        "individual" => Kind::Person,
        "vessel" => Kind::Vessel,
        "aircraft" => Kind::Aircraft,
        other => return Err(Broken::new(number.to_string(), format!("unknown type {other:?}"))),
    };
    let mut entity = Entity { id: number.to_string(), kind, names: vec![Name::primary(name)], ..Entity::default() };
    entity.programmes = value(row, 3).split("] [").map(|p| p.trim_matches(['[', ']', ' ']).to_owned()).collect();
    entity.countries.extend(intake.country("vessel flag", &value(row, 9)));
    let call_sign = value(row, 5);
    if !call_sign.is_empty() {
        entity.identifiers.push(Identifier { kind: "call sign".into(), number: call_sign, country: None });
    }
    Ok(entity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::{Format, ReadReport, read_with_report};

    const MAIN: &str = "7,\"MONTENEGRO, Alvaro\",\"individual\",\"SDNT] [SDGT\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 24 Aug 1951; alt. DOB circa 1953; nationality Peru; Passport J128 (Peru); a.k.a. 'ZORRO'; Linked To: ZETA FRONT.\"\r\n8,\"ZETA FRONT\",-0- ,\"SDGT\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\u{1a}\r\n";
    const ALIASES: &str = "7,1,\"aka\",\"MONTENEGRO RUIZ, A.\",-0- \r\n8,2,\"fka\",\"ALPHA FRONT\",-0- \r\n\u{1a}";
    const ADDRESSES: &str = "7,1,-0- ,\"Lima\",\"Peru\",-0- \r\n\u{1a}";

    fn read_all(files: &[&str]) -> Result<(List, ReadReport), ReadError> {
        let mut slices: Vec<&[u8]> = files.iter().map(|f| f.as_bytes()).collect();
        let mut parts: Vec<&mut dyn std::io::BufRead> =
            slices.iter_mut().map(|s| -> &mut dyn std::io::BufRead { s }).collect();
        read_with_report(&Format::OfacSdnCsv, &mut parts)
    }

    #[test]
    fn the_three_files_are_joined() {
        let (list, report) = read_all(&[MAIN, ALIASES, ADDRESSES]).unwrap();
        let e = &list.entities[0];
        assert_eq!(e.programmes, ["SDGT", "SDNT"]);
        assert_eq!(
            e.names.iter().map(|n| n.text.as_str()).collect::<Vec<_>>(),
            ["MONTENEGRO, Alvaro", "MONTENEGRO RUIZ, A.", "ZORRO"]
        );
        assert_eq!(e.names[2].strength, Strength::Weak);
        assert_eq!(e.dates_of_birth.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1951-08-24", "circa 1953"]);
        assert_eq!(e.identifiers[0].number, "J128");
        assert_eq!(e.linked_to, ["ZETA FRONT"]);
        assert_eq!(list.entities[1].names[1].name_type, NameType::Former);
        assert_eq!(report.files.iter().map(|f| f.records).collect::<Vec<_>>(), [2, 2, 1]);
        assert_eq!((report.read.names, report.read.weak_names, report.read.dates), (5, 1, 2));
    }

    #[test]
    fn comments_go_on_where_the_remarks_were_cut() {
        let main = "7,\"A B\",\"individual\",\"X\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 1951; a.k.a. 'snowsjo\"\r\n8,\"C D\",-0- ,\"X\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"Linked To: \"\r\n\u{1a}";
        let comments = "7,\"hn'; a.k.a. 'RED DOT'; Passport J128 (Peru).\"\r\n8,\"ZETA FRONT.\"\r\n\u{1a}";
        for files in [vec![main, ALIASES, ADDRESSES, comments], vec![main, comments]] {
            let (list, _) = read_all(&files).unwrap();
            let names: Vec<&str> = list.entities[0].names.iter().map(|n| n.text.as_str()).collect();
            assert!(names.contains(&"snowsjohn") && names.contains(&"RED DOT"), "{names:?}");
            assert_eq!(list.entities[0].identifiers[0].number, "J128");
            assert_eq!(list.entities[1].linked_to, ["ZETA FRONT"]);
        }
        assert!(read_all(&[main, comments, comments]).is_err());
    }

    /// As OFAC published them in March 2020 (moov-io/watchman, issue 248).
    #[test]
    fn comments_with_quotes_that_are_not_doubled_are_read() {
        let main = "7,\"A B\",\"individual\",\"X\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 1951; P\"\r\n8,\"C D\",-0- ,\"X\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\u{1a}";
        let comments = "8,\"Linked To: ZETA FRONT.\"\r\n7,\"hone Number 123; Passport J128 (Peru); a.k.a. \"snowsjohn\"; a.k.a. \"red dot\"; Linked To: ZETA, VORSKA AND SONS.\"\r\n\u{1a}";
        let (list, _) = read_all(&[main, comments]).unwrap();
        let names: Vec<&str> = list.entities[0].names.iter().map(|n| n.text.trim_matches('"')).collect();
        assert_eq!(names, ["A B", "snowsjohn", "red dot"]);
        assert_eq!(list.entities[0].identifiers[0].number, "J128");
        assert_eq!(list.entities[0].linked_to, ["ZETA, VORSKA AND SONS"]);
    }

    #[test]
    fn a_file_without_its_end_is_refused() {
        for (files, what) in [
            (vec![&MAIN[..MAIN.len() - 3]], "no end mark"),
            (vec![&MAIN[..150]], "within quotes"),
            (vec![MAIN, &ALIASES[..ALIASES.len() - 1]], "aliases without end mark"),
            (vec![MAIN, ALIASES, &ADDRESSES[..ADDRESSES.len() - 1]], "addresses without end mark"),
        ] {
            assert!(matches!(read_all(&files), Err(ReadError::Truncated(_))), "{what}");
        }
        assert!(read_all(&[&format!("{MAIN}{MAIN}")]).is_err(), "rows behind the end mark");
    }

    #[test]
    fn files_of_another_shape_or_day_are_refused() {
        let other_day = "100,1,\"aka\",\"X\",-0- \r\n101,1,\"aka\",\"Y\",-0- \r\n\u{1a}";
        assert!(matches!(read_all(&[MAIN, other_day]), Err(ReadError::Inconsistent(_))));
        assert!(matches!(read_all(&["7,\"A\"\r\n\u{1a}"]), Err(ReadError::BadRow { .. })));
        assert!(read_all(&[MAIN, "7,1,2\r\n\u{1a}"]).is_err());
        assert!(read_all(&[MAIN, ALIASES, ALIASES]).is_err());
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_set_aside() {
        let nulls = "-0- ,".repeat(8);
        for (row, problem) in [
            (format!("x,\"A\",-0- ,{nulls}-0- "), "the entry number is not a number"),
            (format!("9,-0- ,-0- ,{nulls}-0- "), "no name"),
            (format!("9,\"A\",robot,{nulls}-0- "), "unknown type \"robot\""),
            (format!("7,\"A\",-0- ,{nulls}-0- "), "the entry is there twice"),
        ] {
            let main = MAIN.replace('\u{1a}', &format!("{row}\r\n\u{1a}"));
            let (list, report) = read_all(&[&main]).unwrap();
            assert_eq!((list.entities.len(), report.set_aside.count), (2, 1), "{row}");
            assert_eq!(report.set_aside.examples[0].problem, problem);
        }
    }
}
