//! What the fuzz targets share: each gives bytes to the engine and states what must hold whatever they are. libFuzzer
//! bounds time and memory of one input, and finds inputs by the branches they take.

use std::io::BufRead;

use verinym_screening::readers::{ColumnMap, read_with_report};
use verinym_screening::{Artifact, Entity, Format, Kind, List, Name, Options, Query, compare};

/// What parts the files of a list in one input: no list holds it.
const NEXT_FILE: u8 = 0x1e;

/// Reads a list. Its names can be compiled, and what is read agrees with the report.
pub fn read(format: &Format, data: &[u8]) {
    let mut files: Vec<&[u8]> = data.split(|byte| *byte == NEXT_FILE).take(format.most_files()).collect();
    let mut parts: Vec<&mut dyn BufRead> = files.iter_mut().map(|file| file as &mut dyn BufRead).collect();
    let Ok((list, report)) = read_with_report(format, &mut parts) else { return };
    assert!(list.entities.iter().all(|entity| !entity.names.is_empty()), "an entity without a name");
    assert_eq!(report.read.entities, list.entities.len());
    assert!(!list.id.is_empty() && !list.version.is_empty());
    if list.entities.len() <= 3 {
        let names = Artifact::load(Artifact::build(&[list])).expect("what was built is loaded").names();
        assert!(names <= report.read.names);
    }
}

pub fn mapped() -> Format {
    let column = |name: &str| Some(name.to_owned());
    Format::MappedCsv(Box::new(ColumnMap {
        list_id: "x".into(),
        name: "Name".into(),
        aliases: column("Aliases"),
        kind: column("Type"),
        date_of_birth: column("Date of Birth"),
        programme: column("Schedule"),
        ..ColumnMap::default()
    }))
}

const LONGEST: usize = 160;

/// The first line is asked, the others are listed. Scores are in bounds, explanations add up, and the order of two names
/// makes no difference.
pub fn screen(data: &[u8]) {
    // Long names take the time of many short ones, and repeat what those do; `fields` has long texts.
    let Ok(text) = std::str::from_utf8(&data[..data.len().min(LONGEST)]) else { return };
    let mut lines = text.lines();
    let Some(asked) = lines.next() else { return };
    let kind = Kind::from_byte(data.len() as u8 % 5);
    let listed: Vec<&str> = lines.take(2).collect();
    for listed in &listed {
        let (there, back) = (compare(asked, listed, kind), compare(listed, asked, kind));
        assert_eq!(there.score, back.score, "the other way round");
        let sum: i32 = there.steps.iter().map(|step| step.points).sum();
        assert_eq!(sum + 1000, thousandths(there.score), "{:?}", there.steps);
    }
    let entity = |(i, name): (usize, &&str)| Entity {
        id: i.to_string(),
        kind,
        names: vec![Name::primary(*name)],
        ..Entity::default()
    };
    let entities = listed.iter().enumerate().map(entity).collect();
    let list = List { id: "l".into(), version: "1".into(), published_at: None, entities };
    let artifact = Artifact::load(Artifact::build(&[list])).expect("what was built is loaded");
    let query = Query { kind: Some(kind), ..Query::name(asked) };
    let options = Options { threshold: 0.3, ..Options::default() };
    for hit in artifact.screen(&query, &options) {
        assert!((0.3..1.0).contains(&hit.score) && (0.0..=1.0).contains(&hit.name_score), "{hit:?}");
        let sum: i32 = hit.steps().iter().map(|step| step.points).sum();
        assert_eq!(sum + 1000, thousandths(hit.score), "{}", hit.explanation);
    }
    let _ = (query.doubts(), query.is_empty());
}

fn thousandths(score: f64) -> i32 {
    (score * 1000.0).round() as i32
}
