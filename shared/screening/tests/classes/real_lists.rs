//! Classes that only real lists show: OFAC SDN and consolidated and the UN's, beside the workspace. Skipped without them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use verinym_screening::Kind::{Organisation, Person};
use verinym_screening::readers::{read, read_parts};
use verinym_screening::{Artifact, Format, Kind, Query};

use super::{Right, best};

fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("VERINYM_SHARED").map(PathBuf::from);
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut places = given.into_iter().chain(here.ancestors().map(|a| a.join("shared")));
    places.find_map(|shared| Some(shared.join("lists")).filter(|lists| lists.join("ofac_sdn.csv").is_file()))
}

fn lists() -> Option<Artifact> {
    let Some(folder) = folder() else {
        eprintln!("skipped: no real lists");
        return None;
    };
    let open = |name: &str| BufReader::new(File::open(folder.join(name)).unwrap());
    let parts = |format: Format, names: &[&str]| {
        let mut files: Vec<_> = names.iter().map(|name| open(name)).collect();
        let mut readers: Vec<&mut dyn BufRead> = files.iter_mut().map(|file| file as &mut dyn BufRead).collect();
        read_parts(&format, &mut readers).unwrap()
    };
    let lists = [
        parts(Format::OfacSdnCsv, &["ofac_sdn.csv", "ofac_alt.csv"]),
        parts(Format::OfacConsolidatedCsv, &["ofac_cons_prim.csv", "ofac_cons_alt.csv"]),
        read(&Format::UnXml, open("un_consolidated.xml")).unwrap(),
    ];
    Some(Artifact::load(Artifact::build(&lists)).unwrap())
}

fn class(artifact: &Artifact, name: &str, kind: Kind, right: Right, asked: &[&str]) {
    let scores: Vec<(&str, f64)> = asked
        .iter()
        .map(|asked| (*asked, best(artifact, &Query { kind: Some(kind), ..Query::name(*asked) })))
        .collect();
    let wrong: Vec<_> = scores.iter().filter(|(_, score)| !right.holds(*score)).collect();
    println!("{name}: {} right, {} wrong", asked.len() - wrong.len(), wrong.len());
    assert!(wrong.is_empty(), "{name}: {wrong:?}");
}

#[test]
fn on_real_lists_consonants_find_and_short_or_other_names_do_not() {
    let Some(artifact) = lists() else { return };
    class(
        &artifact,
        "F6",
        Person,
        Right::AtLeast(0.85),
        &[
            "بشار الأسد",
            "داؤد ابراہیم",
            "قاسم سلیمانی",
            "رامي مخلوف",
            "سيف الإسلام القذافي",
            "محمد ضيف",
            "اسماعیل قاآنی",
            "حسن نصر الله",
            "يحيى السنوار",
            "سراج الدین حقانی",
        ],
    );
    class(
        &artifact,
        "F11 on lists",
        Organisation,
        Right::Below(0.85),
        &["ACME CORP", "ACMI Inc", "LPG Ltd", "SAP SE", "KPMG", "PIMCO", "QMS Ltd", "BKK Ltd", "MUT Ltd", "BNE Ltd"],
    );
    class(&artifact, "F28 persons", Person, Right::Below(0.85), &["George Bush", "Wang Wei", "Luis Fernando Gomez"]);
    class(&artifact, "F28 companies", Organisation, Right::Below(0.85), &["BELLETECH CORP", "BALTEK Inc"]);
    class(
        &artifact,
        "F27 on lists",
        Organisation,
        Right::Below(0.85),
        &["T & T Logistics", "Z & Z Metals", "G & G Import Export"],
    );
}
