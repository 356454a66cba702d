//! `FollowTheMoney` entities (the format of `OpenSanctions`' PEP and adverse-media sets), one JSON object a line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, Read};

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::guard::{MAX_RECORD_BYTES, TOO_LONG};
use super::{MAX_ENTITIES, ReadError, iso_country};
use crate::date;
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

#[derive(Deserialize)]
struct Line {
    id: String,
    schema: String,
    #[serde(default)]
    caption: String,
    #[serde(default)]
    datasets: Vec<String>,
    properties: HashMap<String, Values>,
}

/// The texts of a property; numbers and whatever else is there are passed over, as are more than any entity has.
#[derive(Default)]
struct Values(Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Values, A::Error> {
                let mut out = Vec::new();
                while let Some(value) = seq.next_element::<Value<'de>>()? {
                    match value {
                        Value::Text(text) if out.len() < MAX_VALUES => out.push(text.into_owned()),
                        Value::Text(_) | Value::Other(IgnoredAny) => {}
                    }
                }
                Ok(Values(out))
            }
        }
        deserializer.deserialize_seq(Texts)
    }
}

/// One value of a property.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(IgnoredAny),
}

/// No entity has more values of one property.
const MAX_VALUES: usize = 2000;

/// The kinds of things that bear names we screen; `None` for addresses, sanctions records, ownership links …
pub(super) fn kind_of_schema(schema: &str) -> Option<Kind> {
    Some(match schema {
        "Person" => Kind::Person,
        "Airplane" => Kind::Aircraft,
        "Company" | "Organization" | "PublicBody" => Kind::Organisation,
        "Vessel" => Kind::Vessel,
        "LegalEntity" | "Thing" => Kind::Unknown,
        _ => return None,
    })
}

pub(super) fn read(input: &mut dyn BufRead) -> Result<List, ReadError> {
    let mut entities = Vec::new();
    let mut line = Vec::new();
    let mut number = 0u64;
    loop {
        line.clear();
        let mut bounded = (&mut *input).take(MAX_RECORD_BYTES as u64 + 1);
        let read = bounded.read_until(b'\n', &mut line).map_err(|e| ReadError::Io(e.to_string()))?;
        if read == 0 {
            break;
        }
        number += 1;
        if read > MAX_RECORD_BYTES {
            return Err(ReadError::TooLarge(TOO_LONG.into()));
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        // serde_json bounds the depth of nesting itself (128).
        let parsed: Line =
            serde_json::from_slice(&line).map_err(|e| ReadError::BadRow { line: number, problem: e.to_string() })?;
        if entities.len() >= MAX_ENTITIES {
            return Err(ReadError::TooLarge("too many entries".into()));
        }
        entities.extend(entity(&parsed));
    }
    Ok(List { entities, ..List::default() })
}

fn entity(line: &Line) -> Option<Entity> {
    let kind = kind_of_schema(&line.schema)?;
    let values = |name: &str| line.properties.get(name).into_iter().flat_map(|v| v.0.iter().map(String::as_str));
    let mut entity = Entity { id: line.id.clone(), kind, ..Entity::default() };
    entity.names.push(Name::primary(line.caption.clone()));
    for (property, name_type, strength) in [
        ("name", NameType::Primary, Strength::Strong),
        ("alias", NameType::Alias, Strength::Strong),
        ("previousName", NameType::Former, Strength::Strong),
        ("weakAlias", NameType::Alias, Strength::Weak),
    ] {
        entity.names.extend(values(property).map(|n| Name::new(n, name_type, strength)));
    }
    entity.dates_of_birth = values("birthDate").filter_map(date::parse).collect();
    for property in ["nationality", "citizenship", "country", "jurisdiction", "flag"] {
        entity.countries.extend(values(property).filter_map(iso_country).map(str::to_owned));
    }
    for (property, kind) in [
        ("passportNumber", "passport"),
        ("idNumber", "national id"),
        ("taxNumber", "tax"),
        ("registrationNumber", "registration"),
        ("imoNumber", "imo"),
        ("leiCode", "lei"),
    ] {
        entity.identifiers.extend(values(property).map(|n| Identifier {
            kind: kind.into(),
            number: n.into(),
            country: None,
        }));
    }
    entity.programmes = values("programId").chain(values("topics")).map(str::to_owned).collect();
    if entity.programmes.is_empty() {
        entity.programmes.clone_from(&line.datasets);
    }
    entity.remarks = values("notes").collect::<Vec<_>>().join(" ");
    Some(entity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let text = r#"{"id":"a","schema":"Person","caption":"Alvaro Montenegro","properties":{"weakAlias":["Zorro"],"birthDate":["1951"],"nationality":["pe"],"topics":["role.pep"]}}

{"id":"b","schema":"Airplane","caption":"XA-123","properties":{}}
{"id":"c","schema":"Ownership","caption":"x","properties":{}}"#;
        let list = read(&mut text.as_bytes()).unwrap();
        assert_eq!(list.entities.len(), 2);
        assert_eq!(
            (list.entities[0].countries[0].as_str(), list.entities[0].programmes[0].as_str()),
            ("PE", "role.pep")
        );
        assert_eq!(list.entities[1].kind, Kind::Aircraft);
        assert!(read(&mut "{\"id\":1}".as_bytes()).is_err());
        assert!(read(&mut format!("{{\"id\":{}", "[".repeat(5000)).as_bytes()).is_err());
    }
}
