//! A file of names against an artifact.

use std::fs;
use std::io::{self, Write};
use std::time::Instant;

use verinym_screening::readers::iso_country;
use verinym_screening::{DEFAULT_THRESHOLD, Options, Query, date};

use crate::args::{Args, column, kind_of, load, named, text};
use crate::{DONE, Outcome};

/// Rows a query at most.
const ROWS: usize = 5;
/// Candidates below this are not worth a line.
const SHOW_FROM: f64 = 0.8;

pub const HELP: &str = "\
screen query [--show-from SCORE] ARTIFACT NAMES.csv

Screens every name of a file, and prints at most five hits for each as CSV: query, rank, score, match (true from 0.85), list,
entity_id, name, explanation. Speed and memory are told on standard error.

The file has a column name or full_name, and may have date_of_birth, nationality (several parted by ;) and schema (Person,
Organization, Company, Vessel, Airplane).

  --show-from SCORE   leave out hits below this score, 0.5 to 1; 0.8 if absent

Exit codes: 0 done, with hits or without, 1 failed, 2 wrong usage.
";

pub fn run(args: Args) -> Outcome {
    let [artifact, file] = args.plain()?;
    let show_from = args.one("--show-from", |text| text.parse().ok().filter(|t| (0.5..=1.0).contains(t)))?;
    let started = Instant::now();
    let artifact = load(artifact)?;
    let load_ms = started.elapsed().as_secs_f64() * 1000.0;
    let mut reader = named(file, csv::Reader::from_path(file))?;
    let headers = reader.byte_headers()?.clone();
    let column = |name: &str| column(&headers, name);
    let name = column("name").or_else(|| column("full_name")).ok_or("no column name or full_name")?;
    let (birth, nationality, schema) = (column("date_of_birth"), column("nationality"), column("schema"));
    let mut writer = csv::Writer::from_writer(io::BufWriter::new(io::stdout().lock()));
    writer.write_record(["query", "rank", "score", "match", "list", "entity_id", "name", "explanation"])?;
    let options = Options { threshold: show_from.unwrap_or(SHOW_FROM), limit: ROWS, ..Options::default() };
    let mut took: Vec<f64> = Vec::new();
    for record in reader.byte_records() {
        let record = record?;
        let cell = |c: Option<usize>| c.map(|c| text(&record, c).trim().to_owned()).filter(|t| !t.is_empty());
        let asked = Query {
            name: text(&record, name).into_owned(),
            kind: cell(schema).map(|s| kind_of(&s)),
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
    Ok(DONE)
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
