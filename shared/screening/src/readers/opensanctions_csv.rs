//! `OpenSanctions` `targets.simple.csv`: one row an entity, several values parted by semicolons.

use std::io::BufRead;

use super::ReadError;
use super::ftm_json::kind_of_schema;
use super::intake::{Broken, Intake};
use super::report::DropReason;
use super::table::{Column, Table};
use crate::entity::{Entity, Identifier, List, Name, NameType, Strength};

const COLUMNS: &[Column<'static>] = &[
    Column::required("id", &[], "the entries' keys"),
    Column::required("schema", &[], "what an entry is"),
    Column::required("name", &[], "names"),
    Column::required("aliases", &[], "aliases"),
    Column::required("birth_date", &[], "dates of birth"),
    Column::required("countries", &[], "countries"),
    Column::required("identifiers", &[], "numbers"),
];

pub(super) fn read(input: &mut dyn BufRead, intake: &mut Intake) -> Result<List, ReadError> {
    let mut table = Table::with_header(input, COLUMNS, None, &mut intake.report)?;
    while let Some(row) = table.next()? {
        intake.record();
        let (id, name, schema) = (row.get("id"), row.get("name"), row.get("schema"));
        if id.is_empty() {
            intake.set_aside(row.place(), Broken::new("", "no id"));
            continue;
        }
        let Some(kind) = kind_of_schema(&schema) else {
            intake.drop(DropReason::NotScreened);
            intake.report.unknown("schema", &schema);
            continue;
        };
        let mut entity = Entity { id, kind, names: vec![Name::primary(name)], ..Entity::default() };
        for alias in row.split("aliases", &[';']) {
            entity.names.push(Name::new(alias, NameType::Alias, Strength::Strong));
        }
        entity.dates_of_birth = intake.dates("birth_date", &row.get("birth_date"));
        entity.countries = intake.countries("countries", &row.get("countries"));
        for number in row.split("identifiers", &[';']) {
            entity.identifiers.push(Identifier { kind: "identifier".into(), number, country: None });
        }
        entity.programmes = row.split("program_ids", &[';']);
        if entity.programmes.is_empty() {
            entity.programmes = row.split("dataset", &[';']);
        }
        entity.remarks = row.get("sanctions");
        intake.push(entity)?;
    }
    Ok(List::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row() {
        let text = "id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,dataset\n\
            x1,Person,Alvaro Montenegro,\"A. Zorro;El Zorro\",1951-08-24,pe;us,,A1;B2,,,,Test\n\
            x2,Address,Somewhere,,,,,,,,,Test\n";
        let (list, report) =
            crate::readers::read_with_report(&crate::Format::OpenSanctionsCsv, &mut [&mut text.as_bytes()]).unwrap();
        assert_eq!((list.entities.len(), report.dropped[&DropReason::NotScreened]), (1, 1));
        assert_eq!(report.unknown["schema"].values["Address"], 1);
        let e = &list.entities[0];
        assert_eq!((e.names.len(), e.identifiers.len(), e.countries.join(",")), (3, 2, "PE,US".into()));
    }
}
