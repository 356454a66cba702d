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
    // Where both begin alike, nothing is to be gained by not pairing the letters as they stand.
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let shared = same.checked_sub(1).map(|last| a[last]);
    let (a, b) = (&a[same..], &b[same..]);
    aligned(a, b, shared, limit)
}

/// The alignment proper, row by row, of what follows the letter `shared`.
fn aligned(a: &[u8], b: &[u8], shared: Option<u8>, limit: u32) -> u32 {
    let width = b.len().min(MAX);
    let (mut extras, mut codes) = ([0u32; MAX], [0u8; MAX]);
    let (extras, codes) = (&mut extras[..width], &mut codes[..width]);
    let mut rows = [[0u32; MAX + 1]; 3];
    let [two, one, now] = &mut rows;
    let (mut two, mut one, mut now) = (&mut two[..=width], &mut one[..=width], &mut now[..=width]);
    let mut before = shared;
    for j in 0..width {
        extras[j] = extra(b[j], before);
        codes[j] = code(b[j]) as u8;
        one[j + 1] = one[j] + extras[j];
        before = Some(b[j]);
    }
    let mut above = shared;
    for (i, &letter) in a.iter().enumerate() {
        let costs = &COSTS[code(letter)];
        let drop_a = extra(letter, above);
        let mut left = one[0] + drop_a;
        let mut least = left;
        now[0] = left;
        for j in 0..width {
            let mut best = one[j] + u32::from(costs[usize::from(codes[j] & 63)]);
            best = best.min(one[j + 1] + drop_a).min(left + extras[j]);
            if above == Some(b[j]) && i > 0 && j > 0 && letter == b[j - 1] {
                best = best.min(two[j - 1] + SWAP);
            }
            now[j + 1] = best;
            left = best;
            least = least.min(best);
        }
        if least > limit {
            return FAR;
        }
        above = Some(letter);
        (two, one, now) = (one, now, two);
    }
    if one[width] > limit { FAR } else { one[width] }
}

/// What a word is made of: how often it has each letter, and each class of consonants between which a replacement costs
/// less than a letter. Two words' profiles tell the least that their distance can be, at a tenth of its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile(pub [u8; PROFILE]);

/// Bytes of a [`Profile`].
pub const PROFILE: usize = 32;

/// Letters that share a slot count as one (`k` and `q`, `i` and `y`, `v` and `w`, all digits).
const SLOTS: [&[u8]; 24] = [
    b"a",
    b"e",
    b"iy",
    b"o",
    b"u",
    b"d",
    b"t",
    b"l",
    b"r",
    b"m",
    b"n",
    b"g",
    b"kq",
    b"c",
    b"s",
    b"z",
    b"x",
    b"b",
    b"p",
    b"f",
    b"h",
    b"j",
    b"vw",
    b"0123456789",
];
/// `h`, `j`, `v` and `w`, which may stand for letters of other classes or drop out cheaply.
const WEAK: std::ops::Range<usize> = 20..23;
/// The classes' slots: vowels, then the consonants by [`CLASSES`].
const CLASS_OF_VOWELS: usize = 24;
const STRONG: std::ops::Range<usize> = 25..30;
const CLASSES: [&[u8]; 6] = [b"aeiouy", b"dt", b"lr", b"mn", b"gkqcszx", b"bpf"];
/// Set where a letter is doubled, which makes letters cheaper than a profile knows.
const HAS_DOUBLED: usize = 31;

/// What a letter that only one side has costs at least, by slot: within its class; then, by class, what it costs beyond
/// that where the other side has no letter of the class for it.
const WEIGHTS: [u8; PROFILE] = [
    45, 45, 45, 45, 45, 50, 50, 75, 75, 75, 75, 50, 50, 50, 50, 50, 50, 50, 50, 50, 40, 50, 50, 160, // letters
    5, 50, 25, 25, 50, 50, // classes
    0, 0,
];
/// What a consonant saves at most by standing for one of [`WEAK`].
const SAVED: u32 = LETTER - TWIN_CONSONANTS;

/// For each letter's code its slot and its class's, or the slot that weighs nothing.
const PLACES: [[u8; 2]; 64] = {
    let mut places = [[30, 30]; 64];
    let mut slot = 0;
    while slot < SLOTS.len() {
        let mut i = 0;
        while i < SLOTS[slot].len() {
            places[code(SLOTS[slot][i])][0] = slot as u8;
            i += 1;
        }
        slot += 1;
    }
    let mut class = 0;
    while class < CLASSES.len() {
        let mut i = 0;
        while i < CLASSES[class].len() {
            places[code(CLASSES[class][i])][1] = (CLASS_OF_VOWELS + class) as u8;
            i += 1;
        }
        class += 1;
    }
    places
};

impl Profile {
    pub fn of(word: &[u8]) -> Self {
        let mut counts = [0; PROFILE];
        let mut before = None;
        for letter in word.iter().take(MAX) {
            for place in PLACES[code(*letter)] {
                counts[place as usize] += 1;
            }
            if before == Some(letter) {
                counts[HAS_DOUBLED] = 1;
            }
            before = Some(letter);
        }
        Self(counts)
    }

    /// Two words of these profiles are at least so far apart.
    pub fn least_distance(&self, other: &Self) -> u32 {
        if self.0[HAS_DOUBLED] | other.0[HAS_DOUBLED] != 0 {
            return 0;
        }
        self.surplus(other).max(other.surplus(self))
    }

    /// What the letters that the other has not cost at least: each is replaced or dropped.
    fn surplus(&self, other: &Self) -> u32 {
        let only = |i: usize| self.0[i].saturating_sub(other.0[i]);
        let cost: u16 = (0..PROFILE).map(|i| u16::from(only(i)) * u16::from(WEIGHTS[i])).sum();
        let strong: u8 = STRONG.map(only).sum();
        let weak: u8 = WEAK.map(|i| other.0[i]).sum();
        u32::from(cost) - SAVED * u32::from(strong.min(weak))
    }
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

    /// Replaced, dropped, added and swapped letters; replacements prefer the cheap ones, which are where a bound may fail.
    fn edited(word: &[u8], edits: &[(usize, u8, u8)]) -> Vec<u8> {
        let mut out = word.to_vec();
        for &(at, kind, letter) in edits {
            let at = at % out.len().max(1);
            match kind {
                _ if out.is_empty() => out.push(letter),
                0 => {
                    let old = out[at];
                    let cheap = (b'a'..=b'z').filter(|l| (1..LETTER).contains(&letters(old, *l)));
                    out[at] = cheap.cycle().nth(usize::from(letter)).unwrap_or(letter);
                }
                1 => drop(out.remove(at)),
                2 => out.insert(at, letter),
                _ => out.swap(at, at.saturating_sub(1)),
            }
        }
        out
    }

    #[test]
    fn every_single_replacement_is_bounded() {
        let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789";
        for a in alphabet {
            for b in alphabet {
                let least = Profile::of(&[*a]).least_distance(&Profile::of(&[*b]));
                assert!(least <= distance(&[*a], &[*b], 10_000), "{} {}", *a as char, *b as char);
            }
        }
        let far = Profile::of(b"marina").least_distance(&Profile::of(b"gustav"));
        assert!(far > 300, "a bound that bounds nothing is of no use: {far}");
    }

    proptest! {
        #[test]
        fn symmetric_and_zero_only_for_equals(a in "[a-z]{0,14}", b in "[a-z]{0,14}") {
            prop_assert_eq!(d(&a, &b), d(&b, &a));
            prop_assert_eq!(d(&a, &b) == 0, a == b);
        }

        #[test]
        fn a_profile_never_promises_too_much(
            word in "[a-z]{1,9}",
            other in "[a-z0-9]{0,12}",
            edits in prop::collection::vec((0usize..10, 0u8..4, prop::sample::select(b"abcdefghijklmnopqrstuvwxyz0".to_vec())), 0..5),
        ) {
            let near = edited(word.as_bytes(), &edits);
            for b in [near.as_slice(), other.as_bytes()] {
                let least = Profile::of(word.as_bytes()).least_distance(&Profile::of(b));
                prop_assert!(least <= distance(word.as_bytes(), b, 10_000), "{word} {b:?}");
            }
        }

        #[test]
        fn a_limit_never_changes_a_distance_within_it(a in "[a-z]{0,10}", b in "[a-z]{0,10}", limit in 0u32..600) {
            let full = d(&a, &b);
            let limited = distance(a.as_bytes(), b.as_bytes(), limit);
            prop_assert_eq!(limited, if full > limit { FAR } else { full });
        }
    }
}
