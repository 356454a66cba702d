//! The UK Sanctions List, CSV of the FCDO: first line the report date, second the header, then one row a name; rows of
//! one `Unique ID` are one entry.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use super::table::{Row, Table};
use super::{MAX_ENTITIES, ReadError, iso_country};
use crate::date;
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

const MANY: [char; 3] = ['|', ';', '\n'];

pub(super) fn read(mut input: &mut dyn BufRead) -> Result<List, ReadError> {
    let mut first = Vec::new();
    let read = (&mut input).take(400).read_until(b'\n', &mut first).map_err(|e| ReadError::Io(e.to_string()))?;
    if read == 0 {
        return Err(ReadError::Empty);
    }
    let first = String::from_utf8_lossy(&first);
    let Some(report) = first.trim_start_matches('\u{feff}').trim().strip_prefix("Report Date:") else {
        return Err(ReadError::WrongFormat("the first line is not the report date".into()));
    };
    let report = report.trim().trim_end_matches(',');
    let published_at = date::parse(report).map(|d| d.to_string());
    let required = ["Unique ID", "Name 6", "Name type", "Regime Name", "Type of entity", "D.O.B"];
    // The type's column has had two names.
    let mut table = Table::with_header(input, &required[..4])?;
    table.allow_lacking(3);
    let type_column = ["Type of entity", "Designation Type"];
    if !table.headers().iter().any(|h| type_column.contains(&h.as_str())) {
        return Err(ReadError::WrongFormat("no column for the type of entity".into()));
    }
    let mut entities: Vec<Entity> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    while let Some(row) = table.next()? {
        let id = row.get("Unique ID");
        if id.is_empty() {
            return Err(row.bad("no Unique ID"));
        }
        let at = *by_id.entry(id.clone()).or_insert_with(|| {
            entities.push(Entity { id, ..Entity::default() });
            entities.len() - 1
        });
        if entities.len() > MAX_ENTITIES {
            return Err(ReadError::TooLarge("too many entries".into()));
        }
        merge(&row, &mut entities[at]);
    }
    Ok(List {
        version: published_at.clone().unwrap_or_else(|| report.to_owned()),
        published_at,
        entities,
        ..List::default()
    })
}

fn merge(row: &Row<'_>, entity: &mut Entity) {
    let stated = format!("{} {}", row.get("Type of entity"), row.get("Designation Type")).to_ascii_lowercase();
    entity.kind = if stated.contains("individual") {
        Kind::Person
    } else if stated.contains("ship") {
        Kind::Vessel
    } else if stated.contains("entity") {
        Kind::Organisation
    } else {
        entity.kind
    };
    // Name 6 is the family name or the whole name of an entity; 1 to 5 come before it.
    let parts: Vec<String> = ["Name 1", "Name 2", "Name 3", "Name 4", "Name 5", "Name 6"]
        .iter()
        .map(|c| row.get(c))
        .filter(|p| !p.is_empty())
        .collect();
    let type_word = row.get("Name type").to_ascii_lowercase();
    let name_type = if type_word.starts_with("primary") { NameType::Primary } else { NameType::Alias };
    let weak = row.get("Alias strength").to_ascii_lowercase().contains("low");
    let strength = if weak { Strength::Weak } else { Strength::Strong };
    entity.names.push(Name::new(parts.join(" "), name_type, strength));
    entity.names.push(Name::new(row.get("Name non-latin script"), NameType::OriginalScript, Strength::Strong));
    entity.dates_of_birth.extend(row.split("D.O.B", &MANY).iter().filter_map(|d| date::parse(d)));
    for column in ["Nationality(/ies)", "Address Country", "Current believed flag of ship"] {
        entity.countries.extend(row.split(column, &MANY).iter().filter_map(|c| iso_country(c)).map(str::to_owned));
    }
    for (column, kind) in [
        ("Passport number", "passport"),
        ("National Identifier number", "national id"),
        ("Business registration number (s)", "registration"),
        ("IMO number", "imo"),
    ] {
        for number in row.split(column, &MANY) {
            entity.identifiers.push(Identifier { kind: kind.into(), number, country: None });
        }
    }
    entity.programmes.push(row.get("Regime Name"));
    let reference = row.get("UN Reference Number");
    if !reference.is_empty() {
        entity.reference = Some(reference);
    }
    if entity.remarks.is_empty() {
        entity.remarks = row.get("Other Information");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Report Date: 13-Feb-2026\nUnique ID,Name 6,Name 1,Name type,Alias strength,Regime Name,Designation Type,D.O.B,Nationality(/ies),Passport number\n";

    #[test]
    fn rows_of_one_id_are_one_entry() {
        let text = format!(
            "{HEAD}T1,MONTENEGRO,Alvaro,Primary Name,,R,Individual,14/07/1962|dd/mm/1963,Peru,A1\nT1,ZORRO,,Alias,Low quality a.k.a.,R,Individual,,,\n"
        );
        let list = read(&mut text.as_bytes()).unwrap();
        assert_eq!((list.entities.len(), list.published_at.as_deref()), (1, Some("2026-02-13")));
        let e = &list.entities[0];
        assert_eq!((e.names[0].text.as_str(), e.kind), ("Alvaro MONTENEGRO", Kind::Person));
        assert_eq!(e.dates_of_birth.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1962-07-14", "1963"]);
        assert!(e.names.iter().any(|n| n.text == "ZORRO" && n.strength == Strength::Weak));
    }

    #[test]
    fn refused() {
        assert!(read(&mut "no report\na,b\n".as_bytes()).is_err());
        assert!(read(&mut format!("{HEAD}T1,too,few\n").as_bytes()).is_err());
        assert!(read(&mut "Report Date: 1\nName,Other\nx,y\n".as_bytes()).is_err());
    }
}
