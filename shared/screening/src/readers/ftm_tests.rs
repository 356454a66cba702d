use super::*;
use crate::readers::{Format, ReadReport, read_with_report};

fn read_text(text: &str) -> Result<(List, ReadReport), ReadError> {
    read_with_report(&Format::FtmJson, &mut [&mut text.as_bytes()])
}

fn names(entity: &Entity) -> Vec<&str> {
    entity.names.iter().map(|n| n.text.as_str()).collect()
}

#[test]
fn entities_are_read_line_by_line() {
    let text = r#"{"id":"a","schema":"Person","caption":"Alvaro Montenegro","properties":{"weakAlias":["Zorro"],"birthDate":["1951"],"nationality":["pe"],"topics":["role.pep"]}}

{"id":"b","schema":"Airplane","caption":"XA-123","properties":{}}
{"id":"c","schema":"Ownership","caption":"x","properties":{}}"#;
    let (list, report) = read_text(text).unwrap();
    assert_eq!(list.entities.len(), 2);
    assert_eq!((list.entities[0].countries[0].as_str(), list.entities[0].programmes[0].as_str()), ("PE", "role.pep"));
    assert_eq!(list.entities[1].kind, Kind::Aircraft);
    assert_eq!(report.dropped[&DropReason::NotScreened], 1);
    assert_eq!(report.unknown["schema"].values["Ownership"], 1);
}

#[test]
fn a_name_is_put_together_from_its_parts() {
    for (properties, caption, expected) in [
        (r#""firstName":["Alvaro"],"lastName":["Montenegro"]"#, "Person", vec!["Alvaro Montenegro"]),
        (r#""firstName":["Ivan"],"fatherName":["Petrovich"],"lastName":["Orlov"]"#, "", vec!["Ivan Petrovich Orlov"]),
        (r#""firstName":["Ivan","Иван"],"lastName":["Orlov"]"#, "a", vec!["Ivan Orlov", "Иван Orlov"]),
        (r#""lastName":["Orlov"]"#, "Person", vec!["Orlov"]),
        (r#""name":["Ivan Orlov"],"firstName":["I."],"lastName":["O."]"#, "Ivan Orlov", vec!["Ivan Orlov"]),
        (r#""alias":["Zorro"],"firstName":["Ivan"],"lastName":["Orlov"]"#, "Person", vec!["Zorro", "Ivan Orlov"]),
    ] {
        let text = format!(r#"{{"id":"a","schema":"Person","caption":"{caption}","properties":{{{properties}}}}}"#);
        let (list, _) = read_text(&text).unwrap();
        assert_eq!(names(&list.entities[0]), expected, "{properties}");
    }
}

#[test]
fn an_abbreviation_is_a_weak_alias() {
    let text = r#"{"id":"a","schema":"Company","caption":"Zephyria Company","properties":{"name":["Zephyria Company"],"abbreviation":["ZEPHCO"]}}"#;
    let (list, _) = read_text(text).unwrap();
    assert_eq!(names(&list.entities[0]), ["Zephyria Company", "ZEPHCO"]);
    assert_eq!(list.entities[0].names[1].strength, Strength::Weak);
}

#[test]
fn wallets_and_securities_are_numbers_of_their_owners() {
    let text = r#"{"id":"w","schema":"CryptoWallet","caption":"0x7F36","properties":{"publicKey":["0x7F36"],"holder":["a"]}}
{"id":"a","schema":"Person","caption":"Alvaro Montenegro","properties":{}}
{"id":"s","schema":"Security","caption":"Zeta 2030","properties":{"isin":["US1694261033"],"issuer":["z"]}}
{"id":"o","schema":"CryptoWallet","caption":"12Qt","properties":{"publicKey":["12Qt"]}}"#;
    let (list, report) = read_text(text).unwrap();
    let shown: Vec<(Vec<&str>, Vec<&str>)> =
        list.entities.iter().map(|e| (names(e), e.identifiers.iter().map(|i| i.number.as_str()).collect())).collect();
    assert_eq!(
        shown,
        [
            (vec!["Alvaro Montenegro"], vec!["0x7F36"]),
            (vec!["Zeta 2030"], vec!["US1694261033"]),
            (vec!["12Qt"], vec!["12Qt"])
        ]
    );
    assert!(report.dropped.is_empty());
}

#[test]
fn a_mark_and_a_missing_part_do_not_refuse_the_set() {
    let text = "\u{feff}{\"id\":\"a\",\"schema\":\"Person\",\"caption\":\"Alvaro Montenegro\"}\n{\"id\":\"b\",\"schema\":\"Person\",\"caption\":\"B C\",\"properties\":{}}\n{\"id\":7}\n";
    let (list, report) = read_text(text).unwrap();
    assert_eq!((list.entities.len(), report.set_aside.count), (2, 1));
    assert_eq!(report.set_aside.examples[0].place, "line 3");
}

#[test]
fn broken_sets_and_halves_of_sets_are_refused() {
    assert!(read_text("{\"id\":1}").is_err());
    assert!(read_text(&format!("{{\"id\":{}", "[".repeat(5000))).is_err());
    let whole = "{\"id\":\"a\",\"schema\":\"Person\",\"caption\":\"A B\",\"properties\":{}}\n";
    assert!(matches!(read_text(&format!("{whole}{}", &whole[..40])), Err(ReadError::Truncated(_))));
}
