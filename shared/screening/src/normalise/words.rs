//! Cutting a published name into words.

use super::Reading;
use super::characters::{Unusual, clean, is_apostrophe, is_styled};
use super::scripts::{as_latin, settle};
use crate::text;

/// A word as written, after NFKC, with what its surroundings told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    /// The word stood next to a middle dot, which separates the parts of a foreign name in Chinese and Japanese:
    /// each part then sounds out one word instead of being one name per character.
    pub dotted: bool,
    /// The name has letters of the Serbian or Macedonian alphabet alone, in which `ц` is `c`.
    pub serbian: bool,
}

impl Word {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), dotted: false, serbian: false }
    }
}

fn is_middle_dot(c: char) -> bool {
    matches!(c, '·' | '・' | '‧' | '•' | '･')
}

/// Letters, digits and the marks that belong to them (vowel signs of Indic scripts are marks, so a mark never ends a
/// word).
fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

/// A name in words, with what is suspicious about it.
#[derive(Debug, Default)]
pub struct Cut {
    pub words: Vec<Word>,
    /// How many words stand before the first comma: the family name, where a person's name has one.
    pub family: Option<usize>,
    /// Some characters can be read in another way.
    pub unusual: bool,
    /// A word holds letters of several scripts, or looks like Latin beside Latin words without being it.
    pub mixed: bool,
    /// A word is written in letters of no living language's alphabet.
    pub illegible: bool,
}

/// Cuts `name` into words. Dots inside abbreviations (`G.m.b.H.`, `J.R.`) join the letters of an organisation's name
/// and separate a person's initials; hyphens, slashes and brackets separate; run-together words with a capital
/// inside (`AlisherUsmanov`) are cut at the capital.
pub fn split(name: &str, reading: Reading, unusual: Unusual) -> Cut {
    let repaired = text::repaired(name);
    let clean = clean(&repaired, unusual);
    let mut out = Cut { unusual: repaired.chars().any(is_styled), ..Cut::default() };
    let comma = clean.find([',', '،', '、']);
    for chunk in clean
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '/' | '"' | '(' | ')' | '«' | '»' | '“' | '”'))
    {
        if chunk.is_empty() {
            continue;
        }
        if out.family.is_none() && comma.is_some_and(|comma| chunk.as_ptr() as usize > clean.as_ptr() as usize + comma)
        {
            out.family = Some(out.words.len());
        }
        if chunk.contains('.') && push_abbreviation(chunk, reading, &mut out.words) {
            continue;
        }
        let dotted = chunk.chars().any(is_middle_dot);
        let mut word = String::new();
        for c in chunk.chars() {
            if is_word_char(c) {
                word.push(c);
            } else if is_apostrophe(c) {
                // dropped: the word goes on
            } else {
                push_word(&mut word, dotted, reading, unusual, &mut out);
                if reading == Reading::Organisation && (c == '&' || c == '+') {
                    out.words.push(Word::new("and"));
                }
            }
        }
        push_word(&mut word, dotted, reading, unusual, &mut out);
    }
    if !clean.is_ascii() {
        let serbian = clean.contains(['ђ', 'ј', 'љ', 'њ', 'ћ', 'џ', 'Ђ', 'Ј', 'Љ', 'Њ', 'Ћ', 'Џ', 'ѓ', 'ќ', 'ѕ']);
        out.words.iter_mut().for_each(|word| word.serbian = serbian);
        latin_lookalike_words(&mut out, unusual);
    }
    out
}

/// Words of another script that look like Latin ones from the first letter to the last: beside a Latin word they are no
/// words of that script, and if all words are such, the name may be meant to be read as Latin.
fn latin_lookalike_words(cut: &mut Cut, unusual: Unusual) {
    let latin: Vec<Option<String>> = cut.words.iter().map(|word| as_latin(&word.text)).collect();
    let changed =
        || cut.words.iter().zip(&latin).filter(|(word, latin)| latin.as_ref().is_some_and(|l| *l != word.text));
    let (disguised, plain) = (changed().count(), latin.iter().flatten().count());
    if disguised == 0 {
        return;
    }
    cut.mixed |= plain > disguised;
    if plain == cut.words.len() {
        cut.unusual = true;
        if unusual == Unusual::AsLatin {
            for (word, latin) in cut.words.iter_mut().zip(latin.into_iter().flatten()) {
                word.text = latin;
            }
        }
    }
}

/// Joins letters that stand alone one behind the other (`A l v a r o`), four or more. Answers whether there were such.
pub fn join_letters(words: &mut Vec<Word>) -> bool {
    join_single(words, 4)
}

/// Joins the initials of an organisation that blanks or hyphens part (`A-B-C Trading`, `K L M`). Answers whether there were
/// such.
pub fn join_initials(words: &mut Vec<Word>) -> bool {
    join_single(words, 2)
}

fn join_single(words: &mut Vec<Word>, least: usize) -> bool {
    let alone = |word: &Word| word.text.chars().count() == 1;
    let before = words.len();
    let mut out: Vec<Word> = Vec::with_capacity(before);
    let mut rest = std::mem::take(words).into_iter().peekable();
    while let Some(word) = rest.next() {
        let mut run = vec![word];
        while alone(&run[0]) && rest.peek().is_some_and(alone) {
            run.extend(rest.next());
        }
        if run.len() >= least {
            let text: String = run.iter().map(|word| word.text.as_str()).collect();
            // Two names run on: the second begins with a capital.
            out.extend(split_camel(&text).into_iter().map(Word::new));
        } else {
            out.append(&mut run);
        }
    }
    *words = out;
    words.len() < before
}

/// `G.m.b.H.` and `J.R.`: single letters with dots between them. Answers whether the chunk was one.
fn push_abbreviation(chunk: &str, reading: Reading, out: &mut Vec<Word>) -> bool {
    let letters: Vec<&str> = chunk.split('.').filter(|p| !p.is_empty()).collect();
    let single = |p: &&str| p.chars().count() == 1 && p.chars().all(char::is_alphabetic);
    if letters.len() < 2 || !letters.iter().all(single) {
        return false;
    }
    match reading {
        Reading::Organisation => out.push(Word::new(letters.concat())),
        // Initials are capitals; a word with dots between its letters is none.
        Reading::Person if letters.len() >= 3 && letters[1..].iter().all(|l| l.chars().all(char::is_lowercase)) => {
            out.push(Word::new(letters.concat()));
        }
        Reading::Person => out.extend(letters.iter().map(|l| Word::new(*l))),
    }
    true
}

fn push_word(word: &mut String, dotted: bool, reading: Reading, unusual: Unusual, out: &mut Cut) {
    if word.is_empty() {
        return;
    }
    let mut taken = std::mem::take(word);
    if let Some(read) = misread_letters(&taken) {
        // As it is printed it may be right, too.
        out.unusual = true;
        if unusual != Unusual::Dropped {
            taken = read;
        }
    }
    let settled = settle(taken, reading, unusual);
    out.unusual |= settled.unusual;
    out.mixed |= settled.mixed;
    out.illegible |= settled.illegible;
    let text = match reading {
        // "Bank's" is the bank's: the apostrophe is gone by now, so this is done by the matcher's one-letter rule.
        // Organisations do carry numbers: only a nought amid letters is none.
        Reading::Organisation => unmask_noughts(&settled.text),
        Reading::Person => undisguise(&settled.text),
    };
    for part in split_camel(&text) {
        if !part.is_empty() {
            out.words.push(Word { dotted, ..Word::new(part) });
        }
    }
}

/// `PUTlN`, `KhaIid`: a small L amid capitals is a capital I, a capital I amid small letters a small L.
fn misread_letters(word: &str) -> Option<String> {
    if !word.contains(['l', 'I']) {
        return None;
    }
    let chars: Vec<char> = word.chars().collect();
    let capitals = chars.iter().filter(|c| c.is_uppercase()).count();
    let others_small = chars.iter().filter(|c| c.is_lowercase()).all(|c| *c == 'l');
    if capitals >= 2 && others_small && chars.contains(&'l') {
        return Some(word.replace('l', "I"));
    }
    let amid = |at: usize| {
        let small = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_lowercase());
        chars[at] == 'I' && small(at.checked_sub(1)) && small(at.checked_add(1))
    };
    let read: String = chars.iter().enumerate().map(|(at, c)| if amid(at) { 'l' } else { *c }).collect();
    (read != word).then_some(read)
}

/// `AlisherUsmanov` becomes two words. Needs three letters before and two after the capital, so that `McKay`,
/// `DeVries`, `LaSalle` and `OBrien` stay whole.
fn split_camel(word: &str) -> Vec<&str> {
    let chars: Vec<(usize, char)> = word.char_indices().collect();
    let mut parts = Vec::new();
    let (mut start, mut start_at) = (0, 0);
    for i in 1..chars.len() {
        let (at, c) = chars[i];
        let long_enough = i - start_at >= 3 && chars.len() - i >= 2;
        if long_enough && c.is_uppercase() && chars[i - 1].1.is_lowercase() {
            parts.push(&word[start..at]);
            start = at;
            start_at = i;
        }
    }
    parts.push(&word[start..]);
    parts
}

/// Digits that stand for letters in the middle of a word (`Ig0r`), the commonest way to slip a name past a filter.
fn undisguise(word: &str) -> String {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    if digits == 0 || letters < digits.max(2) {
        return word.to_owned();
    }
    word.chars()
        .map(|c| match c {
            '0' => 'o',
            '1' => 'i',
            '3' => 'e',
            '4' => 'a',
            '5' => 's',
            '8' => 'b',
            '7' => 't',
            '2' => 'z',
            '6' | '9' => 'g',
            other => other,
        })
        .collect()
}

/// `S0lar`: a nought with letters on either side, in a word that is letters otherwise.
fn unmask_noughts(word: &str) -> String {
    let chars: Vec<char> = word.chars().collect();
    let lone = |i: usize| {
        let beside = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphabetic());
        chars[i] == '0' && beside(i.checked_sub(1)) && beside(i.checked_add(1))
    };
    if chars.len() < 4 || chars.iter().filter(|c| c.is_ascii_digit()).count() != 1 {
        return word.to_owned();
    }
    chars.iter().enumerate().map(|(i, c)| if lone(i) { 'o' } else { *c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        for (name, reading, expected) in [
            ("Qa'ida", Reading::Organisation, "Qaida"),
            ("A.B.C. Company", Reading::Organisation, "ABC|Company"),
            ("A.B. Company", Reading::Person, "A|B|Company"),
            ("Sp. z o.o.", Reading::Organisation, "Sp|z|oo"),
            ("Jean-Pierre", Reading::Person, "Jean|Pierre"),
            ("McKay DeVries", Reading::Person, "McKay|DeVries"),
            ("S0lar 100 B2B 3M", Reading::Organisation, "Solar|100|B2B|3M"),
            ("FranÃ§ois CÃ´té", Reading::Person, "François|Côté"),
            ("Ângela Ãé", Reading::Person, "Ângela|Ãé"),
            ("NorthWind", Reading::Organisation, "North|Wind"),
            ("Ａｌｐｈａ\u{200b}Ｂ", Reading::Organisation, "AlphaB"),
            ("A\u{301}lvaro", Reading::Person, "Álvaro"),
            ("R0bert 22", Reading::Person, "Robert|22"),
            ("Ale6andr", Reading::Person, "Alegandr"),
            ("Anna\u{3000}Maria", Reading::Person, "Anna|Maria"),
            ("", Reading::Person, ""),
        ] {
            let got =
                split(name, reading, Unusual::Read).words.into_iter().map(|w| w.text).collect::<Vec<_>>().join("|");
            assert_eq!(got, expected, "{name}");
        }
    }
}
