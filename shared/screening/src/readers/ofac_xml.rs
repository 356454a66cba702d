//! OFAC's legacy XML (`sdnList`, `sdnEntry`): `sdn.xml` and `consolidated.xml`.

use std::io::BufRead;

use super::intake::{Broken, Intake};
use super::xml::{Node, each};
use super::{ReadError, ofac_labels, ofac_remarks};
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

pub(super) fn read(input: &mut dyn BufRead, intake: &mut Intake) -> Result<List, ReadError> {
    let mut number = 0usize;
    let mut version = String::new();
    each(input, "sdnList", &["sdnEntry", "publshInformation"], |node| {
        if node.name == "publshInformation" {
            // Spelled so in OFAC's schema.
            node.value("Publish_Date").clone_into(&mut version);
            return Ok(());
        }
        number += 1;
        intake.record();
        let found = entity(&node, intake);
        intake.take(format!("record {number}"), found)
    })?;
    // MM/DD/YYYY, as the United States write it.
    let published_at = match version.split('/').collect::<Vec<_>>().as_slice() {
        [m, d, y] if y.len() == 4 => Some(format!("{y}-{m:0>2}-{d:0>2}")),
        _ => None,
    };
    Ok(List { version: published_at.clone().unwrap_or_default(), published_at, ..List::default() })
}

fn entity(node: &Node, intake: &mut Intake) -> Result<Entity, Broken> {
    let id = node.value("uid").to_owned();
    let name = full_name(node);
    if id.is_empty() || name.is_empty() {
        return Err(Broken::new(id, "no uid or no name"));
    }
    let kind = match node.value("sdnType") {
        "Individual" => Kind::Person,
        "Entity" => Kind::Organisation,
        "Vessel" => Kind::Vessel,
        "Aircraft" => Kind::Aircraft,
        other => return Err(Broken::new(id, format!("unknown type {other:?}"))),
    };
    let mut entity = Entity { id, kind, names: vec![Name::primary(name)], ..Entity::default() };
    ofac_remarks::parse(node.value("remarks"), &mut entity, intake);
    entity.programmes = listed(node, "programList", "program").map(|n| n.text.trim().to_owned()).collect();
    for aka in listed(node, "akaList", "aka") {
        let strength = if aka.value("category") == "weak" { Strength::Weak } else { Strength::Strong };
        let name_type = if aka.value("type").starts_with("f.k.a") { NameType::Former } else { NameType::Alias };
        entity.names.push(Name::new(full_name(aka), name_type, strength));
    }
    for birth in listed(node, "dateOfBirthList", "dateOfBirthItem") {
        entity.dates_of_birth.extend(intake.dates("dateOfBirth", birth.value("dateOfBirth")));
    }
    let countries = listed(node, "nationalityList", "nationality")
        .chain(listed(node, "citizenshipList", "citizenship"))
        .chain(listed(node, "addressList", "address"));
    for place in countries {
        entity.countries.extend(intake.country(&format!("{} country", place.name), place.value("country")));
    }
    for id in listed(node, "idList", "id") {
        // Facts without a number (gender, risks of secondary sanctions) stand among the identifications.
        let (kind, number) = (id.value("idType"), id.value("idNumber"));
        let fact = format!("{kind} {number}");
        let (kind, number) = ofac_labels::number(&fact).unwrap_or_else(|| (kind.to_ascii_lowercase(), number));
        if number.bytes().any(|b| b.is_ascii_digit()) && !ofac_labels::is_other_fact(&fact) || kind == "swift" {
            let country = intake.country("idCountry", id.value("idCountry"));
            entity.identifiers.push(Identifier { kind, number: number.to_owned(), country });
        }
    }
    if let Some(vessel) = node.child("vesselInfo") {
        entity.countries.extend(intake.country("vesselFlag", vessel.value("vesselFlag")));
        let call_sign = vessel.value("callSign");
        if !call_sign.is_empty() {
            entity.identifiers.push(Identifier { kind: "call sign".into(), number: call_sign.into(), country: None });
        }
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
        let list = crate::readers::read(&crate::Format::OfacXml, text.as_bytes()).unwrap();
        assert_eq!(list.published_at.as_deref(), Some("2025-07-04"));
        let e = &list.entities[0];
        assert_eq!((e.names[0].text.as_str(), e.names[1].strength), ("Alvaro MONTENEGRO", Strength::Weak));
        assert_eq!((e.countries[0].as_str(), e.dates_of_birth[0].to_string().as_str()), ("PE", "1951-08-24"));
    }
    #[test]
    fn identifications_are_numbers_by_kind() {
        let id = |kind: &str, number: &str, country: &str| {
            format!("<id><idType>{kind}</idType><idNumber>{number}</idNumber><idCountry>{country}</idCountry></id>")
        };
        let ids = [
            id("Vessel Registration Identification", "IMO 9187629", ""),
            id("Gender", "Male", ""),
            id("Passport", "J128", "Peru"),
            id("Digital Currency Address - ETH", "0x7F367cC41522cE07553e823bf3be79A889DEbe1B", ""),
            id("Secondary sanctions risk:", "section 1(b) of Executive Order 13224", ""),
            id("Star Chart", "77", "Atlantis"),
        ];
        let text = format!(
            "<sdnList><sdnEntry><uid>7</uid><lastName>M</lastName><sdnType>Vessel</sdnType><idList>{}</idList></sdnEntry></sdnList>",
            ids.concat()
        );
        let (list, report) =
            crate::readers::read_with_report(&crate::Format::OfacXml, &mut [&mut text.as_bytes()]).unwrap();
        let found: Vec<(&str, &str)> =
            list.entities[0].identifiers.iter().map(|i| (i.kind.as_str(), i.number.as_str())).collect();
        assert_eq!(
            found,
            [
                ("imo", "9187629"),
                ("passport", "J128"),
                ("wallet", "0x7F367cC41522cE07553e823bf3be79A889DEbe1B"),
                ("star chart", "77")
            ]
        );
        assert_eq!(report.unknown["idCountry"].values["Atlantis"], 1);
    }
}
