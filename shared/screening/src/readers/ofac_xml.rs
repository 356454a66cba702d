//! OFAC's legacy XML (`sdnList`, `sdnEntry`): `sdn.xml` and `consolidated.xml`.

use std::io::BufRead;

use super::xml::{Node, each};
use super::{MAX_ENTITIES, ReadError, iso_country, ofac_remarks};
use crate::date;
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

pub(super) fn read(input: &mut dyn BufRead) -> Result<List, ReadError> {
    let mut entities = Vec::new();
    let mut version = String::new();
    each(input, "sdnList", &["sdnEntry", "publshInformation"], |node| {
        if node.name == "publshInformation" {
            // Spelled so in OFAC's schema.
            node.value("Publish_Date").clone_into(&mut version);
            return Ok(());
        }
        if entities.len() >= MAX_ENTITIES {
            return Err(ReadError::TooLarge("too many entries".into()));
        }
        entities.push(entity(&node)?);
        Ok(())
    })?;
    // MM/DD/YYYY, as the United States write it.
    let published_at = match version.split('/').collect::<Vec<_>>().as_slice() {
        [m, d, y] if y.len() == 4 => Some(format!("{y}-{m:0>2}-{d:0>2}")),
        _ => None,
    };
    Ok(List { version: published_at.clone().unwrap_or_default(), published_at, entities, ..List::default() })
}

fn entity(node: &Node) -> Result<Entity, ReadError> {
    let id = node.value("uid").to_owned();
    let name = full_name(node);
    if id.is_empty() || name.is_empty() {
        return Err(ReadError::WrongFormat("an entry without uid or name".into()));
    }
    let kind = match node.value("sdnType") {
        "Individual" => Kind::Person,
        "Entity" => Kind::Organisation,
        "Vessel" => Kind::Vessel,
        "Aircraft" => Kind::Aircraft,
        other => return Err(ReadError::WrongFormat(format!("entry {id} is of unknown type {other:?}"))),
    };
    let mut entity = Entity { id, kind, names: vec![Name::primary(name)], ..Entity::default() };
    ofac_remarks::parse(node.value("remarks"), &mut entity);
    entity.programmes = listed(node, "programList", "program").map(|n| n.text.trim().to_owned()).collect();
    for aka in listed(node, "akaList", "aka") {
        let strength = if aka.value("category") == "weak" { Strength::Weak } else { Strength::Strong };
        let name_type = if aka.value("type").starts_with("f.k.a") { NameType::Former } else { NameType::Alias };
        entity.names.push(Name::new(full_name(aka), name_type, strength));
    }
    for birth in listed(node, "dateOfBirthList", "dateOfBirthItem") {
        entity.dates_of_birth.extend(date::parse(birth.value("dateOfBirth")));
    }
    let countries = listed(node, "nationalityList", "nationality")
        .chain(listed(node, "citizenshipList", "citizenship"))
        .chain(listed(node, "addressList", "address"));
    entity.countries.extend(countries.filter_map(|n| iso_country(n.value("country"))).map(str::to_owned));
    for id in listed(node, "idList", "id") {
        entity.identifiers.push(Identifier {
            kind: id.value("idType").to_ascii_lowercase(),
            number: id.value("idNumber").to_owned(),
            country: iso_country(id.value("idCountry")).map(str::to_owned),
        });
    }
    if let Some(vessel) = node.child("vesselInfo") {
        entity.countries.extend(iso_country(vessel.value("vesselFlag")).map(str::to_owned));
    }
    Ok(entity)
}

fn full_name(node: &Node) -> String {
    format!("{} {}", node.value("firstName"), node.value("lastName")).trim().to_owned()
}

fn listed<'n>(node: &'n Node, list: &'n str, item: &'n str) -> impl Iterator<Item = &'n Node> {
    node.all(list).flat_map(move |l| l.all(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry() {
        let text = r#"<sdnList xmlns="http://tempuri.org/sdnList.xsd"><publshInformation><Publish_Date>07/04/2025</Publish_Date></publshInformation>
          <sdnEntry><uid>7</uid><firstName>Alvaro</firstName><lastName>MONTENEGRO</lastName><sdnType>Individual</sdnType>
          <programList><program>SDNT</program></programList>
          <akaList><aka><uid>1</uid><type>a.k.a.</type><category>weak</category><lastName>ZORRO</lastName></aka></akaList>
          <dateOfBirthList><dateOfBirthItem><dateOfBirth>24 Aug 1951</dateOfBirth></dateOfBirthItem></dateOfBirthList>
          <nationalityList><nationality><country>Peru</country></nationality></nationalityList></sdnEntry></sdnList>"#;
        let list = read(&mut text.as_bytes()).unwrap();
        assert_eq!(list.published_at.as_deref(), Some("2025-07-04"));
        let e = &list.entities[0];
        assert_eq!((e.names[0].text.as_str(), e.names[1].strength), ("Alvaro MONTENEGRO", Strength::Weak));
        assert_eq!((e.countries[0].as_str(), e.dates_of_birth[0].to_string().as_str()), ("PE", "1951-08-24"));
    }
}
