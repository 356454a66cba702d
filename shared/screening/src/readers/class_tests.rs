//! From a list's file to a hit: what publishers' files have been seen to hide.

use super::*;
use crate::{Artifact, Kind, Options, Query, date};

/// The best hit's score in thousandths, 0 for none.
fn score(list: &List, name: &str, kind: Option<Kind>, born: Option<&str>) -> i32 {
    let artifact = Artifact::load(Artifact::build(std::slice::from_ref(list))).unwrap();
    let query = Query {
        name: name.into(),
        kind,
        date_of_birth: born.and_then(date::parse).map(|d| d.from),
        countries: Vec::new(),
        identifiers: Vec::new(),
    };
    let options = Options { threshold: 0.8, ..Options::default() };
    artifact.screen(&query, &options).first().map_or(0, |hit| (hit.score * 1000.0).round() as i32)
}

fn mapped(rows: &[u8]) -> List {
    let map = ColumnMap { list_id: "x".into(), name: "name".into(), kind: Some("kind".into()), ..ColumnMap::default() };
    read(&Format::MappedCsv(Box::new(map)), [b"name,kind\n".as_slice(), rows].concat().as_slice()).unwrap()
}

/// The header of the published file.
const UK_HEADER: &str = "Last Updated,Unique ID,OFSI Group ID,UN Reference Number,Name 6,Name 1,Name 2,Name 3,Name 4,Name 5,Name type,Alias strength,Title,Name non-latin script,Non-latin script type,Non-latin script language,Regime Name,Designation Type,Designation source,Sanctions Imposed,Other Information,UK Statement of Reasons,Address Line 1,Address Line 2,Address Line 3,Address Line 4,Address Line 5,Address Line 6,Address Postal Code,Address Country,Phone number,Website,Email address,Date Designated,D.O.B,Nationality(/ies),National Identifier number,National Identifier additional information,Passport number,Passport additional information,Position,Gender,Town of birth,Country of birth,Type of entity,Subsidiaries,Parent company,Business registration number (s),IMO number,Current owner/operator (s),Previous owner/operator (s),Current believed flag of ship,Previous flags,Type of ship,Tonnage of ship,Length of ship,Year Built,Hull identification number (HIN)";

fn uk_row(cells: &[(&str, &str)]) -> String {
    let cell = |header: &str| cells.iter().find(|(name, _)| *name == header).map_or("", |(_, value)| *value);
    UK_HEADER.split(',').map(cell).collect::<Vec<_>>().join(",")
}

fn uk(rows: &[String]) -> Result<List, ReadError> {
    let text = format!("Report Date: 13-Feb-2026\n{UK_HEADER}\n{}\n", rows.join("\n"));
    read(&Format::UkCsv, text.as_bytes())
}

#[test]
fn a_company_of_any_type_is_found_as_one_on_the_uk_list() {
    for (name, entity_type) in [
        ("ORLOVKA ALPHA", "Partnership"),
        ("ZEPHYRIA MARITIME", "Shipping company"),
        ("VORSKA YARDS", "Shipyard"),
        ("VELGRAD UNION", "Membership organisation"),
        ("DALNIY BOROUGH", "Township administration"),
        ("FADEYA FUND", "Scholarship fund"),
        ("LENTOR TRADE", "Individual entrepreneur"),
        ("GALDEN WORKS", "Warship builder"),
    ] {
        let row = uk_row(&[
            ("Unique ID", "T1"),
            ("Name 6", name),
            ("Name type", "Primary Name"),
            ("Designation Type", "Entity"),
            ("Type of entity", entity_type),
        ]);
        let list = uk(&[row]).unwrap();
        assert!(score(&list, name, Some(Kind::Organisation), None) >= 970, "{name}");
    }
}

#[test]
fn riders_and_second_names_do_not_hide_a_listed_name() {
    for (listed, asked, kind) in [
        ("Vorska Yards; and any successor, sub-unit, or subsidiary thereof", "Vorska Yards", Kind::Organisation),
        ("Miranta Structures, and any successor entity thereof", "Miranta Structures", Kind::Organisation),
        (
            "Alvaro Jose Montenegro; and any successor, sub-unit, or subsidiary thereof",
            "Alvaro Jose Montenegro",
            Kind::Person,
        ),
        ("So-called Donetsk Harbour Republic", "Donetsk Harbour Republic", Kind::Organisation),
        ("The so called Luhansk Railways", "Luhansk Railways", Kind::Organisation),
        ("Someone Else Here @ Alvaro Montenegro", "Alvaro Montenegro", Kind::Person),
        ("Tarek Wasimi a.k.a. Zubayr Qalandari", "Zubayr Qalandari", Kind::Person),
        ("Catherine Dupont alias Lena Popova", "Lena Popova", Kind::Person),
        ("Vorska Yards f.k.a. Orel Docks", "Orel Docks", Kind::Organisation),
        ("Nerpa Builders d/b/a Orel Stroy", "Orel Stroy", Kind::Organisation),
        ("MIRANTA STAR (IMO 9187629)", "Miranta Star", Kind::Vessel),
        ("ARCTIC LANTERN ex OLD BEACON", "Old Beacon", Kind::Vessel),
        ("Smith &amp; Sons Ltd", "Smith & Sons Ltd", Kind::Organisation),
        ("Lech WaÅ‚Ä™sa", "Lech Wałęsa", Kind::Person),
    ] {
        let word = if kind == Kind::Organisation { "company" } else { kind.word() };
        let list = mapped(format!("\"{listed}\",{word}\n").as_bytes());
        assert!(score(&list, asked, Some(kind), None) >= 950, "{listed}: {}", score(&list, asked, Some(kind), None));
    }
}

#[test]
fn names_in_code_pages_are_found() {
    use encoding_rs::{ISO_8859_2, KOI8_R, WINDOWS_1250, WINDOWS_1251};
    for (listed, encoding, asked) in [
        ("Slobodan Milošević", WINDOWS_1250, "Slobodan Milosevic"),
        ("Radovan Karadžić", WINDOWS_1250, "Radovan Karadzic"),
        ("Radovan Karadžić", ISO_8859_2, "Radovan Karadzic"),
        ("Владимир Якунин", KOI8_R, "Vladimir Yakunin"),
        ("Владимир Якунин", WINDOWS_1251, "Vladimir Yakunin"),
    ] {
        let (bytes, _, _) = encoding.encode(listed);
        let list = mapped(&[&bytes, b",person\n".as_slice()].concat());
        assert_eq!(score(&list, asked, Some(Kind::Person), None), 970, "{listed} in {}", encoding.name());
    }
}

#[test]
fn weak_aliases_are_weak_however_the_list_says_so() {
    let alias = |cells: &[(&str, &str)]| {
        let mut all =
            vec![("Unique ID", "T1"), ("Name 6", "RUMULI"), ("Name type", "Alias"), ("Designation Type", "Individual")];
        all.extend_from_slice(cells);
        let primary =
            uk_row(&[("Unique ID", "T1"), ("Name 6", "ZORVAN"), ("Name 1", "Celdo"), ("Name type", "Primary Name")]);
        uk(&[primary, uk_row(&all)]).unwrap()
    };
    assert_eq!(score(&alias(&[]), "Rumuli", None, None), 830);
    assert_eq!(score(&alias(&[("Alias strength", "Good quality a.k.a.")]), "Rumuli", None, None), 970);
}

#[test]
fn an_alias_that_is_a_legal_form_alone_makes_no_stranger_hit() {
    for alias in
        ["общество с ограниченной ответственностью", "открытое акционерное общество", "Limited Liability Company"]
    {
        let text = format!(
            "<export><sanctionEntity logicalId=\"9\"><subjectType code=\"enterprise\"/><nameAlias wholeName=\"Zelmorak\"/><nameAlias wholeName=\"{alias}\"/><address countryIso2Code=\"RU\"/></sanctionEntity></export>"
        );
        let list = read(&Format::EuXml, text.as_bytes()).unwrap();
        assert_eq!(list.entities[0].names.len(), 1, "{alias}");
        for asked in [format!("{alias} \"Ромашка\""), format!("{alias} Ромашка")] {
            assert_eq!(score(&list, &asked, Some(Kind::Organisation), None), 0, "{asked}");
        }
    }
}

#[test]
fn dates_of_any_form_bear_a_hit_out() {
    for (listed, asked, expected) in [
        ("<DATE>1962-11-09-05:00</DATE>", "1962-11-09", 988),
        ("<DATE>1962-11-09 00:00:00</DATE>", "1962-11-09", 988),
        ("<NOTE>Nov. 1962</NOTE>", "1962-11-09", 982),
        ("<NOTE>1961 or 1962</NOTE>", "1962-07-14", 977),
        ("<NOTE>14th July 1962</NOTE>", "1962-07-14", 988),
    ] {
        let text = format!(
            "<CONSOLIDATED_LIST><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>Celdo</FIRST_NAME><SECOND_NAME>Barovental</SECOND_NAME><INDIVIDUAL_DATE_OF_BIRTH>{listed}</INDIVIDUAL_DATE_OF_BIRTH></INDIVIDUAL></CONSOLIDATED_LIST>"
        );
        let list = read(&Format::UnXml, text.as_bytes()).unwrap();
        assert_eq!(score(&list, "Celdo Barovental", Some(Kind::Person), Some(asked)), expected, "{listed}");
    }
}

#[test]
fn parts_and_abbreviations_of_names_are_found() {
    let person = r#"{"id":"a","schema":"Person","caption":"Person","properties":{"firstName":["Alvaro"],"lastName":["Montenegro"]}}"#;
    let list = read(&Format::FtmJson, person.as_bytes()).unwrap();
    assert_eq!(score(&list, "Alvaro Montenegro", None, None), 970);
    assert_eq!(score(&list, "Person", None, None), 0);
    let company =
        r#"{"id":"a","schema":"Company","caption":"Zephyria Import Company","properties":{"abbreviation":["ZEPHCO"]}}"#;
    let list = read(&Format::FtmJson, company.as_bytes()).unwrap();
    assert!(score(&list, "ZEPHCO", None, None) >= 830);
}

/// Cut at any byte, no list is taken for a whole one.
#[test]
fn no_part_of_a_list_is_taken_for_the_list() {
    let row = |id: &str| uk_row(&[("Unique ID", id), ("Name 6", "MONTENEGRO"), ("Name type", "Primary Name")]);
    let uk = format!("Report Date: 13-Feb-2026\n{UK_HEADER}\n{}\n{}\"HIN 1\"\n", row("T1"), row("T2"));
    let ofac = "7,\"MONTENEGRO, Alvaro\",individual,SDNT,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 24 Aug 1951; nationality Peru.\"\r\n8,\"ZETA\",-0- ,X,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"Linked To: Y.\"\r\n\u{1a}";
    let un = "<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>A B</FIRST_NAME></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>";
    for (format, text) in [(Format::OfacSdnCsv, ofac), (Format::UnXml, un)] {
        assert!(read(&format, text.as_bytes()).is_ok());
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            assert!(read(&format, &text.as_bytes()[..end]).is_err(), "{format:?} cut at {end}");
        }
    }
    assert_eq!(read(&Format::UkCsv, uk.as_bytes()).unwrap().entities.len(), 2);
    // What ends at a line end or with all columns may be whole: only the figures of the version before can tell.
    let columns = UK_HEADER.split(',').count();
    let header_end = uk.match_indices('\n').nth(1).unwrap().0;
    for end in header_end + 2..uk.len() {
        let last_line = uk[..end].rsplit('\n').next().unwrap();
        let is_open = last_line.matches('"').count() == 1;
        if last_line.is_empty() || (last_line.split(',').count() == columns && !is_open) {
            continue;
        }
        assert!(read(&Format::UkCsv, &uk.as_bytes()[..end]).is_err(), "UK cut at {end}");
    }
}
