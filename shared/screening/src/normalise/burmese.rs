//! Burmese in Latin letters, syllable by syllable, each a word of its own as in `Min Aung Hlaing`.

/// Burmese syllables.
pub fn burmese(word: &str) -> Vec<String> {
    const ASAT: char = '\u{103a}';
    let chars: Vec<char> = word.chars().filter(|c| !matches!(c, '\u{1037}' | '\u{1038}')).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let (base, shan) = (chars[at], chars.get(at + 1) == Some(&ASAT));
        at += 1;
        let Some(initial) = burmese_initial(base).filter(|_| !shan) else { continue };
        let (mut medials, mut vowels) = (String::new(), String::new());
        while let Some(&c) = chars.get(at) {
            match c {
                '\u{103b}'..='\u{103e}' => medials.push(c),
                '\u{102b}'..='\u{1036}' => vowels.push(c),
                // An asat on a vowel marks its tone.
                ASAT => {}
                _ => break,
            }
            at += 1;
        }
        let stops = |next: Option<&char>| matches!(next, Some(&ASAT | '\u{1039}'));
        let last = chars.get(at).copied().filter(|_| stops(chars.get(at + 1)));
        if last.is_some() {
            at += 2;
        }
        let (onset, rhyme) = (burmese_onset(initial, &medials), burmese_rhyme(base, &medials, &vowels, last));
        let onset = if rhyme == "un" { onset.trim_end_matches('w') } else { onset.as_str() };
        out.push(format!("{onset}{rhyme}"));
    }
    out
}

fn burmese_initial(c: char) -> Option<&'static str> {
    Some(match c {
        'က' => "k",
        'ခ' => "kh",
        'ဂ' | 'ဃ' => "g",
        'င' => "ng",
        'စ' => "s",
        'ဆ' => "s",
        'ဇ' | 'ဈ' => "z",
        'ည' | 'ဉ' => "ny",
        'ဋ' | 'တ' => "t",
        'ဌ' | 'ထ' => "ht",
        'ဍ' | 'ဎ' | 'ဒ' | 'ဓ' => "d",
        'ဏ' | 'န' => "n",
        'ပ' => "p",
        'ဖ' => "hp",
        'ဗ' | 'ဘ' => "b",
        'မ' => "m",
        'ယ' | 'ရ' => "y",
        'လ' | 'ဠ' => "l",
        'ဝ' => "w",
        'သ' => "th",
        'ဟ' => "h",
        'အ' => "",
        'ဣ' | 'ဤ' => "i",
        'ဥ' | 'ဦ' => "u",
        'ဧ' => "e",
        'ဩ' | 'ဪ' => "aw",
        'ဿ' => "th",
        _ => return None,
    })
}

fn burmese_onset(initial: &str, medials: &str) -> String {
    let has = |c| medials.contains(c);
    let palatal = has('\u{103b}') || has('\u{103c}');
    let mut onset = match (initial, palatal, has('\u{103e}')) {
        ("y", _, true) | ("th", true, true) => "sh".to_owned(),
        ("kh", true, _) => "ch".to_owned(),
        ("g", true, _) => "gy".to_owned(),
        (initial, palatal, aspirated) => {
            format!("{}{initial}{}", if aspirated { "h" } else { "" }, if palatal { "y" } else { "" })
        }
    };
    if has('\u{103d}') {
        onset.push('w');
    }
    onset
}

fn burmese_rhyme(base: char, medials: &str, vowels: &str, last: Option<char>) -> &'static str {
    let has = |c| vowels.contains(c);
    let (o, u, i, e) = (
        has('\u{102d}') && has('\u{102f}'),
        has('\u{102f}') || has('\u{1030}'),
        has('\u{102d}') || has('\u{102e}'),
        has('\u{1031}'),
    );
    let long = has('\u{102b}') || has('\u{102c}');
    if matches!(base, 'ဣ' | 'ဤ' | 'ဥ' | 'ဦ' | 'ဧ' | 'ဩ' | 'ဪ') {
        return "";
    }
    match last {
        Some('င') if e && long => "aung",
        Some('င') if o => "aing",
        Some('င' | 'ဉ') => "in",
        Some('က') if e && long => "auk",
        Some('က') if o => "aik",
        Some('က') => "et",
        Some('စ') => "it",
        Some('ည') => {
            if medials.is_empty() {
                "e"
            } else {
                "i"
            }
        }
        Some('ယ') => "e",
        Some('န' | 'ဏ' | 'မ') if i => "ein",
        Some('န' | 'ဏ' | 'မ') if u => "on",
        Some('န' | 'ဏ' | 'မ') if medials.contains('\u{103d}') => "un",
        Some('န' | 'ဏ' | 'မ') => "an",
        Some('တ' | 'ပ' | 'ဒ' | 'ဗ') if i => "eit",
        Some('တ' | 'ပ' | 'ဒ' | 'ဗ') if u => "ok",
        Some('တ' | 'ပ' | 'ဒ' | 'ဗ') => "at",
        _ if has('\u{1036}') && u => "on",
        _ if has('\u{1036}') && i => "ein",
        _ if has('\u{1036}') => "an",
        _ if o => "o",
        _ if e && long => "aw",
        _ if e || has('\u{1032}') => "e",
        _ if i => "i",
        _ if u => "u",
        _ => "a",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burmese_names_are_read_by_syllables() {
        for (name, expected) in [
            ("မင်းအောင်လှိုင်", "min aung hlaing"),
            ("သိန်းစိန်", "thein sein"),
            ("သန်းရွှေ", "than shwe"),
            ("အောင်ဆန်းစုကြည်", "aung san su kyi"),
            ("ခင်ညွန့်", "khin nyun"),
        ] {
            assert_eq!(burmese(name).join(" "), expected, "{name}");
        }
    }
}
