//! The US Consolidated Screening List (Department of Commerce), CSV.

use std::io::BufRead;

use super::ReadError;
use super::intake::{Broken, Intake};
use super::table::{Column, Row, Table};
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

const COLUMNS: &[Column<'static>] = &[
    Column::required("source", &[], "the lists that entries come from"),
    Column::required("entity_number", &[], "the entries' numbers"),
    Column::required("type", &[], "what an entry is"),
    Column::required("programs", &[], "the programmes"),
    Column::required("name", &[], "names"),
    Column::required("alt_names", &[], "aliases"),
    Column::required("dates_of_birth", &[], "dates of birth"),
    Column::required("nationalities", &[], "nationalities"),
    Column::optional("citizenships", &[], "citizenships"),
    Column::optional("addresses", &[], "countries of addresses"),
    Column::optional("vessel_flag", &[], "flags of ships"),
    Column::optional("call_sign", &[], "call signs of ships"),
    Column::optional("ids", &[], "numbers of documents"),
];

pub(super) fn read(input: &mut dyn BufRead, intake: &mut Intake) -> Result<List, ReadError> {
    let mut table = Table::with_header(input, COLUMNS, None, &mut intake.report)?;
    while let Some(row) = table.next()? {
        intake.record();
        let found = entity(&row, intake);
        intake.take(row.place(), found)?;
    }
    Ok(List::default())
}

fn entity(row: &Row<'_>, intake: &mut Intake) -> Result<Entity, Broken> {
    let name = row.get("name");
    let id =
        [row.get("_id"), row.get("entity_number"), format!("line-{}", row.line)].into_iter().find(|i| !i.is_empty());
    let id = id.unwrap_or_default();
    if name.is_empty() || row.get("source").is_empty() {
        return Err(Broken::new(id, "no name or no source"));
    }
    let stated = row.get("type");
    let kind = match stated.to_ascii_lowercase().as_str() {
        "individual" => Kind::Person,
        "entity" => Kind::Organisation,
        "vessel" => Kind::Vessel,
        "aircraft" => Kind::Aircraft,
        _ => Kind::Unknown,
    };
    if kind == Kind::Unknown {
        intake.report.unknown("type", &stated);
    }
    let mut entity = Entity { id, kind, names: vec![Name::primary(name)], ..Entity::default() };
    for alias in row.split("alt_names", &[';']) {
        entity.names.push(Name::new(alias, NameType::Alias, Strength::Strong));
    }
    entity.dates_of_birth = intake.dates("dates_of_birth", &row.get("dates_of_birth"));
    for column in ["nationalities", "citizenships", "vessel_flag"] {
        entity.countries.extend(intake.countries(column, &row.get(column)));
    }
    // "Shenyang, CN; Pyongyang, KP": the country's code stands last.
    for address in row.split("addresses", &[';']) {
        let last = address.rsplit(',').next().unwrap_or_default().trim();
        if last.len() == 2 {
            entity.countries.extend(intake.country("addresses", last));
        }
    }
    for id in row.split("ids", &[';']) {
        entity.identifiers.extend(identifier(&id, intake));
    }
    let call_sign = row.get("call_sign");
    if !call_sign.is_empty() {
        entity.identifiers.push(Identifier { kind: "call sign".into(), number: call_sign, country: None });
    }
    entity.programmes = row.split("programs", &[';']);
    if entity.programmes.is_empty() {
        entity.programmes.push(row.get("source"));
    }
    entity.remarks = row.get("remarks");
    Ok(entity)
}

/// `Passport, A123, KP`; facts without a number (`Gender, Male`) stand there as well.
fn identifier(text: &str, intake: &mut Intake) -> Option<Identifier> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let [kind, number, rest @ ..] = parts.as_slice() else { return None };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if digits < 3 || super::ofac_labels::is_other_fact(kind) {
        return None;
    }
    let country = rest.first().and_then(|country| intake.country("ids country", country));
    Some(Identifier { kind: kind.to_ascii_lowercase(), number: (*number).to_owned(), country })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "source,entity_number,type,programs,name,alt_names,dates_of_birth,nationalities,addresses,ids\n";

    fn read_rows(rows: &str) -> (List, crate::readers::ReadReport) {
        let text = format!("{HEAD}{rows}");
        crate::readers::read_with_report(&crate::Format::UsCslCsv, &mut [&mut text.as_bytes()]).unwrap()
    }

    #[test]
    fn an_entry_is_read_and_its_rider_is_no_name() {
        let (list, report) = read_rows(
            "ISN,,,INKSNA,\"Zephyria Company; and any successor, sub-unit, or subsidiary thereof\",ZEPH; Orel Docks,1951-08-24,PE,\"Lima, PE; La Paz, BO\",\"Passport, 836238033, KP; Gender, Male\"\n",
        );
        let e = &list.entities[0];
        assert_eq!(
            e.names.iter().map(|n| n.text.as_str()).collect::<Vec<_>>(),
            ["Zephyria Company", "ZEPH", "Orel Docks"]
        );
        assert_eq!((e.kind, e.countries.join(" ")), (Kind::Unknown, "BO PE".to_owned()));
        assert_eq!(e.identifiers.len(), 1);
        assert_eq!(e.identifiers[0].country.as_deref(), Some("KP"));
        assert!(report.missing_columns.iter().any(|c| c.column == "citizenships"));
    }

    #[test]
    fn a_row_without_name_is_set_aside() {
        let (list, report) = read_rows("ISN,1,Entity,,Zeta,,,,,\nISN,2,Entity,,,,,,,\n");
        assert_eq!((list.entities.len(), report.set_aside.examples[0].id.as_str()), (1, "2"));
    }
}
