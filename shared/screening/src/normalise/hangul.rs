//! Hangul, and Han characters one by one.

use super::characters::ascii;

/// A Han character by its reading, a Hangul syllable by the Revised Romanisation of Korean (2000), which writes what is
/// heard: a last `g` as `k`.
pub fn syllable(c: char) -> String {
    const FIRST: [&str; 19] =
        ["g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h"];
    const MIDDLE: [&str; 21] = [
        "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu",
        "eu", "ui", "i",
    ];
    const LAST: [&str; 28] = [
        "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "ng",
        "t", "t", "k", "t", "p", "t",
    ];
    let at = (c as usize).wrapping_sub(0xac00);
    match (FIRST.get(at / 588), MIDDLE.get(at % 588 / 28), LAST.get(at % 28)) {
        (Some(first), Some(middle), Some(last)) => format!("{first}{middle}{last}"),
        _ => ascii(c.encode_utf8(&mut [0; 4])),
    }
}

/// The usual Latin spelling of a Korean family name, which the Revised Romanisation of its character is not (Lee, not I). Only
/// where a whole name of two to four syllables is written as one word.
pub fn korean_family_name(name: &str) -> Option<&'static str> {
    let first = name.chars().next().filter(|_| (2..=4).contains(&name.chars().count()))?;
    Some(match first {
        '이' | '리' => "lee",
        '김' => "kim",
        '박' => "park",
        '최' => "choi",
        '정' => "jung",
        '강' => "kang",
        '조' => "cho",
        '윤' => "yoon",
        '임' | '림' => "lim",
        '오' => "oh",
        '신' => "shin",
        '권' => "kwon",
        '유' | '류' => "ryu",
        '우' => "woo",
        '구' => "koo",
        '노' | '로' => "roh",
        '문' => "moon",
        '고' => "ko",
        '주' => "joo",
        '배' => "bae",
        '백' => "paik",
        '허' => "huh",
        _ => return None,
    })
}
