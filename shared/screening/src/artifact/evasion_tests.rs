//! Attacks on the screening by single characters: one is inserted into a word of a listed name, or replaces a letter that it
//! looks like. Either the hit stays, or the name must be reviewed by a person.
//!
//! The ordinary run takes a sample; with `EVASION=all` each assigned character is tried at each place, and the counts are
//! printed (`EVASION=all cargo test --release -p verinym --lib evasion -- --nocapture`, some minutes).
//!
//! A letter of the word's own alphabet that is romanised by several letters (Greek psi) is a misspelling of several letters,
//! which may cost the hit; such cases are counted apart.

use std::collections::HashMap;

use any_ascii::any_ascii_char;
use icu_properties::{CodePointMapData, props::GeneralCategory};
use proptest::prelude::*;
use unicode_script::{Script, UnicodeScript};
use unicode_security::skeleton;

use super::Artifact;
use crate::entity::{Entity, Kind, List, Name};
use crate::hit::{Options, Query};
use crate::normalise::{Reading, doubts, form};

/// Listed persons, invented.
const LISTED: [&str; 8] = [
    "Alvaro Montenegro",
    "Karim Nabil Zubayri",
    "Gulmurod Khalimov Saidov",
    "Грегор Малинов",
    "Νίκος Βασιλείου",
    "سراج الدین حقانی",
    "עמוס ברקוביץ",
    "नरेन्द्र कुमार",
];

/// Names of characters that are words: another one makes another name, so that only characters of other scripts are tried.
const SYLLABIC: [&str; 2] = ["王小明", "김철수"];

struct Lists(Artifact);

impl Lists {
    fn new() -> Self {
        let names = LISTED.iter().chain(&SYLLABIC);
        let entity = |(at, name): (usize, &&str)| Entity {
            id: at.to_string(),
            kind: Kind::Person,
            names: vec![Name::primary(*name)],
            ..Entity::default()
        };
        let entities = names.enumerate().map(entity).collect();
        let list = List { id: "test".into(), version: "1".into(), published_at: None, entities };
        Self(Artifact::load(Artifact::build(&[list])).unwrap())
    }

    fn names(&self, entity: usize, asked: &str) -> bool {
        let query = Query { kind: Some(Kind::Person), ..Query::name(asked) };
        self.0.screen(&query, &Options::default()).iter().any(|hit| hit.entity_id == entity.to_string())
    }
}

#[derive(Debug, Default)]
struct Counts {
    tried: usize,
    hits: usize,
    reviews: usize,
    misspelled: usize,
    misses: Vec<String>,
}

impl Counts {
    fn ask(&mut self, lists: &Lists, entity: usize, asked: &str, inserted: Option<char>) {
        self.tried += 1;
        if lists.names(entity, asked) {
            self.hits += 1;
        } else if !doubts(asked, Reading::Person).is_empty() {
            self.reviews += 1;
        } else if let Some(letter) = inserted.filter(|c| is_of_several_letters(*c, asked)) {
            assert!(letter.is_alphabetic());
            self.misspelled += 1;
        } else {
            self.misses.push(asked.escape_unicode().to_string() + " " + asked);
        }
    }

    fn verdict(&self, what: &str) {
        eprintln!(
            "{what}: {} tried, {} hits kept, {} for review, {} misspelled by several letters, {} missed",
            self.tried,
            self.hits,
            self.reviews,
            self.misspelled,
            self.misses.len()
        );
        assert!(self.misses.is_empty(), "{:#?}", &self.misses[..self.misses.len().min(60)]);
    }
}

/// A letter of the name's own alphabet, other than Latin, that is romanised by several.
fn is_of_several_letters(c: char, name: &str) -> bool {
    let own = c.script() != Script::Latin && name.chars().filter(|other| other.script() == c.script()).count() > 1;
    own && any_ascii_char(c).len() > 1
}

fn assigned() -> impl Iterator<Item = char> {
    let category = CodePointMapData::<GeneralCategory>::new();
    let assigned =
        move |c: &char| !matches!(category.get(*c), GeneralCategory::Unassigned | GeneralCategory::PrivateUse);
    ('\0'..=char::MAX).filter(assigned)
}

/// One character of so many is tried; a prime, so that the layout of blocks does not matter.
fn step() -> usize {
    if std::env::var_os("EVASION").is_some() { 1 } else { 9973 }
}

fn inserted(name: &str, at: usize, c: char) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    letters.insert(at, c);
    letters.into_iter().collect()
}

#[test]
fn no_character_inserted_into_a_listed_name_hides_it() {
    let lists = Lists::new();
    let mut counts = Counts::default();
    for (entity, name) in LISTED.iter().enumerate() {
        for at in 0..=name.chars().count() {
            for c in assigned().skip((entity * 7 + at) % step()).step_by(step()) {
                counts.ask(&lists, entity, &inserted(name, at, c), Some(c));
            }
        }
    }
    counts.verdict("inserted");
}

#[test]
fn no_character_of_another_kind_inserted_into_a_han_or_hangul_name_hides_it() {
    let lists = Lists::new();
    let mut counts = Counts::default();
    let syllable = |c: &char| super::super::normalise::script::is_syllable(*c);
    for (entity, name) in SYLLABIC.iter().enumerate() {
        for at in 0..=name.chars().count() {
            for c in assigned().filter(|c| !syllable(c)).skip(at % step()).step_by(step()) {
                counts.ask(&lists, LISTED.len() + entity, &inserted(name, at, c), None);
            }
        }
    }
    counts.verdict("inserted between syllables");
}

#[test]
fn no_letter_replaced_by_one_that_looks_like_it_hides_a_name() {
    let lists = Lists::new();
    let prototype = |c: char| skeleton(c.encode_utf8(&mut [0; 4])).collect::<String>();
    let mut alike: HashMap<String, Vec<char>> = HashMap::new();
    for c in assigned() {
        alike.entry(prototype(c)).or_default().push(c);
    }
    let mut counts = Counts::default();
    for (entity, name) in LISTED.iter().enumerate() {
        let letters: Vec<char> = name.chars().collect();
        let others = |c: char| alike.get(&prototype(c)).into_iter().flatten().filter(move |other| **other != c);
        for at in 0..letters.len() {
            for other in others(letters[at]) {
                let mut asked = letters.clone();
                asked[at] = *other;
                counts.ask(&lists, entity, &asked.iter().collect::<String>(), None);
            }
        }
        // All of them at once: the nth lookalike of each letter.
        for nth in 0..40 {
            let all: String = letters.iter().map(|c| others(*c).nth(nth).copied().unwrap_or(*c)).collect();
            counts.ask(&lists, entity, &all, None);
        }
    }
    counts.verdict("replaced");
}

/// Inputs of public reports on screening, user names and domain names, tried on a listed name of the same letters.
#[test]
fn inputs_of_public_reports_hide_no_listed_name() {
    let reported = [
        // dnstwist 174: words of Cyrillic lookalikes alone.
        ("Pope Cocax", "Роре Сосах"),
        ("Skype Apple", "ѕкуре аррӏе"),
        ("Wikipedia Reddit", "ԝікіреԁіа геԁԁіт"),
        // cc-audit 139, sublime-rules 4267, openmed 1511: lookalikes amid Latin letters.
        ("Bash Readfile", "Bаsh Rеadfile"),
        ("Openai Support", "ОpеnАI Suppоrt"),
        ("Wix Campaign", "Wіх Саmраign"),
        // ens-normalize-python 26: a Greek letter for a Cyrillic or Latin one.
        ("Alexander Xenakis", "Aleχander χenakis"),
        // Meziantou.Framework 2280: mostly Cyrillic with one Latin letter.
        ("Paypal Holder", "раураl Holder"),
        // dreamland_world 550: Latin letters amid Cyrillic ones.
        ("Сергей Петров", "Cepгeй Пeтpoв"),
        // openstreetmap-website 4538, strichliste-web 48: zero-width spaces.
        ("快乐的老鼠", "快\u{200b}乐\u{200b}的\u{200b}老\u{200b}鼠"),
        ("Alvaro Montenegro", "Al\u{200b}varo\u{200b} Monte\u{200b}negro"),
        // SMF 7085, garrysmod-issues 5908: control characters, invisible operators, direction marks.
        ("Test Memberov", "Te\u{f}st Mem\u{2061}ber\u{202e}ov"),
        ("Test Memberov", "Te\u{2064}st\u{2028}Mem\u{2066}ber\u{180e}ov"),
        // twitter-text-rb 74, NoNonsenseForum 175: blanks of other widths.
        ("Test Memberov", "Test\u{2007}\u{202f}Memberov\u{205f}"),
    ];
    let entity = |(at, (name, _)): (usize, &(&str, &str))| Entity {
        id: at.to_string(),
        kind: Kind::Person,
        names: vec![Name::primary(*name)],
        ..Entity::default()
    };
    let entities = reported.iter().enumerate().map(entity).collect();
    let list = List { id: "test".into(), version: "1".into(), published_at: None, entities };
    let lists = Lists(Artifact::load(Artifact::build(&[list])).unwrap());
    for (at, (name, asked)) in reported.iter().enumerate() {
        let first = reported.iter().position(|(other, _)| other == name).unwrap_or(at);
        assert!(
            lists.names(first, asked) || lists.names(at, asked) || !doubts(asked, Reading::Person).is_empty(),
            "{asked} for {name}"
        );
    }
}

/// Inputs of public reports on false alarms of such checks: ordinary names in one script, or in scripts that are written
/// together.
#[test]
fn ordinary_names_are_not_doubtful() {
    // agent-threat-rules 489, sublime-rules 4267, Meziantou.Framework 2280.
    for name in
        ["Сохра Расхо", "Управляет Команды", "日本語 です", "山田ジョー", "李·安娜", "Nguyễn Văn Ánh", "D'Arc-Müller"]
    {
        assert_eq!(doubts(name, Reading::Person), [], "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Several characters of other scripts.
    #[test]
    fn characters_inserted_everywhere_hide_nobody(
        entity in 0..LISTED.len(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..8),
    ) {
        static LISTS: std::sync::LazyLock<Lists> = std::sync::LazyLock::new(Lists::new);
        // Letters of the name's own script make another name of it sooner or later.
        let own = |c: char| c.is_ascii() || LISTED[entity].chars().any(|l| l.is_alphabetic() && l.script() == c.script());
        // A sign that parts words is a blank, and words without vowels that a blank cuts in two are not joined (docs/screening.md, known limits).
        let abjad = LISTED[entity].chars().any(|l| matches!(l.script(), Script::Arabic | Script::Hebrew));
        let parts = |c: char| abjad && form(&format!("abcd{c}efgh"), Reading::Person).tokens.len() > 1;
        let mut asked = LISTED[entity].to_owned();
        for (place, c) in places {
            if !own(c) && !c.is_whitespace() && !parts(c) {
                let at = place.index(asked.chars().count() + 1);
                asked = inserted(&asked, at, c);
            }
        }
        prop_assert!(
            LISTS.names(entity, &asked) || !doubts(&asked, Reading::Person).is_empty(),
            "{} {:?}", asked, asked.escape_unicode().to_string()
        );
    }
}
