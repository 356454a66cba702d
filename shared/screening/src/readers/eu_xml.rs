//! EU Financial Sanctions Files, XML (`export`, `sanctionEntity`; FSF schema 1.1).

use std::io::BufRead;

use super::xml::{Node, each};
use super::{MAX_ENTITIES, ReadError, iso_country};
use crate::date::{self, DateSpan, PartialDate};
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

pub(super) fn read(input: &mut dyn BufRead) -> Result<List, ReadError> {
    let mut entities = Vec::new();
    let root = each(input, "export", &["sanctionEntity"], |node| {
        if entities.len() >= MAX_ENTITIES {
            return Err(ReadError::TooLarge("too many entries".into()));
        }
        entities.push(entity(&node)?);
        Ok(())
    })?;
    let generated = root.attribute("generationDate").to_owned();
    Ok(List {
        version: generated.clone(),
        published_at: (!generated.is_empty()).then_some(generated),
        entities,
        ..List::default()
    })
}

fn entity(node: &Node) -> Result<Entity, ReadError> {
    let id = node.attribute("logicalId").to_owned();
    if id.is_empty() {
        return Err(ReadError::WrongFormat("an entity without logicalId".into()));
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
        let strength = if alias.attribute("strong") == "false" { Strength::Weak } else { Strength::Strong };
        entity.names.push(Name::new(text, name_type, strength));
    }
    if entity.names.is_empty() {
        return Err(ReadError::WrongFormat(format!("entity {} has no name", entity.id)));
    }
    entity.dates_of_birth = node.all("birthdate").filter_map(birth).collect();
    let places = node.children.iter().filter(|c| matches!(c.name.as_str(), "citizenship" | "address"));
    entity.countries = places.filter_map(|p| iso_country(p.attribute("countryIso2Code"))).map(str::to_owned).collect();
    for document in node.all("identification") {
        entity.identifiers.push(Identifier {
            kind: document.attribute("identificationTypeCode").to_ascii_lowercase(),
            number: document.attribute("number").to_owned(),
            country: iso_country(document.attribute("countryIso2Code")).map(str::to_owned),
        });
    }
    entity.programmes = node.all("regulation").map(|r| r.attribute("programme").to_owned()).collect();
    entity.reference = Some(node.attribute("euReferenceNumber").to_owned()).filter(|r| !r.is_empty());
    node.value("remark").clone_into(&mut entity.remarks);
    Ok(entity)
}

/// A day, a year with or without month, or a range of years. Only the Gregorian calendar is comparable.
fn birth(node: &Node) -> Option<DateSpan> {
    if !matches!(node.attribute("calendarType"), "" | "GREGORIAN") {
        return None;
    }
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
        let list = read(&mut text.as_bytes()).unwrap();
        let e = &list.entities[0];
        assert_eq!((e.names.len(), e.names[1].strength, e.kind), (2, Strength::Weak, Kind::Person));
        assert_eq!((e.dates_of_birth[0].to_string().as_str(), e.countries[0].as_str()), ("circa 1951", "PE"));
        assert_eq!(e.programmes, ["TST"]);
    }
}
