//! From an alignment to a score.
//!
//! A name score starts at 1 and loses for what speaks against the names being one: letters that differ, names that only
//! one side has, and, above all, names that contradict each other. Losses are thousandths. The sizes are set so that 0.85
//! separates: one misspelled letter passes, a whole other name does not, however many tokens agree around it.

use super::align::{Alignment, Pair, align};
use super::token::{Agreement, Memo, Relation, TokenRef};
use crate::normalise::{self, NameForm, Reading, TokenKind, forms};

/// Why points were lost, beyond the pairs themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deduction {
    /// Both sides have a name that the other has not: they contradict.
    Conflict(i32),
    /// One side has more names.
    Extra(i32),
    /// Only one name agrees, out of several.
    SingleName(i32),
    /// Father and son change places around `bin`.
    Descent(i32),
    /// Different numbers.
    Numbers(i32),
    /// Only words that many organisations use agree.
    OnlyGeneric(i32),
    /// Characters of the original script differ.
    Characters(i32),
    /// The only name is a short word or an acronym, and not the same letter for letter.
    ShortName(i32),
    /// The only name is spelled otherwise, and the company forms are of another family.
    Forms(i32),
}

impl Deduction {
    pub fn loss(self) -> i32 {
        match self {
            Self::Conflict(l)
            | Self::Extra(l)
            | Self::SingleName(l)
            | Self::Descent(l)
            | Self::Numbers(l)
            | Self::OnlyGeneric(l)
            | Self::Characters(l)
            | Self::ShortName(l)
            | Self::Forms(l) => l,
        }
    }
}

/// How two names agree.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NameMatch {
    /// Thousandths, 0 to 1000.
    pub score: i32,
    pub alignment: Alignment,
    /// The percentage by which the losses of the pairs are multiplied: see [`spread`].
    pub factor: i32,
    pub deductions: Vec<Deduction>,
}

/// The whole of what a name can be compared by.
#[derive(Debug, Clone, Copy)]
pub struct NameRef<'a> {
    pub tokens: &'a [TokenRef<'a>],
    pub ideographs: &'a [char],
    pub initials: &'a str,
    /// See [`NameForm::acronym`].
    pub acronym: bool,
    pub reading: Reading,
}

/// Compares two names of one reading. Symmetric; the order of tokens does not matter, except around `bin` and `ibn`, where it
/// states who is whose father, and behind an article, where a title is the family's name (`al-Shaykh`).
///
/// A score below `floor` may come out lower than it is.
pub fn compare(left: NameRef<'_>, right: NameRef<'_>, floor: i32, memo: &mut Memo, out: &mut NameMatch) {
    out.deductions.clear();
    align(left.tokens, right.tokens, memo, &mut out.alignment, 1000 - LEAST_CONFLICT < floor);
    if left.reading == Reading::Organisation {
        acronym(left, right, &mut out.alignment);
    }
    let loss = match left.reading {
        Reading::Person => person(left, right, out),
        Reading::Organisation => organisation(left, right, out),
    };
    let characters = ideographs(left.ideographs, right.ideographs);
    if characters > loss {
        out.deductions.push(Deduction::Characters(characters - loss));
    }
    out.score = (1000 - loss.max(characters)).max(0);
    if !out.alignment.pairs.iter().any(|p| p.weight >= TokenKind::Initial.weight()) {
        out.score = 0;
    }
}

/// Two short-lived names, for callers that hold forms.
pub fn compare_forms(left: &NameForm, right: &NameForm, reading: Reading) -> NameMatch {
    let l: Vec<TokenRef<'_>> = left.tokens.iter().map(Into::into).collect();
    let r: Vec<TokenRef<'_>> = right.tokens.iter().map(Into::into).collect();
    let mut out = NameMatch::default();
    compare(
        NameRef { tokens: &l, ideographs: &left.ideographs, initials: &left.initials, acronym: left.acronym, reading },
        NameRef {
            tokens: &r,
            ideographs: &right.ideographs,
            initials: &right.initials,
            acronym: right.acronym,
            reading,
        },
        0,
        &mut Memo::default(),
        &mut out,
    );
    out
}

/// What a contradiction costs at least.
const LEAST_CONFLICT: i32 = 220;

/// What of the weight of a patronymic is no loss when only one side has it.
const MISSED_FATHER: i32 = 40;

/// What is left over on one side.
#[derive(Default, Clone, Copy)]
struct Over {
    /// Weight of leftovers that mean something.
    weight: i32,
    count: i32,
    numbers: i32,
    /// What of the weight is not missed when it is missing: a father's name is left out as often as not.
    fathers: i32,
    light: i32,
}

fn over(tokens: &[TokenRef<'_>], set: u32) -> Over {
    let mut o = Over::default();
    for i in Pair::indices(set) {
        let kind = tokens[i].kind;
        match kind {
            TokenKind::Light => o.light += 1,
            k if k.is_filler() => {}
            TokenKind::Number => o.numbers += 1,
            _ => {
                o.count += 1;
                o.weight += kind.weight();
                o.fathers += if kind == TokenKind::Patronymic { MISSED_FATHER } else { 0 };
            }
        }
    }
    o
}

/// Repeated words of an organisation's name. A repetition carries no information, unless the other side has the word neither time.
fn repeated(tokens: &[TokenRef<'_>], over: u32) -> u32 {
    let before = |i: usize| tokens[..i].iter().any(|t| t.text == tokens[i].text);
    let found = |i: usize| {
        let (text, business) = (tokens[i].text, tokens[i].kind == TokenKind::Generic && tokens[i].text.len() >= 3);
        // "Lukoil Oil Company": the name ends in what it does.
        let says = |t: &TokenRef<'_>| t.text == text || (business && t.text.ends_with(text));
        tokens.iter().enumerate().any(|(j, t)| j != i && says(t) && over >> j & 1 == 0)
    };
    (0..tokens.len()).filter(|i| before(*i) || found(*i)).fold(0, |set, i| set | 1 << i)
}

/// Several small doubts in a long name weigh less than in a short one: more of it agrees. Percent.
pub fn spread(matched: i32) -> i32 {
    match matched {
        0 | 1 => 110,
        2 => 100,
        3 => 90,
        4 => 80,
        _ => 72,
    }
}

fn person(left: NameRef<'_>, right: NameRef<'_>, out: &mut NameMatch) -> i32 {
    let (mut matched, mut weight, mut loss) = (0, 0, 0);
    let mut abbreviated = 0;
    for p in &out.alignment.pairs {
        loss += p.agreement.loss;
        weight += p.weight;
        matched += i32::from(p.weight >= TokenKind::CommonName.weight());
        abbreviated += i32::from(p.agreement.relation == Relation::Initial);
    }
    loss += cut_off(left, right, &mut out.alignment, matched);
    out.factor = spread(matched);
    let loss = loss * out.factor / 100;
    let l = over(left.tokens, out.alignment.left_over);
    let r = over(right.tokens, out.alignment.right_over);
    let mut deduct = |d: Deduction| out.deductions.push(d);
    if l.count > 0 && r.count > 0 {
        let against = l.weight.min(r.weight);
        deduct(Deduction::Conflict(LEAST_CONFLICT + 400 * against / (against + weight).max(1)));
    }
    let extra = (l.weight - l.fathers - r.weight + r.fathers).abs();
    if extra > 0 && (l.count == 0 || r.count == 0 || l.count != r.count) {
        deduct(Deduction::Extra(260 * extra / (extra + weight).max(1)));
        if matched - abbreviated <= 1 && extra >= TokenKind::CommonName.weight() {
            deduct(Deduction::SingleName(120));
        }
    }
    if l.numbers > 0 && r.numbers > 0 {
        deduct(Deduction::Numbers(220));
    }
    if descent_swapped(left, right, &out.alignment) {
        deduct(Deduction::Descent(170));
    }
    loss + out.deductions.iter().map(|d| d.loss()).sum::<i32>()
}

/// A last name cut off by a field that was too short (`… Belkassem Dr`): the beginning of the one name left over, when at
/// least three others agree.
fn cut_off(left: NameRef<'_>, right: NameRef<'_>, al: &mut Alignment, matched: i32) -> i32 {
    if matched < 3 || al.left_over.count_ones() != 1 || al.right_over.count_ones() != 1 {
        return 0;
    }
    let (i, j) = (al.left_over.trailing_zeros() as usize, al.right_over.trailing_zeros() as usize);
    let (x, y) = (left.tokens[i].text, right.tokens[j].text);
    let (short, long) = if x.len() < y.len() { (x, y) } else { (y, x) };
    let last = (i + 1 == left.tokens.len()) || (j + 1 == right.tokens.len());
    if !last || short.len() < 2 || !long.starts_with(short) {
        return 0;
    }
    let agreement = Agreement { loss: 60, relation: Relation::CutOff };
    al.pairs.push(Pair { left: al.left_over, right: al.right_over, agreement, weight: 50 });
    al.left_over = 0;
    al.right_over = 0;
    60
}

/// `A bin B` against `B bin A`: who is the father has changed.
fn descent_swapped(left: NameRef<'_>, right: NameRef<'_>, al: &Alignment) -> bool {
    let (Some((child_l, father_l)), Some((child_r, father_r))) = (descent(left.tokens), descent(right.tokens)) else {
        return false;
    };
    let paired = |i: usize, j: usize| al.pairs.iter().any(|p| p.left == 1 << i && p.right == 1 << j);
    paired(child_l, father_r) && paired(father_l, child_r) && left.tokens[child_l].text != left.tokens[father_l].text
}

/// The names before and after the first `bin`, if both are there.
fn descent(tokens: &[TokenRef<'_>]) -> Option<(usize, usize)> {
    let at = tokens.iter().position(|t| matches!(t.text, "bin" | "ibn" | "ben" | "bint"))?;
    let child = at.checked_sub(1)?;
    let father = (at + 1..tokens.len()).find(|i| tokens[*i].kind.is_distinctive())?;
    tokens[child].kind.is_distinctive().then_some((child, father))
}

fn organisation(left: NameRef<'_>, right: NameRef<'_>, out: &mut NameMatch) -> i32 {
    let (mut matched, mut distinct, mut weight, mut loss) = (0, 0, 0, 0);
    for p in &out.alignment.pairs {
        loss += p.agreement.loss;
        weight += p.weight;
        matched += i32::from(p.weight >= TokenKind::Generic.weight());
        distinct += i32::from(p.weight > TokenKind::Generic.weight());
    }
    // A single short word is all there is: a letter more or less is another name (vessels above all).
    let alone = matched == 1
        && loss > 0
        && left.tokens.iter().chain(right.tokens).filter(|t| !t.kind.is_filler()).all(|t| t.text.len() <= 5);
    out.factor = if alone { 150 } else { spread(matched) };
    let loss = loss * out.factor / 100;
    let l = over(left.tokens, out.alignment.left_over & !repeated(left.tokens, out.alignment.left_over));
    let r = over(right.tokens, out.alignment.right_over & !repeated(right.tokens, out.alignment.right_over));
    let mut deduct = |d: Deduction| out.deductions.push(d);
    if l.count > 0 && r.count > 0 {
        let against = l.weight.min(r.weight);
        deduct(Deduction::Conflict(LEAST_CONFLICT + 400 * against / (against + weight).max(1)));
    } else if l.count + r.count > 0 {
        // Another word makes another company of the same group, unless most of a long name agrees.
        let first = match matched {
            0..=2 => 165,
            3 => 155,
            4 => 120,
            _ => 95,
        };
        deduct(Deduction::Extra(first + 40 * (l.count + r.count - 1)));
    }
    if let Some((at, with, relation)) = only_name(&out.alignment) {
        let (a, b) = (left.tokens[at].text, right.tokens[with].text);
        let capitals = left.acronym && right.acronym;
        let longest = if capitals { LONGEST_SHORT_NAME + 1 } else { LONGEST_SHORT_NAME };
        let short = matched == 1 && a.len().min(b.len()) <= longest && (capitals || relation == Relation::Spelling);
        if short || is_acronym(a) || is_acronym(b) {
            deduct(Deduction::ShortName(250));
        } else if relation == Relation::Spelling && other_form(left.tokens, right.tokens) {
            deduct(Deduction::Forms(110));
        }
    }
    if l.light + r.light > 0 {
        deduct(Deduction::Extra(12 * (l.light + r.light).min(4)));
    }
    match (l.numbers > 0, r.numbers > 0) {
        (true, true) if matched >= 3 => deduct(Deduction::Numbers(135)),
        (true, true) => deduct(Deduction::Numbers(250)),
        (true, false) | (false, true) if distinct > 0 => deduct(Deduction::Numbers(60)),
        (true, false) | (false, true) => deduct(Deduction::Numbers(160)),
        _ => {}
    }
    let loss = loss + out.deductions.iter().map(|d| d.loss()).sum::<i32>();
    if distinct == 0 && (loss > 0 || matched == 0) {
        out.deductions.push(Deduction::OnlyGeneric(60));
        return loss + 60;
    }
    loss
}

/// A word of up to four letters agrees letter for letter or not at all.
const LONGEST_SHORT_NAME: usize = 4;

/// Whether a word has no vowel, as acronyms do.
fn is_acronym(text: &str) -> bool {
    text.len() <= 7 && !text.bytes().any(|b| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'y'))
}

/// The pair of the only name that tells the organisation from others, if its letters differ.
fn only_name(al: &Alignment) -> Option<(usize, usize, Relation)> {
    let mut names = al.pairs.iter().filter(|p| p.weight > TokenKind::Generic.weight());
    let (Some(pair), None) = (names.next(), names.next()) else { return None };
    let Agreement { loss, relation } = pair.agreement;
    let differs = loss > 0 && matches!(relation, Relation::Spelling | Relation::SameSound | Relation::Variant);
    differs.then_some((pair.left.trailing_zeros() as usize, pair.right.trailing_zeros() as usize, relation))
}

/// Whether both names have a company form, of different families.
fn other_form(left: &[TokenRef<'_>], right: &[TokenRef<'_>]) -> bool {
    let family = |tokens: &[TokenRef<'_>]| {
        tokens.iter().filter(|t| t.kind == TokenKind::Legal).find_map(|t| forms::family(t.text))
    };
    matches!((family(left), family(right)), (Some(l), Some(r)) if l != r)
}

/// An acronym on one side for the whole name on the other.
fn acronym(left: NameRef<'_>, right: NameRef<'_>, al: &mut Alignment) {
    let bare = |n: NameRef<'_>| {
        let mut names = n.tokens.iter().filter(|t| !t.kind.is_silent());
        match (names.next(), names.next()) {
            (Some(t), None) if (3..=6).contains(&t.text.len()) => Some(t.text.to_owned()),
            _ => None,
        }
    };
    // Any three words have initials: only a name that is plainly an organisation's is abbreviated by them.
    let corporate = |n: NameRef<'_>| n.tokens.iter().any(|t| matches!(t.kind, TokenKind::Generic | TokenKind::Legal));
    let spells = |short: NameRef<'_>, long: NameRef<'_>| {
        short.acronym
            && long.initials.len() >= 3
            && corporate(long)
            && bare(short).is_some_and(|a| a == long.initials || a == full_initials(long.tokens))
    };
    if spells(left, right) || spells(right, left) {
        al.pairs.clear();
        al.pairs.push(Pair {
            left: (1 << left.tokens.len().min(24)) - 1,
            right: (1 << right.tokens.len().min(24)) - 1,
            agreement: Agreement { loss: 110, relation: Relation::Acronym },
            weight: TokenKind::Name.weight(),
        });
        al.left_over = 0;
        al.right_over = 0;
    }
}

/// The letters of an acronym that counts the company or corporation: `SMIC`.
fn full_initials(tokens: &[TokenRef<'_>]) -> String {
    normalise::full_initials(tokens.iter().map(|t| (t.text, t.kind)))
}

/// The least loss that differing characters of two Han or Hangul names impose; nothing unless both names are written so.
fn ideographs(left: &[char], right: &[char]) -> i32 {
    if left.is_empty() || right.is_empty() {
        return 0;
    }
    let mut rest = right.to_vec();
    let mut missing = 0;
    for c in left {
        match rest.iter().position(|r| r == c) {
            Some(at) => {
                rest.swap_remove(at);
            }
            None => missing += 1,
        }
    }
    let wrong = missing.max(rest.len() as i32);
    let len = left.len().max(right.len()) as i32;
    (900 * wrong / len.max(1)).min(1000)
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
