//! One name against an artifact, line by line.

use std::io::{self, Write};

use verinym_screening::Step;
use verinym_screening::{DEFAULT_THRESHOLD, Hit, Options, Query};

use crate::args::{Args, load};
use crate::{DONE, Outcome, TO_REVIEW};

pub const HELP: &str = "\
screen explain [OPTIONS] ARTIFACT NAME

Screens one name and prints every hit with the lines that lead from 1 to its score.

  --kind KIND         person, organization, vessel or aircraft; all kinds if absent
  --born DATE         date of birth: 1962-07-14, 1962-07 or 1962
  --country COUNTRY   ISO 3166-1 alpha-2 or a name; may stand several times
  --number NUMBER     number of a document, company, vessel or wallet, its type before it if known: passport=N0046177;
                      types: passport, national_id, tax, registration, lei, imo, call_sign, aircraft, wallet, other;
                      may stand several times
  --list ID           look at this list alone; may stand several times
  --threshold SCORE   show hits from this score, 0.5 to 1; 0.85 if absent
  --limit COUNT       show so many hits at most; 50 if absent
  --json              print hits as JSON, with the lines of each

Exit codes: 0 nothing to look at, 3 a hit or a doubtful name, 1 failed, 2 wrong usage.
";

pub fn run(args: Args) -> Outcome {
    let [file, name] = args.plain()?;
    let query = Query {
        name: args.text(name)?.to_owned(),
        kind: args.kind()?,
        date_of_birth: args.born()?,
        countries: args.countries()?,
        identifiers: args.numbers()?,
    };
    let threshold = args.one("--threshold", |text| text.parse().ok().filter(|t| (0.5..=1.0).contains(t)))?;
    let limit = args.one("--limit", |text| text.parse().ok().filter(|limit| *limit > 0))?;
    let lists: Vec<String> = args.all("--list")?.into_iter().map(str::to_owned).collect();
    let artifact = load(file)?;
    if let Some(unknown) = lists.iter().find(|id| artifact.lists().iter().all(|list| list.id != **id)) {
        return Err(args.wrong(&format!("no list {unknown} in the artifact")));
    }
    let options = Options {
        threshold: threshold.unwrap_or(DEFAULT_THRESHOLD),
        lists,
        limit: limit.unwrap_or(Options::default().limit),
    };
    let hits = artifact.screen(&query, &options);
    let doubts: Vec<&str> = query.doubts().iter().map(|doubt| doubt.as_str()).collect();
    let mut out = io::BufWriter::new(io::stdout().lock());
    if args.has("--json") {
        let hits: Vec<_> = hits.iter().map(as_json).collect();
        writeln!(out, "{}", serde_json::json!({ "hits": hits, "doubts": doubts }))?;
    } else {
        for hit in &hits {
            write_hit(&mut out, hit)?;
        }
        match hits.len() {
            0 => writeln!(out, "no hit from {:.3}", options.threshold)?,
            count => {
                writeln!(out, "{count} {} from {:.3}", if count == 1 { "hit" } else { "hits" }, options.threshold)?;
            }
        }
        for doubt in &doubts {
            writeln!(out, "doubtful name: {doubt}. That nothing is found means nothing.")?;
        }
    }
    out.flush()?;
    Ok(if hits.is_empty() && doubts.is_empty() { DONE } else { TO_REVIEW })
}

fn as_json(hit: &Hit) -> serde_json::Value {
    let mut json = serde_json::json!(hit);
    let steps = hit.steps();
    let line = |step: &Step| serde_json::json!({ "text": step.text, "points": f64::from(step.points) / 1000.0 });
    json["lines"] = steps.iter().map(line).collect();
    json
}

fn write_hit(out: &mut impl Write, hit: &Hit) -> io::Result<()> {
    writeln!(out, "{:.3}  {}  ({} {})", hit.score, hit.name, hit.list, hit.entity_id)?;
    writeln!(out, "    {}", hit.compared())?;
    for (what, values) in
        [("born", &hit.dates_of_birth), ("countries", &hit.countries), ("programmes", &hit.programmes)]
    {
        if !values.is_empty() {
            writeln!(out, "    {what}: {}", values.join(", "))?;
        }
    }
    write_steps(out, &hit.steps(), hit.score, hit.name_score)?;
    writeln!(out)
}

/// The lines, which lead from 1 to the score.
pub fn write_steps(out: &mut impl Write, steps: &[Step], score: f64, name_score: f64) -> io::Result<()> {
    writeln!(out, "     1.000  to begin with")?;
    for step in steps {
        let points = if step.points == 0 { String::new() } else { format!("{:+.3}", f64::from(step.points) / 1000.0) };
        writeln!(out, "    {points:>6}  {}", step.text)?;
    }
    writeln!(out, "     {score:.3}  score; of the name alone {name_score:.3}")
}
