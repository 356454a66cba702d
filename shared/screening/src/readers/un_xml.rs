//! United Nations Security Council Consolidated List, XML (`sc-sanctions.xsd`).

use std::io::BufRead;

use super::ReadError;
use super::intake::{Broken, Intake};
use super::uk_csv::is_single_word;
use super::xml::{Node, each};
use crate::date::{self, DateSpan, PartialDate};
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

pub(super) fn read(input: &mut dyn BufRead, intake: &mut Intake) -> Result<List, ReadError> {
    let mut number = 0usize;
    let root = each(input, "CONSOLIDATED_LIST", &["INDIVIDUAL", "ENTITY"], |node| {
        number += 1;
        intake.record();
        let found = entity(&node, intake);
        intake.take(format!("record {number}"), found)
    })?;
    let generated = root.attribute("dateGenerated").to_owned();
    Ok(List {
        version: generated.clone(),
        published_at: (!generated.is_empty()).then_some(generated),
        ..List::default()
    })
}

fn entity(node: &Node, intake: &mut Intake) -> Result<Entity, Broken> {
    let person = node.name == "INDIVIDUAL";
    let id = node.value("DATAID").to_owned();
    let parts: Vec<&str> = ["FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"]
        .iter()
        .map(|p| node.value(p))
        .filter(|p| !p.is_empty())
        .collect();
    if id.is_empty() || parts.is_empty() {
        let id = if id.is_empty() { node.value("REFERENCE_NUMBER").to_owned() } else { id };
        return Err(Broken::new(id, "no DATAID or no name"));
    }
    let mut entity = Entity { id, kind: if person { Kind::Person } else { Kind::Organisation }, ..Entity::default() };
    entity.names.push(Name::primary(parts.join(" ")));
    let original = node.value("NAME_ORIGINAL_SCRIPT");
    entity.names.push(Name::new(original, NameType::OriginalScript, Strength::Strong));
    for alias in node.children.iter().filter(|c| matches!(c.name.as_str(), "INDIVIDUAL_ALIAS" | "ENTITY_ALIAS")) {
        let (name_type, strength) = match alias.value("QUALITY").to_ascii_lowercase().as_str() {
            "low" => (NameType::Alias, Strength::Weak),
            "f.k.a." => (NameType::Former, Strength::Strong),
            "" if person && is_single_word(alias.value("ALIAS_NAME")) => (NameType::Alias, Strength::Weak),
            _ => (NameType::Alias, Strength::Strong),
        };
        entity.names.push(Name::new(alias.value("ALIAS_NAME"), name_type, strength));
        entity.dates_of_birth.extend(intake.dates("DATE_OF_BIRTH", alias.value("DATE_OF_BIRTH")));
    }
    for node in node.all("INDIVIDUAL_DATE_OF_BIRTH") {
        entity.dates_of_birth.extend(birth(node, intake));
    }
    let values = |name: &str| -> Vec<String> {
        node.all(name)
            .flat_map(|n| n.all("VALUE"))
            .map(|v| v.text.trim().to_owned())
            .filter(|v| !v.is_empty())
            .collect()
    };
    let places = values("NATIONALITY");
    for place in places {
        entity.countries.extend(intake.countries("NATIONALITY", &place));
    }
    for address in node.children.iter().filter(|c| c.name.ends_with("_ADDRESS")) {
        entity.countries.extend(intake.countries("address COUNTRY", address.value("COUNTRY")));
    }
    for document in node.all("INDIVIDUAL_DOCUMENT") {
        entity.identifiers.push(Identifier {
            kind: document.value("TYPE_OF_DOCUMENT").to_ascii_lowercase(),
            number: document.value("NUMBER").to_owned(),
            country: intake.country("ISSUING_COUNTRY", document.value("ISSUING_COUNTRY")),
        });
    }
    let programme = node.value("UN_LIST_TYPE");
    entity.programmes.push(programme.to_owned());
    entity.reference = Some(node.value("REFERENCE_NUMBER").to_owned()).filter(|r| !r.is_empty());
    node.value("COMMENTS1").clone_into(&mut entity.remarks);
    Ok(entity)
}

/// A day, a year, or a range of years, or what the note says; "approximately" is circa.
fn birth(node: &Node, intake: &mut Intake) -> Vec<DateSpan> {
    let circa = node.value("TYPE_OF_DATE").eq_ignore_ascii_case("approximately");
    let year = |name: &str| node.value(name).parse().ok().and_then(|y| PartialDate::new(y, 0, 0));
    let span = match (year("FROM_YEAR"), year("TO_YEAR")) {
        (Some(from), Some(to)) if from <= to => Some(DateSpan { from, to, circa: false }),
        _ => year("YEAR").map(DateSpan::from),
    };
    let found = match (node.value("DATE"), span) {
        ("", Some(span)) => vec![span],
        ("", None) => intake.dates("INDIVIDUAL_DATE_OF_BIRTH NOTE", node.value("NOTE")),
        (day, span) => match (date::parse(day), span) {
            (Some(day), _) => vec![day],
            (None, Some(span)) => vec![span],
            (None, None) => intake.dates("INDIVIDUAL_DATE_OF_BIRTH DATE", day),
        },
    };
    found.into_iter().map(|span| DateSpan { circa: circa || span.circa, ..span }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"<?xml version="1.0"?><CONSOLIDATED_LIST dateGenerated="2026-01-01T00:00:00Z"><INDIVIDUALS>
      <INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>ALVARO &amp; SON</FIRST_NAME><SECOND_NAME>MONTENEGRO</SECOND_NAME>
        <UN_LIST_TYPE>TEST</UN_LIST_TYPE><REFERENCE_NUMBER>TEi.001</REFERENCE_NUMBER>
        <NATIONALITY><VALUE>Peru</VALUE></NATIONALITY>
        <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>El Zorro</ALIAS_NAME></INDIVIDUAL_ALIAS>
        <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1960</FROM_YEAR><TO_YEAR>1962</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
        <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>A1</NUMBER></INDIVIDUAL_DOCUMENT>
      </INDIVIDUAL></INDIVIDUALS><ENTITIES><ENTITY><DATAID>2</DATAID><FIRST_NAME>ZETA FRONT</FIRST_NAME></ENTITY></ENTITIES></CONSOLIDATED_LIST>"#;

    #[test]
    fn an_entry_with_everything() {
        let list = crate::readers::read(&crate::Format::UnXml, SAMPLE.as_bytes()).unwrap();
        let e = &list.entities[0];
        assert_eq!((e.names[0].text.as_str(), e.kind), ("ALVARO & SON MONTENEGRO", Kind::Person));
        assert!(e.names.iter().any(|n| n.text == "El Zorro" && n.strength == Strength::Weak));
        assert_eq!(e.dates_of_birth[0].to_string(), "1960 to 1962");
        assert_eq!(e.countries, ["PE"]);
        assert_eq!(e.identifiers[0].number, "A1");
        assert_eq!(list.entities[1].kind, Kind::Organisation);
    }

    #[test]
    fn hostile_and_broken_files_are_refused() {
        let laughs = r#"<!DOCTYPE x [<!ENTITY a "b">]><CONSOLIDATED_LIST></CONSOLIDATED_LIST>"#;
        let deep = format!("<CONSOLIDATED_LIST>{}", "<INDIVIDUAL>".repeat(100_000));
        let cut = &SAMPLE[..SAMPLE.len() - 60];
        let entity = SAMPLE.replace("&amp;", "&evil;");
        for (text, what) in [
            (laughs, "doctype"),
            (deep.as_str(), "deep"),
            (cut, "cut"),
            (entity.as_str(), "entity"),
            ("", "empty"),
            ("<a/>", "root"),
            (format!("{SAMPLE}{}", &SAMPLE[21..]).as_str(), "two roots"),
            (format!("{SAMPLE}<CONSOLIDATED_LIST/>").as_str(), "an empty second root"),
        ] {
            assert!(crate::readers::read(&crate::Format::UnXml, text.as_bytes()).is_err(), "{what}");
        }
    }
    fn dates_of(birth: &str) -> (Vec<String>, crate::readers::ReadReport) {
        let text = format!(
            "<CONSOLIDATED_LIST><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>A B</FIRST_NAME><INDIVIDUAL_DATE_OF_BIRTH>{birth}</INDIVIDUAL_DATE_OF_BIRTH></INDIVIDUAL></CONSOLIDATED_LIST>"
        );
        let (list, report) =
            crate::readers::read_with_report(&crate::Format::UnXml, &mut [&mut text.as_bytes()]).unwrap();
        (list.entities[0].dates_of_birth.iter().map(ToString::to_string).collect(), report)
    }

    #[test]
    fn dates_with_a_time_zone_or_in_the_note_alone_are_read() {
        for (birth, expected) in [
            ("<DATE>1962-11-09-05:00</DATE>", "1962-11-09"),
            ("<DATE/><NOTE>Nov. 1962</NOTE>", "1962-11"),
            ("<NOTE>Between Aug. and Sep. 1977</NOTE>", "1977-08 to 1977-09"),
            ("<YEAR>1962</YEAR><NOTE>November</NOTE>", "1962"),
            ("<DATE>soon</DATE><YEAR>1962</YEAR>", "1962"),
        ] {
            assert_eq!(dates_of(birth).0, [expected], "{birth}");
        }
        let (dates, report) = dates_of("<NOTE>30-35 years old</NOTE>");
        assert!(dates.is_empty());
        assert_eq!(report.unknown["INDIVIDUAL_DATE_OF_BIRTH NOTE"].values["30-35 years old"], 1);
    }

    #[test]
    fn an_entry_without_id_or_name_is_set_aside() {
        let text = SAMPLE.replace("<DATAID>2</DATAID>", "");
        let (list, report) =
            crate::readers::read_with_report(&crate::Format::UnXml, &mut [&mut text.as_bytes()]).unwrap();
        assert_eq!((list.entities.len(), report.set_aside.count), (1, 1));
    }
}
