//! Indic scripts in Latin letters.

use any_ascii::any_ascii_char;
use unicode_normalization::UnicodeNormalization;

/// The nine Indic blocks of Unicode (Devanagari to Malayalam) share the layout of ISCII (IS 13194:1991): the offset in
/// the block names the letter in all of them. Simplified ISO 15919: no length marks, no retroflex dots.
pub fn indic(word: &str) -> String {
    let chars: Vec<char> = word.nfc().collect();
    let mut out = String::new();
    // Northern scripts do not pronounce a final inherent `a` (Ram, not Rama); southern ones do.
    let mut drops_final = true;
    for (i, &c) in chars.iter().enumerate() {
        let code = c as u32;
        if !(0x0900..0x0d80).contains(&code) {
            out.push_str(any_ascii_char(c));
            continue;
        }
        drops_final = code < 0x0b80;
        let offset = code % 0x80;
        if let Some(vowel) = independent_vowel(offset).or_else(|| vowel_sign(offset)) {
            out.push_str(vowel);
        } else if let Some(consonant) = indic_consonant(offset) {
            out.push_str(consonant);
            let next = chars.get(i + 1).map(|n| (*n as u32) % 0x80);
            let silenced = next.is_some_and(|n| vowel_sign(n).is_some() || n == 0x4d);
            let followed = next.is_some_and(|n| n != 0x3c);
            let nukta =
                next == Some(0x3c) && chars.get(i + 2).is_some_and(|n| vowel_sign((*n as u32) % 0x80).is_some());
            if !silenced && !nukta && (followed || !drops_final) {
                out.push('a');
            }
        } else if matches!(offset, 0x01 | 0x02 | 0x70) {
            out.push('n');
        }
    }
    let _ = drops_final;
    out.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
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
