//! United Nations Security Council Consolidated List, XML (`sc-sanctions.xsd`).

use std::io::BufRead;

use super::xml::{Node, each};
use super::{MAX_ENTITIES, ReadError, iso_country};
use crate::date::{self, DateSpan, PartialDate};
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

pub(super) fn read(input: &mut dyn BufRead) -> Result<List, ReadError> {
    let mut entities = Vec::new();
    let root = each(input, "CONSOLIDATED_LIST", &["INDIVIDUAL", "ENTITY"], |node| {
        if entities.len() >= MAX_ENTITIES {
            return Err(ReadError::TooLarge("too many entries".into()));
        }
        entities.push(entity(&node)?);
        Ok(())
    })?;
    let generated = root.attribute("dateGenerated").to_owned();
    Ok(List {
        version: generated.clone(),
        published_at: (!generated.is_empty()).then_some(generated),
        entities,
        ..List::default()
    })
}

fn entity(node: &Node) -> Result<Entity, ReadError> {
    let person = node.name == "INDIVIDUAL";
    let id = node.value("DATAID").to_owned();
    let parts: Vec<&str> = ["FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"]
        .iter()
        .map(|p| node.value(p))
        .filter(|p| !p.is_empty())
        .collect();
    if id.is_empty() || parts.is_empty() {
        return Err(ReadError::WrongFormat("an entry without DATAID or name".into()));
    }
    let mut entity = Entity { id, kind: if person { Kind::Person } else { Kind::Organisation }, ..Entity::default() };
    entity.names.push(Name::primary(parts.join(" ")));
    let original = node.value("NAME_ORIGINAL_SCRIPT");
    entity.names.push(Name::new(original, NameType::OriginalScript, Strength::Strong));
    for alias in node.children.iter().filter(|c| matches!(c.name.as_str(), "INDIVIDUAL_ALIAS" | "ENTITY_ALIAS")) {
        let (name_type, strength) = match alias.value("QUALITY").to_ascii_lowercase().as_str() {
            "low" => (NameType::Alias, Strength::Weak),
            "f.k.a." => (NameType::Former, Strength::Strong),
            _ => (NameType::Alias, Strength::Strong),
        };
        // Some fields hold a row of aliases.
        for text in alias.value("ALIAS_NAME").split(';') {
            entity.names.push(Name::new(text, name_type, strength));
        }
        entity.dates_of_birth.extend(date::parse(alias.value("DATE_OF_BIRTH")));
    }
    entity.dates_of_birth.extend(node.all("INDIVIDUAL_DATE_OF_BIRTH").filter_map(birth));
    let values = |name: &str| -> Vec<String> {
        node.all(name)
            .flat_map(|n| n.all("VALUE"))
            .map(|v| v.text.trim().to_owned())
            .filter(|v| !v.is_empty())
            .collect()
    };
    let places = values("NATIONALITY");
    let addresses =
        node.children.iter().filter(|c| c.name.ends_with("_ADDRESS")).map(|a| a.value("COUNTRY").to_owned());
    entity.countries = places.into_iter().chain(addresses).filter_map(|c| iso_country(&c)).map(str::to_owned).collect();
    for document in node.all("INDIVIDUAL_DOCUMENT") {
        entity.identifiers.push(Identifier {
            kind: document.value("TYPE_OF_DOCUMENT").to_ascii_lowercase(),
            number: document.value("NUMBER").to_owned(),
            country: iso_country(document.value("ISSUING_COUNTRY")).map(str::to_owned),
        });
    }
    let programme = node.value("UN_LIST_TYPE");
    entity.programmes.push(programme.to_owned());
    entity.reference = Some(node.value("REFERENCE_NUMBER").to_owned()).filter(|r| !r.is_empty());
    node.value("COMMENTS1").clone_into(&mut entity.remarks);
    Ok(entity)
}

/// A day, a year, or a range of years; "approximately" is circa.
fn birth(node: &Node) -> Option<DateSpan> {
    let circa = node.value("TYPE_OF_DATE").eq_ignore_ascii_case("approximately");
    let year = |name: &str| node.value(name).parse().ok().and_then(|y| PartialDate::new(y, 0, 0));
    let span = match node.value("DATE") {
        "" => match (year("FROM_YEAR"), year("TO_YEAR")) {
            (Some(from), Some(to)) if from <= to => DateSpan { from, to, circa: false },
            _ => year("YEAR")?.into(),
        },
        day => date::parse(day)?,
    };
    Some(DateSpan { circa: circa || span.circa, ..span })
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
        let list = read(&mut SAMPLE.as_bytes()).unwrap();
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
        ] {
            assert!(read(&mut text.as_bytes()).is_err(), "{what}");
        }
    }
}
