//! OFAC's legacy CSV: three headerless files joined by entry number. `-0-` is null, a lone 0x1A may end a file
//! (OFAC, "SDN data formats": `dat_spec.txt`).

use std::collections::HashMap;
use std::io::BufRead;

use super::table::{Row, Table};
use super::{MAX_ENTITIES, ReadError, iso_country, ofac_remarks};
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

const MAIN_COLUMNS: usize = 12;
const ALIAS_COLUMNS: usize = 5;
const ADDRESS_COLUMNS: usize = 6;

pub(super) fn read(
    main: &mut dyn BufRead,
    aliases: Option<&mut dyn BufRead>,
    addresses: Option<&mut dyn BufRead>,
) -> Result<List, ReadError> {
    let mut entities: Vec<Entity> = Vec::new();
    let mut by_number: HashMap<u64, usize> = HashMap::new();
    rows(main, MAIN_COLUMNS, |row, number| {
        if entities.len() >= MAX_ENTITIES {
            return Err(ReadError::TooLarge("too many entries".into()));
        }
        if by_number.insert(number, entities.len()).is_some() {
            return Err(row.bad(format!("entry {number} is there twice")));
        }
        entities.push(entity(row, number)?);
        Ok(())
    })?;
    if let Some(aliases) = aliases {
        let (mut total, mut known) = (0usize, 0usize);
        rows(aliases, ALIAS_COLUMNS, |row, number| {
            total += 1;
            if let Some(at) = by_number.get(&number) {
                known += 1;
                let name_type =
                    if value(row, 2).eq_ignore_ascii_case("fka") { NameType::Former } else { NameType::Alias };
                entities[*at].names.push(Name::new(value(row, 3), name_type, Strength::Strong));
            }
            Ok(())
        })?;
        belong_together(total, known, "aliases")?;
    }
    if let Some(addresses) = addresses {
        let (mut total, mut known) = (0usize, 0usize);
        rows(addresses, ADDRESS_COLUMNS, |row, number| {
            total += 1;
            if let Some(at) = by_number.get(&number) {
                known += 1;
                entities[*at].countries.extend(iso_country(&value(row, 4)).map(str::to_owned));
            }
            Ok(())
        })?;
        belong_together(total, known, "addresses")?;
    }
    Ok(List { entities, ..List::default() })
}

/// The three files are published together. A few strays happen; a fifth of them means two different days' files.
fn belong_together(total: usize, known: usize, what: &str) -> Result<(), ReadError> {
    if known * 5 < total * 4 {
        return Err(ReadError::Inconsistent(format!(
            "only {known} of {total} {what} belong to an entry of the main file"
        )));
    }
    Ok(())
}

fn rows(
    input: &mut dyn BufRead,
    columns: usize,
    mut each: impl FnMut(&Row<'_>, u64) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut table = Table::bare(input);
    while let Some(row) = table.next()? {
        if row.len() == 1 && row.at(0) == "\u{1a}" {
            continue;
        }
        if row.len() != columns {
            return Err(row.bad(format!("{} columns instead of {columns}", row.len())));
        }
        let number = row.at(0).parse().map_err(|_| row.bad("the entry number is not a number"))?;
        each(&row, number)?;
    }
    Ok(())
}

/// A column, empty for `-0-`.
fn value(row: &Row<'_>, i: usize) -> String {
    let text = row.at(i);
    if text == "-0-" { String::new() } else { text }
}

fn entity(row: &Row<'_>, number: u64) -> Result<Entity, ReadError> {
    let name = value(row, 1);
    if name.is_empty() {
        return Err(row.bad("no name"));
    }
    let kind = match value(row, 2).as_str() {
        "" | "entity" => Kind::Organisation,
        "individual" => Kind::Person,
        "vessel" => Kind::Vessel,
        "aircraft" => Kind::Aircraft,
        other => return Err(row.bad(format!("unknown type {other:?}"))),
    };
    let mut entity = Entity { id: number.to_string(), kind, names: vec![Name::primary(name)], ..Entity::default() };
    entity.programmes = value(row, 3).split("] [").map(|p| p.trim_matches(['[', ']', ' ']).to_owned()).collect();
    entity.countries.extend(iso_country(&value(row, 9)).map(str::to_owned));
    let call_sign = value(row, 5);
    if !call_sign.is_empty() {
        entity.identifiers.push(Identifier { kind: "call sign".into(), number: call_sign, country: None });
    }
    ofac_remarks::parse(&value(row, 11), &mut entity);
    Ok(entity)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str = "7,\"MONTENEGRO, Alvaro\",\"individual\",\"SDNT] [SDGT\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 24 Aug 1951; alt. DOB circa 1953; nationality Peru; Passport J128 (Peru); a.k.a. 'ZORRO'; Linked To: ZETA FRONT.\"\r\n8,\"ZETA FRONT\",-0- ,\"SDGT\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\u{1a}\r\n";
    const ALT: &str = "7,1,\"aka\",\"MONTENEGRO RUIZ, A.\",-0- \r\n8,2,\"fka\",\"ALPHA FRONT\",-0- \r\n";

    #[test]
    fn the_three_files() {
        let add = "7,1,-0- ,\"Lima\",\"Peru\",-0- \r\n";
        let list = read(&mut MAIN.as_bytes(), Some(&mut ALT.as_bytes()), Some(&mut add.as_bytes())).unwrap();
        let e = &list.entities[0];
        assert_eq!(e.programmes, ["SDNT", "SDGT"]);
        assert_eq!(
            e.names.iter().map(|n| n.text.as_str()).collect::<Vec<_>>(),
            ["MONTENEGRO, Alvaro", "ZORRO", "MONTENEGRO RUIZ, A."]
        );
        assert_eq!(e.names[1].strength, Strength::Weak);
        assert_eq!(e.dates_of_birth.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1951-08-24", "circa 1953"]);
        assert_eq!(e.identifiers[0].number, "J128");
        assert_eq!(e.linked_to, ["ZETA FRONT"]);
        assert_eq!(list.entities[1].names[1].name_type, NameType::Former);
    }

    #[test]
    fn broken_files() {
        for main in [
            "7,\"A\"\r\n",
            "x,\"A\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n",
            "7,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n",
            "7,\"A\",robot,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n",
        ] {
            assert!(read(&mut main.as_bytes(), None, None).is_err(), "{main}");
        }
        let doubled = format!("{MAIN}{MAIN}");
        assert!(read(&mut doubled.as_bytes(), None, None).is_err());
        let other_day = "100,1,\"aka\",\"X\",-0- \r\n101,1,\"aka\",\"Y\",-0- \r\n";
        assert!(matches!(
            read(&mut MAIN.as_bytes(), Some(&mut other_day.as_bytes()), None),
            Err(ReadError::Inconsistent(_))
        ));
    }
}
