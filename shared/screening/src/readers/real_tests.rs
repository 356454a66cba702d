//! The readers on published lists, where they are at hand.

use super::*;

fn file(name: &str) -> Option<Vec<u8>> {
    crate::shared_folder("lists").map(|folder| std::fs::read(folder.join(name)).unwrap())
}

fn read_files(format: &Format, files: &[&[u8]]) -> Result<(List, ReadReport), ReadError> {
    let mut slices = files.to_vec();
    let mut parts: Vec<&mut dyn BufRead> = slices.iter_mut().map(|slice| -> &mut dyn BufRead { slice }).collect();
    read_with_report(format, &mut parts)
}

/// Not more than one value in `one_in` of a column is unknown.
fn assert_understood(report: &ReadReport, column: &str, of: usize, one_in: usize) {
    let unknown = report.unknown.get(column).map_or(0, |unknown| unknown.count);
    assert!(unknown * one_in <= of, "{column}: {:?}", report.unknown.get(column));
}

#[test]
fn published_lists_are_read_whole_and_their_values_understood() {
    let names = ["ofac_sdn.csv", "ofac_alt.csv", "ofac_add.csv"];
    let Some(files) = names.iter().map(|name| file(name)).collect::<Option<Vec<_>>>() else { return };
    let slices: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let (list, report) = read_files(&Format::OfacSdnCsv, &slices).unwrap();
    assert!(
        list.entities.len() > 8900 && report.read.names > 23_000 && report.read.numbers > 7000,
        "{:?}",
        report.read
    );
    assert_eq!((report.set_aside.count, report.dropped.get(&DropReason::WithoutEntity)), (0, None));
    assert_understood(&report, "address country", report.files[2].records, 1000);
    assert_understood(&report, "nationality", report.read.countries, 1000);
    assert_understood(&report, "remarks", report.read.numbers, 100);
    assert_understood(&report, "DOB", report.read.dates, 1000);
    let wallets = list.entities.iter().flat_map(|e| &e.identifiers).filter(|i| i.kind == "wallet").count();
    assert!(wallets > 70, "{wallets}");

    let (list, report) = read_files(&Format::UnXml, &[&file("un_consolidated.xml").unwrap()]).unwrap();
    assert_eq!((list.entities.len(), report.set_aside.count), (1003, 0));
    for column in ["NATIONALITY", "address COUNTRY", "ISSUING_COUNTRY", "INDIVIDUAL_DATE_OF_BIRTH DATE"] {
        assert_eq!(report.unknown.get(column), None, "{column}");
    }
    assert_understood(&report, "INDIVIDUAL_DATE_OF_BIRTH NOTE", report.read.dates, 300);
    let ghailani = list.entities.iter().find(|e| e.names.iter().any(|n| n.text.contains("GHAILANI"))).unwrap();
    assert!(ghailani.countries.contains(&"TZ".to_owned()), "{:?}", ghailani.countries);

    for (format, name) in [
        (Format::EuXml, "eu_fsf_excerpt.xml"),
        (Format::UkCsv, "uk_sanctions_excerpt.csv"),
        (Format::UsCslCsv, "us_csl_sample.csv"),
    ] {
        let (list, report) = read_files(&format, &[&file(name).unwrap()]).unwrap();
        assert!(!list.entities.is_empty() && report.set_aside.count == 0, "{name}: {report:?}");
        assert_eq!(report.read.entities, list.entities.len());
    }
}

#[test]
fn damaged_lists_are_refused() {
    let Some(broken) = file("broken/ofac_sdn.csv") else { return };
    assert!(matches!(read_files(&Format::OfacSdnCsv, &[&broken]), Err(ReadError::BadRow { .. })));
    let broken = file("broken/us_csl.csv").unwrap();
    assert!(matches!(read_files(&Format::UsCslCsv, &[&broken]), Err(ReadError::BadRow { .. })));
    let (main, aliases) = (file("ofac_sdn.csv").unwrap(), file("ofac_alt.csv").unwrap());
    let line_end = |percent: usize| {
        let at = main.len() / 100 * percent;
        at + main[at..].iter().position(|b| *b == b'\n').unwrap() + 1
    };
    for (end, what) in [(main.len() / 100 * 98, "98 %"), (main.len() / 100 * 85, "85 %"), (line_end(90), "a line end")]
    {
        let outcome = read_files(&Format::OfacSdnCsv, &[&main[..end], &aliases]);
        assert!(matches!(outcome, Err(ReadError::Truncated(_) | ReadError::BadRow { .. })), "{what}: {outcome:?}");
    }
    let half = &aliases[..aliases.len() / 2];
    let half = &half[..=half.iter().rposition(|b| *b == b'\n').unwrap()];
    assert!(matches!(read_files(&Format::OfacSdnCsv, &[&main, half]), Err(ReadError::Truncated(_))));
    let un = file("un_consolidated.xml").unwrap();
    let doubled = [un.as_slice(), un.as_slice()].concat();
    assert!(read_files(&Format::UnXml, &[&doubled]).is_err());
}
