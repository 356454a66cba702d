//! Every script to lower-case ASCII.
//!
//! Alphabets with a settled romanisation (Latin with marks, Cyrillic, Greek, Armenian, Georgian, kana, Hangul by the
//! Revised Romanisation, Han by pinyin, Thai …) use the tables of the `any_ascii` crate. Three families need rules
//! instead of a table, and have them here: Arabic and Hebrew do not write short vowels; in Indic scripts a consonant
//! carries an `a` that other signs replace or silence. Japanese names in kanji come out in Chinese reading: they can be
//! compared with kanji, not with romaji (a dictionary of readings would be needed).

pub use super::hangul::{korean_family_name, syllable};
use any_ascii::any_ascii_char;
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script as Uni, UnicodeScript};

use super::characters::{Unusual, ascii, is_east_asian};
use super::words::{self, Word};
use super::{
    Reading, Token, TokenKind, burmese, han, indic::indic, indic::sinhala, kana, scripts, sound, southeast, translate,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Arabic,
    Hebrew,
    Indic,
    Han,
    Hangul,
    Cyrillic,
    Kana,
    Thai,
    Lao,
    Khmer,
    Burmese,
    Sinhala,
    Other,
}

fn script_of(c: char) -> Script {
    match c as u32 {
        0x0400..=0x052f => Script::Cyrillic,
        0x0590..=0x05ff | 0xfb1d..=0xfb4f => Script::Hebrew,
        0x0600..=0x06ff | 0x0750..=0x077f | 0x08a0..=0x08ff | 0xfb50..=0xfdff | 0xfe70..=0xfeff => Script::Arabic,
        0x0900..=0x0d7f => Script::Indic,
        0x0d80..=0x0dff => Script::Sinhala,
        0x0e00..=0x0e7f => Script::Thai,
        0x0e80..=0x0eff => Script::Lao,
        0x1000..=0x109f => Script::Burmese,
        0x1780..=0x17ff => Script::Khmer,
        0x3040..=0x30ff => Script::Kana,
        0x2e80..=0x2fdf | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3134f => Script::Han,
        0x1100..=0x11ff | 0x3130..=0x318f | 0xac00..=0xd7af => Script::Hangul,
        _ => Script::Other,
    }
}

/// Han, kana and Hangul, of which a character is a syllable or a word.
#[cfg(test)]
pub fn is_syllable(c: char) -> bool {
    is_east_asian(c.script())
}

/// The characters of a name written in Han or Hangul alone (spaces, middle dots and unusual characters aside), else nothing.
pub fn ideographs(name: &str) -> Vec<char> {
    // Most names hold no character from the first block of Hangul on.
    if name.chars().all(|c| c < '\u{1100}') {
        return Vec::new();
    }
    let mut out = Vec::new();
    for c in words::split(name, Reading::Organisation, Unusual::Dropped).words.iter().flat_map(|word| word.text.chars())
    {
        match script_of(c) {
            Script::Han | Script::Hangul => out.push(han::simplified(c)),
            _ if c.is_alphanumeric() => return Vec::new(),
            _ => {}
        }
    }
    out
}

/// The script of most of a word's letters, for which there are rules. Among the East Asian ones the first with rules decides.
fn script_of_word(word: &str) -> Script {
    let home = scripts::main_script(word);
    let of_home = |c: &char| c.script() == home || (home == Uni::Han && is_east_asian(c.script()));
    let scripts = || word.chars().filter(of_home).map(script_of);
    let kana = || scripts().find(|s| *s == Script::Kana);
    scripts().find(|s| !matches!(s, Script::Other | Script::Kana)).or_else(kana).unwrap_or(Script::Other)
}

/// Romanises one word and appends its token or tokens (one per character for Han and Hangul, where a name's syllables
/// may be written together or apart in Latin letters; the matcher joins them).
pub fn romanise(word: &Word, reading: Reading, out: &mut Vec<Token>) {
    let script = script_of_word(&word.text);
    let mut push = |text: String| {
        if !text.is_empty() {
            let canon = sound::canonical(&text);
            out.push(Token { text, canon, kind: TokenKind::Name, abjad: false });
        }
    };
    let organisation = reading == Reading::Organisation;
    if organisation && let Some(english) = translate::word(&word.text) {
        english.split(' ').for_each(|word| push(word.into()));
        return;
    }
    match script {
        Script::Arabic => {
            // The article is written together with its word; in Latin it is a particle of its own.
            let (article, stem) = split_article(&word.text);
            if article {
                push("al".into());
            }
            if organisation && let Some(english) = translate::word(&stem) {
                push(english.into());
                return;
            }
            match stem.as_str() {
                // "Servant of": the first half of a hundred names, and in Latin letters rarely without a vowel.
                "عبد" => push("abd".into()),
                stem => out.extend(unvowelled(stem.chars().map(arabic))),
            }
        }
        Script::Hebrew => out.extend(unvowelled(medial(&word.text).nfkd().map(hebrew))),
        Script::Indic => push(indic(&word.text)),
        Script::Sinhala => push(sinhala(&word.text)),
        Script::Thai => push(southeast::thai(&word.text)),
        Script::Lao => push(southeast::lao(&word.text)),
        Script::Burmese => burmese::burmese(&word.text).into_iter().for_each(push),
        Script::Khmer => out.extend(unvowelled(southeast::khmer(&word.text).into_iter())),
        Script::Kana if !word.text.chars().any(|c| script_of(c) == Script::Han) => {
            push(kana::latin(&word.text, word.dotted));
        }
        Script::Han | Script::Hangul if organisation => unspaced(&word.text, &mut push),
        Script::Han | Script::Hangul if !word.dotted => {
            let family = korean_family_name(&word.text);
            for (i, c) in word.text.chars().enumerate() {
                match family {
                    Some(name) if i == 0 => push(name.into()),
                    _ => push(syllable(c)),
                }
            }
        }
        Script::Cyrillic if word.serbian => push(ascii(&word.text.replace(['ц', 'Ц'], "c"))),
        Script::Cyrillic => push(cyrillic(&word.text)),
        _ => push(ascii(&word.text)),
    }
}

/// An organisation's name without spaces: what it is or does in English, other characters one by one, and letters between
/// them (kana above all) as one word.
fn unspaced(mut text: &str, push: &mut impl FnMut(String)) {
    let mut letters = String::new();
    while let Some(c) = text.chars().next() {
        let (taken, words) = match translate::beginning(text) {
            Some((taken, english)) => (taken, english.split(' ').map(str::to_owned).collect()),
            None if matches!(script_of(c), Script::Han | Script::Hangul) => (c.len_utf8(), vec![syllable(c)]),
            None => (c.len_utf8(), Vec::new()),
        };
        if words.is_empty() {
            letters.push(c);
        } else {
            push(unspaced_letters(&std::mem::take(&mut letters)));
            words.into_iter().for_each(&mut *push);
        }
        text = &text[taken..];
    }
    push(unspaced_letters(&letters));
}

fn unspaced_letters(letters: &str) -> String {
    let kana = !letters.is_empty() && letters.chars().all(|c| script_of(c) == Script::Kana);
    if kana { kana::latin(letters, false) } else { ascii(letters) }
}

/// A word of a script without vowels, from what its letters stand for. The canonical spelling is that of the letters one by
/// one: a `k` and an `h` that meet there are not the `kh` of Latin letters. A last `h` is a mark of the feminine, or silent.
fn unvowelled(letters: impl Iterator<Item = impl AsRef<str>>) -> Option<Token> {
    let (mut text, mut canon) = (String::new(), String::new());
    for letter in letters {
        let letter = letter.as_ref();
        let sound = sound::canonical(letter);
        // Nobody hears a letter twice that is written twice.
        if !canon.ends_with(&sound) {
            canon.push_str(&sound);
        }
        text.push_str(letter);
    }
    if canon.len() > 2 && canon.ends_with('h') && !canon.ends_with("sh") && !canon.ends_with("ch") {
        canon.pop();
    }
    (!text.is_empty()).then_some(Token { text, canon, kind: TokenKind::Name, abjad: true })
}

/// Russian by the table. Ukrainian shows itself by its own letters; there `и` is `y` and `г` is `h`
/// (Ukrainian national system, 2010).
fn cyrillic(text: &str) -> String {
    let has = |letters: &[char]| text.chars().any(|c| letters.contains(&c));
    let ukrainian = has(&['і', 'ї', 'є', 'ґ', 'І', 'Ї', 'Є', 'Ґ']) && !has(&['ы', 'э', 'ў', 'Ы', 'Э', 'Ў']);
    if !ukrainian {
        return ascii(text);
    }
    let swapped: String = text
        .chars()
        .map(|c| match c {
            'и' | 'И' => 'y',
            'г' | 'Г' => 'h',
            other => other,
        })
        .collect();
    ascii(&swapped)
}

/// Whether the word carries the article `ال`, and the word without it. Words of three letters or fewer are left
/// alone: there the letters are the name.
fn split_article(word: &str) -> (bool, String) {
    let plain: String = word.chars().map(unify_alef).collect();
    // "For the" (لل) is the article, too.
    match plain.strip_prefix("ال").or_else(|| plain.strip_prefix("لل")) {
        Some(rest) if rest.chars().count() >= 3 && !rest.starts_with('ل') => (true, rest.to_owned()),
        _ => (false, plain),
    }
}

fn unify_alef(c: char) -> char {
    if matches!(c, 'أ' | 'إ' | 'آ' | 'ٱ') { 'ا' } else { c }
}

/// What an Arabic, Persian, Urdu or Pashto letter sounds like, long vowels kept (`و` as `w`, `ي` as `y`: the skeleton drops
/// both).
fn arabic(letter: char) -> String {
    let sound = match unify_alef(letter) {
        'ا' | 'ى' => "a",
        'ب' => "b",
        'پ' => "p",
        'ت' | 'ط' | 'ټ' | 'ٹ' => "t",
        'ث' => "th",
        'ج' => "j",
        'چ' => "ch",
        'ح' | 'ه' | 'ہ' | 'ھ' | 'ة' => "h",
        'خ' => "kh",
        'د' | 'ض' | 'ډ' | 'ڈ' => "d",
        'ذ' => "dh",
        'ز' | 'ظ' => "z",
        'ر' | 'ړ' | 'ڑ' => "r",
        'ژ' => "zh",
        'س' | 'ص' => "s",
        'ش' | 'ښ' => "sh",
        'غ' => "gh",
        'ف' => "f",
        'ق' => "q",
        'ک' | 'ك' => "k",
        'گ' | 'ګ' => "g",
        'ل' => "l",
        'م' => "m",
        'ن' | 'ڼ' | 'ں' => "n",
        'و' | 'ؤ' => "w",
        'ي' | 'ی' | 'ئ' | 'ې' | 'ے' => "y",
        'ع' | 'ء' => "",
        other if unicode_normalization::char::is_combining_mark(other) => "",
        other => any_ascii_char(other),
    };
    sound.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A final nun inside a word is a vav: they look alike, and it stands nowhere but at the end.
fn medial(word: &str) -> String {
    let last = word.chars().count().saturating_sub(1);
    word.chars().enumerate().map(|(at, c)| if c == 'ן' && at < last { 'ו' } else { c }).collect()
}

fn hebrew(letter: char) -> &'static str {
    match letter {
        'א' | 'ע' => "a",
        'ב' => "b",
        'ג' => "g",
        'ד' => "d",
        'ה' | 'ח' => "h",
        'ו' => "w",
        'ז' => "z",
        'ט' | 'ת' => "t",
        'י' => "y",
        'כ' | 'ך' | 'ק' => "k",
        'ל' => "l",
        'מ' | 'ם' => "m",
        'נ' | 'ן' => "n",
        'ס' => "s",
        'פ' | 'ף' => "p",
        'צ' | 'ץ' => "ts",
        'ר' => "r",
        'ש' => "sh",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::super::form;
    use super::*;

    #[test]
    fn one_case_per_script() {
        for (name, expected) in [
            ("Сергей Щукин", "sergei shchukin"),
            ("Володимир Гринько", "volodimir grinko"),
            ("Дмитрій", "dmytrii"),
            ("Νίκος", "nikos"),
            ("Արամ", "aram"),
            ("ნინო", "nino"),
            ("محمد الكاتب", "mhmd al katb"),
            ("עמוס", "amws"),
            ("राम कुमार", "ram kumar"),
            ("नरेन्द्र", "narendr"),
            ("রহমান", "rahman"),
            ("王小明", "wang xiao ming"),
            ("김철수", "kim cheol su"),
            ("박정희", "park jeong hui"),
            ("국민", "guk min"),
            ("トヨタ", "toyota"),
            ("安娜·李", "anna li"),
            ("Søren Łęcki", "soren lecki"),
        ] {
            let got = form(name, Reading::Person).tokens.iter().map(|t| t.text.clone()).collect::<Vec<_>>().join(" ");
            assert_eq!(got, expected, "{name}");
        }
    }

    #[test]
    fn ideographs_only_of_names_wholly_written_in_them() {
        assert_eq!(ideographs("王 小明").len(), 3);
        assert!(ideographs("王 Ming").is_empty());
    }
}
