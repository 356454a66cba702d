//! Indic scripts in Latin letters.

use any_ascii::any_ascii_char;
use unicode_normalization::UnicodeNormalization;

/// A sound of a word.
#[derive(Clone, Copy, PartialEq)]
enum Sound {
    Consonant(&'static str),
    Vowel(&'static str),
    /// The `a` that a consonant carries unless a sign says otherwise.
    Inherent,
}

const VIRAMA: u32 = 0x4d;
const NUKTA: u32 = 0x3c;
const TAMIL: std::ops::Range<u32> = 0x0b80..0x0c00;

/// The nine Indic blocks of Unicode (Devanagari to Malayalam) share the layout of ISCII (IS 13194:1991): the offset in
/// the block names the letter in all of them. Simplified ISO 15919: no length marks, no retroflex dots. Northern scripts do not
/// pronounce every inherent `a` (Ram, not Rama; Gurpatvant, not Gurapatavant).
pub fn indic(word: &str) -> String {
    let chars: Vec<char> = word.nfc().collect();
    let mut sounds = Vec::new();
    let mut northern = true;
    let mut at = 0;
    while at < chars.len() {
        let code = chars[at] as u32;
        at += 1;
        if !(0x0900..0x0d80).contains(&code) {
            let latin = any_ascii_char(char::from_u32(code).unwrap_or_default());
            sounds.push(Sound::Consonant(latin));
            continue;
        }
        northern = code < 0x0b00;
        let offset = code % 0x80;
        if let Some(vowel) = independent_vowel(offset).or_else(|| vowel_sign(offset)) {
            sounds.push(Sound::Vowel(vowel));
        } else if let Some(consonant) = indic_consonant(offset) {
            let dotted = chars.get(at).is_some_and(|c| (*c as u32) % 0x80 == NUKTA);
            at += usize::from(dotted);
            sounds.push(Sound::Consonant(if dotted { with_nukta(consonant) } else { consonant }));
            let next = chars.get(at).map(|n| (*n as u32) % 0x80);
            if !next.is_some_and(|n| vowel_sign(n).is_some() || n == VIRAMA) {
                sounds.push(Sound::Inherent);
            }
        } else if matches!(offset, 0x01 | 0x02 | 0x70) {
            sounds.push(Sound::Consonant("n"));
        }
    }
    if chars.iter().any(|c| TAMIL.contains(&(*c as u32))) {
        voice(&mut sounds);
    }
    if northern {
        silence(&mut sounds);
    }
    let read = sounds.iter().map(|sound| match sound {
        Sound::Consonant(text) | Sound::Vowel(text) => text,
        Sound::Inherent => "a",
    });
    read.collect::<String>().chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Drops the inherent `a` at the end of a word, and between a vowel with its consonant and a consonant with its vowel, from
/// the end on (the rule of schwa deletion in Hindi).
fn silence(sounds: &mut Vec<Sound>) {
    let consonant = |sound: Option<&Sound>| matches!(sound, Some(Sound::Consonant(_)));
    let vowel = |sound: Option<&Sound>| matches!(sound, Some(Sound::Vowel(_) | Sound::Inherent));
    if sounds.len() > 2 && sounds.last() == Some(&Sound::Inherent) {
        sounds.pop();
    }
    for at in (2..sounds.len()).rev() {
        if sounds[at] == Sound::Inherent
            && consonant(sounds.get(at - 1))
            && vowel(sounds.get(at - 2))
            && consonant(sounds.get(at + 1))
            && vowel(sounds.get(at + 2))
        {
            sounds.remove(at);
        }
    }
}

/// Tamil writes voiced and unvoiced sounds alike: between vowels and behind a nasal they are voiced.
fn voice(sounds: &mut [Sound]) {
    let is_vowel = |sound: Sound| matches!(sound, Sound::Vowel(_) | Sound::Inherent);
    for at in 0..sounds.len() {
        let Sound::Consonant(own) = sounds[at] else { continue };
        let before = at.checked_sub(1).map(|before| sounds[before]);
        let nasal = matches!(before, Some(Sound::Consonant("n" | "m")));
        let between = before.is_some_and(is_vowel) && sounds.get(at + 1).is_some_and(|next| is_vowel(*next));
        sounds[at] = Sound::Consonant(match own {
            "k" if between => "h",
            "k" if nasal => "g",
            "ch" if nasal => "j",
            "ch" if before != Some(Sound::Consonant("ch")) => "s",
            "t" if between || nasal => "d",
            "p" if between || nasal => "b",
            other => other,
        });
    }
}

/// A consonant with a dot below: sounds of Persian and Arabic words.
fn with_nukta(consonant: &'static str) -> &'static str {
    match consonant {
        "k" => "q",
        "j" | "jh" => "z",
        "ph" => "f",
        "d" => "r",
        "dh" => "rh",
        other => other,
    }
}

fn independent_vowel(offset: u32) -> Option<&'static str> {
    Some(match offset {
        0x05 | 0x06 => "a",
        0x07 | 0x08 => "i",
        0x09 | 0x0a => "u",
        0x0b => "ri",
        0x0d..=0x0f => "e",
        0x10 => "ai",
        0x11..=0x13 => "o",
        0x14 => "au",
        _ => return None,
    })
}

fn vowel_sign(offset: u32) -> Option<&'static str> {
    Some(match offset {
        0x3e => "a",
        0x3f | 0x40 => "i",
        0x41 | 0x42 => "u",
        0x43 => "ri",
        0x45..=0x47 => "e",
        0x48 => "ai",
        0x49..=0x4b => "o",
        0x4c => "au",
        _ => return None,
    })
}

fn indic_consonant(offset: u32) -> Option<&'static str> {
    const TABLE: [&str; 37] = [
        "k", "kh", "g", "gh", "n", "ch", "chh", "j", "jh", "n", "t", "th", "d", "dh", "n", "t", "th", "d", "dh", "n",
        "n", "p", "ph", "b", "bh", "m", "y", "r", "r", "l", "l", "l", "v", "sh", "sh", "s", "h",
    ];
    TABLE.get((offset.checked_sub(0x15)?) as usize).copied()
}

/// Sinhala, whose block has a layout of its own.
pub fn sinhala(word: &str) -> String {
    const AL_LAKUNA: u32 = 0x0dca;
    let mut out = String::new();
    let codes: Vec<u32> = word.nfc().map(|c| c as u32).collect();
    for (at, &code) in codes.iter().enumerate() {
        let consonant = match code {
            0x0d9a => "k",
            0x0d9b => "kh",
            0x0d9c => "g",
            0x0d9d => "gh",
            0x0d9e => "n",
            0x0d9f => "ng",
            0x0da0 => "ch",
            0x0da1 => "ch",
            0x0da2 | 0x0da3 => "j",
            0x0da4 | 0x0da5 => "gn",
            0x0da6 => "nj",
            0x0da7 | 0x0dad => "t",
            0x0da8 | 0x0dae => "th",
            0x0da9 | 0x0daf => "d",
            0x0daa | 0x0db0 => "dh",
            0x0dab | 0x0db1 => "n",
            0x0dac | 0x0db3 => "nd",
            0x0db4 => "p",
            0x0db5 => "ph",
            0x0db6 => "b",
            0x0db7 => "bh",
            0x0db8 => "m",
            0x0db9 => "mb",
            0x0dba => "y",
            0x0dbb => "r",
            0x0dbd | 0x0dc5 => "l",
            0x0dc0 => "v",
            0x0dc1 | 0x0dc2 => "sh",
            0x0dc3 => "s",
            0x0dc4 => "h",
            0x0dc6 => "f",
            _ => "",
        };
        let sign = |code: u32| matches!(code, 0x0dcf..=0x0df3) || code == AL_LAKUNA;
        if consonant.is_empty() {
            out.push_str(match code {
                0x0d85 | 0x0d86 | 0x0dcf => "a",
                0x0d87 | 0x0d88 | 0x0dd0 | 0x0dd1 => "e",
                0x0d89 | 0x0d8a | 0x0dd2 | 0x0dd3 => "i",
                0x0d8b | 0x0d8c | 0x0dd4 | 0x0dd6 => "u",
                0x0d8d | 0x0dd8 => "ru",
                0x0d91 | 0x0d92 | 0x0dd9 | 0x0dda => "e",
                0x0d93 | 0x0ddb => "ai",
                0x0d94 | 0x0d95 | 0x0ddc | 0x0ddd => "o",
                0x0d96 | 0x0dde => "au",
                0x0d82 => "n",
                _ => "",
            });
        } else {
            out.push_str(consonant);
            if !codes.get(at + 1).is_some_and(|next| sign(*next)) {
                out.push('a');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_names_are_spelled() {
        for (word, expected) in [
            ("राम", "ram"),
            ("रहमान", "rahman"),
            ("ਗੁਰਪਤਵੰਤ", "gurpatvant"),
            ("ਸਿੰਘ", "singh"),
            ("ਪੰਨੂ", "pannu"),
            ("ज़ाकिर", "zakir"),
            ("फ़ारूक़", "faruq"),
            ("மகிந்த", "mahinda"),
            ("ராசபக்ச", "rasabaksa"),
            ("పవన్", "pavan"),
        ] {
            assert_eq!(indic(word), expected, "{word}");
        }
        for (word, expected) in [("මහින්ද", "mahinda"), ("රාජපක්ෂ", "rajapaksha")] {
            assert_eq!(sinhala(word), expected, "{word}");
        }
    }
}
