//! Katakana and hiragana in Latin letters (Hepburn), and katakana of foreign names without the vowels that Japanese adds.

use any_ascii::any_ascii_char;
use unicode_normalization::UnicodeNormalization;

/// Small kana change the syllable before them: シャ, ファ, ティ.
fn small(c: char) -> Option<(&'static str, bool)> {
    Some(match c {
        'ァ' | 'ぁ' => ("a", false),
        'ィ' | 'ぃ' => ("i", false),
        'ゥ' | 'ぅ' => ("u", false),
        'ェ' | 'ぇ' => ("e", false),
        'ォ' | 'ぉ' => ("o", false),
        'ャ' | 'ゃ' => ("a", true),
        'ュ' | 'ゅ' => ("u", true),
        'ョ' | 'ょ' => ("o", true),
        _ => return None,
    })
}

/// A word of kana in Latin letters. In a foreign name a consonant that Japanese cannot end on has a vowel more: ス is s, ト is t.
pub fn latin(word: &str, foreign: bool) -> String {
    let chars: Vec<char> = word.nfc().filter(|c| !matches!(c, 'ー' | 'ッ' | 'っ' | '゛' | '゜')).collect();
    let mut syllables: Vec<String> = Vec::new();
    for &c in &chars {
        if let (Some((vowel, palatal)), Some(last)) = (small(c), syllables.last_mut()) {
            let consonant = match last.trim_end_matches(['a', 'i', 'u', 'e', 'o']) {
                "" if last == "u" => "w",
                other => other,
            };
            let glide = if palatal && !matches!(consonant, "sh" | "ch" | "j") { "y" } else { "" };
            *last = format!("{consonant}{glide}{vowel}");
            continue;
        }
        let read: String = match c {
            'ヴ' => "vu".into(),
            'ン' | 'ん' => "n".into(),
            'ヂ' | 'ぢ' => "ji".into(),
            'ヅ' | 'づ' => "zu".into(),
            _ => any_ascii_char(c).to_ascii_lowercase(),
        };
        syllables.push(read.chars().filter(char::is_ascii_alphanumeric).collect());
    }
    if foreign {
        let count = syllables.len();
        let mut dropped = false;
        for at in 0..count {
            let before_vowel = syllables.get(at + 1).is_some_and(|next| next.starts_with(['a', 'i', 'u', 'e', 'o']));
            let extra = matches!(
                syllables[at].as_str(),
                "ku" | "gu" | "su" | "zu" | "ru" | "mu" | "fu" | "bu" | "pu" | "vu" | "to" | "do" | "tsu"
            );
            // A word of two syllables has few to spare.
            dropped = extra && !before_vowel && at > 0 && count > 2 && (!dropped || at + 1 == count);
            if dropped {
                syllables[at].pop();
            }
        }
    }
    syllables.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kana_are_read_as_they_sound() {
        for (word, foreign, expected) in [
            ("トヨタ", false, "toyota"),
            ("ゼタ", false, "zeta"),
            ("さくら", false, "sakura"),
            ("シャープ", false, "shapu"),
            ("ビンラディン", true, "binradin"),
            ("ムハンマド", true, "muhanmad"),
            ("ファティマ", true, "fatima"),
            ("ヴィクトル", true, "viktor"),
            ("ジェームズ", true, "jemz"),
        ] {
            assert_eq!(latin(word, foreign), expected, "{word}");
        }
    }
}
