//! Names that no machine may clear, whatever the lists say.

use unicode_script::{Script, UnicodeScript};

use super::characters::{Unusual, breaks_a_word, is_apostrophe, is_sign};
use super::{MAX_NAME_CHARS, MAX_TOKENS, Reading, TokenKind, forms, script, vocabulary, words};

/// Why finding nothing under a name means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameDoubt {
    /// A word holds letters of several scripts, letters that pass for those of another, or signs and digits beside letters.
    MixedScripts,
    /// There is nothing to compare, or not all of the name can be compared: no letters, initials alone, letters of no
    /// living language, more words than are compared, words in pieces.
    NotScreenable,
}

impl NameDoubt {
    /// The word for it, as answers have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MixedScripts => "mixed_scripts",
            Self::NotScreenable => "not_screenable",
        }
    }
}

/// What of a name keeps a machine from clearing it.
pub fn doubts(name: &str, reading: Reading) -> Vec<NameDoubt> {
    let cut = words::split(name, reading, Unusual::Read);
    let mut out = Vec::new();
    if cut.mixed || (reading == Reading::Person && has_signs(name)) {
        out.push(NameDoubt::MixedScripts);
    }
    if cut.illegible
        || too_long(name, &cut.words)
        || has_unread_word(&cut.words, reading)
        || (reading == Reading::Person && is_in_pieces(&cut.words))
        || says_nothing(name, reading)
    {
        out.push(NameDoubt::NotScreenable);
    }
    out
}

/// A word of letters and of signs that may be meant as letters, or broken up by punctuation.
fn has_signs(name: &str) -> bool {
    let letter = |c: char| c.is_alphabetic() && !is_sign(c) && !is_apostrophe(c);
    name.split(char::is_whitespace).any(|word| {
        let broken = |(at, c): (usize, char)| {
            let between = |rest: &str, nearest: fn(&str) -> Option<char>| nearest(rest).is_some_and(letter);
            breaks_a_word(c)
                && !is_apostrophe(c)
                && between(&word[..at], |before| before.chars().next_back())
                && between(&word[at + c.len_utf8()..], |after| after.chars().next())
        };
        word.contains(letter) && (word.contains(is_sign) || word.char_indices().any(broken))
    })
}

fn too_long(name: &str, words: &[words::Word]) -> bool {
    words.len() > MAX_TOKENS || name.chars().nth(MAX_NAME_CHARS).is_some()
}

/// A word written in pieces (`Zu b ay ri`, `Ka-ri-m`) is compared with listed words only as long as few pieces make it. Three
/// pieces of at most two letters in a row, or five single letters, are more than names have of themselves: particles,
/// titles and up to four initials do not count, nor do scripts whose words are this short.
fn is_in_pieces(words: &[words::Word]) -> bool {
    const LONGEST_PIECE: usize = 2;
    const PIECES: usize = 3;
    const SINGLE_LETTERS: usize = 5;
    let alphabetic = |c: char| {
        let script = c.script();
        matches!(script, Script::Latin | Script::Cyrillic | Script::Greek | Script::Arabic | Script::Hebrew)
    };
    let (mut pieces, mut singles) = (0, 0);
    words.iter().any(|word| {
        let letters = word.text.chars().filter(|c| alphabetic(*c)).count();
        let text = word.text.to_lowercase();
        if letters == 0 || letters > LONGEST_PIECE || vocabulary::is_particle(&text) || vocabulary::is_title(&text) {
            (pieces, singles) = (0, 0);
        } else {
            pieces += 1;
            singles += usize::from(letters == 1);
        }
        singles >= SINGLE_LETTERS || (pieces >= PIECES && singles < pieces)
    })
}

/// Letters that no table reads.
fn has_unread_word(words: &[words::Word], reading: Reading) -> bool {
    let mut tokens = Vec::new();
    words.iter().filter(|word| word.text.chars().any(char::is_alphanumeric)).any(|word| {
        tokens.clear();
        script::romanise(word, reading, &mut tokens);
        tokens.is_empty()
    })
}

/// No form has a word that could single anybody out.
fn says_nothing(name: &str, reading: Reading) -> bool {
    let tells = |kind: TokenKind| !kind.is_silent() && kind != TokenKind::Initial && kind != TokenKind::Particle;
    match reading {
        Reading::Person => !forms(name, reading)
            .iter()
            .flat_map(|form| &form.tokens)
            .any(|token| tells(token.kind) && !token.text.bytes().all(|b| b.is_ascii_digit())),
        Reading::Organisation => forms(name, reading).is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_machine_clears() {
        let mixed = [NameDoubt::MixedScripts].as_slice();
        let unscreenable = [NameDoubt::NotScreenable].as_slice();
        for (name, expected) in [
            ("Alvaro Montenegro", &[][..]),
            ("Álvaro Søren O’Brien", &[]),
            ("Dr. Jean-Marie van der Berg", &[]),
            ("Анна Каренина", &[]),
            ("Николай II", &[]),
            ("محمد علی‌رضا", &[]),
            ("राम कुमार", &[]),
            ("王小明", &[]),
            ("山田たろう", &[]),
            ("김철수", &[]),
            ("ទេព សុវណ្ណ", &[]),
            ("สมชาย ใจดี", &[]),
            ("Al\u{200b}varo Ruiz", &[]),
            ("Ng E", &[]),
            ("J. R. R. Tolkien", &[]),
            ("A P J Abdul Kalam", &[]),
            ("Maria de la O da Silva e Sá", &[]),
            ("Li Na", &[]),
            ("Karim Nabil al Zu b ay ri", unscreenable),
            ("Ka-ri-m Na-bi-l al-Zu-ba-yr-i", unscreenable),
            ("Ca th er in e Du po n t", unscreenable),
            ("A l v a r o Montenegro", unscreenable),
            ("A. l. v. a. r. o. Montenegro", unscreenable),
            ("Alvаro Montenegro", mixed),
            ("Alv\u{1175}aro Montenegro", mixed),
            ("Alvaro Роре", mixed),
            ("Αlvaro", mixed),
            ("S@ddam", mixed),
            ("Ig0r", mixed),
            ("Alv\u{a7fe}aro", mixed),
            ("Dr. A.B. Smith, jr.", &[]),
            ("Anna (Maria) D’Arc/Ruiz, Eva", &[]),
            ("Alv(aro", mixed),
            ("-", unscreenable),
            ("\u{3164}\u{1160}", unscreenable),
            ("😀 ☠", unscreenable),
            ("...", unscreenable),
            ("", unscreenable),
            ("A B", unscreenable),
            ("123", unscreenable),
            ("\u{10330}\u{1033b}\u{10345}", &[NameDoubt::MixedScripts, NameDoubt::NotScreenable]),
            ("\u{3fb15}\u{3fb16}", unscreenable),
            (&"Anna ".repeat(30), unscreenable),
        ] {
            assert_eq!(doubts(name, Reading::Person), expected, "{name:?}");
        }
        assert_eq!(doubts("3M", Reading::Organisation), []);
        assert_eq!(doubts("123", Reading::Organisation), []);
    }
}
