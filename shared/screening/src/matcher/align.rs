//! Which token of one name belongs to which of the other.
//!
//! Identical tokens are paired first: nothing can be gained by pairing them otherwise. Then words written together on one
//! side and apart on the other are joined. What is left is paired by best assignment (the Hungarian method: the pairing
//! with the greatest total agreement, not the first that looks good), so that no order of tokens can change the result.

use super::distance::{FAR, Profile, distance};
use super::hungarian;
use super::token::{Agreement, MOST_LOSS, Memo, NO_WORD, Relation, TokenRef, agree, loss_of};
use crate::normalise::{MAX_TOKENS, TokenKind, abbreviations};

/// One agreement between the names: token indices of the left name, of the right name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    pub left: u32,
    pub right: u32,
    pub agreement: Agreement,
    /// Weight of the pair in hundredths: the heavier of its sides.
    pub weight: i32,
}

impl Pair {
    /// Indices from a bit set.
    pub fn indices(set: u32) -> impl Iterator<Item = usize> {
        let mut rest = set & ((1 << MAX_TOKENS) - 1);
        std::iter::from_fn(move || {
            let next = (rest != 0).then(|| rest.trailing_zeros() as usize);
            rest &= rest.wrapping_sub(1);
            next
        })
    }
}

/// The pairing of two names. Bit `i` of a set stands for token `i`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alignment {
    pub pairs: Vec<Pair>,
    pub left_over: u32,
    pub right_over: u32,
}

/// Pairs the tokens of two names. Where a contradiction ends the matter, names that are sure to have one may be left half paired.
pub fn align(left: &[TokenRef<'_>], right: &[TokenRef<'_>], memo: &mut Memo, out: &mut Alignment, conflict_ends: bool) {
    let left = &left[..left.len().min(MAX_TOKENS)];
    let right = &right[..right.len().min(MAX_TOKENS)];
    out.pairs.clear();
    out.left_over = (1u32 << left.len()) - 1;
    out.right_over = (1u32 << right.len()) - 1;
    identical(left, right, out);
    if out.left_over != 0 && out.right_over != 0 {
        join(left, right, out, false);
        join(right, left, out, true);
    }
    if out.left_over != 0 && out.right_over != 0 {
        // Few words are left as a rule, and a small matrix is sooner filled.
        if out.left_over.count_ones().max(out.right_over.count_ones()) as usize <= FEW {
            assign::<FEW>(left, right, memo, out, conflict_ends);
        } else {
            assign::<MAX_TOKENS>(left, right, memo, out, conflict_ends);
        }
    }
    if out.left_over != 0 || out.right_over != 0 {
        forms(left, right, out, false);
        forms(right, left, out, true);
    }
}

fn identical(left: &[TokenRef<'_>], right: &[TokenRef<'_>], out: &mut Alignment) {
    for (i, l) in left.iter().enumerate() {
        for (j, r) in right.iter().enumerate() {
            if out.right_over >> j & 1 == 1 && l.text == r.text {
                out.left_over &= !(1 << i);
                out.right_over &= !(1 << j);
                out.pairs.push(Pair {
                    left: 1 << i,
                    right: 1 << j,
                    agreement: Agreement { loss: 0, relation: Relation::Same },
                    weight: weight_of(l.kind, r.kind),
                });
                break;
            }
        }
    }
}

/// Words read as one lose no more than this.
pub const MOST_JOIN_LOSS: i32 = 110;

/// Words written without vowels lose no more than this against one that has them, which must have so many letters.
const MOST_BLIND_JOIN_LOSS: i32 = 50;
const LEAST_TELLING_LETTERS: usize = 7;

/// The same word may be a common name here and a plain one there; the heavier reading counts for both.
fn weight_of(a: TokenKind, b: TokenKind) -> i32 {
    a.weight().max(b.weight())
}

/// Titles, forms and numbers are run together with names and cut in two as they stand, not with letters changed.
fn only_exactly(kind: TokenKind) -> bool {
    kind.is_silent() || kind == TokenKind::Number
}

/// Words of `parts` that together are one word of `wholes` (`Alisher Usmanov` and `Alisherusmanov`; `van der Bilt` and
/// `Vanderbilt`). Two words in either order, three only as they stand; small losses only.
fn join(wholes: &[TokenRef<'_>], parts: &[TokenRef<'_>], out: &mut Alignment, swapped: bool) {
    loop {
        let (whole_over, part_over) =
            if swapped { (out.right_over, out.left_over) } else { (out.left_over, out.right_over) };
        let mut best: Option<(i32, u32, u32, i32)> = None;
        for w in Pair::indices(whole_over) {
            let whole = wholes[w];
            splits(whole, parts, part_over, |set, parts| try_join(whole, parts, w, set, &mut best));
        }
        let Some((loss, whole, set, weight)) = best else { return };
        let (l, r) = if swapped { (set, whole) } else { (whole, set) };
        out.left_over &= !l;
        out.right_over &= !r;
        out.pairs.push(Pair { left: l, right: r, agreement: Agreement { loss, relation: Relation::Joined }, weight });
    }
}

/// The ways in which words of the set may together be one word, by what is seen at a glance.
pub fn splits<'a>(whole: TokenRef<'_>, parts: &[TokenRef<'a>], set: u32, mut found: impl FnMut(u32, &[TokenRef<'a>])) {
    if whole.text.len() < 4 || whole.kind == TokenKind::Number {
        return;
    }
    let mut try_parts = |set: u32, parts: &[TokenRef<'a>]| {
        let len: usize = parts.iter().map(|p| p.text.len()).sum();
        let blind = parts.iter().filter(|p| p.abjad).count();
        let all_blind = blind == parts.iter().filter(|p| p.abjad || p.text != "al").count();
        // Without vowels almost any two short words can be read as one.
        let legible = match (blind, whole.abjad) {
            (0, _) => len.abs_diff(whole.text.len()) <= 2,
            (_, true) => all_blind && len.abs_diff(whole.text.len()) <= 2,
            (_, false) => all_blind && whole.text.len() >= LEAST_TELLING_LETTERS,
        };
        if legible {
            found(set, parts);
        }
    };
    for i in Pair::indices(set) {
        if !begins_alike(whole.text, parts[i].text) {
            continue;
        }
        // An article between them may have found another article: all are alike.
        if let [_, article, last, ..] = &parts[i..]
            && article.text == "al"
            && set >> (i + 1) & 1 == 0
            && set >> (i + 2) & 1 == 1
            && ends_alike(whole.text, last.text)
        {
            try_parts(1 << i | 1 << (i + 2), &parts[i..i + 3]);
        }
        for j in Pair::indices(set & !(1 << i)) {
            if ends_alike(whole.text, parts[j].text) {
                try_parts(1 << i | 1 << j, &[parts[i], parts[j]]);
            }
            let k = j + 1;
            if j == i + 1 && k < parts.len() && set >> k & 1 == 1 && ends_alike(whole.text, parts[k].text) {
                try_parts(1 << i | 1 << j | 1 << k, &[parts[i], parts[j], parts[k]]);
            }
        }
    }
}

fn begins_alike(whole: &str, part: &str) -> bool {
    let (Some(x), Some(y)) = (whole.as_bytes().first(), part.as_bytes().first()) else { return false };
    super::distance::letters(*x, *y) <= 50
}

fn ends_alike(whole: &str, part: &str) -> bool {
    let (Some(x), Some(y)) = (whole.as_bytes().last(), part.as_bytes().last()) else { return false };
    super::distance::letters(*x, *y) <= 60
}

fn try_join(whole: TokenRef<'_>, parts: &[TokenRef<'_>], w: usize, set: u32, best: &mut Option<(i32, u32, u32, i32)>) {
    let exactly = only_exactly(whole.kind) || parts.iter().any(|p| only_exactly(p.kind));
    let shorter = without_article(parts);
    for parts in [Some(parts), shorter.as_ref().map(<[_; 2]>::as_slice)].into_iter().flatten() {
        let Some(loss) = joined_loss(whole, parts, exactly) else { continue };
        if best.is_none_or(|b| (loss, 1 << w, set) < (b.0, b.1, b.2)) {
            *best = Some((loss, 1 << w, set, whole.kind.weight()));
        }
    }
}

/// "Nur al-Din" is Nuruddin: between two names the article takes on the sound of what follows it.
fn without_article<'a>(parts: &[TokenRef<'a>]) -> Option<[TokenRef<'a>; 2]> {
    match parts {
        [first, article, last] if article.text == "al" => Some([*first, *last]),
        _ => None,
    }
}

/// What is lost by reading the parts as one word.
fn joined_loss(whole: TokenRef<'_>, parts: &[TokenRef<'_>], exactly: bool) -> Option<i32> {
    let text: String = parts.iter().map(|p| p.text).collect();
    let canon: String = parts.iter().map(|p| p.canon).collect();
    let joined = TokenRef {
        text: &text,
        canon: &canon,
        kind: TokenKind::Name,
        abjad: parts.iter().any(|p| p.abjad),
        word: NO_WORD,
        profile: Profile::of(canon.as_bytes()),
    };
    let found = agree(TokenRef { kind: TokenKind::Name, ..whole }, joined)?;
    let most = if joined.abjad && !whole.abjad { MOST_BLIND_JOIN_LOSS } else { MOST_JOIN_LOSS };
    let no = found.loss > most || found.relation == Relation::Variant || (exactly && found.loss > 0);
    (!no).then(|| found.loss + loss_of(15, text.len()))
}

/// What one particle for another costs at most.
const MOST_PARTICLES_LOSS: i32 = 10;

/// Beyond this a name is not a misspelled particle.
const MOST_PARTICLE_LOSS: i32 = 85;

/// Beyond this a word is not a misspelled title or company form.
const MOST_SILENT_LOSS: i32 = 130;

/// Words that are, or are a misspelling of, a word of the other side's company form: forms get misspelled, and their words
/// lose their order, like any other.
fn forms(loose: &[TokenRef<'_>], others: &[TokenRef<'_>], out: &mut Alignment, swapped: bool) {
    for i in Pair::indices(if swapped { out.right_over } else { out.left_over }) {
        let token = loose[i];
        if token.kind.is_filler() || token.kind == TokenKind::Number {
            continue;
        }
        let form = others.iter().enumerate().filter(|(_, f)| f.kind == TokenKind::Legal);
        let nearest = form
            .filter_map(|(j, f)| f.text.split(' ').filter_map(|word| form_loss(word, token.text)).min().map(|l| (l, j)))
            .min();
        let Some((loss, j)) = nearest else { continue };
        let agreement = Agreement { loss: 10 + loss / 4, relation: Relation::Spelling };
        let (left, right) = if swapped { (1 << j, 1 << i) } else { (1 << i, 1 << j) };
        out.left_over &= !left;
        out.right_over &= !right;
        out.pairs.push(Pair { left, right, agreement, weight: 0 });
    }
}

fn form_loss(word: &str, text: &str) -> Option<i32> {
    if word == text {
        return Some(0);
    }
    if abbreviations::abbreviates(word, text) || abbreviations::abbreviates(text, word) {
        return Some(MOST_SILENT_LOSS);
    }
    let len = word.len().max(text.len());
    let letters = distance(word.as_bytes(), text.as_bytes(), 250);
    (word.len().min(text.len()) >= 2 && len >= 3 && letters != FAR)
        .then(|| loss_of(letters, len))
        .filter(|loss| *loss <= MOST_SILENT_LOSS)
}

/// What pairing two tokens is worth; nothing where they do not agree.
fn value(i: usize, a: TokenRef<'_>, b: TokenRef<'_>, memo: &mut Memo) -> Option<(i32, Agreement, i32)> {
    let compatible = match (a.kind, b.kind) {
        (TokenKind::Number, k) | (k, TokenKind::Number) => k == TokenKind::Number,
        (TokenKind::Legal, k) | (k, TokenKind::Legal) => k == TokenKind::Legal,
        _ => true,
    };
    if !compatible {
        return None;
    }
    let agreement = memo.agree(i, a, b)?;
    match (a.kind == TokenKind::Title, b.kind == TokenKind::Title) {
        (true, true) => return Some((MOST_LOSS, Agreement { loss: 0, ..agreement }, 0)),
        // A misspelled title is still no name; but better a name than a title.
        (true, false) | (false, true) => {
            let near = a.text.len().min(b.text.len()) >= 3 && agreement.loss <= MOST_SILENT_LOSS;
            return near.then_some((MOST_LOSS, Agreement { loss: agreement.loss / 4, ..agreement }, 0));
        }
        _ => {}
    }
    let particles = i32::from(a.kind == TokenKind::Particle) + i32::from(b.kind == TokenKind::Particle);
    if particles == 2 {
        // "al" and "as", "bin" and "ibn", "de" and "del": the article follows the next letter, or the clerk.
        let light = TokenKind::Particle.weight();
        let loss = agreement.loss.min(MOST_PARTICLES_LOSS);
        return Some((light * MOST_LOSS, Agreement { loss, ..agreement }, light));
    }
    if particles == 1 {
        // "All" and "Ban" may be a misspelled "al" and "bin", but a name that is merely like a particle is none.
        let known = a.kind == TokenKind::CommonName || b.kind == TokenKind::CommonName;
        let small = !known && a.text.len().max(b.text.len()) <= 4 && agreement.loss <= MOST_PARTICLE_LOSS;
        let light = TokenKind::Particle.weight();
        return small.then_some((light * MOST_LOSS, Agreement { loss: agreement.loss / 4, ..agreement }, light));
    }
    // A word cut short weighs what the word does.
    let cut = agreement.relation == Relation::CutOff;
    let weight = if cut { a.kind.weight().min(b.kind.weight()) } else { weight_of(a.kind, b.kind) };
    let worth = (weight.max(1) * (MOST_LOSS * 3 / 2 - agreement.loss)).max(1);
    Some((worth, agreement, weight))
}

/// So many words are left over on either side, seldom more.
const FEW: usize = 6;

/// Whether of the words that agree with none of the other side some are sure to count as a contradiction, whatever else may
/// make up for one: an acronym, a company form misspelled, a name cut off.
fn contradict(left: &[TokenRef<'_>], lone_left: u32, right: &[TokenRef<'_>], lone_right: u32) -> bool {
    let tells = |tokens: &[TokenRef<'_>], i: usize, others: &[TokenRef<'_>]| {
        let token = tokens[i];
        let legal = others.iter().filter(|o| o.kind == TokenKind::Legal).flat_map(|o| o.text.split(' '));
        !token.kind.is_filler()
            && token.kind != TokenKind::Number
            && tokens.iter().filter(|t| t.text == token.text).count() == 1
            && legal.map(|word| form_loss(word, token.text)).all(|loss| loss.is_none())
    };
    let several = |tokens: &[TokenRef<'_>]| tokens.iter().filter(|t| !t.kind.is_silent()).count() > 1;
    let beginning = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
    several(left)
        && several(right)
        && Pair::indices(lone_left).filter(|i| tells(left, *i, right)).any(|i| {
            let mut lone = Pair::indices(lone_right).filter(|j| tells(right, *j, left));
            lone.any(|j| !beginning(left[i].text, right[j].text))
        })
}

/// Pairs the tokens that are left over so that the pairs are worth the most; at most `N` tokens a side.
fn assign<const N: usize>(
    left: &[TokenRef<'_>],
    right: &[TokenRef<'_>],
    memo: &mut Memo,
    out: &mut Alignment,
    conflict_ends: bool,
) {
    let (mut rows, mut cols) = ([0; N], [0; N]);
    let (height, width) = (fill(&mut rows, out.left_over), fill(&mut cols, out.right_over));
    let (rows, cols) = (&rows[..height], &cols[..width]);
    let mut cells = [[None::<(i32, Agreement, i32)>; N]; N];
    let mut any = false;
    for (row, &i) in cells.iter_mut().zip(rows) {
        for (cell, &j) in row.iter_mut().zip(cols) {
            *cell = value(i, left[i], right[j], memo);
            any |= cell.is_some();
        }
    }
    if !any {
        return;
    }
    if conflict_ends {
        let alone = |set: &[usize], paired: &dyn Fn(usize) -> bool| {
            set.iter().enumerate().filter(|(at, _)| !paired(*at)).fold(0, |alone, (_, token)| alone | 1u32 << token)
        };
        let lone_left = alone(rows, &|r| cells[r][..width].iter().any(Option::is_some));
        let lone_right = alone(cols, &|c| cells[..height].iter().any(|row| row[c].is_some()));
        if contradict(left, lone_left, right, lone_right) {
            return;
        }
    }
    let owner = hungarian::assign(height.max(width), |r, c| cells[r][c].map_or(0, |cell| -cell.0));
    for (c, &j) in cols.iter().enumerate() {
        let r = owner[c];
        if r >= height {
            continue;
        }
        if let Some((_, agreement, weight)) = cells[r][c] {
            let i = rows[r];
            out.left_over &= !(1 << i);
            out.right_over &= !(1 << j);
            out.pairs.push(Pair { left: 1 << i, right: 1 << j, agreement, weight });
        }
    }
}

/// Writes the members of a set, and answers how many there are.
fn fill(out: &mut [usize], set: u32) -> usize {
    let mut count = 0;
    for (slot, index) in out.iter_mut().zip(Pair::indices(set)) {
        *slot = index;
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests;
