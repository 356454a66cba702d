//! Numbers of documents, companies, vessels and wallets: F8.

use verinym_screening::Kind::{Organisation, Person, Vessel};
use verinym_screening::{
    Artifact, AskedNumber, Entity, Hit, Identifier, Kind, MatchedOn, Name, NumberType, Options, Query,
};

use super::artifact;

fn entity(id: &str, kind: Kind, name: &str, label: &str, number: &str) -> Entity {
    let identifiers = vec![Identifier { kind: label.into(), number: number.into(), country: Some("PE".into()) }];
    Entity { id: id.into(), kind, names: vec![Name::primary(name)], identifiers, ..Entity::default() }
}

fn lists() -> Artifact {
    artifact(vec![
        entity("1", Person, "Alvaro Montenegro", "passport", "J128"),
        entity("2", Person, "Celdo Barovental", "national id", "N-0046 177"),
        entity("3", Organisation, "Vorska Yards", "registration", "INN: 7701234567 / KPP: 770101001"),
        entity("4", Vessel, "Miranta Star", "Vessel Registration Identification IMO", "IMO 9187629"),
        entity(
            "5",
            Organisation,
            "Wallet Holder",
            "Digital Currency Address - ETH",
            "0x8589427373D6D84E98730D7795D8f6f8731FDA16",
        ),
        Entity {
            id: "6".into(),
            kind: Vessel,
            names: vec![Name::primary("OLD BEACON (IMO 9000017)")],
            ..Entity::default()
        },
    ])
}

fn number(kind: NumberType, value: &str, country: &str) -> AskedNumber {
    let country = Some(country.to_owned()).filter(|country| !country.is_empty());
    AskedNumber { kind, value: value.into(), country }
}

fn best(query: &Query) -> Option<Hit> {
    lists().screen(query, &Options::default()).into_iter().next()
}

#[test]
fn an_agreeing_rare_number_is_a_hit_by_itself() {
    for (id, kind, value) in [
        ("2", NumberType::NationalId, "n0046177"),
        ("3", NumberType::Tax, "7701 234 567"),
        ("4", NumberType::Imo, "9187629"),
        ("4", NumberType::Other, "IMO9187629"),
        ("5", NumberType::Wallet, "0x8589427373d6d84e98730d7795d8f6f8731fda16"),
        ("6", NumberType::Imo, "9000017"),
    ] {
        let query = Query { identifiers: vec![number(kind, value, "")], ..Query::name("Somebody Else") };
        let hit = best(&query).unwrap_or_else(|| panic!("no hit: {value}"));
        assert_eq!((hit.entity_id.as_str(), hit.matched_on.as_slice()), (id, &[MatchedOn::Identifier][..]), "{value}");
        assert!(hit.score >= 0.9, "{value}: {}", hit.score);
    }
}

#[test]
fn the_number_in_a_vessels_name_is_asked_for() {
    let query = Query { kind: Some(Vessel), ..Query::name("IMO 9187629") };
    let hit = best(&query).expect("a hit");
    assert_eq!(hit.entity_id, "4");
    assert!(hit.matched_on.contains(&MatchedOn::Identifier));
}

#[test]
fn a_short_number_speaks_for_a_name_and_is_no_hit_alone() {
    let asked = vec![number(NumberType::Passport, "J128", "")];
    let hit = best(&Query { identifiers: asked.clone(), ..Query::name("Alvaro Montenegro") }).expect("a hit");
    assert!(hit.matched_on.contains(&MatchedOn::Identifier) && hit.score > 0.99);
    assert_eq!(best(&Query { identifiers: asked, ..Query::name("Somebody Else") }), None);
}

#[test]
fn another_number_of_the_same_type_and_country_speaks_against() {
    let score = |numbers: Vec<AskedNumber>| {
        best(&Query { identifiers: numbers, ..Query::name("Celdo Barovental") }).map_or(0.0, |hit| hit.score)
    };
    let alone = score(vec![]);
    assert!(score(vec![number(NumberType::NationalId, "55512345", "PE")]) < alone);
    for silent in [("PE", NumberType::Passport), ("US", NumberType::NationalId), ("", NumberType::NationalId)] {
        assert!((score(vec![number(silent.1, "55512345", silent.0)]) - alone).abs() < 1e-9, "{silent:?}");
    }
}
