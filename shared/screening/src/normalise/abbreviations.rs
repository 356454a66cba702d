//! Words cut short: `COMM`, `SHPG`, `CMPNY`.

/// Words that, in a row, are a company's form, however each is cut short.
const OF_FORMS: &[&str] = &[
    "limited",
    "liability",
    "company",
    "corporation",
    "incorporated",
    "partnership",
    "public",
    "private",
    "open",
    "closed",
    "joint",
    "stock",
    "by",
    "shares",
    "unlimited",
    "the",
];
/// Of these the ones that no name has of itself.
const TELLING: &[&str] = &["limited", "liability", "stock", "incorporated", "partnership"];
/// Forms of one word that get cut short behind a name.
const ENDINGS: &[&str] = &["company", "corporation", "limited", "incorporated"];

/// Whether a word is another one cut short: its beginning, of three letters at least; or its consonants in their order, from
/// the first letter to the last consonant, with one vowel more where four letters stand.
pub fn abbreviates(short: &str, long: &str) -> bool {
    let vowel = |b: u8| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u');
    let (s, l) = (short.as_bytes(), long.as_bytes());
    if s.len() < 2 || s.len() + 2 > l.len() || s.first() != l.first() {
        return false;
    }
    if s.len() >= 3 && long.starts_with(short) {
        return true;
    }
    // The plural carries no information.
    let (s, l) = match (s, l) {
        ([head @ .., b's'], [whole @ .., b's']) if head.len() >= 2 => (head, whole),
        (s, [whole @ .., b's']) => (s, whole),
        other => other,
    };
    if s.len() >= 3 && l.starts_with(s) {
        return true;
    }
    let mut rest = l.iter();
    let in_order = s.iter().all(|letter| rest.any(|other| other == letter));
    let vowels = s.iter().skip(1).filter(|b| vowel(**b)).count();
    let last = l.iter().rposition(|b| !vowel(*b)).map(|at| l[at]);
    in_order && vowels <= usize::from(s.len() >= 4) && s.last().copied() == last
}

/// The word of a company's form that a word is, or is short for.
fn whole(word: &str) -> Option<&'static str> {
    let is = |of: &&&str| {
        // "Com" is the end of names ("Safari Com Ltd").
        **of == word || (word != "com" && abbreviates(word, of)) || (word == "co" && **of == "company")
    };
    OF_FORMS.iter().find(is).copied()
}

/// Whether a form with words cut short may begin with the word.
pub fn may_begin(word: &str) -> bool {
    whole(word).is_some()
}

/// How many words from the first are a company's form with words cut short (`LTD LIABILITY COMPANY`, `JT STK CO`).
pub fn cut_phrase(words: &[&str]) -> Option<usize> {
    let read: Vec<&str> = words.iter().map_while(|word| whole(word)).collect();
    let ends =
        |word: &str| matches!(word, "company" | "corporation" | "limited" | "partnership" | "incorporated" | "shares");
    let count = read.iter().rposition(|word| ends(word))? + 1;
    let telling = read[..count].iter().filter(|word| TELLING.contains(*word)).count();
    (count >= 2 && telling > 0 && read[0] != "by").then_some(count)
}

/// A form of one word cut short behind a name: `COMP`, `CMPNY`, `LMTD`.
pub fn cut_ending(word: &str) -> bool {
    word.len() >= 4 && ENDINGS.iter().any(|ending| abbreviates(word, ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_and_consonants_abbreviate() {
        for (short, long) in [
            ("comm", "communication"),
            ("elec", "electronics"),
            ("dev", "development"),
            ("shpg", "shipping"),
            ("grp", "group"),
            ("hldg", "holding"),
            ("hldgs", "holdings"),
            ("hldg", "holdings"),
            ("mgmt", "management"),
            ("trdg", "trading"),
            ("invmt", "investment"),
            ("indl", "industrial"),
            ("equip", "equipment"),
            ("ctr", "center"),
            ("svc", "services"),
            ("dept", "department"),
            ("cmpny", "company"),
            ("jt", "joint"),
            ("stk", "stock"),
        ] {
            assert!(abbreviates(short, long), "{short} {long}");
        }
        for (short, long) in [("tr", "trading"), ("port", "transport"), ("training", "trading"), ("line", "lines")] {
            assert!(!abbreviates(short, long), "{short} {long}");
        }
    }

    #[test]
    fn forms_with_words_cut_short_are_forms() {
        for (words, expected) in [
            ("ltd liability company", Some(3)),
            ("public joint stock cmpny", Some(4)),
            ("jt stk co", Some(3)),
            ("lim liab co zelmorak", Some(3)),
            ("public works", None),
            ("open company", None),
            ("joint forces", None),
        ] {
            assert_eq!(cut_phrase(&words.split(' ').collect::<Vec<_>>()), expected, "{words}");
        }
    }
}
