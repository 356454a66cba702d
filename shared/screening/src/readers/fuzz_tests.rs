//! Every reader against noise, mutated samples and hostile files. Bounded to seconds; the longer runs are a matter of
//! `PROPTEST_CASES`.

use super::*;
use proptest::prelude::*;

fn formats() -> Vec<Format> {
    let map =
        ColumnMap { list_id: "x".into(), name: "name".into(), aliases: Some("aliases".into()), ..ColumnMap::default() };
    vec![
        Format::OfacSdnCsv,
        Format::OfacConsolidatedCsv,
        Format::OfacXml,
        Format::UnXml,
        Format::EuXml,
        Format::UkCsv,
        Format::UsCslCsv,
        Format::OpenSanctionsCsv,
        Format::FtmJson,
        Format::MappedCsv(Box::new(map)),
    ]
}

/// One well-formed file a format, to be damaged.
const SAMPLES: &[&str] = &[
    "7,\"MONTENEGRO, Alvaro\",individual,SDNT,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 24 Aug 1951; nationality Peru; a.k.a. 'Z'.\"\r\n\u{1a}\r\n",
    "<sdnList><sdnEntry><uid>7</uid><lastName>M</lastName><sdnType>Individual</sdnType><akaList><aka><lastName>Z</lastName></aka></akaList></sdnEntry></sdnList>",
    "<CONSOLIDATED_LIST dateGenerated=\"1\"><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>A &amp; B</FIRST_NAME></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>",
    "<export generationDate=\"1\"><sanctionEntity logicalId=\"9\"><subjectType code=\"person\"/><nameAlias wholeName=\"A B\"/></sanctionEntity></export>",
    "Report Date: 13-Feb-2026\nUnique ID,Name 6,Name 1,Name type,Regime Name,Type of entity,D.O.B,Nationality(/ies),IMO number\nT1,M,A,Primary Name,R,Individual,1951,Peru,\n",
    "source,entity_number,type,programs,name,alt_names,dates_of_birth,nationalities\nS,1,Individual,P,A B,C D,1951,PE\n",
    "id,schema,name,aliases,birth_date,countries,identifiers\nx,Person,A B,C;D,1951,pe,A1\n",
    "{\"id\":\"a\",\"schema\":\"Person\",\"caption\":\"A B\",\"properties\":{\"alias\":[\"C\"]}}\n",
    "name,aliases\nA B,C;D\n",
];

#[test]
fn samples_are_read() {
    for sample in SAMPLES {
        let read_by = formats().iter().filter(|f| read(f, sample.as_bytes()).is_ok()).count();
        assert!(read_by >= 1, "{sample}");
    }
}

#[test]
fn hostile_files_end_quickly() {
    let long = "x".repeat(6 << 20);
    let unclosed = format!("1,\"{long}");
    let header = "Report Date: 1\nUnique ID,Name 6,Name 1,Name type,Regime Name,Type of entity,D.O.B,Nationality(/ies),IMO number\n";
    let cases = [
        unclosed.clone(),
        format!("{header}{unclosed}"),
        format!("name,aliases\n\"{long}"),
        format!("<CONSOLIDATED_LIST><INDIVIDUAL><DATAID>{long}"),
        format!("<CONSOLIDATED_LIST><INDIVIDUAL a=\"{long}"),
        format!("<export>{}", "<sanctionEntity>".repeat(300_000)),
        format!("<CONSOLIDATED_LIST><INDIVIDUAL>{}</INDIVIDUAL></CONSOLIDATED_LIST>", "<a/>".repeat(200_000)),
        format!("{{\"id\":\"{long}"),
        format!("{{\"id\":\"a\",\"schema\":\"Person\",\"properties\":{}", "{\"a\":".repeat(100_000)),
        "<!DOCTYPE a [<!ENTITY x \"y\"><!ENTITY z \"&x;&x;\">]><CONSOLIDATED_LIST>&z;</CONSOLIDATED_LIST>".to_owned(),
    ];
    for format in formats() {
        for case in &cases {
            assert!(read(&format, case.as_bytes()).is_err(), "{format:?} accepted {}", &case[..60]);
        }
    }
}

/// A file of a hundred megabytes that is never there as a whole: a beginning, then one piece over and over.
struct Endless {
    head: &'static [u8],
    piece: &'static [u8],
    at: usize,
    served: usize,
}

impl std::io::Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        if self.served >= 100 << 20 {
            return Ok(0);
        }
        for byte in buf.iter_mut() {
            *byte = match self.head.get(self.served) {
                Some(b) => *b,
                None => self.piece[self.at % self.piece.len()],
            };
            self.at += usize::from(self.served >= self.head.len());
            self.served += 1;
        }
        Ok(buf.len())
    }
}

/// No reader asks for more of a record without end than a record may have.
#[test]
fn a_line_of_a_hundred_megabytes_is_not_read() {
    let cases: [(Format, &'static str, &'static str); 9] = [
        (Format::OfacSdnCsv, "1,\"", "x"),
        (Format::OfacSdnCsv, "1", ",x"),
        (
            Format::UkCsv,
            "Report Date: 1\nUnique ID,Name 6,Name 1,Name type,Regime Name,Type of entity,D.O.B,Nationality(/ies),IMO number\n\"",
            "x",
        ),
        (Format::UnXml, "<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>", "x"),
        (Format::UnXml, "<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL ", "a=\"\" "),
        (Format::UnXml, "<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID>", "<a/>"),
        (Format::EuXml, "<export><sanctionEntity>", "<a>"),
        (Format::FtmJson, "{\"id\":\"", "x"),
        (Format::FtmJson, "{\"id\":\"a\",\"schema\":\"Person\",\"properties\":{\"a\":[", "0,"),
    ];
    for (format, head, piece) in cases {
        let mut source = Endless { head: head.as_bytes(), piece: piece.as_bytes(), at: 0, served: 0 };
        let outcome = read(&format, std::io::BufReader::new(&mut source));
        assert!(matches!(outcome, Err(ReadError::TooLarge(_))), "{format:?} {head}: {outcome:?}");
        assert!(source.served <= 2 * guard::MAX_RECORD_BYTES, "{format:?} {head}: {} bytes read", source.served);
    }
}

#[test]
fn an_element_of_a_hundred_thousand_attributes_is_refused_at_once() {
    let attributes = (0..100_000).fold(String::new(), |all, i| all + &format!(" a{i}=\"\""));
    let file = format!("<CONSOLIDATED_LIST><INDIVIDUAL{attributes}/></CONSOLIDATED_LIST>");
    assert!(matches!(read(&Format::UnXml, file.as_bytes()), Err(ReadError::TooLarge(_))));
}

#[test]
fn many_columns_and_many_values_are_bounded() {
    let columns = format!("name{}\nA", ",x".repeat(5000));
    let map = ColumnMap { name: "name".into(), aliases: Some("aliases".into()), ..ColumnMap::default() };
    let mapped = Format::MappedCsv(Box::new(map));
    assert!(matches!(read(&mapped, columns.as_bytes()), Err(ReadError::TooLarge(_))));
    let aliases = (0..100_000).fold(String::new(), |all, i| all + &format!("n{i};"));
    let list = read(&mapped, format!("name,aliases\nA B,{aliases}\n").as_bytes()).unwrap();
    assert!(list.entities[0].names.len() <= 500);
    let numbers = format!(
        "{{\"id\":\"a\",\"schema\":\"Person\",\"caption\":\"A B\",\"properties\":{{\"alias\":[{}\"C D\"]}}}}",
        "0,[1],".repeat(100_000)
    );
    let list = read(&Format::FtmJson, numbers.as_bytes()).unwrap();
    assert_eq!(list.entities[0].names.len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn noise(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for format in formats() {
            let _ = read(&format, bytes.as_slice());
        }
        let _ = sniff(&bytes);
    }

    #[test]
    fn damaged_samples(which in 0..SAMPLES.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..12)) {
        let mut bytes = SAMPLES[which].as_bytes().to_vec();
        for (at, value, how) in changes {
            let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match how {
                0 if !bytes.is_empty() => bytes[at] = value,
                1 if !bytes.is_empty() => { bytes.remove(at); }
                _ => bytes.insert(at.min(bytes.len()), value),
            }
        }
        for format in formats() {
            if let Ok(list) = read(&format, bytes.as_slice()) {
                prop_assert!(list.entities.iter().all(|e| !e.names.is_empty()));
            }
        }
    }
}
