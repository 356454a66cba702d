//! Lists to an artifact.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Instant;

use verinym_screening::readers::{ReadError, ReadReport, read_with_report};
use verinym_screening::{Artifact, Format, List};

use crate::args::{Args, named};
use crate::classify::{Found, classify};
use crate::{DONE, Outcome};

pub const HELP: &str = "\
screen build FOLDER -o FILE

Reads all lists of a folder and compiles them to one artifact. What each file held is told on standard error. Nothing is
written if a list is refused: half a list clears people whom it should stop.

Formats are told by the files' first lines: OFAC (CSV, XML), UN, EU, UK, US CSL, OpenSanctions, FollowTheMoney. Any other CSV
has a column map beside it: x.csv, x.map.json.

  -o FILE   the artifact

Exit codes: 0 done, 1 failed or a list was refused, 2 wrong usage.
";

pub fn run(args: Args) -> Outcome {
    let [folder] = args.plain()?;
    let file = args.path("-o").ok_or_else(|| args.wrong("no -o FILE"))?;
    build(folder, &file)
}

fn build(folder: &OsString, file: &Path) -> Outcome {
    let started = Instant::now();
    let entries = named(folder, fs::read_dir(folder))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_file()).collect();
    paths.sort();
    let mut found = Found::default();
    for path in paths {
        classify(path, &mut found)?;
    }
    let mut lists: Vec<List> = Vec::new();
    let mut refused = found.refused;
    let mut take = |name: String, read: Result<(List, ReadReport), ReadError>, stem: &str| match read {
        Ok((mut list, report)) => {
            if lists.iter().any(|l| l.id == list.id) {
                stem.clone_into(&mut list.id);
            }
            eprintln!("{name}: {} with {} entries, version {}", list.id, list.entities.len(), list.version);
            show(&report);
            lists.push(list);
        }
        Err(e) => {
            refused += 1;
            eprintln!("{name}: refused: {e}");
        }
    };
    for (key, parts) in &found.ofac {
        let format = if key.contains("cons") { Format::OfacConsolidatedCsv } else { Format::OfacSdnCsv };
        let Some(main) = &parts[0] else {
            eprintln!("{key}: aliases, addresses or comments without their main file: skipped");
            continue;
        };
        let mut open: Vec<BufReader<File>> = Vec::new();
        for part in parts.iter().flatten() {
            open.push(BufReader::new(File::open(part)?));
        }
        let mut readers: Vec<&mut dyn BufRead> = open.iter_mut().map(|r| r as &mut dyn BufRead).collect();
        take(main.display().to_string(), read_with_report(&format, &mut readers), key);
    }
    for (path, format) in &found.single {
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_owned();
        let mut file = BufReader::new(File::open(path)?);
        take(path.display().to_string(), read_with_report(format, &mut [&mut file]), &stem);
    }
    if refused > 0 {
        return Err(format!("{refused} refused: nothing written, the last artifact stays in force").into());
    }
    if lists.is_empty() {
        return Err("no lists in this folder".into());
    }
    let bytes = Artifact::build(&lists);
    let size = bytes.len();
    let names = Artifact::load(bytes.clone())?.names();
    // Whole or not at all.
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    named(&partial, fs::write(&partial, bytes))?;
    fs::rename(&partial, file)?;
    eprintln!(
        "{}: {} lists, {names} names, {size} bytes, {} ms",
        file.display(),
        lists.len(),
        started.elapsed().as_millis()
    );
    Ok(DONE)
}

/// The reader's report, for a person.
fn show(report: &ReadReport) {
    let read = report.read;
    eprintln!(
        "  read: {} entities, {} names ({} weak), {} dates, {} countries, {} numbers",
        read.entities, read.names, read.weak_names, read.dates, read.countries, read.numbers
    );
    for (number, file) in report.files.iter().enumerate() {
        let misfits =
            if file.misfit_lines == 0 { String::new() } else { format!(", {} lines in another", file.misfit_lines) };
        eprintln!("  file {}: {} records, {}{misfits}", number + 1, file.records, file.encoding);
    }
    for (reason, count) in &report.dropped {
        eprintln!("  dropped: {count} {reason:?}");
    }
    for broken in &report.set_aside.examples {
        eprintln!("  set aside ({} in all): {broken}", report.set_aside.count);
    }
    for (column, unknown) in &report.unknown {
        let examples: Vec<&str> = unknown.values.keys().map(String::as_str).take(5).collect();
        eprintln!("  not understood in {column}: {}, such as {}", unknown.count, examples.join(" | "));
    }
    for missing in &report.missing_columns {
        eprintln!("  no column {}: no {}", missing.column, missing.lost);
    }
}
