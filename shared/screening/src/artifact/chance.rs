//! What an agreement may owe to chance, and what a weak alias is worth.

use super::side::Side;
use super::view::View;
use crate::entity::Strength;
use crate::evidence::ceiling;
use crate::matcher::align::Pair;
use crate::matcher::score::{Deduction, NameMatch};
use crate::matcher::token::{BLIND_LOSS, BLIND_SHORT_LOSS, Relation, TokenRef, consonants};
use crate::normalise::{Reading, TokenKind, sound};

/// A short list cannot tell what is rare: it is judged as if it were this long.
const LEAST_NAMES: f32 = 16_384.0;
/// What a name known to be common in the world tells at most, however few listed people bear it.
const COMMON_BITS: f32 = 10.0;
const PER_BIT: f32 = 12.0;
/// Another spelling of the whole name must single out one listed name; a part of a name must do so with room to
/// spare, because ordinary names are parts of many.
const SPARE_BITS_SPELLING: f32 = 0.0;
const SPARE_BITS_PART: f32 = 8.0;
const MOST: f32 = 130.0;
/// Where one script writes no vowels, many names agree in their consonants; an initial leaves most of a name unsaid.
const SPARE_BITS_UNSAID: f32 = 5.0;
/// A syllable without its tone: there are some four hundred, few of them rare.
const SYLLABLE_BITS: f32 = 5.0;
/// What the vowels would have told.
const VOWEL_BITS: f32 = 4.5;
/// A letter of an acronym: less than an initial, since words of business begin with few.
const ACRONYM_BITS: f32 = 3.5;
/// A letter: some sixteen of them begin most names.
const INITIAL_BITS: f32 = 4.0;

/// A weak alias is no reason to stop anyone by itself, the less so when it is a single word.
pub fn weak_alias(strength: Strength, tokens: &[TokenRef<'_>]) -> i32 {
    let words = tokens.iter().filter(|t| t.kind.is_distinctive()).count();
    match (strength, words) {
        (Strength::Strong, _) => 0,
        (Strength::Weak, 0 | 1) => 140,
        (Strength::Weak, _) => 20,
    }
}

/// What the agreement may owe to chance.
///
/// Each query token that agrees carries information: the binary logarithm of how few listed names hold it, or anything as
/// near to it as what agreed. A name that agrees in full and letter by letter is shown whatever it is. Where letters differ
/// or names are missing, the agreement must carry more than it takes to single out one of all listed names; what is lacking is taken
/// off, twelve thousandths a bit.
pub fn chance(view: View<'_>, side: &Side<'_>, found: &NameMatch, right: &[TokenRef<'_>], syllabic: bool) -> i32 {
    if (found.score >= 990 && !syllabic) || side.tokens.is_empty() || right.is_empty() {
        return 0;
    }
    let names = (view.form_count(side.half) as f32).max(LEAST_NAMES);
    if found.alignment.pairs.iter().any(|p| p.agreement.relation == Relation::Acronym) {
        // Three letters are the initials of many names.
        let letters = |tokens: &[TokenRef<'_>]| {
            tokens.iter().filter(|t| !t.kind.is_silent()).map(|t| t.text.len()).collect::<Vec<_>>()
        };
        let acronym = [letters(&side.tokens), letters(right)].into_iter().find(|words| words.len() == 1);
        let bits = acronym.map_or(0.0, |words| words[0] as f32 * ACRONYM_BITS);
        return ((names.log2() - bits) * PER_BIT).clamp(0.0, MOST) as i32;
    }
    // Titles and forms agree with everybody's.
    let telling = || found.alignment.pairs.iter().filter(|p| p.weight >= TokenKind::Initial.weight());
    let bits: f32 = telling().map(|p| information(side, p, names, syllabic)).sum();
    let part = found.deductions.iter().any(|d| matches!(d, Deduction::Extra(_) | Deduction::SingleName(_)));
    let unsaid = telling().any(|p| matches!(p.agreement.relation, Relation::Consonants | Relation::Initial));
    // Who shows nothing of an organisation may well be a person, who has nothing to do with a company of a like name.
    let corporate = |tokens: &[TokenRef<'_>]| tokens.iter().any(|t| t.kind.is_corporate());
    let unlike = side.reading == Reading::Organisation && corporate(right) && !corporate(&side.tokens);
    let spare = if part || syllabic {
        SPARE_BITS_PART
    } else if unsaid || unlike {
        SPARE_BITS_UNSAID
    } else {
        SPARE_BITS_SPELLING
    };
    let lacking = names.log2() + spare - bits;
    let most = if agrees_in_consonants(side, right, found) {
        (ceiling(found.score) - LEAST_OF_CONSONANTS).max(0) as f32
    } else {
        MOST
    };
    (lacking * PER_BIT).clamp(0.0, most.min(MOST)) as i32
}

/// What a name scores at least that agrees in all consonants of all its words: more cannot agree where no vowels are written.
const LEAST_OF_CONSONANTS: i32 = 855;

/// So many consonants must agree in all.
const LEAST_CONSONANTS: usize = 5;

/// Whether all words of a name of two words or more agree, and the unvowelled ones in all they have. An article that only one
/// side has is no name.
fn agrees_in_consonants(side: &Side<'_>, right: &[TokenRef<'_>], found: &NameMatch) -> bool {
    let telling = || found.alignment.pairs.iter().filter(|p| p.weight >= TokenKind::CommonName.weight());
    let whole = telling().all(|p| match p.agreement.relation {
        Relation::Consonants => p.agreement.loss <= BLIND_SHORT_LOSS && tells_in_consonants(side, right, p),
        Relation::Same | Relation::SameSound => true,
        Relation::Joined => p.agreement.loss <= BLIND_SHORT_LOSS + BLIND_LOSS,
        _ => false,
    });
    let unwritten = telling().any(|p| matches!(p.agreement.relation, Relation::Consonants | Relation::Joined));
    let of = |set: u32| Pair::indices(set).filter_map(|i| side.tokens.get(i)).map(|t| consonants(t.canon).len());
    let agreeing: usize = telling().flat_map(|p| of(p.left)).sum();
    found.deductions.is_empty() && whole && unwritten && telling().count() >= 2 && agreeing >= LEAST_CONSONANTS
}

/// Whether an unvowelled word and a vowelled one have two consonants in common, or are a common name, and begin alike: where
/// one begins with a vowel, the other has a letter for it.
fn tells_in_consonants(side: &Side<'_>, right: &[TokenRef<'_>], pair: &Pair) -> bool {
    let at = |set: u32| set.trailing_zeros() as usize;
    let (Some(left), Some(right)) = (side.tokens.get(at(pair.left)), right.get(at(pair.right))) else { return false };
    if pair.weight == TokenKind::CommonName.weight() {
        return true;
    }
    let vowel = |token: &TokenRef<'_>| token.text.bytes().next().is_some_and(sound::is_vowel);
    let bare = |unvowelled: &TokenRef<'_>, other: &TokenRef<'_>| unvowelled.abjad && vowel(other) && !vowel(unvowelled);
    consonants(left.canon).len() >= 2 && !bare(left, right) && !bare(right, left)
}

/// What one agreement tells, in bits.
fn information(side: &Side<'_>, pair: &Pair, names: f32, syllabic: bool) -> f32 {
    let looked_up = side.lookups.iter().filter(|l| l.mask & pair.left != 0);
    let told = looked_up.map(|lookup| {
        let near = lookup.near(pair.agreement.loss);
        let mut bits = (names / near.max(1) as f32).log2().max(0.0);
        if pair.agreement.relation == Relation::Initial {
            bits = bits.min(INITIAL_BITS);
        }
        if lookup.kind == TokenKind::CommonName {
            bits = bits.min(COMMON_BITS);
        }
        if syllabic {
            bits = bits.min(SYLLABLE_BITS);
        }
        if pair.agreement.relation == Relation::Consonants {
            bits = (bits - VOWEL_BITS).max(0.0);
        }
        bits
    });
    if pair.agreement.relation == Relation::Joined {
        // Words that together are one: what each tells, but no more than one word can.
        told.sum::<f32>().min(names.log2())
    } else {
        told.fold(0.0, f32::max)
    }
}
