//! Persons: birth dates, particles, titles, family names.

use verinym_screening::{Entity, Kind::Person, Name, Query, Strength};

use super::{Right, Row, artifact, best, class, strangers};

#[test]
fn years_of_another_calendar_of_nobody_and_of_the_future_do_not_clear() {
    let rows = [
        ("Celdo Barovental", "1900-01-01", "1962-07-14"),
        ("Emilo Venkurtal", "1341-04-23", "1962-07-14"),
        ("Garvo Zeltumpes", "1382", "1962-07-14"),
        ("Ikard Mibarovil", "2062-07-14", "1962-07-14"),
        ("Kelvo Tumfradop", "1962-07-14", "1382-09-12"),
    ];
    class(
        "F5",
        rows.map(|(name, listed_birth, birth)| {
            (Row { listed_birth, birth, ..Row::of(Person, name, name) }, Right::AtLeast(0.97))
        }),
    );
}

#[test]
fn family_and_given_names_that_look_like_particles_or_titles_are_names() {
    let rows = [
        ("An Myong Hun", "Kim Myong Hun"),
        ("Na Hong Jin", "Kim Hong Jin"),
        ("Da Ming Wu", "Xiao Ming Wu"),
        ("Di Wei Chen", "Li Wei Chen"),
        ("Mohammed Shaikh", "Mohammed Haji"),
        ("Prince Okafor", "Chief Okafor"),
        ("Sri Hartati", "Hartati"),
    ];
    let mut rows = strangers(Person, &rows);
    rows.push((Row::of(Person, "Mayawati Das", "Kumari Mayawati Das"), Right::AtLeast(0.85)));
    class("F18", rows);
}

#[test]
fn persons_with_another_name_of_like_letters_are_strangers() {
    let rows = [
        ("HABASH, George", "George Bush"),
        ("WEI, Zhang", "Wang Wei"),
        ("GOMEZ BUSTAMANTE, Luis Hernando", "Luis Fernando Gomez"),
    ];
    class("F28", strangers(Person, &rows));
}

#[test]
fn another_family_name_never_passes_by_given_name_date_and_country() {
    let of = |listed, listed_country, asked, country| {
        let dated = Row::of(Person, listed, asked);
        let row = Row { listed_birth: "1962-07-14", birth: "1962-07-14", listed_country, country, ..dated };
        (row, Right::Below(0.85))
    };
    class(
        "F29",
        [of("Celdo Barovental", "PE", "Celdo Mikurzel", "PE"), of("Elena Sokolova", "RU", "Elena Morozova", "RU")],
    );
}

#[test]
fn a_weak_alias_of_one_word_alarms_nobody_by_itself() {
    let score = |listed: &str, asked: &str| {
        let weak = Name { strength: Strength::Weak, ..Name::primary(listed) };
        let entity = Entity { names: vec![Name::primary("Ikard Mibarovil"), weak], ..Entity::default() };
        best(&artifact(vec![entity]), &Query { kind: Some(Person), ..Query::name(asked) })
    };
    for (listed, asked) in [("RUMULI", "Rumuli"), ("THE WEAVER", "The Weaver"), ("The Weaver", "Weaver")] {
        let score = score(listed, asked);
        assert!(score < 0.85 && score > 0.8, "{listed} / {asked}: {score}");
    }
    assert!(score("Celdo Barovental", "Celdo Barovental") >= 0.85);
}
