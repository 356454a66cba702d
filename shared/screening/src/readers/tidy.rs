//! What is done to every entity of every list, after its reader: fields are taken apart, repeated and empty values go,
//! implausible amounts are cut off, and everything is counted.

use std::collections::HashSet;

use super::names::names_in;
use super::report::{Counts, DropReason, ReadReport};
use crate::date::DateSpan;
use crate::entity::{Entity, Identifier, Kind, Name, NameType, Strength};
use crate::normalise::{Reading, TokenKind, form};
use crate::text::repaired;

const MAX_NAMES: usize = 500;
const MAX_VALUES: usize = 60;
const MAX_IDENTIFIERS: usize = 200;

/// Tidies an entity. Answers whether it still has a name.
pub(super) fn tidy(entity: &mut Entity, report: &mut ReadReport) -> bool {
    names(entity, report);
    for list in [&mut entity.countries, &mut entity.programmes, &mut entity.linked_to] {
        list.retain(|c| !c.trim().is_empty());
        list.sort();
        list.dedup();
        list.truncate(MAX_VALUES);
    }
    let mut dates: Vec<DateSpan> = Vec::new();
    for date in &entity.dates_of_birth {
        if !dates.contains(date) {
            dates.push(*date);
        }
    }
    dates.truncate(MAX_VALUES);
    entity.dates_of_birth = dates;
    identifiers(entity, report);
    if entity.remarks.len() > 2000 {
        entity.remarks = entity.remarks.chars().take(500).collect();
    }
    if entity.names.is_empty() {
        report.dropped(DropReason::EntityWithoutName, 1);
        return false;
    }
    count(entity, &mut report.read);
    true
}

fn count(entity: &Entity, read: &mut Counts) {
    read.entities += 1;
    read.names += entity.names.len();
    read.weak_names += entity.names.iter().filter(|n| n.strength == Strength::Weak).count();
    read.dates += entity.dates_of_birth.len();
    read.countries += entity.countries.len();
    read.numbers += entity.identifiers.len();
}

fn names(entity: &mut Entity, report: &mut ReadReport) {
    let mut seen: HashSet<String> = HashSet::new();
    let mut out: Vec<Name> = Vec::with_capacity(entity.names.len());
    for name in std::mem::take(&mut entity.names) {
        // A script's own column without a value is nothing that was dropped.
        if name.text.trim().is_empty() {
            continue;
        }
        let found = names_in(&shortened(&name.text), entity.kind);
        if found.names.is_empty() {
            report.dropped(DropReason::EmptyName, 1);
        }
        if let Some(imo) = found.imo {
            entity.identifiers.push(Identifier { kind: "imo".into(), number: imo, country: None });
        }
        for part in found.names {
            let name_type = if part.name_type == NameType::Primary { name.name_type } else { part.name_type };
            let strength = if part.strength == Strength::Weak { Strength::Weak } else { name.strength };
            if entity.kind != Kind::Person && is_legal_form(&part.text) {
                report.dropped(DropReason::LegalFormAlone, 1);
            } else if seen.insert(part.text.to_lowercase()) {
                out.push(Name::new(part.text, name_type, strength));
            } else {
                report.dropped(DropReason::RepeatedName, 1);
            }
        }
    }
    report.dropped(DropReason::TooManyNames, out.len().saturating_sub(MAX_NAMES));
    out.truncate(MAX_NAMES);
    entity.names = out;
}

fn shortened(text: &str) -> String {
    if text.len() > 1000 { text.chars().take(400).collect() } else { text.to_owned() }
}

/// Words of legal forms that are written out, in the scripts in which no form is abbreviated by rule.
const WORDS_OF_FORMS: &[&str] = &[
    "общество",
    "товариство",
    "товарищество",
    "друштво",
    "дружество",
    "с",
    "со",
    "з",
    "са",
    "и",
    "на",
    "ограниченной",
    "обмеженою",
    "ограниченом",
    "ограничена",
    "ответственностью",
    "відповідальністю",
    "одговорношћу",
    "отговорност",
    "дополнительной",
    "акционерное",
    "акціонерне",
    "акционерско",
    "акционарско",
    "открытое",
    "закрытое",
    "публичное",
    "непубличное",
    "публічне",
    "приватне",
    "відкрите",
    "закрите",
    "федеральное",
    "государственное",
    "муниципальное",
    "казенное",
    "бюджетное",
    "унитарное",
    "державне",
    "предприятие",
    "підприємство",
    "учреждение",
    "индивидуальный",
    "предприниматель",
    "частное",
    "коммандитное",
    "полное",
    "εταιρεια",
    "εταιρια",
    "ανωνυμη",
    "ανωνυμος",
    "περιορισμενησ",
    "περιορισμενης",
    "ευθυνησ",
    "ευθυνης",
];

/// Whether a text is a legal form without a name (`Limited Liability Company`).
fn is_legal_form(text: &str) -> bool {
    let plain: String = {
        use unicode_normalization::UnicodeNormalization;
        use unicode_normalization::char::is_combining_mark;
        // The marks of Greek accents go, those of Cyrillic letters (й, ї) are part of the letter.
        let greek = text.chars().any(|c| matches!(c, '\u{370}'..='\u{3ff}'));
        if greek { text.nfd().filter(|c| !is_combining_mark(*c)).collect() } else { text.to_owned() }
    };
    let lower = plain.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    if words.clone().any(|word| word.chars().count() > 4) && words.all(|word| WORDS_OF_FORMS.contains(&word)) {
        return true;
    }
    // A legal form is recognised behind a made-up name.
    let tokens = form(&format!("Zqvelmor {text}"), Reading::Organisation).tokens;
    let (Some(first), rest) = (tokens.first(), tokens.get(1..).unwrap_or_default()) else { return false };
    let of_form = |kind: TokenKind| matches!(kind, TokenKind::Legal | TokenKind::Light);
    let letters: usize = rest.iter().map(|t| t.text.len()).sum();
    // Short ones (SA, AG, AS) are acronyms as well.
    first.kind == TokenKind::Name
        && letters > 4
        && rest.iter().all(|t| of_form(t.kind))
        && rest.iter().any(|t| t.kind == TokenKind::Legal)
}

fn identifiers(entity: &mut Entity, report: &mut ReadReport) {
    for identifier in &mut entity.identifiers {
        let number = repaired(identifier.number.trim()).into_owned();
        // "IMO 9187629" in a column of numbers of any kind.
        let digits = number.to_ascii_uppercase();
        let digits =
            digits.strip_prefix("IMO").map(|rest| rest.trim_start_matches([' ', ':', '.', '-', '#']).to_owned());
        match digits.filter(|d| d.len() == 7 && d.bytes().all(|b| b.is_ascii_digit())) {
            Some(digits) => {
                identifier.kind = "imo".into();
                identifier.number = digits;
            }
            None => identifier.number = number,
        }
    }
    // A document without a number is nothing that was dropped.
    entity.identifiers.retain(|i| !i.number.trim().is_empty());
    let before = entity.identifiers.len();
    entity.identifiers.retain(|i| i.number.chars().any(char::is_alphanumeric));
    report.dropped(DropReason::EmptyNumber, before - entity.identifiers.len());
    let mut seen = HashSet::new();
    entity.identifiers.retain(|i| seen.insert((i.kind.clone(), i.number.clone())));
    entity.identifiers.truncate(MAX_IDENTIFIERS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_a_legal_form_alone_is_told_from_names() {
        for text in [
            "общество с ограниченной ответственностью",
            "открытое акционерное общество",
            "Публичное акционерное общество",
            "Товариство з обмеженою відповідальністю",
            "Limited Liability Company",
            "Gesellschaft mit beschränkter Haftung",
            "Open Joint Stock Company",
            "Sociedad Anonima",
            "Ανώνυμη Εταιρεία",
        ] {
            assert!(is_legal_form(text), "{text}");
        }
        for text in
            ["OOO Romashka", "общество Мемориал", "SA", "Bank", "Company One", "Trading House", "Alvaro", "И", "14"]
        {
            assert!(!is_legal_form(text), "{text}");
        }
    }

    #[test]
    fn an_entity_is_tidied_and_counted() {
        let mut report = ReadReport::default();
        let mut entity = Entity {
            kind: Kind::Organisation,
            names: vec![
                Name::primary("Vorska  Yards f.k.a. Orel Docks"),
                Name::new("VORSKA YARDS", NameType::Alias, Strength::Strong),
                Name::new("Limited Liability Company", NameType::Alias, Strength::Strong),
                Name::new("--", NameType::Alias, Strength::Strong),
            ],
            identifiers: vec![
                Identifier {
                    kind: "vessel registration identification".into(),
                    number: "IMO 9187629".into(),
                    country: None,
                },
                Identifier { kind: "tax".into(), number: "-".into(), country: None },
            ],
            countries: vec!["PE".into(), "PE".into()],
            ..Entity::default()
        };
        assert!(tidy(&mut entity, &mut report));
        let names: Vec<&str> = entity.names.iter().map(|n| n.text.as_str()).collect();
        assert_eq!(names, ["Vorska Yards", "Orel Docks"]);
        assert_eq!(entity.names[1].name_type, NameType::Former);
        assert_eq!((entity.identifiers[0].kind.as_str(), entity.identifiers[0].number.as_str()), ("imo", "9187629"));
        assert_eq!(report.read, Counts { entities: 1, names: 2, countries: 1, numbers: 1, ..Counts::default() });
        assert_eq!(report.dropped[&DropReason::RepeatedName], 1);
        assert_eq!(report.dropped[&DropReason::LegalFormAlone], 1);
        assert_eq!(report.dropped[&DropReason::EmptyName], 1);
        assert_eq!(report.dropped[&DropReason::EmptyNumber], 1);
        let mut nameless = Entity::default();
        assert!(!tidy(&mut nameless, &mut report));
        assert_eq!(report.dropped[&DropReason::EntityWithoutName], 1);
    }
}
