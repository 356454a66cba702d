//! The keys by which tokens find their near spellings.
//!
//! A token is stored, and asked for, under: its text; its text with any one letter removed (two texts one edit apart, or
//! two that differ by a substitution or a swap, share such a key: the deletion neighbourhood of Mor and Fraenkel, 1982);
//! its sound pattern (vowels as one, consonants by class), likewise with any one sound removed; its consonant skeleton,
//! and from four consonants on that skeleton with any one removed, from seven on its beginning and its end. What comes back is verified by the matcher's own comparison of tokens, so keys decide speed and recall, never a score.

use xxhash_rust::xxh3::xxh3_64;

use crate::normalise::sound;

/// Texts longer than this are not asked for letter by letter.
const MAX_DELETES: usize = 20;

/// From so many consonants on, the first and the last of them are keys as well.
const LONG: usize = 7;

/// Hash of one key; the tag keeps the families apart.
fn hash(tag: u8, key: &[u8]) -> u32 {
    let mut buffer = [0u8; 64];
    let len = key.len().min(63);
    buffer[0] = tag;
    buffer[1..=len].copy_from_slice(&key[..len]);
    (xxh3_64(&buffer[..=len]) >> 32) as u32
}

fn without(key: &[u8], skip: usize, buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.extend_from_slice(&key[..skip]);
    buffer.extend_from_slice(&key[skip + 1..]);
}

/// All keys of a token.
pub fn of_token(text: &str, canon: &str, abjad: bool, out: &mut Vec<u32>) {
    out.clear();
    let mut buffer = Vec::with_capacity(64);
    let mut folded = Vec::with_capacity(64);
    if !abjad {
        deletions(b't', text.as_bytes(), out, &mut buffer);
        sound::pattern(canon, &mut folded);
        deletions(b'p', &folded, out, &mut buffer);
    }
    sound::skeleton(canon, &mut folded);
    match folded.len() {
        0 | 1 => {}
        // Two consonants are shared by too many; only what has no vowels must be content with them.
        2 => out.push(hash(if abjad { b'u' } else { b'2' }, &folded)),
        3 => out.push(hash(b's', &folded)),
        _ => deletions(b's', &folded, out, &mut buffer),
    }
    // A long word misspelled twice may still begin or end as it should.
    if folded.len() >= LONG {
        out.push(hash(b'b', &folded[..LONG - 2]));
        out.push(hash(b'e', &folded[folded.len() + 2 - LONG..]));
    }
    out.sort_unstable();
    out.dedup();
}

/// The keys under which an unvowelled word of two consonants finds vowelled ones, and the other way round.
pub fn of_two_consonants(canon: &str, abjad: bool) -> Option<u32> {
    let mut folded = Vec::new();
    sound::skeleton(canon, &mut folded);
    (folded.len() == 2).then(|| hash(if abjad { b'2' } else { b'u' }, &folded))
}

/// The word and the word without each of its letters.
fn deletions(tag: u8, word: &[u8], out: &mut Vec<u32>, buffer: &mut Vec<u8>) {
    out.push(hash(tag, word));
    if (3..=MAX_DELETES).contains(&word.len()) {
        for i in 0..word.len() {
            without(word, i, buffer);
            out.push(hash(tag, buffer));
        }
    } else if word.len() == 2 {
        // Two-letter names (Un, On): each letter alone, kept apart from words that are one letter long.
        out.push(hash(b'1', &word[..1]));
        out.push(hash(b'1', &word[1..]));
    }
}

/// The key of a text as it stands.
pub fn of_text(text: &str) -> u32 {
    hash(b't', text.as_bytes())
}

/// The key under which words written together meet words written apart. By their texts: what two letters sound like where
/// the words meet is known only of the whole.
pub fn of_join(texts: &[&str]) -> Option<u32> {
    let whole = sound::canonical(&texts.concat());
    let mut skeleton = Vec::new();
    sound::skeleton(&whole, &mut skeleton);
    (skeleton.len() >= 2).then(|| hash(b'j', &skeleton))
}

/// The keys under which a word is looked for as a run of words: as it stands and, where its consonants are many, without
/// any one of them, since where words are run together letters get in.
pub fn of_whole(text: &str, out: &mut Vec<u32>) {
    out.clear();
    let (mut skeleton, mut buffer) = (Vec::new(), Vec::new());
    sound::skeleton(&sound::canonical(text), &mut skeleton);
    if skeleton.len() >= 2 {
        out.push(hash(b'j', &skeleton));
    }
    if skeleton.len() >= 5 {
        for i in 0..skeleton.len() {
            without(&skeleton, i, &mut buffer);
            // What stood on both sides may be one sound now.
            buffer.dedup();
            out.push(hash(b'j', &buffer));
        }
    }
    out.sort_unstable();
    out.dedup();
}

/// The key of a number in normal form.
pub fn of_number(number: &str) -> u32 {
    (xxh3_64(number.as_bytes()) >> 32) as u32
}

/// The key of an acronym.
pub fn of_acronym(letters: &str) -> u32 {
    hash(b'a', letters.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<u32> {
        let mut out = Vec::new();
        of_token(text, &sound::canonical(text), false, &mut out);
        out
    }

    #[test]
    fn near_spellings_share_a_key_and_far_ones_do_not() {
        for (a, b, shared) in [
            ("marina", "marena", true),
            ("marina", "amrina", true),
            ("wiktor", "viktor", true),
            ("montenegro", "mondinegru", true),
            ("tim", "tom", true),
            ("marina", "gustav", false),
        ] {
            let (x, y) = (keys(a), keys(b));
            assert_eq!(x.iter().any(|k| y.contains(k)), shared, "{a} {b}");
        }
        let apart = of_join(&["alvaro", "montenegro"]).unwrap();
        for (whole, shared) in [("alvaromontenegro", true), ("alvarosmontenegro", true), ("alvarogutierrez", false)] {
            let mut wanted = Vec::new();
            of_whole(whole, &mut wanted);
            assert_eq!(wanted.contains(&apart), shared, "{whole}");
        }
    }
}
