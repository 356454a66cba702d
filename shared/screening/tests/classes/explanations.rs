//! The lines of an explanation add up to the score.

use proptest::prelude::*;
use verinym_screening::{
    AskedNumber, DateSpan, Entity, Identifier, Kind, Name, NameType, Options, Query, Strength, date,
};

use super::artifact;

/// The sum of the signed numbers in brackets, in thousandths, and the score at the end.
fn read(explanation: &str) -> (i64, i64) {
    let thousandths = |text: &str| (text.parse::<f64>().unwrap() * 1000.0).round() as i64;
    let brackets = explanation.split('(').skip(1).filter_map(|rest| rest.split_once(')')).map(|(inside, _)| inside);
    let signed = brackets.filter(|inside| {
        inside.starts_with(['+', '-']) && inside[1..].bytes().all(|b| b.is_ascii_digit() || b == b'.')
    });
    let sum = signed.map(thousandths).sum::<i64>() + 1000;
    let score = explanation.rsplit_once("Score ").unwrap().1.trim_end_matches('.');
    (sum, thousandths(score))
}

const NAMES: [&str; 22] = [
    "Alvaro Montenegro Ruiz",
    "MONTENEGRO RUIZ, Alvaro",
    "Alvaro Montenegor",
    "A. Montenegro",
    "Alvaro Mikurzel",
    "Montenegro",
    "Zeta Trading Co., Ltd.",
    "ZETA TRDG",
    "Zeta Shipping 44",
    "Zeta Shipping 45",
    "Vorska Yards",
    "Vorska Docks LLC",
    "SMIC",
    "Semiconductor Manufacturing International Corporation",
    "Osama bin Laden",
    "Laden bin Osama",
    "陳全國",
    "Chen Quanguo",
    "محمد الكاتب",
    "Muhammad al-Katib",
    "Dr Hartati",
    "Arctic Lantern (IMO 9187629)",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_lines_add_up_to_the_score(
        listed in 0..NAMES.len(), asked in 0..NAMES.len(), cut in 0usize..3, born in 0usize..5, listed_born in 0usize..5,
        country in 0usize..3, listed_country in 0usize..3, kinds in (0u8..5, 0u8..5), weak: bool, number in 0usize..4,
    ) {
        let dates = ["", "1962-07-14", "1926-07-14", "1990", "1341-04-23"];
        let countries = ["", "PE", "RU"];
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let strength = if weak { Strength::Weak } else { Strength::Strong };
        let passport = Identifier { kind: "passport".into(), number: "N0046177".into(), country: Some("PE".into()) };
        let entity = Entity {
            id: "1".into(),
            kind: Kind::from_byte(kinds.0),
            names: vec![Name::new(NAMES[listed], NameType::Primary, strength)],
            dates_of_birth: date::parse(dates[listed_born]).into_iter().collect::<Vec<DateSpan>>(),
            countries: words(countries[listed_country]),
            identifiers: vec![passport],
            ..Entity::default()
        };
        let numbers = ["", "N0046177", "N9999999", "J1"];
        let mut name: Vec<char> = NAMES[asked].chars().collect();
        name.truncate(name.len().saturating_sub(cut).max(3));
        let query = Query {
            kind: Some(Kind::from_byte(kinds.1)),
            date_of_birth: date::parse(dates[born]).map(|span| span.from),
            countries: words(countries[country]),
            identifiers: Some(numbers[number]).filter(|n| !n.is_empty()).map(AskedNumber::from).into_iter().collect(),
            ..Query::name(name.into_iter().collect::<String>())
        };
        let options = Options { threshold: 0.05, ..Options::default() };
        for hit in artifact(vec![entity]).screen(&query, &options) {
            let (sum, told) = read(&hit.explanation);
            prop_assert_eq!(sum, told, "{}", hit.explanation);
            prop_assert_eq!(told, (hit.score * 1000.0).round() as i64, "{}", hit.explanation);
            let by_line: i64 = hit.steps().iter().map(|step| i64::from(step.points)).sum();
            prop_assert_eq!(by_line + 1000, told, "{:?}", hit.steps());
        }
    }
}
