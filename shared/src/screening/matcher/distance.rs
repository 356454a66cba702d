//! Edit distance tuned to names.
//!
//! Optimal string alignment (Damerau 1964, restricted to adjacent transpositions) with costs that follow how names get
//! misspelled and romanised: a vowel for a vowel costs half a letter, so does a consonant for its voiced or unvoiced
//! twin, a doubled letter or a silent `h` next to nothing, two swapped letters less than two wrong ones. Unit: hundredths of a
//! plainly wrong letter.

/// Letters beyond this are not compared; no single word of a name is longer.
const MAX: usize = 40;
/// "Further apart than asked for."
pub const FAR: u32 = u32::MAX;

/// A wrong letter.
pub const LETTER: u32 = 100;
const VOWEL_FOR_VOWEL: u32 = 55;
const CLOSE_VOWELS: u32 = 45;
const TWIN_CONSONANTS: u32 = 50;
const NEAR_CONSONANTS: u32 = 75;
const VOWEL_FOR_CONSONANT: u32 = 110;
const DIGIT: u32 = 160;
const SWAP: u32 = 75;
const EXTRA_VOWEL: u32 = 50;
const EXTRA_H: u32 = 40;
const DOUBLED: u32 = 20;

/// Costs of all letters and digits for each other, so that the inner loop is a look-up.
const COSTS: [[u16; 64]; 64] = {
    let mut table = [[0u16; 64]; 64];
    let mut a = 0;
    while a < 64 {
        let mut b = 0;
        while b < 64 {
            table[a][b] = substitution(letter(a), letter(b)) as u16;
            b += 1;
        }
        a += 1;
    }
    table
};

/// Letters at 1 to 26, digits at 48 to 57.
const fn code(letter: u8) -> usize {
    ((letter & 31) | ((letter < 64) as u8) << 5) as usize
}

/// The letter or digit of a code.
const fn letter(code: usize) -> u8 {
    if code >= 32 { code as u8 } else { code as u8 + 96 }
}

const fn is_vowel(b: u8) -> bool {
    matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

const fn substitution(a: u8, b: u8) -> u32 {
    if a == b {
        return 0;
    }
    if a.is_ascii_digit() || b.is_ascii_digit() {
        return DIGIT;
    }
    let (x, y) = if a < b { (a, b) } else { (b, a) };
    match (is_vowel(a), is_vowel(b)) {
        (true, true) => match (x, y) {
            (b'e' | b'y', b'i') | (b'i', b'y') | (b'o', b'u') | (b'a', b'e') => CLOSE_VOWELS,
            _ => VOWEL_FOR_VOWEL,
        },
        (false, false) => match (x, y) {
            (b'b' | b'f', b'p' | b'v')
            | (b'd', b't')
            | (b'g', b'k' | b'j')
            | (b'k', b'q' | b'x')
            | (b'c', b'k' | b's' | b'z')
            | (b's', b'z' | b'x')
            | (b'v', b'w') => TWIN_CONSONANTS,
            (b'l', b'r') | (b'm', b'n') | (b'h', b'k') | (b'g', b'h') => NEAR_CONSONANTS,
            _ => LETTER,
        },
        _ => match (x, y) {
            // i, y and j; u, v and w: one letter in many orthographies.
            (b'i', b'j') | (b'j', b'y') | (b'u', b'v' | b'w') => TWIN_CONSONANTS,
            _ => VOWEL_FOR_CONSONANT,
        },
    }
}

/// The cost of one letter for another.
pub fn letters(a: u8, b: u8) -> u32 {
    u32::from(COSTS[code(a)][code(b)])
}

/// The cost of a letter that the other word does not have; `before` is its left neighbour in its own word.
fn extra(letter: u8, before: Option<u8>) -> u32 {
    if before == Some(letter) && !letter.is_ascii_digit() { DOUBLED } else { u32::from(EXTRAS[code(letter)]) }
}

/// Costs of all letters and digits that the other word does not have.
const EXTRAS: [u16; 64] = {
    let mut table = [LETTER as u16; 64];
    let mut at = 0;
    while at < 64 {
        let letter = letter(at);
        if letter == b'h' {
            table[at] = EXTRA_H as u16;
        } else if letter == b'w' || is_vowel(letter) {
            table[at] = EXTRA_VOWEL as u16;
        } else if letter.is_ascii_digit() {
            table[at] = DIGIT as u16;
        }
        at += 1;
    }
    table
};

/// The distance of two lower-case ASCII words, or [`FAR`] once it is certain to exceed `limit`. Symmetric.
pub fn distance(a: &[u8], b: &[u8], limit: u32) -> u32 {
    let a = &a[..a.len().min(MAX)];
    let b = &b[..b.len().min(MAX)];
    if a == b {
        return 0;
    }
    // Each letter of surplus length costs at least a doubled one.
    if a.len().abs_diff(b.len()) as u32 * DOUBLED > limit {
        return FAR;
    }
    if Letters::of(a).least_distance(Letters::of(b)) > limit {
        return FAR;
    }
    // Where both begin alike, nothing is to be gained by not pairing the letters as they stand.
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let shared = same.checked_sub(1).map(|last| a[last]);
    let (a, b) = (&a[same..], &b[same..]);
    let mut extras = [0u32; MAX];
    let mut before = shared;
    for (cost, letter) in extras.iter_mut().zip(b) {
        *cost = extra(*letter, before);
        before = Some(*letter);
    }
    let mut rows = [[0u32; MAX + 1]; 3];
    for j in 0..b.len() {
        rows[0][j + 1] = rows[0][j] + extras[j];
    }
    for i in 0..a.len() {
        let [r0, r1, r2] = &mut rows;
        let (now, one, two) = match i % 3 {
            0 => (r1, r0, r2),
            1 => (r2, r1, r0),
            _ => (r0, r2, r1),
        };
        let costs = &COSTS[code(a[i])];
        let drop_a = extra(a[i], i.checked_sub(1).map_or(shared, |k| Some(a[k])));
        now[0] = one[0] + drop_a;
        let mut least = now[0];
        for j in 0..b.len() {
            let mut best = one[j] + u32::from(costs[code(b[j])]);
            best = best.min(one[j + 1] + drop_a).min(now[j] + extras[j]);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(two[j - 1] + SWAP);
            }
            now[j + 1] = best;
            least = least.min(best);
        }
        if least > limit {
            return FAR;
        }
    }
    let result = rows[a.len() % 3][b.len()];
    if result > limit { FAR } else { result }
}

/// The letters and digits of a word, as a set: letters at bits 1 to 26, digits folded to the bits above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letters(pub u32);

impl Letters {
    pub fn of(word: &[u8]) -> Self {
        let mut set = 0;
        for letter in word {
            let code = code(*letter);
            set |= 1u32 << if code < 32 { code } else { 27 + (code & 3) };
        }
        Self(set)
    }

    /// Two words of these letters are at least so far apart: a letter that only one side has must be replaced or dropped, and
    /// a class of consonants that only one side has cannot be had cheaply.
    pub fn least_distance(self, other: Self) -> u32 {
        let costs = |only: u32| {
            (only & VOWELS).count_ones() * CLOSE_VOWELS
                + (only & SILENT).count_ones() * EXTRA_H
                + (only & NEAR).count_ones() * NEAR_CONSONANTS
                + (only & !(VOWELS | SILENT | NEAR)).count_ones() * TWIN_CONSONANTS
        };
        let letters = costs(self.0 & !other.0).max(costs(other.0 & !self.0));
        let classes =
            |s: u32| CLASSES.iter().enumerate().fold(0u32, |m, (i, class)| m | u32::from(s & class != 0) << i);
        let (p, q) = (classes(self.0), classes(other.0));
        letters.max((p & !q).count_ones().max((q & !p).count_ones()) * NEAR_CONSONANTS)
    }
}

const VOWELS: u32 = bits(b"aeiouy");
const SILENT: u32 = bits(b"h");
/// Consonants for which no other stands at less than [`NEAR_CONSONANTS`].
const NEAR: u32 = bits(b"lrmn");

/// Consonants between which a replacement costs less than [`NEAR_CONSONANTS`], with their neighbours; those that may
/// stand for a vowel or drop out cheaply (h, j, v, w, y) are in none.
const CLASSES: [u32; 5] = [bits(b"dt"), bits(b"lr"), bits(b"mn"), bits(b"gkqcszx"), bits(b"bpf")];

const fn bits(letters: &[u8]) -> u32 {
    let mut set = 0;
    let mut i = 0;
    while i < letters.len() {
        set |= 1 << code(letters[i]);
        i += 1;
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(a: &str, b: &str) -> u32 {
        distance(a.as_bytes(), b.as_bytes(), 10_000)
    }

    #[test]
    fn cases() {
        for (a, b, expected) in [
            ("marin", "marin", 0),
            ("marin", "marrin", DOUBLED),
            ("marin", "maron", VOWEL_FOR_VOWEL),
            ("marin", "maren", CLOSE_VOWELS),
            ("marin", "malin", NEAR_CONSONANTS),
            ("marin", "matin", LETTER),
            ("marin", "mairn", SWAP),
            ("johan", "joan", EXTRA_H),
            ("vadim", "wadim", TWIN_CONSONANTS),
            ("unit1", "unit2", DIGIT),
        ] {
            assert_eq!(d(a, b), expected, "{a} {b}");
        }
        assert_eq!(distance(b"marin", b"petrov", 150), FAR);
    }

    proptest! {
        #[test]
        fn symmetric_and_zero_only_for_equals(a in "[a-z]{0,14}", b in "[a-z]{0,14}") {
            prop_assert_eq!(d(&a, &b), d(&b, &a));
            prop_assert_eq!(d(&a, &b) == 0, a == b);
        }

        #[test]
        fn letters_never_promise_too_much(a in "[a-z0-9]{0,12}", b in "[a-z0-9]{0,12}") {
            let least = Letters::of(a.as_bytes()).least_distance(Letters::of(b.as_bytes()));
            prop_assert!(least <= d(&a, &b));
        }

        #[test]
        fn a_limit_never_changes_a_distance_within_it(a in "[a-z]{0,10}", b in "[a-z]{0,10}", limit in 0u32..600) {
            let full = d(&a, &b);
            let limited = distance(a.as_bytes(), b.as_bytes(), limit);
            prop_assert_eq!(limited, if full > limit { FAR } else { full });
        }
    }
}
