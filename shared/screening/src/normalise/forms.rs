//! The table of legal forms: ISO 20275 (GLEIF's Entity Legal Forms list) and what is missing there.
//!
//! Forms are kept as lists write them and read by the code that reads names, so that both are romanised alike. The words
//! of a phrase are compared by sound, and long ones by their beginnings: Slavic, Baltic and Turkic languages inflect them.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::{Reading, script, sound, words};

/// The forms of both tables as this code reads them, so that nothing is romanised when the first name comes: a test writes
/// and checks it.
const READ: &str = include_str!("../../tables/legal_forms_read.tsv");

/// Words from this length on are compared without their endings.
const INFLECTED: usize = 6;
/// An ending.
const ENDING: usize = 3;

#[derive(Default)]
struct Table {
    /// Forms of several words, by the beginning of the first; the longest first.
    phrases: HashMap<&'static str, Vec<Vec<&'static str>>>,
    before: HashSet<&'static str>,
    behind: HashSet<&'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for line in READ.lines() {
        let (form, place) = line.split_once('\t').unwrap_or((line, ""));
        let words: Vec<&str> = form.split(' ').collect();
        if let [word] = *words.as_slice() {
            table.behind.insert(word);
            if place == "before" {
                table.before.insert(word);
            }
        } else {
            table.phrases.entry(beginning(words[0])).or_default().push(words);
        }
    }
    for phrases in table.phrases.values_mut() {
        phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
    }
    table
});

/// A word in Latin letters, whatever it means.
fn latin(word: &str) -> String {
    let mut tokens = Vec::new();
    script::romanise(&words::Word::new(word), Reading::Person, &mut tokens);
    tokens.into_iter().map(|token| token.text).collect()
}

/// What inflected forms of a word have in common.
fn beginning(word: &str) -> &str {
    word.get(..INFLECTED - ENDING + 1).filter(|_| word.len() >= INFLECTED).unwrap_or(word)
}

fn same_word(a: &str, b: &str) -> bool {
    if a.len().min(b.len()) < INFLECTED {
        return a == b;
    }
    let shared = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    shared >= INFLECTED - 1 && shared + ENDING >= a.len().max(b.len())
}

/// Whether a form of several words begins with the word, given as it sounds.
pub fn may_begin(word: &str) -> bool {
    TABLE.phrases.contains_key(beginning(word))
}

/// How many words of a name, given as they sound, are a legal form of several words.
pub fn phrase(name: &[&str]) -> Option<usize> {
    let phrases = TABLE.phrases.get(beginning(name.first()?))?;
    let fits = |phrase: &&Vec<&str>| {
        phrase.len() <= name.len() && phrase.iter().zip(name).all(|(word, other)| same_word(word, other))
    };
    phrases.iter().find(fits).map(Vec::len)
}

/// A form of one word that stands before a name.
pub fn stands_before(word: &str) -> bool {
    TABLE.before.contains(word)
}

/// A form of one word that stands behind a name.
pub fn stands_behind(word: &str) -> bool {
    TABLE.behind.contains(word)
}

/// The words of a name in another script in Latin letters, and as they sound: before any is translated.
pub fn untranslated(cut: &[words::Word]) -> Vec<(String, String)> {
    let read = |word: &words::Word| {
        let letters = latin(&word.text);
        let sound = sound::canonical(&letters);
        (letters, sound)
    };
    cut.iter().map(read).collect()
}

/// A form of several words at the beginning of these: how many words it has, and its Latin letters.
pub fn phrase_in_script(words: &[(String, String)]) -> Option<(usize, String)> {
    if !may_begin(&words.first()?.1) {
        return None;
    }
    let count = phrase(&words.iter().map(|(_, sound)| sound.as_str()).collect::<Vec<_>>())?;
    let letters: Vec<&str> = words[..count].iter().map(|(letters, _)| letters.as_str()).collect();
    Some((count, letters.join(" ")))
}

/// What a form makes of a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Its members are liable for what they put in.
    Limited,
    /// Its shares are traded.
    Stock,
    /// Incorporated.
    Corporation,
}

/// The family of a form that is written often enough to be known by its letters.
pub fn family(form: &str) -> Option<Family> {
    if ["liability", "ogranichen", "haftung"].iter().any(|word| form.contains(word)) {
        return Some(Family::Limited);
    }
    let last = form.split(' ').next_back().unwrap_or_default();
    Some(match last {
        "llc" | "ltd" | "limited" | "gmbh" | "ooo" | "tov" | "doo" | "srl" | "sarl" | "bv" | "ltda" | "sro"
        | "spzoo" | "limitada" | "fze" => Family::Limited,
        "jsc" | "ojsc" | "cjsc" | "pjsc" | "ao" | "oao" | "zao" | "pao" | "ag" | "plc" | "sa" | "spa" | "nv" => {
            Family::Stock
        }
        "corp" | "corporation" | "inc" | "incorporated" => Family::Corporation,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::super::characters::Unusual;
    use super::super::{TokenKind, form};
    use super::*;

    /// `tables/make_legal_forms.py` writes the first; the second is written by hand.
    const ISO_20275: &str = include_str!("../../tables/legal_forms.tsv");
    const MORE: &str = include_str!("../../tables/legal_forms_more.tsv");
    /// Where a form stands before the name, as a rule or often.
    const BEFORE: &[&str] = &["RU", "UA", "BY", "KZ", "UZ", "BG", "LT", "LV", "FR", "ID", "VN", "RO"];
    /// Shorter ones of the ISO list mean too much else before a name.
    const LEAST_BEFORE: usize = 3;

    /// The forms of both tables in Latin letters: one word letter for letter, several as they sound.
    fn read() -> String {
        let iso = ISO_20275.lines().map(|line| {
            let (form, countries) = line.split_once('\t').unwrap();
            let known = countries.split(' ').any(|country| BEFORE.contains(&country));
            (form, known && form.chars().count() >= LEAST_BEFORE)
        });
        let more = MORE.lines().filter(|line| !line.starts_with('#'));
        let more = more.map(|line| (line.split('\t').next().unwrap(), line.ends_with("before")));
        let mut all: BTreeMap<String, bool> = BTreeMap::new();
        for (form, before) in iso.chain(more) {
            let cut = words::split(form, Reading::Organisation, Unusual::Read);
            let words: Vec<String> = cut.words.iter().map(|word| latin(&word.text)).filter(|w| !w.is_empty()).collect();
            let form = match words.as_slice() {
                [] => continue,
                [word] => word.clone(),
                words => words.iter().map(|word| sound::canonical(word)).collect::<Vec<_>>().join(" "),
            };
            *all.entry(form).or_default() |= before;
        }
        let line =
            |(form, before): (&String, &bool)| format!("{form}\t{}\n", if *before { "before" } else { "behind" });
        all.iter().map(line).collect::<Vec<_>>().concat()
    }

    /// With `VERINYM_WRITE_TABLES` set, it is written instead.
    #[test]
    fn the_table_of_forms_is_as_this_code_reads_them() {
        let now = read();
        if std::env::var_os("VERINYM_WRITE_TABLES").is_some() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables");
            std::fs::write(folder.join("legal_forms_read.tsv"), &now).unwrap();
            return;
        }
        assert!(
            now == READ,
            "write it anew: VERINYM_WRITE_TABLES=1 cargo test -p verinym-screening --lib table_of_forms"
        );
    }

    /// The part of a company's name without its legal form.
    fn named(name: &str) -> String {
        let form = form(name, Reading::Organisation);
        let names = form.tokens.iter().filter(|token| token.kind != TokenKind::Legal);
        names.map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn forms_written_out_in_their_own_script_are_forms() {
        for name in [
            "Общество с ограниченной ответственностью «Зельморак»",
            "Зельморак, общество с ограниченной ответственностью",
            "Муниципальное унитарное предприятие Зельморак",
            "Непубличное акционерное общество Зельморак",
            "Товариство з обмеженою відповідальністю Зельморак",
            "Зельморак Жауапкершілігі шектеулі серіктестігі",
            "Друштво са ограниченом одговорношћу Зельморак",
            "Дружество с ограничена отговорност Зельморак",
        ] {
            assert_eq!(named(name), "zelmorak", "{name}");
        }
        assert_eq!(named("Ζελμορακ Εταιρεία Περιορισμένης Ευθύνης"), "zelmorak");
    }

    #[test]
    fn forms_stand_at_the_edge_of_a_name() {
        for name in [
            "Zelmorak sp. komandytowa",
            "Zelmorak S.A.P.I. de C.V.",
            "Zelmorak UG (haftungsbeschränkt)",
            "JLLC Zelmorak",
            "Zelmorak SAE",
            "FGUP Zelmorak",
            "Messrs. Zelmorak",
            "Zelmorak Ltd. Şti.",
            "SIA Zelmorak",
            "Zelmorak k.s.",
        ] {
            assert_eq!(named(name), "zelmorak", "{name}");
        }
        assert_eq!(named("Vek SAE Zelmorak"), "vek sae zelmorak");
        assert_eq!(named("SAE Zelmorak"), "sae zelmorak");
    }
}
