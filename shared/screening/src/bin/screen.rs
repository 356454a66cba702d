//! The command compliance people tune with.
//!
//! ```text
//! screen compare FILE                 name pairs (name1,name2,schema) -> the same rows with score and match
//! screen build LISTS-DIR -o FILE      lists -> artifact
//! screen query ARTIFACT FILE          names (name or full_name; date_of_birth, nationality) -> hits as CSV
//! ```

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a command for people, printing figures"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use verinym_screening::evidence::ceiling;
use verinym_screening::readers::{ColumnMap, ReadError, ReadReport, iso_country, read_with_report, sniff};
use verinym_screening::{Artifact, DEFAULT_THRESHOLD, Format, Kind, List, Options, Query, date, matcher};

type Outcome = Result<(), Box<dyn Error>>;

/// Rows a query at most.
const ROWS: usize = 5;
/// What files of lists are called by their publishers: what bears such a name and cannot be read is a broken list.
const NAMES_OF_LISTS: [&str; 8] = ["sdn", "ofac", "consolidated", "fsf", "sanction", "csl", "targets", "entities.ftm"];
/// Candidates below this are not worth a line.
const SHOW_FROM: f64 = 0.8;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match *args.as_slice() {
        ["compare", file] => compare(file),
        ["build", folder, "-o", file] | ["build", "-o", file, folder] => build(folder, file),
        ["query", artifact, file] => query(artifact, file),
        _ => Err("usage: screen compare FILE | build LISTS-DIR -o FILE | query ARTIFACT FILE".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("screen: {e}");
            ExitCode::FAILURE
        }
    }
}

fn kind_of_schema(schema: &str) -> Kind {
    match schema.trim().to_ascii_lowercase().as_str() {
        "person" => Kind::Person,
        "company" | "organization" | "organisation" | "publicbody" => Kind::Organisation,
        "vessel" => Kind::Vessel,
        "airplane" | "aircraft" => Kind::Aircraft,
        _ => Kind::Unknown,
    }
}

/// A column of a header, whatever blanks or byte order mark it begins with.
fn column(headers: &csv::ByteRecord, name: &str) -> Option<usize> {
    headers.iter().position(|h| String::from_utf8_lossy(h).trim_start_matches('\u{feff}').trim() == name)
}

/// A field as text. Bytes that are no UTF-8 are shown as such, and compared as nothing.
fn text(record: &csv::ByteRecord, at: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(record.get(at).unwrap_or_default())
}

fn compare(file: &str) -> Outcome {
    let mut reader = csv::Reader::from_path(file)?;
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
        let kind = schema.map_or(Kind::Unknown, |s| kind_of_schema(&text(&record, s)));
        let found = matcher::compare_names(&text(&record, one), &text(&record, two), kind);
        let score = f64::from(ceiling(found.score)) / 1000.0;
        record.push_field(format!("{score:.3}").as_bytes());
        record.push_field(if score >= DEFAULT_THRESHOLD { b"true" } else { b"false" });
        writer.write_byte_record(&record)?;
    }
    writer.flush()?;
    Ok(())
}

/// What the files of a folder are: whole lists, and the parts of OFAC's lists of four files by their common stem.
#[derive(Default)]
struct Found {
    single: Vec<(PathBuf, Format)>,
    /// Files that ought to be lists and are not.
    refused: usize,
    ofac: BTreeMap<String, [Option<PathBuf>; 4]>,
}

fn build(folder: &str, file: &str) -> Outcome {
    let started = Instant::now();
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_file()).collect();
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
    let partial = format!("{file}.partial");
    fs::write(&partial, bytes)?;
    fs::rename(&partial, file)?;
    eprintln!("{file}: {} lists, {names} names, {size} bytes, {} ms", lists.len(), started.elapsed().as_millis());
    Ok(())
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

fn classify(path: PathBuf, found: &mut Found) -> Outcome {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    if !matches!(extension.as_str(), "csv" | "xml" | "json" | "jsonl" | "ndjson")
        || path.to_string_lossy().ends_with(".map.json")
    {
        return Ok(());
    }
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_ascii_lowercase();
    let mut head = vec![0; 4096];
    let read = io::Read::read(&mut File::open(&path)?, &mut head)?;
    head.truncate(read);
    let map = path.with_extension("map.json");
    if map.is_file() {
        let mut map: ColumnMap = serde_json::from_slice(&fs::read(map)?)?;
        if map.list_id.is_empty() {
            map.list_id = stem;
        }
        found.single.push((path, Format::MappedCsv(Box::new(map))));
    } else if let Some(format) = sniff(&head) {
        found.single.push((path, format));
    } else if let Some(part) = ofac_part(&head) {
        let key = [
            "_sdn_comments",
            "sdn_comments",
            "_sdn",
            "sdn",
            "_prim",
            "prim",
            "_alt",
            "alt",
            "_add",
            "add",
            "_comments",
        ]
        .iter()
        .find_map(|s| stem.strip_suffix(s))
        .unwrap_or(&stem);
        found.ofac.entry(key.to_owned()).or_default()[part] = Some(path);
    } else if let Some(map) =
        ["rbi", "sebi", "mha", "nse"].iter().find(|l| stem.contains(*l)).and_then(|l| ColumnMap::preset(l))
    {
        found.single.push((path, Format::MappedCsv(Box::new(map))));
    } else if head.trim_ascii().is_empty() {
        found.refused += 1;
        eprintln!("{}: refused: the file is empty", path.display());
    } else if NAMES_OF_LISTS.iter().any(|name| stem.contains(name)) {
        found.refused += 1;
        eprintln!("{}: refused: called like a list, but in no format this engine knows", path.display());
    } else {
        eprintln!("{}: not a list format this engine knows: skipped", path.display());
    }
    Ok(())
}

/// Headerless OFAC files: 12 columns the main file, 5 aliases, 6 addresses, 2 comments, each beginning with an entry number.
fn ofac_part(head: &[u8]) -> Option<usize> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(head);
    let mut record = csv::ByteRecord::new();
    reader.read_byte_record(&mut record).ok()?;
    let number = std::str::from_utf8(record.get(0)?).ok()?.trim();
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match record.len() {
        12 => Some(0),
        5 => Some(1),
        6 => Some(2),
        2 => Some(3),
        _ => None,
    }
}

fn query(artifact: &str, file: &str) -> Outcome {
    let bytes = fs::read(Path::new(artifact))?;
    let started = Instant::now();
    let artifact = Artifact::load(bytes)?;
    let load_ms = started.elapsed().as_secs_f64() * 1000.0;
    let mut reader = csv::Reader::from_path(file)?;
    let headers = reader.byte_headers()?.clone();
    let column = |name: &str| column(&headers, name);
    let name = column("name").or_else(|| column("full_name")).ok_or("no column name or full_name")?;
    let (birth, nationality, schema) = (column("date_of_birth"), column("nationality"), column("schema"));
    let mut writer = csv::Writer::from_writer(io::BufWriter::new(io::stdout().lock()));
    writer.write_record(["query", "rank", "score", "match", "list", "entity_id", "name", "explanation"])?;
    let options = Options { threshold: SHOW_FROM, limit: ROWS, ..Options::default() };
    let mut took: Vec<f64> = Vec::new();
    for record in reader.byte_records() {
        let record = record?;
        let cell = |c: Option<usize>| c.map(|c| text(&record, c).trim().to_owned()).filter(|t| !t.is_empty());
        let asked = Query {
            name: text(&record, name).into_owned(),
            kind: cell(schema).map(|s| kind_of_schema(&s)),
            date_of_birth: cell(birth).and_then(|b| date::parse(&b)).map(|d| d.from),
            countries: cell(nationality).map(|n| countries(&n)).unwrap_or_default(),
            identifiers: Vec::new(),
        };
        let started = Instant::now();
        let hits = artifact.screen(&asked, &options);
        took.push(started.elapsed().as_secs_f64() * 1e6);
        for (i, hit) in hits.iter().enumerate() {
            let verdict = if hit.score >= DEFAULT_THRESHOLD { "true" } else { "false" };
            let (rank, score) = ((i + 1).to_string(), format!("{:.3}", hit.score));
            writer.write_record([
                &asked.name,
                &rank,
                &score,
                verdict,
                &hit.list,
                &hit.entity_id,
                &hit.name,
                &hit.explanation,
            ])?;
        }
    }
    writer.flush()?;
    took.sort_by(f64::total_cmp);
    let at = |share: f64| {
        took.get(((took.len() as f64 * share) as usize).min(took.len().saturating_sub(1))).copied().unwrap_or(0.0)
    };
    let mut err = io::stderr().lock();
    writeln!(
        err,
        "queries={} median_us={:.0} p99_us={:.0} load_ms={load_ms:.1} rss_mb={:.1}",
        took.len(),
        at(0.5),
        at(0.99),
        resident_mb()
    )?;
    Ok(())
}

/// Codes as they are, names of countries by the readers' table.
fn countries(text: &str) -> Vec<String> {
    text.split([';', '|', '/']).filter_map(iso_country).map(str::to_owned).collect()
}

/// Resident memory from `/proc`; 0 where there is none.
fn resident_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
