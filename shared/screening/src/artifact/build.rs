//! Lists to bytes.

use std::collections::HashMap;

use super::keys;
use super::layout::{HashTable, SECTIONS, Section, assemble};
use crate::entity::{Entity, Identifier, Kind, List};
use crate::matcher::distance::{PROFILE, Profile};
use crate::normalise::{NameForm, Reading, TokenKind, forms, without_number};
use crate::number;

/// "Not there", for optional strings.
pub const NONE: u32 = u32::MAX;

#[derive(Default)]
struct Strings {
    bytes: Vec<u8>,
    seen: HashMap<String, (u32, u32)>,
}

impl Strings {
    fn put(&mut self, text: &str) -> (u32, u32) {
        if let Some(at) = self.seen.get(text) {
            return *at;
        }
        let at = (self.bytes.len() as u32, text.len() as u32);
        self.bytes.extend_from_slice(text.as_bytes());
        self.seen.insert(text.to_owned(), at);
        at
    }
}

/// One half of the index: persons or organisations.
#[derive(Default)]
struct Half {
    forms: Vec<u8>,
    count: u32,
    tokens: Vec<u32>,
    ids: HashMap<(String, bool), u32>,
    canons: Vec<String>,
    postings: Vec<Vec<u32>>,
    joins: Vec<(u32, u32)>,
}

impl Half {
    fn add(&mut self, name: u32, form: &NameForm) {
        let id = self.count;
        self.count += 1;
        let start = self.tokens.len() as u32;
        let mut weight = 0;
        for token in &form.tokens {
            let next = self.postings.len() as u32;
            let key = (token.text.clone(), token.abjad);
            let token_id = *self.ids.entry(key).or_insert(next);
            if token_id == next {
                self.canons.push(token.canon.clone());
                self.postings.push(Vec::new());
            }
            let posted = &mut self.postings[token_id as usize];
            // Forms and titles are never asked for.
            if !token.kind.is_silent() && posted.last() != Some(&id) {
                posted.push(id);
            }
            if !token.kind.is_filler() {
                weight += token.kind.weight();
            }
            self.tokens.push(token_id | (token.kind as u32) << 28);
        }
        for width in 2..=3 {
            for run in form.tokens.windows(width) {
                // A title or a form may be run together with the name beside it.
                if run.iter().any(|t| !t.kind.is_silent()) {
                    let texts: Vec<&str> = run.iter().map(|t| t.text.as_str()).collect();
                    self.joins.extend(keys::of_join(&texts).map(|k| (k, id)));
                    // "Nur al-Din" is asked for as Nuruddin.
                    if let [first, "al", last] = texts.as_slice() {
                        self.joins.extend(keys::of_join(&[first, last]).map(|k| (k, id)));
                    }
                }
            }
        }
        // Lists put the family name first, people run their names together the other way.
        for (i, first) in form.tokens.iter().enumerate() {
            for second in &form.tokens[..i] {
                let joinable = |k: TokenKind| !k.is_filler() || k == TokenKind::Title;
                if joinable(first.kind) && joinable(second.kind) {
                    self.joins.extend(keys::of_join(&[&first.text, &second.text]).map(|k| (k, id)));
                }
            }
        }
        for acronym in form.acronyms().iter().filter(|a| a.len() >= 3) {
            self.joins.push((keys::of_acronym(acronym), id));
        }
        let flags = u32::from(!form.ideographs.is_empty());
        for value in [name, start, form.tokens.len() as u32 | flags << 8 | (weight as u32) << 16] {
            self.forms.extend_from_slice(&value.to_le_bytes());
        }
    }

    fn finish(self, reading: usize, strings: &mut Strings, sections: &mut [Vec<u8>; SECTIONS]) {
        let mut texts = vec![("", false); self.postings.len()];
        for ((text, abjad), id) in &self.ids {
            texts[*id as usize] = (text, *abjad);
        }
        let (mut dictionary, mut postings) = (Vec::new(), Vec::new());
        let mut hashes = Vec::new();
        let mut keys = Vec::new();
        for (id, (text, abjad)) in texts.iter().enumerate() {
            let canon = &self.canons[id];
            let ((t, tl), (c, cl)) = (strings.put(text), strings.put(canon));
            let first = (postings.len() / 4) as u32;
            let lengths = tl.min(0xffff) | cl.min(0x7fff) << 16 | u32::from(*abjad) << 31;
            push(&mut dictionary, &[t, c, lengths, first, self.postings[id].len() as u32]);
            dictionary.extend_from_slice(&Profile::of(canon.as_bytes()).0);
            postings.extend(self.postings[id].iter().flat_map(|f| f.to_le_bytes()));
            // A token that stands only for forms and titles is not looked for.
            if !self.postings[id].is_empty() {
                keys::of_token(text, canon, *abjad, &mut keys);
                hashes.extend(keys.iter().map(|k| (*k, id as u32)));
            }
        }
        let (key_directory, key_rows) = HashTable::build(hashes);
        let (join_directory, join_rows) = HashTable::build(self.joins);
        let mut put = |section: Section, bytes: Vec<u8>| sections[section.number(reading)] = bytes;
        put(Section::Forms, self.forms);
        put(Section::Tokens, self.tokens.iter().flat_map(|t| t.to_le_bytes()).collect());
        put(Section::Dictionary, dictionary);
        put(Section::Postings, postings);
        put(Section::KeyDirectory, key_directory);
        put(Section::Keys, key_rows);
        put(Section::JoinDirectory, join_directory);
        put(Section::Joins, join_rows);
    }
}

#[derive(Default)]
struct Builder {
    strings: Strings,
    lists: Vec<u8>,
    entities: Vec<u8>,
    names: Vec<u8>,
    dates: Vec<u8>,
    refs: Vec<u8>,
    identifiers: Vec<u8>,
    numbers: Vec<(u32, u32)>,
    halves: [Half; 2],
}

fn push(out: &mut Vec<u8>, values: &[u32]) {
    for v in values {
        out.extend_from_slice(&v.to_le_bytes());
    }
}

/// Sizes of the records.
pub const LIST: usize = 28;
pub const ENTITY: usize = 64;
pub const NAME: usize = 16;
pub const DATE: usize = 12;
pub const REF: usize = 8;
pub const IDENTIFIER: usize = 24;
pub const FORM: usize = 12;
pub const WORD: usize = 20 + PROFILE;

/// Compiles the lists into one artifact. The same lists give the same bytes.
pub fn build(lists: &[List]) -> Vec<u8> {
    let mut b = Builder::default();
    for (number, list) in lists.iter().enumerate() {
        let (id, version) = (b.strings.put(&list.id), b.strings.put(&list.version));
        let published = list.published_at.as_deref().map_or((NONE, 0), |p| b.strings.put(p));
        push(&mut b.lists, &[id.0, id.1, version.0, version.1, published.0, published.1, list.entities.len() as u32]);
        for entity in &list.entities {
            b.entity(number as u32, entity);
        }
    }
    let mut sections: [Vec<u8>; SECTIONS] = std::array::from_fn(|_| Vec::new());
    for (reading, half) in b.halves.into_iter().enumerate() {
        half.finish(reading, &mut b.strings, &mut sections);
    }
    let (number_directory, numbers) = HashTable::build(b.numbers);
    for (section, bytes) in [
        (Section::NumberDirectory, number_directory),
        (Section::Numbers, numbers),
        (Section::Strings, b.strings.bytes),
        (Section::Lists, b.lists),
        (Section::Entities, b.entities),
        (Section::Names, b.names),
        (Section::Dates, b.dates),
        (Section::Refs, b.refs),
        (Section::Identifiers, b.identifiers),
    ] {
        sections[section.number(0)] = bytes;
    }
    assemble(&sections)
}

impl Builder {
    fn entity(&mut self, list: u32, entity: &Entity) {
        let number = (self.entities.len() / ENTITY) as u32;
        let names_start = (self.names.len() / NAME) as u32;
        for name in &entity.names {
            let name_number = (self.names.len() / NAME) as u32;
            let text = self.strings.put(&name.text);
            push(&mut self.names, &[text.0, text.1, number, name.name_type as u32 | (name.strength as u32) << 8]);
            for (i, reading) in readings(entity.kind).iter().enumerate() {
                if let Some(reading) = reading {
                    for form in forms(&name.text, *reading) {
                        self.halves[i].add(name_number, &form);
                    }
                }
            }
            // Lists call an organisation a person now and then.
            if entity.kind == Kind::Person {
                let plainly = |form: &NameForm| form.tokens.iter().filter(|t| t.kind.is_corporate()).count() >= 3;
                for form in forms(&name.text, Reading::Organisation).iter().filter(|form| plainly(form)) {
                    self.halves[1].add(name_number, form);
                }
            }
        }
        let dates_start = (self.dates.len() / DATE) as u32;
        for date in &entity.dates_of_birth {
            push(&mut self.dates, &[date.from.to_number(), date.to.to_number(), u32::from(date.circa)]);
        }
        let countries = self.references(&entity.countries);
        let programmes = self.references(&entity.programmes);
        let identifiers_start = (self.identifiers.len() / IDENTIFIER) as u32;
        for identifier in entity.identifiers.iter().chain(&beside_names(entity)) {
            for (label, value) in number::parts(&identifier.number) {
                let country = self.strings.put(identifier.country.as_deref().unwrap_or_default());
                let kind = self.strings.put(label.as_deref().unwrap_or(&identifier.kind));
                self.numbers.push((keys::of_number(&value), number));
                let value = self.strings.put(&value);
                push(&mut self.identifiers, &[kind.0, kind.1, value.0, value.1, country.0, country.1]);
            }
        }
        let id = self.strings.put(&entity.id);
        let reference = entity.reference.as_deref().map_or((NONE, 0), |r| self.strings.put(r));
        push(
            &mut self.entities,
            &[
                list | (entity.kind as u32) << 24,
                id.0,
                id.1,
                reference.0,
                reference.1,
                names_start,
                entity.names.len() as u32,
                dates_start,
                entity.dates_of_birth.len() as u32,
                countries,
                entity.countries.len() as u32,
                programmes,
                entity.programmes.len() as u32,
                identifiers_start,
                (self.identifiers.len() / IDENTIFIER) as u32 - identifiers_start,
                0,
            ],
        );
    }

    fn references(&mut self, texts: &[String]) -> u32 {
        let start = (self.refs.len() / REF) as u32;
        for text in texts {
            let at = self.strings.put(text);
            push(&mut self.refs, &[at.0, at.1]);
        }
        start
    }
}

/// The numbers of vessels that stand in names.
fn beside_names(entity: &Entity) -> Vec<Identifier> {
    let names = entity.names.iter().filter(|_| entity.kind != Kind::Person);
    let numbers = names.filter_map(|name| without_number(&name.text).1);
    numbers.map(|number| Identifier { kind: "imo".into(), number, country: None }).collect()
}

/// Which readings a name of this kind is indexed under: `[person, organisation]`.
fn readings(kind: Kind) -> [Option<Reading>; 2] {
    let person = matches!(kind, Kind::Person | Kind::Unknown).then_some(Reading::Person);
    let organisation = (kind != Kind::Person).then_some(Reading::Organisation);
    [person, organisation]
}
