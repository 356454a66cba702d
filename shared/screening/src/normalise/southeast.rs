//! Thai, Lao and Khmer in Latin letters, by the spellings that names of these countries have.
//!
//! Thai by the Royal Thai General System; Lao by the usual French-English spelling; of Khmer, whose vowels depend on the series of the consonant, the consonants alone.

/// What stands before its consonant in writing and behind it in speech.
fn leading(c: char) -> bool {
    matches!(c, 'เ' | 'แ' | 'โ' | 'ใ' | 'ไ' | 'ເ' | 'ແ' | 'ໂ' | 'ໃ' | 'ໄ')
}

fn thai_vowel(c: char) -> Option<&'static str> {
    Some(match c {
        'ะ' | 'ั' | 'า' | 'ๅ' => "a",
        'ำ' => "am",
        'ิ' | 'ี' => "i",
        'ึ' | 'ื' => "ue",
        'ุ' | 'ู' => "u",
        'เ' => "e",
        'แ' => "ae",
        'โ' => "o",
        'ใ' | 'ไ' => "ai",
        _ => return None,
    })
}

/// A Thai consonant at the beginning and at the end of a syllable.
fn thai_consonant(c: char) -> Option<(&'static str, &'static str)> {
    Some(match c {
        'ก' => ("k", "k"),
        'ข' | 'ฃ' | 'ค' | 'ฅ' | 'ฆ' => ("kh", "k"),
        'ง' => ("ng", "ng"),
        'จ' | 'ฉ' | 'ช' | 'ฌ' => ("ch", "t"),
        'ซ' | 'ศ' | 'ษ' | 'ส' => ("s", "t"),
        'ญ' => ("y", "n"),
        'ฎ' | 'ด' => ("d", "t"),
        'ฏ' | 'ต' => ("t", "t"),
        'ฐ' | 'ฑ' | 'ฒ' | 'ถ' | 'ท' | 'ธ' => ("th", "t"),
        'ณ' | 'น' => ("n", "n"),
        'บ' => ("b", "p"),
        'ป' => ("p", "p"),
        'ผ' | 'พ' | 'ภ' => ("ph", "p"),
        'ฝ' | 'ฟ' => ("f", "p"),
        'ม' => ("m", "m"),
        'ย' => ("y", "i"),
        'ร' => ("r", "n"),
        'ล' | 'ฬ' => ("l", "n"),
        'ว' => ("w", "o"),
        'ห' | 'ฮ' => ("h", ""),
        'อ' => ("", ""),
        _ => return None,
    })
}

/// A Thai word.
pub fn thai(word: &str) -> String {
    const SILENCED: char = '์';
    let tone = |c: &char| matches!(c, '่' | '้' | '๊' | '๋' | '็' | 'ฺ' | 'ํ' | '๎');
    let mut chars: Vec<char> = word.chars().filter(|c| !tone(c)).collect();
    // A silenced consonant takes with it the one before that closes no syllable (จันทร์).
    while let Some(at) = chars.iter().position(|c| *c == SILENCED) {
        let mut from = at.saturating_sub(1);
        if from > 0 && thai_vowel(chars[from]).is_some() {
            from -= 1;
        }
        let closed =
            from >= 2 && thai_consonant(chars[from - 1]).is_some() && thai_consonant(chars[from - 2]).is_some();
        if closed && chars[from] == 'ร' {
            from -= 1;
        }
        chars.drain(from..=at);
    }
    let mut out = String::new();
    let mut at = 0;
    let consonant = |at: usize| chars.get(at).and_then(|c| thai_consonant(*c));
    let voiced = |at: usize| chars.get(at).is_some_and(|c| thai_vowel(*c).is_some() && !leading(*c));
    while at < chars.len() {
        let lead = Some(chars[at]).filter(|c| leading(*c));
        at += usize::from(lead.is_some());
        let Some((mut initial, _)) = consonant(at) else {
            out.push_str(chars.get(at).and_then(|c| thai_vowel(*c)).unwrap_or_default());
            at += 1;
            continue;
        };
        let first = chars[at];
        at += 1;
        let second = chars.get(at).copied();
        let cluster = |c: char| {
            matches!(c, 'ร' | 'ล' | 'ว') && matches!(first, 'ก' | 'ข' | 'ค' | 'ต' | 'ป' | 'ผ' | 'พ' | 'ศ' | 'ท' | 'ส')
        };
        let sonorant = |c: char| first == 'ห' && matches!(c, 'ง' | 'ญ' | 'น' | 'ม' | 'ย' | 'ร' | 'ล' | 'ว');
        let goes_on = lead.is_some() || voiced(at + 1);
        let mut joined = String::new();
        if let Some(c) = second.filter(|c| goes_on && (cluster(*c) || sonorant(*c))) {
            if sonorant(c) {
                initial = "";
            }
            joined.push_str(thai_consonant(c).map_or("", |(own, _)| own));
            at += 1;
        }
        out.push_str(if first == 'ท' && joined == "r" { "s" } else { initial });
        if joined != "r" || !matches!(first, 'ท' | 'ศ' | 'ส') {
            out.push_str(&joined);
        }
        let (vowel, taken) = thai_rhyme(lead, &chars[at..]);
        at += taken;
        let has_vowel = lead.is_some() || taken > 0;
        let closes = |at: usize| consonant(at).is_some() && !voiced(at + 1) && chars.get(at) != Some(&'อ');
        if has_vowel {
            out.push_str(vowel);
        } else if closes(at) {
            out.push('o');
        } else {
            out.push('a');
        }
        // A consonant without a vowel of its own ends the syllable, if it is not the first of the next.
        let last = consonant(at).filter(|_| closes(at));
        if let Some((_, end)) = last {
            out.push_str(end);
            at += 1;
        }
    }
    out
}

/// The vowel of a syllable, and how many signs behind its consonants belong to it.
fn thai_rhyme(lead: Option<char>, rest: &[char]) -> (&'static str, usize) {
    match (lead, rest) {
        (Some('เ'), ['า', ..]) => ("ao", 1),
        (Some('เ'), ['ี', 'ย', ..]) => ("ia", 2),
        (Some('เ'), ['ื', 'อ', ..]) => ("uea", 2),
        (Some('เ'), ['อ', ..]) => ("oe", 1),
        (Some('เ'), ['ิ', ..]) => ("oe", 1),
        (Some(lead), ['ะ', ..]) => (thai_vowel(lead).unwrap_or_default(), 1),
        (Some(lead), _) => (thai_vowel(lead).unwrap_or_default(), 0),
        (None, ['ั', 'ว', ..]) => ("ua", 2),
        (None, ['ร', 'ร', ..]) => ("a", 2),
        (None, ['อ', ..]) => ("o", 1),
        (None, ['ว', next, ..]) if thai_consonant(*next).is_some() => ("ua", 1),
        (None, [c, ..]) => thai_vowel(*c).filter(|_| !leading(*c)).map_or(("", 0), |vowel| (vowel, 1)),
        (None, []) => ("", 0),
    }
}

/// A Lao word.
pub fn lao(word: &str) -> String {
    let chars: Vec<char> = word.chars().filter(|c| !matches!(c, '\u{ec8}'..='\u{ecd}') || *c == '\u{ecd}').collect();
    let mut out = String::new();
    let mut lead = None;
    let mut open = false;
    for (at, &c) in chars.iter().enumerate() {
        if leading(c) {
            lead = Some(c);
            open = false;
            continue;
        }
        let vowel = match c {
            'ະ' | 'ັ' | 'າ' => "a",
            'ິ' | 'ີ' => "i",
            'ຶ' | 'ື' => "u",
            'ຸ' => "u",
            'ູ' => "ou",
            'ົ' | '\u{ecd}' => "o",
            'ຽ' => "ia",
            'ຳ' => "am",
            _ => "",
        };
        if !vowel.is_empty() {
            out.push_str(vowel);
            open = false;
            continue;
        }
        let next_is_vowel = chars.get(at + 1).is_some_and(|n| matches!(n, '\u{eb0}'..='\u{ebb}' | 'ຽ' | '\u{ecd}'));
        let ends = !next_is_vowel && at > 0 && !open && lead.is_none();
        out.push_str(match c {
            'ກ' => "k",
            'ຂ' | 'ຄ' => "kh",
            'ງ' => "ng",
            'ຈ' => "ch",
            'ສ' | 'ຊ' => "s",
            'ຍ' => {
                if ends {
                    "i"
                } else {
                    "nh"
                }
            }
            'ດ' => {
                if ends {
                    "t"
                } else {
                    "d"
                }
            }
            'ຕ' => "t",
            'ຖ' | 'ທ' => "th",
            'ນ' => "n",
            'ບ' => {
                if ends {
                    "p"
                } else {
                    "b"
                }
            }
            'ປ' => "p",
            'ຜ' | 'ພ' => "ph",
            'ຝ' | 'ຟ' => "f",
            'ມ' => "m",
            'ຢ' => "y",
            'ຣ' => "r",
            'ລ' | 'ຼ' => "l",
            'ວ' => "v",
            'ຫ' | 'ຮ' => "h",
            'ໜ' => "n",
            'ໝ' => "m",
            'ອ' => {
                if at == 0 || lead.is_some() || next_is_vowel {
                    ""
                } else {
                    "o"
                }
            }
            _ => "",
        });
        open = c != 'ອ' && !ends;
        if let Some(sign) = lead.take_if(|_| !matches!(chars.get(at + 1), Some('ຣ' | 'ລ' | 'ວ' | 'ຼ') if open))
        {
            out.push_str(match sign {
                'ເ' | 'ແ' => "e",
                'ໂ' => "o",
                _ => "ai",
            });
            open = false;
        }
    }
    out
}

/// The consonants of a Khmer word.
pub fn khmer(word: &str) -> Vec<&'static str> {
    let consonant = |c: char| {
        Some(match c {
            'ក' | 'គ' => "k",
            'ខ' | 'ឃ' => "kh",
            'ង' => "ng",
            'ច' | 'ជ' | 'ឆ' | 'ឈ' => "ch",
            'ញ' => "nh",
            'ដ' | 'ឌ' => "d",
            'ឋ' | 'ឍ' | 'ថ' | 'ធ' => "th",
            'ណ' | 'ន' => "n",
            'ត' | 'ទ' => "t",
            'ប' => "b",
            'ផ' | 'ភ' => "ph",
            'ព' => "p",
            'ម' => "m",
            'យ' => "y",
            'រ' => "r",
            'ល' | 'ឡ' => "l",
            'វ' => "v",
            'ស' | 'ឝ' | 'ឞ' => "s",
            'ហ' => "h",
            'ំ' => "m",
            'អ' | '\u{17a3}'..='\u{17b3}' | '\u{17b6}'..='\u{17c5}' => "a",
            _ => return None,
        })
    };
    word.chars().filter_map(consonant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thai_and_lao_words_are_read_as_names_are_spelled() {
        for (word, expected) in [
            ("ประยุทธ์", "prayut"),
            ("จันทร์โอชา", "chanocha"),
            ("สมชาย", "somchai"),
            ("ใจดี", "chaidi"),
            ("ทักษิณ", "thaksin"),
        ] {
            assert_eq!(thai(word), expected, "{word}");
        }
        for (word, expected) in [("ທອງລຸນ", "thonglun"), ("ສີສຸລິດ", "sisulit"), ("ບຸນຍັງ", "bunnhang")]
        {
            assert_eq!(lao(word), expected, "{word}");
        }
    }
}
