//! The US Consolidated Screening List (Department of Commerce), CSV.

use std::io::BufRead;

use super::table::Table;
use super::{MAX_ENTITIES, ReadError, iso_country};
use crate::date;
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

const REQUIRED: [&str; 8] =
    ["source", "entity_number", "type", "programs", "name", "alt_names", "dates_of_birth", "nationalities"];

pub(super) fn read(input: &mut dyn BufRead) -> Result<List, ReadError> {
    let mut table = Table::with_header(input, &REQUIRED)?;
    let mut entities = Vec::new();
    while let Some(row) = table.next()? {
        if entities.len() >= MAX_ENTITIES {
            return Err(ReadError::TooLarge("too many entries".into()));
        }
        let name = row.get("name");
        if name.is_empty() || row.get("source").is_empty() {
            return Err(row.bad("no name or no source"));
        }
        let kind = match row.get("type").to_ascii_lowercase().as_str() {
            "individual" => Kind::Person,
            "entity" => Kind::Organisation,
            "vessel" => Kind::Vessel,
            "aircraft" => Kind::Aircraft,
            _ => Kind::Unknown,
        };
        let id = [row.get("_id"), row.get("entity_number"), format!("line-{}", row.line)]
            .into_iter()
            .find(|i| !i.is_empty());
        let mut entity =
            Entity { id: id.unwrap_or_default(), kind, names: vec![Name::primary(name)], ..Entity::default() };
        for alias in row.split("alt_names", &[';']) {
            entity.names.push(Name::new(alias, NameType::Alias, Strength::Strong));
        }
        entity.dates_of_birth = row.split("dates_of_birth", &[';']).iter().filter_map(|d| date::parse(d)).collect();
        for column in ["nationalities", "citizenships", "vessel_flag"] {
            entity.countries.extend(row.split(column, &[';']).iter().filter_map(|c| iso_country(c)).map(str::to_owned));
        }
        // "Passport, A123, KP; Gender, Male": the middle one, where it is a number.
        for id in row.split("ids", &[';']) {
            let parts: Vec<&str> = id.split(',').map(str::trim).collect();
            if let [kind, number, ..] = parts.as_slice()
                && number.bytes().filter(u8::is_ascii_digit).count() >= 3
            {
                let country = parts.get(2).and_then(|c| iso_country(c)).map(str::to_owned);
                entity.identifiers.push(Identifier {
                    kind: kind.to_ascii_lowercase(),
                    number: (*number).to_owned(),
                    country,
                });
            }
        }
        entity.programmes = row.split("programs", &[';']);
        if entity.programmes.is_empty() {
            entity.programmes.push(row.get("source"));
        }
        entity.remarks = row.get("remarks");
        entities.push(entity);
    }
    Ok(List { entities, ..List::default() })
}
