//! Reading an artifact's records in place.

use std::ops::Range;

use super::ListInfo;
use super::build::{DATE, ENTITY, FORM, IDENTIFIER, LIST, NAME, NONE, REF, WORD};
use super::layout::{HashTable, SECTIONS, Section, u32_at};
use crate::date::{DateSpan, PartialDate};
use crate::entity::{Kind, NameType, Strength};
use crate::evidence::ListedNumber;
use crate::matcher::distance::{PROFILE, Profile};
use crate::matcher::token::TokenRef;
use crate::normalise::{MAX_TOKENS, TokenKind};

#[derive(Clone, Copy)]
pub struct View<'a> {
    bytes: &'a [u8],
    strings: &'a str,
    sections: &'a [Range<usize>; SECTIONS],
}

/// A listed name.
#[derive(Clone, Copy)]
pub struct NameView<'a> {
    pub text: &'a str,
    pub entity: u32,
    pub name_type: NameType,
    pub strength: Strength,
}

/// A name's normalised form.
#[derive(Clone, Copy)]
pub struct FormView {
    pub name: u32,
    tokens: u32,
    /// Number of tokens.
    pub count: u32,
    pub ideographic: bool,
    /// Sum of the weights of the tokens that are no fillers.
    pub weight: u32,
}

/// A listed entity.
#[derive(Clone, Copy)]
pub struct EntityView {
    pub list: u32,
    pub kind: Kind,
    at: usize,
}

impl<'a> View<'a> {
    pub fn new(bytes: &'a [u8], strings: &'a str, sections: &'a [Range<usize>; SECTIONS]) -> Self {
        Self { bytes, strings, sections }
    }

    fn section(self, section: Section, reading: usize) -> &'a [u8] {
        self.sections.get(section.number(reading)).and_then(|r| self.bytes.get(r.clone())).unwrap_or_default()
    }

    fn text(self, offset: u32, len: u32) -> &'a str {
        let start = offset as usize;
        start.checked_add(len as usize).and_then(|end| self.strings.get(start..end)).unwrap_or_default()
    }

    pub fn lists(self) -> Vec<ListInfo> {
        let bytes = self.section(Section::Lists, 0);
        (0..bytes.len() / LIST)
            .map(|i| {
                let v = |n: usize| u32_at(bytes, i * LIST + n * 4);
                ListInfo {
                    id: self.text(v(0), v(1)).to_owned(),
                    version: self.text(v(2), v(3)).to_owned(),
                    published_at: (v(4) != NONE).then(|| self.text(v(4), v(5)).to_owned()),
                    entries: v(6) as usize,
                }
            })
            .collect()
    }

    pub fn list_count(self) -> usize {
        self.section(Section::Lists, 0).len() / LIST
    }

    pub fn list_id(self, list: u32) -> &'a str {
        let (bytes, at) = (self.section(Section::Lists, 0), list as usize * LIST);
        self.text(u32_at(bytes, at), u32_at(bytes, at + 4))
    }

    pub fn name_count(self) -> usize {
        self.section(Section::Names, 0).len() / NAME
    }

    pub fn name(self, number: u32) -> NameView<'a> {
        let (bytes, at) = (self.section(Section::Names, 0), number as usize * NAME);
        let flags = u32_at(bytes, at + 12);
        NameView {
            text: self.text(u32_at(bytes, at), u32_at(bytes, at + 4)),
            entity: u32_at(bytes, at + 8),
            name_type: NameType::from_byte(flags as u8),
            strength: if flags >> 8 & 1 == 1 { Strength::Weak } else { Strength::Strong },
        }
    }

    pub fn entity(self, number: u32) -> EntityView {
        let at = number as usize * ENTITY;
        let first = u32_at(self.section(Section::Entities, 0), at);
        EntityView { list: first & 0xff_ffff, kind: Kind::from_byte((first >> 24) as u8), at }
    }

    fn field(self, entity: EntityView, n: usize) -> u32 {
        u32_at(self.section(Section::Entities, 0), entity.at + n * 4)
    }

    /// A run of records: start and count as stored, cut to what the section holds.
    fn run(self, entity: EntityView, n: usize, section: Section, size: usize) -> (&'a [u8], Range<usize>) {
        let bytes = self.section(section, 0);
        let start = self.field(entity, n) as usize;
        let end = start.saturating_add(self.field(entity, n + 1) as usize).min(bytes.len() / size);
        (bytes, start..end.max(start))
    }

    pub fn entity_id(self, entity: EntityView) -> &'a str {
        self.text(self.field(entity, 1), self.field(entity, 2))
    }

    pub fn reference(self, entity: EntityView) -> Option<&'a str> {
        let offset = self.field(entity, 3);
        (offset != NONE).then(|| self.text(offset, self.field(entity, 4)))
    }

    /// The first name, which is the primary one.
    pub fn first_name(self, entity: EntityView) -> NameView<'a> {
        self.name(self.field(entity, 5))
    }

    pub fn primary_name(self, entity: EntityView) -> &'a str {
        self.first_name(entity).text
    }

    pub fn dates(self, entity: EntityView) -> impl Iterator<Item = DateSpan> + use<'a> {
        let (bytes, run) = self.run(entity, 7, Section::Dates, DATE);
        run.filter_map(move |i| {
            let v = |n: usize| u32_at(bytes, i * DATE + n * 4);
            let (from, to) = (PartialDate::from_number(v(0))?, PartialDate::from_number(v(1))?);
            Some(DateSpan { from, to, circa: v(2) == 1 })
        })
    }

    fn refs(self, entity: EntityView, n: usize) -> impl Iterator<Item = &'a str> {
        let (bytes, run) = self.run(entity, n, Section::Refs, REF);
        run.map(move |i| self.text(u32_at(bytes, i * REF), u32_at(bytes, i * REF + 4)))
    }

    pub fn countries(self, entity: EntityView) -> impl Iterator<Item = &'a str> {
        self.refs(entity, 9)
    }

    pub fn programmes(self, entity: EntityView) -> impl Iterator<Item = &'a str> {
        self.refs(entity, 11)
    }

    /// The numbers, in normal form.
    pub fn identifiers(self, entity: EntityView) -> impl Iterator<Item = ListedNumber<'a>> {
        let (bytes, run) = self.run(entity, 13, Section::Identifiers, IDENTIFIER);
        run.map(move |i| {
            let v = |n: usize| u32_at(bytes, i * IDENTIFIER + n * 4);
            let country = Some(self.text(v(4), v(5))).filter(|country| !country.is_empty());
            ListedNumber { label: self.text(v(0), v(1)), number: self.text(v(2), v(3)), country }
        })
    }

    /// The entities that may have a number.
    pub fn bearers(self, number: &str) -> impl Iterator<Item = u32> + use<'a> {
        let table =
            HashTable { directory: self.section(Section::NumberDirectory, 0), rows: self.section(Section::Numbers, 0) };
        table.get(super::keys::of_number(number))
    }

    pub fn form_count(self, reading: usize) -> usize {
        self.section(Section::Forms, reading).len() / FORM
    }

    pub fn form(self, reading: usize, number: u32) -> FormView {
        let (bytes, at) = (self.section(Section::Forms, reading), number as usize * FORM);
        let last = u32_at(bytes, at + 8);
        FormView {
            name: u32_at(bytes, at),
            tokens: u32_at(bytes, at + 4),
            count: (last & 0xff).min(MAX_TOKENS as u32),
            ideographic: last >> 8 & 1 == 1,
            weight: last >> 16,
        }
    }

    /// The tokens of a form.
    pub fn tokens(self, reading: usize, form: FormView) -> impl Iterator<Item = TokenRef<'a>> {
        self.words(reading, form).map(move |(word, kind)| TokenRef { kind, ..self.word(reading, word) })
    }

    /// The dictionary numbers of a form's words, and what each is there.
    pub fn words(self, reading: usize, form: FormView) -> impl Iterator<Item = (u32, TokenKind)> + use<'a> {
        let bytes = self.section(Section::Tokens, reading);
        (0..form.count).map(move |i| {
            let packed = u32_at(bytes, form.tokens.saturating_add(i) as usize * 4);
            (packed & 0x0fff_ffff, TokenKind::from_byte((packed >> 28) as u8))
        })
    }

    /// A word of the dictionary, as a plain name.
    pub fn word(self, reading: usize, number: u32) -> TokenRef<'a> {
        let (bytes, at) = (self.section(Section::Dictionary, reading), number as usize * WORD);
        let lengths = u32_at(bytes, at + 8);
        let (at_text, text_len) = (u32_at(bytes, at), lengths & 0xffff);
        let (at_canon, canon_len) = (u32_at(bytes, at + 4), lengths >> 16 & 0x7fff);
        let text = self.text(at_text, text_len);
        // Most words are spelled as they sound.
        let same = (at_text, text_len) == (at_canon, canon_len);
        TokenRef {
            text,
            canon: if same { text } else { self.text(at_canon, canon_len) },
            kind: TokenKind::Name,
            abjad: lengths >> 31 == 1,
            word: number,
            profile: profile(bytes, at),
        }
    }

    /// What a word's canonical spelling is made of, its text's length, and whether it is written without vowels.
    pub fn profile(self, reading: usize, word: u32) -> (Profile, usize, bool) {
        let (bytes, at) = (self.section(Section::Dictionary, reading), word as usize * WORD);
        let lengths = u32_at(bytes, at + 8);
        (profile(bytes, at), (lengths & 0xffff) as usize, lengths >> 31 == 1)
    }

    /// How many forms hold a word.
    pub fn frequency(self, reading: usize, word: u32) -> u32 {
        u32_at(self.section(Section::Dictionary, reading), word as usize * WORD + 16)
    }

    /// The forms that hold a word.
    pub fn postings(self, reading: usize, word: u32) -> impl Iterator<Item = u32> + use<'a> {
        let at = word as usize * WORD;
        let dictionary = self.section(Section::Dictionary, reading);
        let (start, count) = (u32_at(dictionary, at + 12) as usize, u32_at(dictionary, at + 16) as usize);
        let bytes = self.section(Section::Postings, reading);
        let range = start.checked_mul(4).zip(start.checked_add(count).and_then(|e| e.checked_mul(4)));
        let run = range.and_then(|(s, e)| bytes.get(s..e)).unwrap_or_default();
        run.chunks_exact(4).map(|c| u32_at(c, 0))
    }

    pub fn keys(self, reading: usize) -> HashTable<'a> {
        HashTable {
            directory: self.section(Section::KeyDirectory, reading),
            rows: self.section(Section::Keys, reading),
        }
    }

    pub fn joins(self, reading: usize) -> HashTable<'a> {
        HashTable {
            directory: self.section(Section::JoinDirectory, reading),
            rows: self.section(Section::Joins, reading),
        }
    }
}

/// The profile in a word's record.
fn profile(dictionary: &[u8], at: usize) -> Profile {
    let bytes = at.checked_add(WORD).and_then(|end| dictionary.get(end - PROFILE..end));
    Profile(bytes.and_then(|b| b.try_into().ok()).unwrap_or_default())
}
