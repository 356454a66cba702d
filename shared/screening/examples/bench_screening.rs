//! The engine's own figures: `bench_screening [NAMES | ARTIFACT CSV [recall]]`.
//!
//! 1. Synthetic lists of 10 k, 60 k, 500 k and 2 M names, or of as many as asked for: build time, size, load time, median
//!    and 99th percentile of a screening, resident memory.
//! 2. Recall of the candidate search against comparing with every listed name, on the synthetic 10 k.
//!
//! Given an artifact and a CSV whose first column holds names: speed on them and, if asked for, recall.
//!
//! Everything is drawn from a fixed seed: the same run everywhere.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a command for people, printing figures"
)]

use std::time::Instant;

use verinym_screening::{Artifact, Entity, Kind, List, Name, Options, Query};

/// `SplitMix64` (Steele, Lea and Flood 2014): small, seeded, good enough for names.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        (self.roll() % n.max(1) as u64) as usize
    }

    /// Zipf-like: few names are borne by many.
    fn skewed(&mut self, n: usize) -> usize {
        let x = (self.roll() >> 11) as f64 / (1u64 << 53) as f64;
        (((n as f64 + 1.0).powf(x) - 1.0) as usize).min(n - 1)
    }
}

const ONSETS: [&str; 24] = [
    "b", "k", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "sh", "ch", "kh", "br", "tr",
    "st", "y",
];
const NUCLEI: [&str; 10] = ["a", "e", "i", "o", "u", "a", "i", "ou", "ei", "aa"];
const CODAS: [&str; 12] = ["", "", "", "n", "r", "l", "m", "s", "d", "k", "v", "h"];
const FIRST: [&str; 20] = [
    "Mohammad", "Ahmed", "Ali", "Abdul", "Maria", "Jose", "Juan", "Carlos", "Ivan", "Sergey", "Kim", "Wang", "Li",
    "Hassan", "Hussein", "Ana", "Peter", "John", "Omar", "Yusuf",
];

/// Names of one to four syllables, a few of the world's commonest in front.
fn pool(dice: &mut Dice, size: usize) -> Vec<String> {
    let mut out: Vec<String> = FIRST.iter().map(|f| (*f).to_owned()).collect();
    while out.len() < size {
        let mut word = String::new();
        for _ in 0..2 + dice.below(3) {
            word.push_str(ONSETS[dice.below(ONSETS.len())]);
            word.push_str(NUCLEI[dice.below(NUCLEI.len())]);
            word.push_str(CODAS[dice.below(CODAS.len())]);
        }
        out.push(word);
    }
    out
}

fn name(dice: &mut Dice, given: &[String], family: &[String]) -> String {
    let mut parts = vec![given[dice.skewed(given.len())].clone()];
    for _ in 0..[0, 0, 1, 1, 2][dice.below(5)] {
        parts.push(given[dice.skewed(given.len())].clone());
    }
    parts.push(family[dice.skewed(family.len())].clone());
    parts.join(" ")
}

/// About a third organisations, as on real lists; 2.5 names an entity.
fn synthetic(names: usize) -> (List, Vec<String>, Vec<String>) {
    let mut dice = Dice(42);
    let given = pool(&mut dice, 2_000 + names / 40);
    let family = pool(&mut dice, 4_000 + names / 6);
    let mut entities = Vec::new();
    let mut count = 0;
    while count < names {
        let organisation = entities.len() % 3 == 2;
        let mut entity = Entity {
            id: entities.len().to_string(),
            kind: if organisation { Kind::Organisation } else { Kind::Person },
            ..Entity::default()
        };
        for _ in 0..=dice.below(4) {
            let text = if organisation {
                let word = ["Trading", "Shipping", "Industries", "Bank", "Group"][dice.below(5)];
                format!("{} {} {word} Ltd", family[dice.skewed(family.len())], family[dice.below(family.len())])
            } else {
                name(&mut dice, &given, &family)
            };
            entity.names.push(Name::primary(text));
            count += 1;
        }
        entities.push(entity);
    }
    (List { id: "synthetic".into(), version: names.to_string(), published_at: None, entities }, given, family)
}

/// One or two slips of the pen.
fn disturbed(dice: &mut Dice, name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    for _ in 0..=dice.below(2) {
        let at = 1 + dice.below(letters.len().saturating_sub(2));
        match dice.below(4) {
            0 => letters[at] = (b'a' + dice.below(26) as u8) as char,
            1 if letters.len() > 4 => {
                letters.remove(at);
            }
            2 => letters.insert(at, letters[at]),
            _ => letters.swap(at, at - 1),
        }
    }
    letters.into_iter().collect()
}

fn percentile(sorted: &[f64], share: f64) -> f64 {
    sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// What each screening took, microseconds, sorted.
fn times(artifact: &Artifact, queries: &[String]) -> Vec<f64> {
    let options = Options::default();
    let mut took = Vec::with_capacity(queries.len());
    for query in queries {
        let query = Query::name(query);
        let started = Instant::now();
        std::hint::black_box(artifact.screen(&query, &options));
        took.push(started.elapsed().as_secs_f64() * 1e6);
    }
    took.sort_by(f64::total_cmp);
    took
}

fn row(names: usize) -> Result<(), Box<dyn std::error::Error>> {
    let (list, given, family) = synthetic(names);
    let started = Instant::now();
    let bytes = Artifact::build(std::slice::from_ref(&list));
    let build = started.elapsed().as_secs_f64();
    let size = bytes.len() as f64 / 1e6;
    let entities = list.entities.len();
    let mut dice = Dice(7);
    // Half ordinary names, half listed ones with slips.
    let queries: Vec<String> = (0..2000)
        .map(|i| {
            if i % 2 == 0 {
                name(&mut dice, &given, &family)
            } else {
                let entity = &list.entities[dice.below(entities)];
                disturbed(&mut dice, &entity.names[0].text)
            }
        })
        .collect();
    drop(list);
    drop((given, family));
    let started = Instant::now();
    let artifact = Artifact::load(bytes)?;
    let load = started.elapsed().as_secs_f64() * 1000.0;
    let took = times(&artifact, &queries);
    println!(
        "{names:>9} | {build:>7.2} s | {size:>7.1} MB | {load:>6.1} ms | {:>7.0} us | {:>7.0} us | {:>6.0} MB",
        percentile(&took, 0.5),
        percentile(&took, 0.99),
        resident_mb()
    );
    Ok(())
}

/// Of what comparing with everybody finds at the threshold, how much the index finds.
fn recall(artifact: &Artifact, queries: &[String]) {
    let options = Options { limit: 1000, ..Options::default() };
    let (mut all, mut found) = (0usize, 0usize);
    for query in queries {
        let query = Query::name(query);
        let fast = artifact.screen(&query, &options);
        for hit in artifact.screen_exhaustively(&query, &options) {
            all += 1;
            if fast.iter().any(|h| h.entity_id == hit.entity_id && h.list == hit.list) {
                found += 1;
            } else if all - found <= 12 {
                println!("  lost: {} / {} ({:.3})", query.name, hit.name, hit.score);
            }
        }
    }
    println!(
        "candidate search: {found} of {all} hits of the exhaustive comparison = {:.4}",
        found as f64 / all.max(1) as f64
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [artifact, names, rest @ ..] = args.as_slice() {
        // Real lists.
        let artifact = Artifact::load(std::fs::read(artifact)?)?;
        let mut queries = Vec::new();
        for record in csv::Reader::from_path(names)?.records() {
            queries.extend(record?.get(0).map(str::to_owned));
        }
        let took = times(&artifact, &queries);
        println!("median {:.0} us, 99th percentile {:.0} us", percentile(&took, 0.5), percentile(&took, 0.99));
        if !rest.is_empty() {
            recall(&artifact, &queries);
        }
        return Ok(());
    }
    if let [names] = args.as_slice() {
        return row(names.parse()?);
    }
    println!("    names |   build   |    size    |   load    |   median   |    p99     | resident");
    for names in [10_000, 60_000, 500_000, 2_000_000] {
        row(names)?;
    }
    let (list, ..) = synthetic(10_000);
    let mut dice = Dice(11);
    let queries: Vec<String> = (0..400)
        .map(|_| {
            let at = dice.below(list.entities.len());
            disturbed(&mut dice, &list.entities[at].names[0].text)
        })
        .collect();
    recall(&Artifact::load(Artifact::build(&[list]))?, &queries);
    Ok(())
}
