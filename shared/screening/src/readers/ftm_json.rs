//! `FollowTheMoney` entities (the format of `OpenSanctions`' PEP and adverse-media sets), one JSON object a line.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use super::ReadError;
use super::ftm_line::Line;
use super::guard::{MAX_RECORD_BYTES, TOO_LONG};
use super::intake::{Broken, Intake};
use super::report::DropReason;
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

/// Names that are put together from one entity's parts at most.
const MAX_COMPOSED: usize = 16;

/// What a schema's entities are to the screening.
enum Role {
    /// They bear names.
    Named(Kind),
    /// They are somebody's: a wallet, a security.
    Owned,
    /// Addresses, sanctions records, ownership links …
    Other,
}

/// The kinds of things that bear names we screen; `None` for the others.
pub(super) fn kind_of_schema(schema: &str) -> Option<Kind> {
    Some(match schema {
        "Person" => Kind::Person,
        "Airplane" => Kind::Aircraft,
        "Company" | "Organization" | "PublicBody" => Kind::Organisation,
        "Vessel" => Kind::Vessel,
        "LegalEntity" | "Thing" | "Asset" | "CryptoWallet" | "Security" => Kind::Unknown,
        _ => return None,
    })
}

fn role(schema: &str) -> Role {
    match schema {
        "CryptoWallet" | "Security" => Role::Owned,
        other => kind_of_schema(other).map_or(Role::Other, Role::Named),
    }
}

pub(super) fn read(input: &mut dyn BufRead, intake: &mut Intake) -> Result<List, ReadError> {
    let mut line = Vec::new();
    let mut number = 0u64;
    // Owners may stand behind what they own.
    let mut owned: Vec<Line> = Vec::new();
    loop {
        line.clear();
        let mut bounded = (&mut *input).take(MAX_RECORD_BYTES as u64 + 1);
        let read = bounded.read_until(b'\n', &mut line)?;
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
        intake.record();
        // serde_json bounds the depth of nesting itself (128).
        let parsed: Line = match serde_json::from_slice(&line) {
            Ok(parsed) => parsed,
            Err(e) if e.is_eof() && line.last() != Some(&b'\n') => {
                return Err(ReadError::Truncated(format!("line {number} is not whole")));
            }
            Err(e) => {
                intake.set_aside(format!("line {number}"), Broken::new("", e.to_string()));
                continue;
            }
        };
        match role(&parsed.schema) {
            Role::Named(kind) => {
                let entity = entity(&parsed, kind, intake);
                intake.push(entity)?;
            }
            Role::Owned => owned.push(parsed),
            Role::Other => {
                intake.drop(DropReason::NotScreened);
                intake.report.unknown("schema", &parsed.schema);
            }
        }
    }
    give_to_owners(owned, intake)?;
    Ok(List::default())
}

/// Wallets and securities are numbers of whom they belong to; without an owner in the set they are entities of their own.
fn give_to_owners(owned: Vec<Line>, intake: &mut Intake) -> Result<(), ReadError> {
    if owned.is_empty() {
        return Ok(());
    }
    let places: HashMap<String, usize> = intake.entities.iter().enumerate().map(|(i, e)| (e.id.clone(), i)).collect();
    for line in owned {
        let mut has_owner = false;
        for owner in ["holder", "owner", "issuer"].iter().flat_map(|property| line.values(property)) {
            if let Some(at) = places.get(owner) {
                has_owner = true;
                let numbers = numbers(&line);
                intake.entities[*at].identifiers.extend(numbers);
            }
        }
        if !has_owner {
            let mut entity = entity(&line, Kind::Unknown, intake);
            if entity.names.is_empty() {
                entity.names.extend(entity.identifiers.iter().map(|i| Name::primary(i.number.clone())));
            }
            intake.push(entity)?;
        }
    }
    Ok(())
}

fn entity(line: &Line, kind: Kind, intake: &mut Intake) -> Entity {
    let mut entity = Entity { id: line.id.clone(), kind, ..Entity::default() };
    for (property, name_type, strength) in [
        ("name", NameType::Primary, Strength::Strong),
        ("alias", NameType::Alias, Strength::Strong),
        ("previousName", NameType::Former, Strength::Strong),
        ("weakAlias", NameType::Alias, Strength::Weak),
        ("abbreviation", NameType::Alias, Strength::Weak),
    ] {
        let names = line.values(property).filter(|name| !name.trim().is_empty());
        entity.names.extend(names.map(|n| Name::new(n, name_type, strength)));
    }
    // The caption stands first, unless it only names the schema or the key, as it does where there is no name.
    let is_name = !line.caption.trim().is_empty() && line.caption != line.schema && line.caption != line.id;
    let is_number = numbers(line).iter().any(|i| i.number == line.caption);
    if is_name && !is_number {
        entity.names.insert(0, Name::primary(line.caption.clone()));
    }
    if !line.has("name") {
        let parts = composed(line);
        let name_type = if entity.names.is_empty() { NameType::Primary } else { NameType::Alias };
        entity.names.extend(parts.into_iter().map(|name| Name::new(name, name_type, Strength::Strong)));
    }
    for date in line.values("birthDate") {
        entity.dates_of_birth.extend(intake.dates("birthDate", date));
    }
    for property in ["nationality", "citizenship", "country", "mainCountry", "jurisdiction", "flag"] {
        for country in line.values(property) {
            entity.countries.extend(intake.countries(property, country));
        }
    }
    entity.identifiers = numbers(line);
    entity.programmes = line.values("programId").chain(line.values("topics")).map(str::to_owned).collect();
    if entity.programmes.is_empty() {
        entity.programmes.clone_from(&line.datasets);
    }
    entity.remarks = line.values("notes").collect::<Vec<_>>().join(" ");
    entity
}

/// Names from given name, father's name and family name.
fn composed(line: &Line) -> Vec<String> {
    let values = |property: &str| -> Vec<String> {
        let all = line.values(property).map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned);
        let mut all: Vec<String> = all.take(4).collect();
        if all.is_empty() {
            all.push(String::new());
        }
        all
    };
    let between: Vec<String> = ["secondName", "middleName", "fatherName"].iter().flat_map(|p| values(p)).collect();
    let between = between.join(" ");
    let mut out = Vec::new();
    for first in values("firstName") {
        for last in values("lastName") {
            let name = format!("{first} {between} {last}").split_whitespace().collect::<Vec<_>>().join(" ");
            if !name.is_empty() && !out.contains(&name) && out.len() < MAX_COMPOSED {
                out.push(name);
            }
        }
    }
    out
}

fn numbers(line: &Line) -> Vec<Identifier> {
    let kinds = [
        ("passportNumber", "passport"),
        ("idNumber", "national id"),
        ("socialSecurityNumber", "ssn"),
        ("taxNumber", "tax"),
        ("vatCode", "tax"),
        ("innCode", "tax"),
        ("registrationNumber", "registration"),
        ("ogrnCode", "registration"),
        ("okpoCode", "registration"),
        ("uscCode", "registration"),
        ("uniqueEntityId", "registration"),
        ("npiCode", "registration"),
        ("dunsCode", "duns"),
        ("swiftBic", "swift"),
        ("leiCode", "lei"),
        ("isin", "isin"),
        ("isinCode", "isin"),
        ("imoNumber", "imo"),
        ("mmsi", "mmsi"),
        ("callSign", "call sign"),
        ("serialNumber", "aircraft serial"),
        ("publicKey", "wallet"),
        ("accountId", "wallet"),
    ];
    let all = kinds.iter().flat_map(|(property, kind)| line.values(property).map(move |number| (*kind, number)));
    all.map(|(kind, number)| Identifier { kind: kind.into(), number: number.into(), country: None }).collect()
}

#[cfg(test)]
#[path = "ftm_tests.rs"]
mod tests;
