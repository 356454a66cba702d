use super::*;
use crate::entity::{Entity, Identifier, Kind, Name, NameType, Strength};
use crate::hit::MatchedOn;
use crate::{PartialDate, date};
use proptest::prelude::*;

fn person(id: &str, names: &[&str], born: &str) -> Entity {
    Entity {
        id: id.into(),
        kind: Kind::Person,
        names: names.iter().map(|n| Name::primary(*n)).collect(),
        dates_of_birth: date::parse(born).into_iter().collect(),
        countries: vec!["PE".into()],
        identifiers: vec![Identifier { kind: "passport".into(), number: format!("AB-{id}-12345"), country: None }],
        programmes: vec!["TEST".into()],
        reference: Some(format!("TSi.{id}")),
        ..Entity::default()
    }
}

fn list() -> List {
    let mut entities = vec![
        person("1", &["Alvaro Montenegro Ruiz", "Alvaro Montenegro"], "14 Jul 1962"),
        person("2", &["Karim Nabil Zubayri"], "1970"),
        person("3", &["王小明"], "1980"),
        person("4", &["Грегор Малинов"], ""),
    ];
    entities[1].names.push(Name::new("Zorro", NameType::Alias, Strength::Weak));
    entities.push(Entity {
        id: "9".into(),
        kind: Kind::Organisation,
        names: vec![Name::primary("Zeta Shipping Ltd")],
        ..Entity::default()
    });
    // A crowd, so that frequencies mean something.
    for i in 0..300u32 {
        let syllables = ["ka", "lo", "mi", "ru", "te", "sa", "no", "vi"];
        let word = |mut n: u32| {
            (0..4)
                .map(|_| {
                    let s = syllables[(n % 8) as usize];
                    n /= 8;
                    s
                })
                .collect::<String>()
        };
        entities.push(person(&format!("c{i}"), &[&format!("{} {}", word(i * 7 + 1), word(i * 13 + 5))], ""));
    }
    List { id: "test".into(), version: "v1".into(), published_at: Some("2026-01-01".into()), entities }
}

fn artifact() -> Artifact {
    Artifact::load(Artifact::build(&[list()])).unwrap()
}

fn top(query: &Query) -> Option<Hit> {
    artifact().screen(query, &Options::default()).into_iter().next()
}

#[test]
fn finds_and_explains() {
    for (name, id) in [
        ("alvaro montenegro", "1"),
        ("Montenegro Ruiz, Álvaro", "1"),
        ("Alvaro Montenegor Ruiz", "1"),
        ("AlvaroMontenegro Ruiz", "1"),
        ("Nabil Karim Zubairi", "2"),
        ("王小明", "3"),
        ("Gregor Malinov", "4"),
        ("ZETA SHIPPING LIMITED", "9"),
    ] {
        let hit = top(&Query::name(name)).unwrap_or_else(|| panic!("{name} not found"));
        assert_eq!(hit.entity_id, id, "{name}");
        assert!(hit.score < 1.0 && hit.score >= 0.85, "{name}: {}", hit.score);
        assert!(hit.explanation.contains("Score"), "{}", hit.explanation);
    }
    for name in ["Alvaro Gutierrez", "王小朋", "Zeta Trading", "Zorro", ""] {
        assert_eq!(top(&Query::name(name)), None, "{name}");
    }
}

#[test]
fn evidence_counts() {
    let name = Query::name("Alvaro Montenegor Ruiz");
    let plain = top(&name).unwrap().score;
    let born = |d: &str| Query { date_of_birth: date::parse(d).map(|s| s.from), ..name.clone() };
    let same = top(&born("1962-07-14")).unwrap();
    assert!(same.score > plain && same.matched_on.contains(&MatchedOn::DateOfBirth));
    assert!(same.explanation.contains("1962-07-14"));
    assert_eq!(top(&born("1991-01-02")), None, "thirty years apart");
    let home = top(&Query { countries: vec!["pe".into()], ..name.clone() }).unwrap();
    assert!(home.score > plain && home.matched_on.contains(&MatchedOn::Country));
    let number = top(&Query { identifiers: vec!["ab 1 12345".into()], ..name.clone() }).unwrap();
    assert!(number.score > home.score && number.score < 1.0);
}

#[test]
fn kinds_lists_and_limits_are_kept() {
    let a = artifact();
    let ask = |kind, options: &Options| a.screen(&Query { kind, ..Query::name("Zeta Shipping") }, options).len();
    assert_eq!(ask(Some(Kind::Organisation), &Options::default()), 1);
    assert_eq!(ask(Some(Kind::Vessel), &Options::default()), 1, "another kind costs and does not exclude");
    assert_eq!(ask(Some(Kind::Person), &Options::default()), 0, "a company is no person");
    assert_eq!(ask(None, &Options { lists: vec!["other".into()], ..Options::default() }), 0);
    assert_eq!(ask(None, &Options { limit: 0, ..Options::default() }), 0);
    assert_eq!(ask(None, &Options { threshold: 1.0, ..Options::default() }), 0);
}

#[test]
fn round_trip() {
    let a = artifact();
    assert_eq!(
        a.lists(),
        [ListInfo { id: "test".into(), version: "v1".into(), entries: 305, published_at: Some("2026-01-01".into()) }]
    );
    assert_eq!(Artifact::build(&[list()]), Artifact::build(&[list()]), "the same lists give the same bytes");
    let hit = a.screen(&Query::name("Alvaro Montenegro Ruiz"), &Options::default()).remove(0);
    assert_eq!(
        (hit.dates_of_birth, hit.countries, hit.programmes),
        (vec!["1962-07-14".into()], vec!["PE".into()], vec!["TEST".into()])
    );
    assert!(Artifact::load(Artifact::build(&[])).unwrap().screen(&Query::name("x y"), &Options::default()).is_empty());
}

#[test]
fn damage_is_refused() {
    let good = Artifact::build(&[list()]);
    for at in (0..good.len()).step_by(good.len() / 400) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert!(Artifact::load(bad).is_err(), "a flipped bit at {at} was accepted");
    }
    for len in [0, 8, 31, 32, 100, good.len() - 1] {
        assert!(Artifact::load(good[..len].to_vec()).is_err());
    }
    let mut other = good;
    other[8] = 99;
    assert_eq!(Artifact::load(other).unwrap_err(), LoadError::OtherVersion { found: 99 });
}

/// Recomputes the checksum, as one would who forges an artifact.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = xxhash_rust::xxh3::xxh3_64(&bytes[32..]);
    bytes[24..32].copy_from_slice(&sum.to_le_bytes());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn loader_survives_anything(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Artifact::load(bytes);
    }

    #[test]
    fn a_forged_artifact_cannot_make_it_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..60)) {
        static GOOD: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| Artifact::build(&[list()]));
        let mut bytes = GOOD.clone();
        for (at, value) in changes {
            let at = 32 + at.index(bytes.len() - 32);
            bytes[at] = value;
        }
        if let Ok(a) = Artifact::load(resealed(bytes)) {
            let _ = a.lists();
            for name in ["Alvaro Montenegro", "王小明", "Zeta Shipping"] {
                let _ = a.screen(&Query::name(name), &Options { threshold: 0.3, ..Options::default() });
            }
        }
    }

    #[test]
    fn any_name_can_be_asked(name in "\\PC{0,60}") {
        static A: std::sync::LazyLock<Artifact> = std::sync::LazyLock::new(artifact);
        for hit in A.screen(&Query::name(name), &Options { threshold: 0.0, ..Options::default() }) {
            prop_assert!(hit.score < 1.0);
        }
    }

    /// What comparing with everybody finds at the threshold, the index finds too.
    #[test]
    fn candidates_are_a_superset_at_the_threshold(pick in 0usize..300, edit in 0usize..8, letter in b'a'..=b'z') {
        static A: std::sync::LazyLock<Artifact> = std::sync::LazyLock::new(artifact);
        let mut name = list().entities[5 + pick].names[0].text.clone().into_bytes();
        let at = edit % name.len();
        if name[at] != b' ' {
            name[at] = letter;
        }
        let query = Query::name(String::from_utf8(name).unwrap());
        let fast: Vec<String> = A.screen(&query, &Options::default()).into_iter().map(|h| h.entity_id).collect();
        for hit in A.screen_exhaustively(&query, &Options::default()) {
            prop_assert!(fast.contains(&hit.entity_id), "{} lost {}", query.name, hit.name);
        }
    }

    #[test]
    fn more_evidence_in_favour_never_lowers(year in 1900u16..2000, country in "[A-Z]{2}") {
        static A: std::sync::LazyLock<Artifact> = std::sync::LazyLock::new(artifact);
        let options = Options { threshold: 0.0, ..Options::default() };
        let score = |q: &Query| A.screen(q, &options).into_iter().find(|h| h.entity_id == "1").map_or(0.0, |h| h.score);
        let base = Query { date_of_birth: PartialDate::new(year, 0, 0), countries: vec![country], ..Query::name("Alvaro Montenegro") };
        let more = Query { identifiers: vec!["AB112345".into()], ..base.clone() };
        prop_assert!(score(&more) >= score(&base));
        let right = Query { date_of_birth: PartialDate::new(1962, 7, 14), ..base.clone() };
        let undated = Query { date_of_birth: None, ..base };
        prop_assert!(score(&right) >= score(&undated));
    }
}
