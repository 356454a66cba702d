//! EU Financial Sanctions Files, XML (`export`, `sanctionEntity`; FSF schema 1.1).

use std::io::BufRead;

use super::ReadError;
use super::intake::{Broken, Intake};
use super::uk_csv::is_single_word;
use super::xml::{Node, each};
use crate::date::{self, DateSpan, PartialDate};
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

pub(super) fn read(input: &mut dyn BufRead, intake: &mut Intake) -> Result<List, ReadError> {
    let mut number = 0usize;
    let root = each(input, "export", &["sanctionEntity"], |node| {
        number += 1;
        intake.record();
        let found = entity(&node, intake);
        intake.take(format!("record {number}"), found)
    })?;
    let generated = root.attribute("generationDate").to_owned();
    Ok(List {
        version: generated.clone(),
        published_at: (!generated.is_empty()).then_some(generated),
        ..List::default()
    })
}

fn entity(node: &Node, intake: &mut Intake) -> Result<Entity, Broken> {
    let id = node.attribute("logicalId").to_owned();
    if id.is_empty() {
        return Err(Broken::new(node.attribute("euReferenceNumber"), "no logicalId"));
    }
    let kind = match node.child("subjectType").map(|s| (s.attribute("code"), s.attribute("classificationCode"))) {
        Some(("person", _) | (_, "P")) => Kind::Person,
        Some(("enterprise", _) | (_, "E")) => Kind::Organisation,
        _ => Kind::Unknown,
    };
    let mut entity = Entity { id, kind, ..Entity::default() };
    for alias in node.all("nameAlias") {
        let whole = alias.attribute("wholeName");
        let text = if whole.is_empty() {
            [alias.attribute("firstName"), alias.attribute("middleName"), alias.attribute("lastName")].join(" ")
        } else {
            whole.to_owned()
        };
        let name_type = if entity.names.is_empty() { NameType::Primary } else { NameType::Alias };
        let strength = strength(alias, &text, kind);
        entity.names.push(Name::new(text, name_type, strength));
    }
    if !entity.names.iter().any(|name| name.text.chars().any(char::is_alphanumeric)) {
        return Err(Broken::new(entity.id, "no name"));
    }
    for node in node.all("birthdate") {
        entity.dates_of_birth.extend(birth(node, intake));
    }
    for place in node.children.iter().filter(|c| matches!(c.name.as_str(), "citizenship" | "address")) {
        let code = place.attribute("countryIso2Code");
        // "00" is unknown; the description may say more.
        let text = if matches!(code, "" | "00") { place.attribute("countryDescription") } else { code };
        entity.countries.extend(intake.country(&format!("{} country", place.name), text));
    }
    for document in node.all("identification") {
        entity.identifiers.push(Identifier {
            kind: document.attribute("identificationTypeCode").to_ascii_lowercase(),
            number: document.attribute("number").to_owned(),
            country: intake.country("identification country", document.attribute("countryIso2Code")),
        });
    }
    // The list has no kind for ships and files them among enterprises.
    let is_imo = |i: &Identifier| i.kind == "imo" || i.number.get(..3).is_some_and(|s| s.eq_ignore_ascii_case("imo"));
    if kind == Kind::Organisation && entity.identifiers.iter().any(is_imo) {
        entity.kind = Kind::Unknown;
    }
    entity.programmes = node.all("regulation").map(|r| r.attribute("programme").to_owned()).collect();
    entity.reference = Some(node.attribute("euReferenceNumber").to_owned()).filter(|r| !r.is_empty());
    node.value("remark").clone_into(&mut entity.remarks);
    Ok(entity)
}

/// The list says "low quality" in an attribute or in a remark of the name, or not at all.
fn strength(alias: &Node, text: &str, kind: Kind) -> Strength {
    let remarks = alias.all("remark").map(|remark| remark.text.to_lowercase());
    let said = remarks.chain([alias.attribute("strong").to_owned(), alias.attribute("remark").to_lowercase()]);
    let said = said.collect::<Vec<_>>().join(" ").replace('-', " ");
    let weak = ["false", "low quality", "weak", "lowquality", "not strong"].iter().any(|word| said.contains(word));
    let unstated = said.trim().is_empty() && kind == Kind::Person && is_single_word(text);
    if weak || unstated { Strength::Weak } else { Strength::Strong }
}

/// A day, a year with or without month, or a range of years. A year below 1500 is of the Islamic or Persian calendar.
fn birth(node: &Node, intake: &mut Intake) -> Vec<DateSpan> {
    let calendar = node.attribute("calendarType");
    let is_gregorian = matches!(calendar, "" | "GREGORIAN");
    if let Some(span) = span(node).filter(|span| is_gregorian || span.from.year < 1500) {
        return vec![span];
    }
    if !is_gregorian {
        intake.report.unknown("birthdate calendar", calendar);
        return Vec::new();
    }
    let said = node.attribute("birthdate");
    intake.dates("birthdate", if said.is_empty() { node.value("remark") } else { said })
}

fn span(node: &Node) -> Option<DateSpan> {
    let circa = node.attribute("circa") == "true";
    let number = |name: &str| node.attribute(name).parse::<u16>().ok();
    let range = |name: &str| number(name).and_then(|y| PartialDate::new(y, 0, 0));
    let span = if let Some(day) = date::parse(node.attribute("birthdate")) {
        day
    } else if let (Some(from), Some(to)) = (range("yearRangeFrom"), range("yearRangeTo")) {
        (from <= to).then_some(DateSpan { from, to, circa: false })?
    } else {
        let month = number("monthOfYear").unwrap_or(0) as u8;
        let day = if month == 0 { 0 } else { number("dayOfMonth").unwrap_or(0) as u8 };
        PartialDate::new(number("year")?, month, day)?.into()
    };
    Some(DateSpan { circa: circa || span.circa, ..span })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity() {
        let text = r#"<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-01-01"><sanctionEntity euReferenceNumber="EU.1.1" logicalId="9">
          <regulation programme="TST"/><subjectType code="person" classificationCode="P"/>
          <nameAlias wholeName="Alvaro Montenegro" strong="true"/><nameAlias firstName="A." lastName="Zorro" wholeName="" strong="false"/>
          <citizenship countryIso2Code="PE"/><birthdate circa="true" calendarType="GREGORIAN" birthdate="" year="1951"/>
          <identification identificationTypeCode="passport" number="A1" countryIso2Code="00"/></sanctionEntity></export>"#;
        let list = crate::readers::read(&crate::Format::EuXml, text.as_bytes()).unwrap();
        let e = &list.entities[0];
        assert_eq!((e.names.len(), e.names[1].strength, e.kind), (2, Strength::Weak, Kind::Person));
        assert_eq!((e.dates_of_birth[0].to_string().as_str(), e.countries[0].as_str()), ("circa 1951", "PE"));
        assert_eq!(e.programmes, ["TST"]);
    }
    fn entity_of(inside: &str) -> Result<(List, crate::readers::ReadReport), ReadError> {
        let text = format!(
            "<export generationDate=\"1\"><sanctionEntity logicalId=\"9\">{inside}</sanctionEntity><sanctionEntity logicalId=\"10\"><nameAlias wholeName=\"C D\" strong=\"true\"/></sanctionEntity></export>"
        );
        crate::readers::read_with_report(&crate::Format::EuXml, &mut [&mut text.as_bytes()])
    }

    #[test]
    fn low_quality_is_an_attribute_a_remark_or_unsaid() {
        for (alias, strength) in [
            (
                "<nameAlias wholeName=\"The Weaver\" strong=\"true\"><remark>low quality a.k.a.</remark></nameAlias>",
                Strength::Weak,
            ),
            (
                "<nameAlias wholeName=\"The Weaver\" strong=\"true\"><remark>Low-quality alias</remark></nameAlias>",
                Strength::Weak,
            ),
            (
                "<nameAlias wholeName=\"The Weaver\" strong=\"true\"><remark>good quality</remark></nameAlias>",
                Strength::Strong,
            ),
            ("<nameAlias wholeName=\"The Weaver\" strong=\"false\"/>", Strength::Weak),
            ("<nameAlias wholeName=\"Weaver\"/>", Strength::Weak),
            ("<nameAlias wholeName=\"The Weaver (low quality)\"/>", Strength::Weak),
        ] {
            let (list, _) = entity_of(&format!(
                "<subjectType code=\"person\"/><nameAlias wholeName=\"A B\" strong=\"true\"/>{alias}"
            ))
            .unwrap();
            assert_eq!(list.entities[0].names[1].strength, strength, "{alias}");
        }
    }

    #[test]
    fn an_enterprise_with_an_imo_number_may_be_a_ship() {
        for (number, kind) in [("IMO 9187629", Kind::Unknown), ("9187629", Kind::Organisation)] {
            let (list, _) = entity_of(&format!("<subjectType code=\"enterprise\"/><nameAlias wholeName=\"New Konk\"/><identification identificationTypeCode=\"other\" number=\"{number}\"/>")).unwrap();
            assert_eq!(list.entities[0].kind, kind, "{number}");
        }
    }

    #[test]
    fn an_entity_without_a_name_is_set_aside() {
        let (list, report) = entity_of("<subjectType code=\"person\"/>").unwrap();
        assert_eq!((list.entities.len(), report.set_aside.count), (1, 1));
        assert_eq!(report.set_aside.examples[0].to_string(), "record 1, entity 9: no name");
    }

    #[test]
    fn countries_and_dates_that_are_not_understood_are_told() {
        let (list, report) = entity_of("<nameAlias wholeName=\"A B\"/><citizenship countryIso2Code=\"00\" countryDescription=\"UNKNOWN\"/><citizenship countryIso2Code=\"QQ\"/><address countryIso2Code=\"SU\"/><birthdate calendarType=\"HIJRI\" year=\"1985\"/><birthdate birthdate=\"1962-11-09-05:00\"/>").unwrap();
        assert_eq!(list.entities[0].countries, ["RU"]);
        assert_eq!(list.entities[0].dates_of_birth[0].to_string(), "1962-11-09");
        assert_eq!(report.unknown["citizenship country"].values["QQ"], 1);
        assert_eq!(report.unknown["birthdate calendar"].values["HIJRI"], 1);
    }
}
