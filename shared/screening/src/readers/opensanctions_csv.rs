//! `OpenSanctions` `targets.simple.csv`: one row an entity, several values parted by semicolons.

use std::io::BufRead;

use super::ftm_json::kind_of_schema;
use super::table::Table;
use super::{MAX_ENTITIES, ReadError, iso_country};
use crate::date;
use crate::entity::{Entity, Identifier, List, Name, NameType, Strength};

pub(super) fn read(input: &mut dyn BufRead) -> Result<List, ReadError> {
    let mut table =
        Table::with_header(input, &["id", "schema", "name", "aliases", "birth_date", "countries", "identifiers"])?;
    let mut entities = Vec::new();
    while let Some(row) = table.next()? {
        if entities.len() >= MAX_ENTITIES {
            return Err(ReadError::TooLarge("too many entries".into()));
        }
        let (id, name) = (row.get("id"), row.get("name"));
        if id.is_empty() {
            return Err(row.bad("no id"));
        }
        let Some(kind) = kind_of_schema(&row.get("schema")) else { continue };
        let mut entity = Entity { id, kind, names: vec![Name::primary(name)], ..Entity::default() };
        for alias in row.split("aliases", &[';']) {
            entity.names.push(Name::new(alias, NameType::Alias, Strength::Strong));
        }
        entity.dates_of_birth = row.split("birth_date", &[';']).iter().filter_map(|d| date::parse(d)).collect();
        entity.countries =
            row.split("countries", &[';']).iter().filter_map(|c| iso_country(c)).map(str::to_owned).collect();
        for number in row.split("identifiers", &[';']) {
            entity.identifiers.push(Identifier { kind: "identifier".into(), number, country: None });
        }
        entity.programmes = row.split("program_ids", &[';']);
        if entity.programmes.is_empty() {
            entity.programmes = row.split("dataset", &[';']);
        }
        entity.remarks = row.get("sanctions");
        entities.push(entity);
    }
    Ok(List { entities, ..List::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row() {
        let text = "id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,dataset\n\
            x1,Person,Alvaro Montenegro,\"A. Zorro;El Zorro\",1951-08-24,pe;us,,A1;B2,,,,Test\n\
            x2,Address,Somewhere,,,,,,,,,Test\n";
        let list = read(&mut text.as_bytes()).unwrap();
        assert_eq!(list.entities.len(), 1);
        let e = &list.entities[0];
        assert_eq!((e.names.len(), e.identifiers.len(), e.countries.join(",")), (3, 2, "PE,US".into()));
    }
}
