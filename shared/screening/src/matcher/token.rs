//! How two tokens relate, and what it costs.

use super::distance::{FAR, LETTER, Profile, distance, letters};
use crate::normalise::{Token, TokenKind, abbreviations, sound, variants};

/// A token as the matcher sees it: borrowed from a query or straight from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct TokenRef<'a> {
    pub text: &'a str,
    pub canon: &'a str,
    pub kind: TokenKind,
    pub abjad: bool,
    /// The word's number in an artifact's dictionary, by which [`Memo`] remembers; [`NO_WORD`] elsewhere.
    pub word: u32,
    /// What the canonical spelling is made of.
    pub profile: Profile,
}

/// "Not from a dictionary."
pub const NO_WORD: u32 = u32::MAX;

impl<'a> From<&'a Token> for TokenRef<'a> {
    fn from(t: &'a Token) -> Self {
        Self {
            text: &t.text,
            canon: &t.canon,
            kind: t.kind,
            abjad: t.abjad,
            word: NO_WORD,
            profile: Profile::of(t.canon.as_bytes()),
        }
    }
}

/// What two tokens are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Letter for letter.
    Same,
    /// One spelling of one sound for another.
    SameSound,
    /// A short form, or the name in another language.
    Variant,
    /// Letters differ.
    Spelling,
    /// An initial for the name.
    Initial,
    /// The beginning of the word: cut off.
    CutOff,
    /// The consonants agree; one side's script does not write vowels.
    Consonants,
    /// One word here, several there.
    Joined,
    /// An acronym for the whole name.
    Acronym,
}

/// A loss in thousandths of a score, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    pub loss: i32,
    pub relation: Relation,
}

/// Tokens that lose more than this are not one word spelled in two ways.
pub const MOST_LOSS: i32 = 200;

/// Loss of one plainly wrong letter (100 units of distance) in a word of six letters.
const LETTER_LOSS: i64 = 92;

/// Two spellings of one word of the language lose no more than this.
const ONE_WORD_LOSS: i32 = 45;

/// A wrong letter weighs more in a short word, where another letter makes another name, and less in a long one.
/// Hundredths, by the longer word's length.
fn length_factor(len: usize) -> i64 {
    const FACTORS: [i64; 11] = [250, 250, 200, 138, 134, 120, 102, 96, 90, 86, 84];
    FACTORS[len.min(10)]
}

/// The cost, in units of distance, of believing that two spellings mean one sound.
const FOLDING: u32 = 22;

/// Distance to loss.
pub fn loss_of(distance: u32, len: usize) -> i32 {
    (i64::from(distance) * LETTER_LOSS * length_factor(len) / 10_000) as i32
}

/// The largest distance that stays within a loss.
fn distance_limit(most: i32, len: usize) -> u32 {
    (i64::from(most) * 10_000 / (LETTER_LOSS * length_factor(len))) as u32 + 1
}

/// How far apart the canonical spellings of two words may be that still agree.
pub fn canon_limit(most: i32, len: usize) -> u32 {
    distance_limit(most, len) + FOLDING
}

/// Agreements already worked out for one query. Its candidates share most of their words, so that most pairs of tokens
/// come up again and again.
#[derive(Debug, Default)]
pub struct Memo {
    /// Query token and word, the round, and what was found.
    slots: Vec<(u64, u32, Option<Agreement>)>,
    round: u32,
}

impl Memo {
    const SIZE: usize = 1 << 12;

    /// Forgets everything: a new query begins.
    pub fn begin(&mut self) {
        self.slots.resize(Self::SIZE, (0, 0, None));
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.slots.fill((0, 0, None));
            self.round = 1;
        }
    }

    /// [`agree`] of the query's token `number` with a listed token.
    pub fn agree(&mut self, number: usize, query: TokenRef<'_>, listed: TokenRef<'_>) -> Option<Agreement> {
        if listed.word == NO_WORD || self.slots.is_empty() {
            return agree(query, listed);
        }
        let key = u64::from(listed.word) | (listed.kind as u64) << 32 | (number as u64) << 40;
        let at = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize % Self::SIZE;
        if let Some((k, round, known)) = self.slots.get(at)
            && *k == key
            && *round == self.round
        {
            return *known;
        }
        let found = agree(query, listed);
        self.slots[at] = (key, self.round, found);
        found
    }
}

/// How two tokens agree, if they do. Symmetric.
pub fn agree(a: TokenRef<'_>, b: TokenRef<'_>) -> Option<Agreement> {
    agree_within(a, b, MOST_LOSS)
}

/// As [`agree`], for callers that have no use for a loss of more than `most`.
pub fn agree_within(a: TokenRef<'_>, b: TokenRef<'_>, most: i32) -> Option<Agreement> {
    let of = |loss, relation| Some(Agreement { loss, relation }).filter(|g| g.loss <= most);
    if a.text == b.text {
        return of(0, Relation::Same);
    }
    if a.kind == TokenKind::Number || b.kind == TokenKind::Number {
        return None;
    }
    if a.kind == TokenKind::Initial || b.kind == TokenKind::Initial {
        return initial(a, b).filter(|g| g.loss <= most);
    }
    if a.abjad || b.abjad {
        return unvowelled(a, b).filter(|g| g.loss <= most);
    }
    if cut_short(a, b) || cut_short(b, a) {
        return of(CUT_LOSS, Relation::CutOff);
    }
    let len = a.text.len().max(b.text.len());
    let spelling = spelled(a, b, len, most).filter(|s| !two_words(a, b, s.loss));
    if variants::same(a.text, b.text) {
        let loss = spelling.map_or(45, |s| s.loss.min(45)).min(45);
        return of(loss, Relation::Variant);
    }
    spelling
}

/// What a word of business cut short loses.
const CUT_LOSS: i32 = 25;

/// Whether a word that is not in the vocabulary is the abbreviation of a business word.
fn cut_short(short: TokenRef<'_>, long: TokenRef<'_>) -> bool {
    let business = matches!(long.kind, TokenKind::Generic | TokenKind::Light);
    business
        && long.text.len() >= 5
        && matches!(short.kind, TokenKind::Name | TokenKind::Generic)
        && abbreviations::abbreviates(short.text, long.text)
}

/// Whether both are words of the language, known as they stand, so that neither is the other misspelled: `trading` and
/// `training`, but not `organisation` and `organization`.
fn two_words(a: TokenRef<'_>, b: TokenRef<'_>, loss: i32) -> bool {
    a.kind.is_vocabulary() && b.kind.is_vocabulary() && loss > ONE_WORD_LOSS && !one_stem(a.text, b.text)
}

/// `Industry` and `industries`, `trade` and `trading`, `Iran` and `Iranian`.
fn one_stem(a: &str, b: &str) -> bool {
    let shared = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let least = a.len().min(b.len());
    shared >= 4 && shared + 2 >= least
}

fn spelled(a: TokenRef<'_>, b: TokenRef<'_>, len: usize, most: i32) -> Option<Agreement> {
    if a.canon == b.canon {
        let loss = loss_of(FOLDING, len);
        return (loss <= most).then_some(Agreement { loss, relation: Relation::SameSound });
    }
    if a.profile.least_distance(&b.profile) > canon_limit(most, len) || is_part_of_longer(a, b) {
        return None;
    }
    let limit = distance_limit(most, len);
    // By sound first: it is the more forgiving one, so that most words end here.
    let folded = distance(a.canon.as_bytes(), b.canon.as_bytes(), canon_limit(most, len));
    if folded == FAR {
        return None;
    }
    let unfolded = a.canon == a.text && b.canon == b.text;
    let plain = if unfolded { folded } else { distance(a.text.as_bytes(), b.text.as_bytes(), limit) };
    let best = plain.min(folded + FOLDING);
    if best == FAR {
        return None;
    }
    let loss = loss_of(best, len);
    let loss = if begins_otherwise(a.canon, b.canon, best, len) { loss * 5 / 4 } else { loss };
    (loss <= most).then_some(Agreement { loss, relation: Relation::Spelling })
}

/// Whether a word begins with another consonant: which suggests another name rather than a misspelling (Fernando, Hernando).
fn begins_otherwise(a: &str, b: &str, apart: u32, len: usize) -> bool {
    match (a.bytes().next(), b.bytes().next()) {
        (Some(x), Some(y)) => len >= 5 && apart >= LETTER && x != y && letters(x, y) >= LETTER,
        _ => false,
    }
}

/// A word of up to four letters is no spelling of one that has two more and begins otherwise: Bush is not Habash.
fn is_part_of_longer(a: TokenRef<'_>, b: TokenRef<'_>) -> bool {
    let longer = |a: &str, b: &str| a.len().min(b.len()) <= 4 && a.len().abs_diff(b.len()) >= 2;
    a.canon.bytes().next() != b.canon.bytes().next() && longer(a.text, b.text) && longer(a.canon, b.canon)
}

fn initial(a: TokenRef<'_>, b: TokenRef<'_>) -> Option<Agreement> {
    let first = |t: TokenRef<'_>| (t.text.as_bytes().first().copied(), t.canon.as_bytes().first().copied());
    if !named(a.kind) || !named(b.kind) || a.kind == b.kind {
        return None;
    }
    let ((x, cx), (y, cy)) = (first(a), first(b));
    (x == y || cx == cy).then_some(Agreement { loss: 40, relation: Relation::Initial })
}

fn named(kind: TokenKind) -> bool {
    kind.is_distinctive() || kind == TokenKind::Initial
}

/// Consonants alone. Between two names of the same script the letters are compared as they are, only more strictly,
/// because each letter carries more.
fn unvowelled(a: TokenRef<'_>, b: TokenRef<'_>) -> Option<Agreement> {
    let (x, y) = if a.abjad && b.abjad {
        (a.text.as_bytes().to_vec(), b.text.as_bytes().to_vec())
    } else {
        (consonants(a.canon), consonants(b.canon))
    };
    let len = x.len().max(y.len());
    // A consonant of the side that writes its vowels is one letter of that many.
    let letters = if a.abjad && b.abjad { len } else { a.text.len().max(b.text.len()) };
    if x.is_empty() || y.is_empty() {
        return None;
    }
    // The Persian qaf sounds like ghayn: Qaani is Ghani.
    let qaf = |t: TokenRef<'_>, plain: &[u8]| {
        if t.abjad && t.text.contains('q') {
            consonants(&sound::canonical(&t.text.replace('q', "g")))
        } else {
            plain.to_vec()
        }
    };
    let d = distance(&x, &y, 160).min(if a.abjad == b.abjad { FAR } else { distance(&qaf(a, &x), &qaf(b, &y), 160) });
    if d == FAR {
        return None;
    }
    // Vowels that nobody wrote cannot be checked: that is a small loss already.
    let blind = if a.abjad && b.abjad {
        0
    } else if len <= 2 {
        BLIND_SHORT_LOSS
    } else {
        BLIND_LOSS
    };
    let loss = blind + loss_of(d, letters) * 5 / 4 + missing_long_vowels(a, b) * LONG_VOWEL_LOSS;
    (loss <= MOST_LOSS).then_some(Agreement { loss, relation: Relation::Consonants })
}

/// What vowels that nobody wrote lose: in a word of one or two consonants, in a longer one.
pub const BLIND_SHORT_LOSS: i32 = 45;
pub const BLIND_LOSS: i32 = 20;
/// The loss for a long vowel that one spelling has and the other has not: Hasan is not Husayn.
const LONG_VOWEL_LOSS: i32 = 40;

/// How many kinds of long vowels an unvowelled word has inside it that the other word has in no form.
fn missing_long_vowels(a: TokenRef<'_>, b: TokenRef<'_>) -> i32 {
    let (written, spoken) = match (a.abjad, b.abjad) {
        (true, false) => (a.text, b.text),
        (false, true) => (b.text, a.text),
        _ => return 0,
    };
    let inside = written.get(1..).unwrap_or_default();
    let heard = |vowels: &[char]| spoken.contains(vowels);
    i32::from(inside.contains('y') && !heard(&['i', 'y', 'e', 'j']))
        + i32::from(inside.contains('w') && !heard(&['u', 'o', 'w', 'v']))
}

/// Canonical spelling without vowels and half-vowels.
pub fn consonants(canon: &str) -> Vec<u8> {
    canon.bytes().filter(|b| !sound::is_vowel(*b) && *b != b'v' && *b != b'w').collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::{Reading, form};

    fn relation(a: &str, b: &str) -> Option<Relation> {
        let (x, y) = (form(a, Reading::Person), form(b, Reading::Person));
        agree((&x.tokens[0]).into(), (&y.tokens[0]).into()).map(|g| g.relation)
    }

    #[test]
    fn relations() {
        for (a, b, expected) in [
            ("marina", "marina", Some(Relation::Same)),
            ("wiktor", "vyktor", Some(Relation::SameSound)),
            ("bob", "robert", Some(Relation::Variant)),
            ("marina", "malina", Some(Relation::Spelling)),
            ("m", "marina", Some(Relation::Initial)),
            ("k", "marina", None),
            ("محمد", "mohammed", Some(Relation::Consonants)),
            ("marina", "gustavson", None),
            ("boris", "igor", None),
        ] {
            assert_eq!(relation(a, b), expected, "{a} {b}");
            assert_eq!(relation(b, a), expected, "{b} {a}");
        }
    }
}
