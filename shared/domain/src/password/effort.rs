//! How much it takes an attacker to come to a password.

use std::{collections::HashSet, sync::LazyLock};

/// Base words, lower case, one a line; `#` begins a comment. Put together for this project from what is widely known
/// to be used: names, places, clubs, animals, seasons, swear words, words of love, of work and of computers.
static WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("../common_passwords.txt").lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
});

/// Keys beside each other, and letters and digits in their order; runs along these are sequences.
const RUNS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "!@#$%^&*()",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "q1w2e3r4t5y6u7i8o9p0",
    "a1b2c3d4e5f6g7h8i9j0",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7",
];

/// The cost of a common word, in any case, backwards, or with look-alikes for letters.
const WORD: u32 = 2;
/// The cost of a sequence or a year, however long.
const RUN: u32 = 1;
/// The cost of any digit or symbol that belongs to nothing.
const DIGIT: u32 = 1;
/// The cost of any letter that belongs to nothing.
const LETTER: u32 = 2;

/// The shortest and the longest part looked up; nothing longer stands in the list.
const SHORTEST: usize = 3;
const LONGEST: usize = 36;

/// Look-alikes for letters undone: `p4$$w0rd` is `password`. Keeps the number of characters.
pub fn unleet(text: &str) -> String {
    text.chars().map(plain_letter).collect()
}

fn plain_letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    }
}

/// The least number of steps (each a few bits) that makes a password out of common words, sequences, repetitions,
/// years and single characters. A part said again costs nothing.
pub fn effort(password: &str) -> u32 {
    let text: Vec<char> = password.to_lowercase().chars().collect();
    let plain: Vec<char> = text.iter().copied().map(plain_letter).collect();
    // best[i]: the least cost of the first i characters.
    let mut best = vec![0u32; text.len() + 1];
    for end in 1..=text.len() {
        let last = text[end - 1];
        let single = if last.is_alphabetic() { LETTER } else { DIGIT };
        best[end] = best[end - 1] + single;
        for start in end.saturating_sub(LONGEST)..(end + 1).saturating_sub(SHORTEST) {
            let cost = part_cost(&text, &plain, start, end);
            best[end] = best[end].min(best[start].saturating_add(cost));
        }
        for start in end.div_ceil(2)..end {
            let (part, before) = (&text[start..end], &text[2 * start - end..start]);
            if part == before {
                best[end] = best[end].min(best[start]);
            }
        }
    }
    best[text.len()]
}

/// The cost of `text[start..end]` as one part; `u32::MAX` if it is none.
fn part_cost(text: &[char], plain: &[char], start: usize, end: usize) -> u32 {
    let part = &text[start..end];
    if is_run(part) || is_year(part) {
        return RUN;
    }
    // `1` and `!` stand for `l` as well as for `i`.
    let with_l = || text[start..end].iter().map(|c| if matches!(c, '1' | '!' | '|') { 'l' } else { plain_letter(*c) });
    let forms: [String; 3] = [part.iter().collect(), plain[start..end].iter().collect(), with_l().collect()];
    let common = forms
        .iter()
        .any(|form| WORDS.contains(form.as_str()) || WORDS.contains(form.chars().rev().collect::<String>().as_str()));
    if common { WORD } else { u32::MAX }
}

/// Whether a part runs along one of [`RUNS`], forwards or backwards.
fn is_run(part: &[char]) -> bool {
    let forwards: String = part.iter().collect();
    let backwards: String = part.iter().rev().collect();
    RUNS.iter().any(|run| run.contains(&forwards) || run.contains(&backwards))
}

/// 1900 to 2099: birth years and the year at hand.
fn is_year(part: &[char]) -> bool {
    matches!(part, ['1', '9', a, b] | ['2', '0', a, b] if a.is_ascii_digit() && b.is_ascii_digit())
}
