use super::*;
use crate::readers::{Format, ReadReport, read_with_report};

const HEAD: &str = "Report Date: 13-Feb-2026\nUnique ID,Name 6,Name 1,Name type,Alias strength,Regime Name,Designation Type,Type of entity,D.O.B,Nationality(/ies),Passport number,IMO number\n";

fn read_text(text: &str) -> Result<(List, ReadReport), ReadError> {
    read_with_report(&Format::UkCsv, &mut [&mut text.as_bytes()])
}

#[test]
fn rows_of_one_id_are_one_entry() {
    let text = format!(
        "{HEAD}T1,MONTENEGRO,Alvaro,Primary Name,,R,Individual,,14/07/1962|dd/mm/1963,Peru,A1,\nT1,ZORRO,,Alias,Low quality a.k.a.,R,Individual,,,,,\n"
    );
    let (list, report) = read_text(&text).unwrap();
    assert_eq!((list.entities.len(), list.published_at.as_deref()), (1, Some("2026-02-13")));
    let e = &list.entities[0];
    assert_eq!((e.names[0].text.as_str(), e.kind), ("Alvaro MONTENEGRO", Kind::Person));
    assert_eq!(e.dates_of_birth.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1962-07-14", "1963"]);
    assert!(e.names.iter().any(|n| n.text == "ZORRO" && n.strength == Strength::Weak));
    assert_eq!((report.files[0].records, report.read.names, report.read.weak_names), (2, 2, 1));
}

#[test]
fn the_kind_is_a_whole_value_of_the_column_that_says_it() {
    for (designation, entity_type, kind) in [
        ("Entity", "Partnership", Kind::Organisation),
        ("Entity", "Shipping company", Kind::Organisation),
        ("Entity", "Individual entrepreneur", Kind::Organisation),
        ("entity", "Ship", Kind::Organisation),
        ("Individual", "Entity", Kind::Person),
        ("Ship", "", Kind::Vessel),
        ("", "Individual", Kind::Person),
        ("", "Ship", Kind::Vessel),
        ("", "Partnership", Kind::Unknown),
        ("Township", "", Kind::Unknown),
    ] {
        let text = format!("{HEAD}T1,ORLOVKA ALPHA,,Primary Name,,R,{designation},{entity_type},,,,\n");
        let (list, report) = read_text(&text).unwrap();
        assert_eq!(list.entities[0].kind, kind, "{designation} / {entity_type}");
        assert_eq!(report.unknown.contains_key("Designation Type"), designation == "Township");
    }
}

#[test]
fn a_single_word_alias_of_unstated_strength_is_weak() {
    for (name, strength, kind, expected) in [
        ("RUMULI", "", "Individual", Strength::Weak),
        ("RUMULI", "Good quality a.k.a.", "Individual", Strength::Strong),
        ("RUMULI", "", "Entity", Strength::Strong),
        ("RUMULI QALANDARI", "", "Individual", Strength::Strong),
        ("RUMULI QALANDARI", "Low quality a.k.a.", "Individual", Strength::Weak),
    ] {
        let text = format!("{HEAD}T1,A B,,Primary Name,,R,{kind},,,,,\nT1,{name},,Alias,{strength},R,{kind},,,,,\n");
        let (list, _) = read_text(&text).unwrap();
        assert_eq!(list.entities[0].names[1].strength, expected, "{name} {strength} {kind}");
        assert_eq!(list.entities[0].names[0].strength, Strength::Strong);
    }
}

#[test]
fn a_renamed_column_is_read_by_its_known_name_or_refuses_the_list_with_what_would_be_lost() {
    let row = "T1,MONTENEGRO,Alvaro,Primary Name,,R,Individual,,1962,Peru,A1,\n";
    for (from, to, lost) in [
        ("Name 1", "Name1", "given names"),
        ("Name 6", "Surname", "family names"),
        ("D.O.B", "Birth", "dates of birth"),
        ("IMO number", "IMO", "IMO numbers"),
        ("Passport number", "Passport no.", "passport numbers"),
        ("Nationality(/ies)", "Citizen of", "nationalities"),
    ] {
        let error = read_text(&format!("{}{row}", HEAD.replace(from, to))).unwrap_err().to_string();
        assert!(error.contains(lost) && error.contains(from) && error.contains(to), "{error}");
    }
    for (from, to) in
        [("Nationality(/ies)", "Nationality"), ("D.O.B", "DOB"), ("Name 1", "NAME  1"), ("IMO number", "IMO Number")]
    {
        let (list, _) = read_text(&format!("{}{row}", HEAD.replace(from, to))).unwrap();
        let e = &list.entities[0];
        assert_eq!((e.names[0].text.as_str(), e.countries.len(), e.dates_of_birth.len()), ("Alvaro MONTENEGRO", 1, 1));
    }
    let (_, report) = read_text(&format!("{HEAD}{row}")).unwrap();
    assert!(report.missing_columns.iter().any(|c| c.column == "Name 2"));
}

#[test]
fn the_first_line_may_be_quoted_and_in_other_case() {
    let rest = HEAD.split_once('\n').unwrap().1;
    for first in
        ["\"Report Date: 13-Feb-2026\"", "Report date: 13-Feb-2026,,,,", "\u{feff}\"REPORT DATE: 13-Feb-2026\",,\r"]
    {
        let (list, _) = read_text(&format!("{first}\n{rest}T1,A,B,Primary Name,,R,Individual,,,,,\n")).unwrap();
        assert_eq!(list.published_at.as_deref(), Some("2026-02-13"), "{first}");
    }
}

#[test]
fn labelled_numbers_of_one_cell_are_numbers_of_their_own() {
    for (cell, expected) in [
        ("7701234567", "registration 7701234567"),
        ("INN: 7701234567 / KPP: 770101001", "inn 7701234567, kpp 770101001"),
        ("INN: 7701234567, OGRN: 1027700132195", "inn 7701234567, ogrn 1027700132195"),
        ("INN: 7701234567 OGRN: 1027700132195", "inn 7701234567, ogrn 1027700132195"),
        ("Tax ID: 7701234567", "tax id 7701234567"),
    ] {
        let found: Vec<String> =
            labelled(cell, "registration").iter().map(|i| format!("{} {}", i.kind, i.number)).collect();
        assert_eq!(found.join(", "), expected, "{cell}");
    }
}

#[test]
fn half_a_file_and_a_file_of_another_shape_are_refused() {
    let row = "T1,A,B,Primary Name,,R,Individual,,,,,";
    for (text, what) in [
        ("no report\na,b\n".to_owned(), "no report date"),
        (format!("{HEAD}T1,too,few\n"), "too few columns"),
        ("Report Date: 1\nName,Other\nx,y\n".to_owned(), "other columns"),
        (format!("{HEAD}{row}\nT2,A,B,Primary Name,,R,Individual,,,,,\"9000"), "open quotes"),
        (format!("{HEAD}{row}\nT2,A,B,Primary Name,,R,Individual,,,Pe"), "half a row"),
    ] {
        assert!(read_text(&text).is_err(), "{what}");
    }
}

#[test]
fn a_row_without_id_is_set_aside() {
    let row = "T1,A,B,Primary Name,,R,Individual,,,,,\n";
    let (list, report) = read_text(&format!("{HEAD}{row}{}", row.replace("T1", ""))).unwrap();
    assert_eq!((list.entities.len(), report.set_aside.count), (1, 1));
    assert_eq!(report.set_aside.examples[0].problem, "no Unique ID");
}
