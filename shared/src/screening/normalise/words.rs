//! Cutting a published name into words.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::Reading;

/// A word as written, after NFKC, with what its surroundings told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    /// The word stood next to a middle dot, which separates the parts of a foreign name in Chinese and Japanese:
    /// each part then sounds out one word instead of being one name per character.
    pub dotted: bool,
}

/// Characters that stand inside a word and carry no meaning for comparison: apostrophes, the hamza and ayn marks of
/// romanisations, modifier letters. `Qa'ida` is one word.
fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | '`' | '´' | 'ʿ' | 'ʾ' | '′' | 'ʹ' | 'ʺ' | '＇')
}

/// Characters without width or meaning: joiners, direction marks, soft hyphens, the Arabic tatweel, byte order marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}' | '\u{640}')
        || (c.is_control() && !c.is_whitespace())
}

fn is_middle_dot(c: char) -> bool {
    matches!(c, '·' | '・' | '‧' | '•' | '･')
}

/// Letters, digits and the marks that belong to them (vowel signs of Indic scripts are marks, so a mark never ends a
/// word).
fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

/// Cuts `name` into words. Dots inside abbreviations (`G.m.b.H.`, `J.R.`) join the letters of an organisation's name
/// and separate a person's initials; hyphens, slashes and brackets separate; run-together words with a capital
/// inside (`AlisherUsmanov`) are cut at the capital.
pub fn split(name: &str, reading: Reading) -> Vec<Word> {
    let repaired = repair(name);
    let clean: String = repaired.nfkc().filter(|c| !is_invisible(*c)).collect();
    let mut out = Vec::new();
    for chunk in clean
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '/' | '"' | '(' | ')' | '«' | '»' | '“' | '”'))
    {
        if chunk.is_empty() {
            continue;
        }
        if chunk.contains('.') && push_abbreviation(chunk, reading, &mut out) {
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
                push_word(&mut word, dotted, reading, &mut out);
                if c == '&' || c == '+' {
                    out.push(Word { text: "and".into(), dotted: false });
                }
            }
        }
        push_word(&mut word, dotted, reading, &mut out);
    }
    out
}

/// UTF-8 that was read as Latin-1 on its way here (`CÃ´té`), set right: two such characters are one.
fn repair(name: &str) -> Cow<'_, str> {
    let halves = |a: char, b: char| {
        let bytes = [u8::try_from(u32::from(a)).ok()?, u8::try_from(u32::from(b)).ok()?];
        std::str::from_utf8(&bytes).ok()?.chars().next().filter(|_| !a.is_ascii())
    };
    if !name.chars().zip(name.chars().skip(1)).any(|(a, b)| halves(a, b).is_some()) {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let whole = rest.peek().and_then(|next| halves(c, *next));
        if whole.is_some() {
            rest.next();
        }
        out.push(whole.unwrap_or(c));
    }
    Cow::Owned(out)
}

/// `G.m.b.H.` and `J.R.`: single letters with dots between them. Answers whether the chunk was one.
fn push_abbreviation(chunk: &str, reading: Reading, out: &mut Vec<Word>) -> bool {
    let letters: Vec<&str> = chunk.split('.').filter(|p| !p.is_empty()).collect();
    let single = |p: &&str| p.chars().count() == 1 && p.chars().all(char::is_alphabetic);
    if letters.len() < 2 || !letters.iter().all(single) {
        return false;
    }
    match reading {
        Reading::Organisation => out.push(Word { text: letters.concat(), dotted: false }),
        Reading::Person => out.extend(letters.iter().map(|l| Word { text: (*l).to_owned(), dotted: false })),
    }
    true
}

fn push_word(word: &mut String, dotted: bool, reading: Reading, out: &mut Vec<Word>) {
    if word.is_empty() {
        return;
    }
    let text = match reading {
        // "Bank's" is the bank's: the apostrophe is gone by now, so this is done by the matcher's one-letter rule.
        // Organisations do carry numbers: only a nought amid letters is none.
        Reading::Organisation => unmask_noughts(&std::mem::take(word)),
        Reading::Person => undisguise(&std::mem::take(word)),
    };
    for part in split_camel(&text) {
        out.push(Word { text: part.to_owned(), dotted });
    }
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
            ("", Reading::Person, ""),
        ] {
            let got = split(name, reading).into_iter().map(|w| w.text).collect::<Vec<_>>().join("|");
            assert_eq!(got, expected, "{name}");
        }
    }
}
