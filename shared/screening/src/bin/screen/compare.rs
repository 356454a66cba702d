//! Two names, or a file of pairs.

use std::ffi::OsString;
use std::io::{self, Write};

use verinym_screening::{DEFAULT_THRESHOLD, Kind, compare};

use crate::args::{Args, column, kind_of, named, text};
use crate::explain::write_steps;
use crate::{DONE, Outcome};

pub const HELP: &str = "\
screen compare [--kind KIND] NAME NAME
screen compare PAIRS.csv

Compares two names: the score, and the lines that lead from 1 to it. How common a name is among those listed is not known
here, so `explain` may score the same names lower.

A file has the columns name1 and name2, and may have schema; it is printed again with the columns score and match, which is
true from 0.85.

  --kind KIND   person, organization, vessel or aircraft; the better reading of both names if absent

Exit codes: 0 done, 1 failed, 2 wrong usage.
";

pub fn run(args: Args) -> Outcome {
    if args.count() == 1 {
        let [file] = args.plain()?;
        return pairs(file);
    }
    let [one, two] = args.plain()?;
    let kind = args.kind()?.unwrap_or_default();
    let found = compare(args.text(one)?, args.text(two)?, kind);
    let mut out = io::stdout().lock();
    writeln!(out, "{:.3}", found.score)?;
    write_steps(&mut out, &found.steps, found.score, found.name_score)?;
    Ok(DONE)
}

fn pairs(file: &OsString) -> Outcome {
    let mut reader = named(file, csv::Reader::from_path(file))?;
    let mut headers = reader.byte_headers()?.clone();
    let required = |name: &str| column(&headers, name).ok_or(format!("no column {name}"));
    let (one, two, schema) = (required("name1")?, required("name2")?, column(&headers, "schema"));
    let mut writer = csv::Writer::from_writer(io::BufWriter::new(io::stdout().lock()));
    headers.push_field(b"score");
    headers.push_field(b"match");
    // A byte order mark is not passed on: it would end up in the first column's name.
    writer.write_record(headers.iter().map(|h| h.strip_prefix("\u{feff}".as_bytes()).unwrap_or(h)))?;
    for record in reader.byte_records() {
        let mut record = record?;
        let kind = schema.map_or(Kind::Unknown, |s| kind_of(&text(&record, s)));
        let score = compare(&text(&record, one), &text(&record, two), kind).score;
        record.push_field(format!("{score:.3}").as_bytes());
        record.push_field(if score >= DEFAULT_THRESHOLD { b"true" } else { b"false" });
        writer.write_byte_record(&record)?;
    }
    writer.flush()?;
    Ok(DONE)
}
