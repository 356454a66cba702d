//! Which list a file is, by its name and its first bytes.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use verinym_screening::Format;
use verinym_screening::readers::{ColumnMap, sniff};

/// What files of lists are called by their publishers: what bears such a name and cannot be read is a broken list.
const NAMES_OF_LISTS: [&str; 8] = ["sdn", "ofac", "consolidated", "fsf", "sanction", "csl", "targets", "entities.ftm"];

/// What the files of a folder are: whole lists, and the parts of OFAC's lists of four files by their common stem.
#[derive(Default)]
pub struct Found {
    pub single: Vec<(PathBuf, Format)>,
    /// Files that ought to be lists and are not.
    pub refused: usize,
    pub ofac: BTreeMap<String, [Option<PathBuf>; 4]>,
}

pub fn classify(path: PathBuf, found: &mut Found) -> Result<(), Box<dyn Error>> {
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
