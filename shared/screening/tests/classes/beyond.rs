//! Rows of our own beside the reported ones, so that a class is mended and not its examples.

use verinym_screening::Kind::{Organisation, Person, Vessel};

use super::{Right, Row, class};

const ROWS: &str = include_str!("beyond.psv");

fn right(text: &str) -> Right {
    match text.strip_prefix('<') {
        Some(bound) => Right::Below(bound.parse().unwrap()),
        None => Right::AtLeast(text.parse().unwrap()),
    }
}

#[test]
fn classes_hold_for_names_that_nobody_reported() {
    let rows: Vec<Vec<&str>> =
        ROWS.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('|').collect()).collect();
    let mut names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    names.dedup();
    for name in names {
        let of_class = rows.iter().filter(|row| row[0] == name).map(|row| {
            let kind = match row[1] {
                "P" => Person,
                "V" => Vessel,
                _ => Organisation,
            };
            (Row::of(kind, row[2], row[3]), right(row.get(4).copied().unwrap_or("0.85")))
        });
        class(name, of_class);
    }
}
