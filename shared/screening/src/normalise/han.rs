//! Han characters: their simplified forms, and how Koreans and Cantonese read them.
//!
//! `tables/make_han.py` writes the table from Unicode's Unihan database.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::script::{korean_family_name, syllable};

const UNIHAN: &str = include_str!("../../tables/han.tsv");

struct Entry {
    simplified: Option<char>,
    korean: Option<char>,
    cantonese: &'static str,
}

static TABLE: LazyLock<HashMap<char, Entry>> = LazyLock::new(|| {
    let entry = |line: &'static str| {
        let mut fields = line.split('\t');
        let char = fields.next()?.chars().next()?;
        let mut one = || fields.next().and_then(|field| field.chars().next());
        let (simplified, korean) = (one(), one());
        Some((char, Entry { simplified, korean, cantonese: fields.next().unwrap_or_default() }))
    };
    UNIHAN.lines().filter_map(entry).collect()
});

/// The simplified form of a character, by which the two writings of a name are compared.
pub fn simplified(c: char) -> char {
    TABLE.get(&c).and_then(|entry| entry.simplified).unwrap_or(c)
}

/// A name's characters as Koreans read them, in Latin letters; `None` where one has no such reading.
pub fn korean(name: &[char]) -> Option<Vec<String>> {
    let hangul: Option<Vec<char>> = name.iter().map(|c| TABLE.get(c).and_then(|entry| entry.korean)).collect();
    let hangul = hangul?;
    let family = korean_family_name(&hangul.iter().collect::<String>());
    let read = hangul.iter().enumerate().map(|(at, c)| match family {
        Some(family) if at == 0 => family.to_owned(),
        _ => syllable(*c),
    });
    Some(read.collect())
}

/// A name's characters as Cantonese read them, as Hong Kong spells them.
pub fn cantonese(name: &[char]) -> Option<Vec<String>> {
    let read = |c: &char| TABLE.get(c).map(|entry| entry.cantonese).filter(|sound| !sound.is_empty()).map(hong_kong);
    name.iter().map(read).collect()
}

/// A syllable of Jyutping in the spelling of Hong Kong's government, which has no standard but its habits.
fn hong_kong(jyutping: &str) -> String {
    const INITIALS: [(&str, &str); 10] = [
        ("gw", "kw"),
        ("kw", "kw"),
        ("ng", "ng"),
        ("b", "p"),
        ("d", "t"),
        ("g", "k"),
        ("z", "ch"),
        ("c", "ch"),
        ("jyu", "yu"),
        ("j", "y"),
    ];
    const FINALS: [(&str, &str); 14] = [
        ("oeng", "eung"),
        ("oek", "euk"),
        ("eoi", "ui"),
        ("eon", "un"),
        ("eot", "ut"),
        ("aai", "ai"),
        ("aau", "au"),
        ("aa", "a"),
        ("yun", "uen"),
        ("yut", "uet"),
        ("yu", "u"),
        ("ou", "o"),
        ("oe", "eu"),
        ("ei", "ei"),
    ];
    match jyutping {
        "lei" => return "lee".into(),
        "m" | "ng" => return "ng".into(),
        "zi" => return "chi".into(),
        "si" => return "sze".into(),
        _ => {}
    }
    let initial = INITIALS.iter().find(|(own, _)| jyutping.starts_with(own));
    let (head, rest) = if let Some((own, latin)) = initial {
        (*latin, &jyutping[own.len()..])
    } else {
        jyutping.split_at(jyutping.find(['a', 'e', 'i', 'o', 'u', 'y']).unwrap_or(0))
    };
    let found = FINALS.iter().find(|(own, _)| rest.starts_with(own));
    let tail = found.map_or_else(|| rest.to_owned(), |(own, latin)| format!("{latin}{}", &rest[own.len()..]));
    format!("{head}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traditional_characters_have_their_simplified_forms() {
        for (traditional, expected) in
            [('國', '国'), ('張', '张'), ('劍', '剑'), ('国', '国'), ('王', '王'), ('后', '后')]
        {
            assert_eq!(simplified(traditional), expected, "{traditional}");
        }
    }

    #[test]
    fn characters_are_read_as_koreans_and_cantonese_read_them() {
        let chars = |name: &str| name.chars().collect::<Vec<_>>();
        for (name, expected) in [("金正恩", "kim jeong eun"), ("李承晩", "lee seung man")] {
            assert_eq!(korean(&chars(name)).map(|read| read.join(" ")).as_deref(), Some(expected), "{name}");
        }
        for (name, expected) in [
            ("李家超", "lee ka chiu"),
            ("梁振英", "leung chan ying"),
            ("陳茂波", "chan mau po"),
            ("張建宗", "cheung kin chung"),
        ] {
            assert_eq!(cantonese(&chars(name)).map(|read| read.join(" ")).as_deref(), Some(expected), "{name}");
        }
    }
}
