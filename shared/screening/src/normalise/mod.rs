//! From a name as published to tokens that can be compared.
//!
//! The steps, each in its own file and each tested on its own:
//!
//! 1. [`characters`] and [`words`]: what carries no letter goes, Unicode NFKC (UAX #15), apostrophes, dotted abbreviations, run-together words, letters written as
//!    digits.
//! 2. [`scripts`]: letters of other scripts inside a word; [`script`]: every script to lower-case ASCII (Cyrillic, Greek, Armenian, Georgian, Han, kana, Hangul by the
//!    `any_ascii` tables; Arabic, Hebrew and the Indic scripts by tables of our own, because those need rules).
//!    What an organisation in another script is or does is translated ([`translate`]): no list writes "youxiangongsi".
//! 3. [`classify`]: what a token is: a name, an initial, a particle, a title, a number, a company form …
//! 4. [`sound`]: the *canonical spelling* and the *consonant skeleton*, on which spelling variants fall together.
//! 5. [`variants`]: short forms and spellings no rule reaches (Bob and Robert, Mhd and Mohammed).
//!
//! Nothing is thrown away silently: a title or a company form stays as a token of weight zero, so that an
//! explanation can name it.

pub mod abbreviations;
mod burmese;
mod characters;
mod classify;
mod company;
pub mod forms;
mod han;
mod hangul;
mod indic;
mod kana;
mod kind;
pub mod numbers;
mod positions;
mod review;
pub mod script;
mod scripts;
mod second_names;
pub mod sound;
mod southeast;
mod translate;
pub mod variants;
mod vessels;
pub mod vocabulary;
mod wade_giles;
pub mod words;

use characters::Unusual;
pub use classify::full_initials;
pub use kind::TokenKind;
pub use review::{NameDoubt, doubts};
pub use vessels::without_number;

/// Names longer than this many tokens are cut: no listed name needs more, and it bounds the matcher's work.
pub const MAX_TOKENS: usize = 24;
/// Names longer than this many characters are cut before anything else is done with them.
pub const MAX_NAME_CHARS: usize = 400;

/// How a name is to be read: the same words mean other things in a person's and in a company's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    /// Titles, particles, initials, patronymics.
    Person,
    /// Company forms, line-of-business words, places, numbers. Also vessels and aircraft.
    Organisation,
}

/// One token of a normalised name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Lower-case ASCII.
    pub text: String,
    /// The canonical spelling of [`sound::canonical`].
    pub canon: String,
    pub kind: TokenKind,
    /// The token comes from a script that does not write short vowels (Arabic, Hebrew), so that only its
    /// consonants can be compared with other scripts.
    pub abjad: bool,
}

/// A name made comparable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameForm {
    pub tokens: Vec<Token>,
    /// The romanised words before their kinds were known: a numeral is still letters here.
    pub romanised: Vec<Token>,
    /// The Han or Hangul characters of a name written wholly in them. Between two such names the characters
    /// themselves are compared: romanisation would make different names equal.
    pub ideographs: Vec<char>,
    /// What the capital letters of an organisation's name spell (`PLA`), to be compared with an acronym.
    pub initials: String,
    /// The name may hold an acronym, by its capitals: see [`may_be_acronym`].
    pub acronym: bool,
    /// Han characters as Koreans or Cantonese read them. It finds only names that agree closely: each such syllable is common.
    pub other_reading: bool,
}

impl NameForm {
    /// What an acronym of the name may be, with and without the company.
    pub fn acronyms(&self) -> [String; 2] {
        [self.initials.clone(), full_initials(self.tokens.iter().map(|t| (t.text.as_str(), t.kind)))]
    }

    /// Whether there is anything to compare.
    pub fn is_empty(&self) -> bool {
        self.tokens.iter().all(|t| t.kind.is_silent())
    }
}

/// All forms of one published name: almost always one; more where a field holds two names (`Al-Qa'ida/Islamic Army`)
/// or a name with its own acronym in brackets, and where characters can be read in several ways.
pub fn forms(name: &str, reading: Reading) -> Vec<NameForm> {
    let cut: String = name.chars().take(MAX_NAME_CHARS).collect();
    let mut out: Vec<NameForm> = Vec::with_capacity(1);
    let mut add = |form: NameForm| {
        if !form.is_empty() && !out.iter().any(|f| f.tokens == form.tokens) {
            out.push(form);
        }
    };
    for part in second_names::alternatives(&cut, reading) {
        let mut words = words::split(&part, reading, Unusual::Read);
        add(form_of(&part, &words, reading));
        if words.unusual {
            for unusual in [Unusual::Dropped, Unusual::AsLatin] {
                add(form_of(&part, &words::split(&part, reading, unusual), reading));
            }
        }
        let joined = match reading {
            Reading::Person => words::join_letters(&mut words.words),
            Reading::Organisation => words::join_initials(&mut words.words),
        };
        if joined {
            words.family = None;
            add(form_of(&part, &words, reading));
        }
        if reading == Reading::Person {
            if let Some(pinyin) = wade_giles::pinyin(&part) {
                add(form(&pinyin, reading));
            }
            other_readings(&part, &words).into_iter().for_each(&mut add);
        }
    }
    out
}

/// A person's name in Han characters, as Koreans and Cantonese read them.
fn other_readings(name: &str, cut: &words::Cut) -> Vec<NameForm> {
    let chars: Vec<char> = cut.words.iter().flat_map(|word| word.text.chars()).collect();
    let ideographs = script::ideographs(name);
    if ideographs.is_empty() || cut.words.iter().any(|word| word.dotted) {
        return Vec::new();
    }
    let token = |text: String| Token { canon: sound::canonical(&text), text, kind: TokenKind::Name, abjad: false };
    let readings = [han::korean(&chars), han::cantonese(&chars)].into_iter().flatten();
    let form = |read: Vec<String>| {
        let tokens = read.into_iter().map(token).collect();
        NameForm { ideographs: ideographs.clone(), other_reading: true, ..form_of_tokens(tokens, Reading::Person) }
    };
    readings.map(form).collect()
}

/// The one form of a name that holds one name.
pub fn form(name: &str, reading: Reading) -> NameForm {
    form_of(name, &words::split(name, reading, Unusual::Read), reading)
}

fn form_of(name: &str, cut: &words::Cut, reading: Reading) -> NameForm {
    let ideographs = script::ideographs(name);
    let mut romanised = Vec::with_capacity(cut.words.len());
    let mut family = None;
    // A form in another script is found before its words are translated one by one.
    let foreign = reading == Reading::Organisation && !name.is_ascii() && cut.words.len() > 2;
    let untranslated = if foreign { forms::untranslated(&cut.words) } else { Vec::new() };
    let mut skip = 0;
    for (at, word) in cut.words.iter().enumerate() {
        if cut.family == Some(at) {
            family = Some(romanised.len());
        }
        if at < skip {
            continue;
        }
        if foreign && let Some((count, text)) = forms::phrase_in_script(&untranslated[at..]) {
            romanised.push(Token { canon: sound::canonical(&text), text, kind: TokenKind::Legal, abjad: false });
            skip = at + count;
            continue;
        }
        script::romanise(word, reading, &mut romanised);
    }
    NameForm { ideographs, acronym: may_be_acronym(name), ..classified(romanised, family, reading) }
}

/// The form of a name of these tokens, which is not written in characters and holds no acronym.
pub fn form_of_tokens(romanised: Vec<Token>, reading: Reading) -> NameForm {
    classified(romanised, None, reading)
}

/// The form of these tokens, of which the first so many are the family name.
fn classified(romanised: Vec<Token>, family: Option<usize>, reading: Reading) -> NameForm {
    let mut tokens = classify::classify(&romanised, family, reading);
    tokens.truncate(MAX_TOKENS);
    let initials = classify::initials(&tokens);
    NameForm { tokens, romanised, ideographs: Vec::new(), initials, acronym: false, other_reading: false }
}

/// Whether a word of the name is in capitals (`SMIC Ltd`), or nothing is and all is ASCII (`smic`): "Mai" is no acronym.
pub fn may_be_acronym(name: &str) -> bool {
    let in_capitals = |word: &str| word.len() >= 3 && word.bytes().all(|b| b.is_ascii_uppercase());
    name.split(|c: char| !c.is_alphanumeric()).any(in_capitals)
        || (name.is_ascii() && !name.bytes().any(|b| b.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, reading: Reading) -> String {
        form(name, reading).tokens.iter().map(|t| format!("{}:{:?}", t.text, t.kind)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn persons() {
        for (name, expected) in [
            ("Dr. Jean-Marie van der Berg", "dr:Title jean:Name marie:Name van:Particle der:Particle berg:Name"),
            ("PÉREZ, José", "perez:Name jose:CommonName"),
            ("Abu Bakr al-Masri", "abu:Particle bakr:Name al:Particle masri:Name"),
            ("J.R. Smith", "j:Initial r:Initial smith:Name"),
            ("Иванов Пётр Сергеевич", "ivanov:Name petr:Name sergeevich:Patronymic"),
            ("Ig0r Petr0v", "igor:Name petrov:Name"),
            ("PedroAlvarez", "pedro:Name alvarez:Name"),
            ("O'Brien", "obrien:Name"),
        ] {
            assert_eq!(text(name, Reading::Person), expected, "{name}");
        }
    }

    #[test]
    fn organisations() {
        for (name, expected) in [
            ("Zeta Trading Co., Ltd.", "zeta:Name trading:Generic co ltd:Legal"),
            ("ООО \"Ромашка\"", "ooo:Legal romashka:Name"),
            ("Gesellschaft mit beschränkter Haftung Muster", "gesellschaft mit beschrankter haftung:Legal muster:Name"),
            ("Muster G.m.b.H.", "muster:Name gmbh:Legal"),
            ("Third Harvest Fund IV", "3:Number harvest:Name fund:Generic 4:Number"),
            ("Brigade forty-two", "brigade:Generic 42:Number"),
            ("Standard & Sons", "standard:Name and:Light sons:Generic"),
        ] {
            assert_eq!(text(name, Reading::Organisation), expected, "{name}");
        }
    }

    #[test]
    fn a_slash_separates_two_names_of_one_organisation() {
        assert_eq!(forms("Red Lantern/Northern Army", Reading::Organisation).len(), 3);
        assert_eq!(forms("Red Lantern", Reading::Organisation).len(), 1);
    }
}
