//! The words of a query in the dictionary of an artifact.

use super::keys;
use super::view::View;
use crate::matcher::align::MOST_JOIN_LOSS;
use crate::matcher::distance::Profile;
use crate::matcher::score::spread;
use crate::matcher::token::{MOST_LOSS, NO_WORD, TokenRef, agree_within, canon_limit};
use crate::normalise::{NameForm, Token, TokenKind, sound, variants};

/// Words written together are looked for up to this length: no listed word is longer, bar a few that are whole names.
pub const MOST_JOINED_LETTERS: usize = 24;

/// A word of the dictionary that agrees with a token of the query.
#[derive(Clone, Copy)]
pub struct Expansion {
    pub word: u32,
    pub loss: i32,
    /// How many listed names hold this word or one that agrees better.
    pub near: u32,
}

/// One token, or several read as one, with all they may be.
pub struct Lookup {
    /// Bit `i` stands for token `i` of the query.
    pub mask: u32,
    pub weight: u32,
    pub letters: usize,
    pub kind: TokenKind,
    /// Best agreement first.
    pub expansions: Vec<Expansion>,
}

impl Lookup {
    /// How many listed names hold any of the expansions.
    pub fn postings(&self) -> u32 {
        self.expansions.last().map_or(0, |e| e.near)
    }

    /// How many listed names hold a word that agrees at least as well as one of this loss.
    pub fn near(&self, loss: i32) -> u32 {
        let better = self.expansions.partition_point(|e| e.loss <= loss);
        better.checked_sub(1).and_then(|i| self.expansions.get(i)).map_or(0, |e| e.near)
    }
}

/// Buffers of look-ups, kept between them.
#[derive(Default)]
pub struct Buffers {
    keys: Vec<u32>,
    words: Vec<u32>,
}

/// The most that a token may lose for the whole name to lose no more than is affordable. A short one may turn out to be a
/// particle, whose letters count for little.
pub fn affordable_loss(token: &Token, form: &NameForm, affordable: u32) -> i32 {
    let may_be_particle = token.text.len() <= 4 && !form.other_reading;
    if may_be_particle { MOST_LOSS } else { MOST_LOSS.min(affordable as i32 * 100 / least_spread(form) + 1) }
}

/// The least that losses of letters are multiplied by: no more names can agree than the query has.
pub fn least_spread(form: &NameForm) -> i32 {
    spread(form.tokens.iter().filter(|t| !t.kind.is_filler()).count() as i32)
}

/// Looks every token of the query up.
pub fn lookups(view: View<'_>, half: usize, form: &NameForm, affordable: u32, buffers: &mut Buffers) -> Vec<Lookup> {
    let mut out = Vec::with_capacity(form.tokens.len());
    for (i, token) in form.tokens.iter().enumerate() {
        if token.kind.is_filler() {
            continue;
        }
        let mut expansions = Vec::new();
        // The same word again: chains of forefathers repeat themselves.
        let before =
            form.tokens[..i].iter().position(|b| (&b.text, b.kind, b.abjad) == (&token.text, token.kind, token.abjad));
        if let Some(known) = before.and_then(|at| out.iter().find(|l: &&Lookup| l.mask == 1 << at)) {
            expansions.clone_from(&known.expansions);
        } else if token.kind != TokenKind::Initial {
            let most = affordable_loss(token, form, affordable);
            expand(view, half, token.into(), most, buffers, &mut expansions);
        }
        out.push(Lookup {
            mask: 1 << i,
            weight: token.kind.weight() as u32,
            letters: token.text.len(),
            kind: token.kind,
            expansions,
        });
    }
    out
}

/// Dictionary words that agree with a token at a loss of at most `most`.
fn expand(
    view: View<'_>,
    half: usize,
    token: TokenRef<'_>,
    most: i32,
    buffers: &mut Buffers,
    out: &mut Vec<Expansion>,
) {
    buffers.words.clear();
    keys::of_token(token.text, token.canon, token.abjad, &mut buffers.keys);
    let table = view.keys(half);
    buffers.keys.extend(keys::of_two_consonants(token.canon, token.abjad));
    for key in &buffers.keys {
        buffers.words.extend(table.get(*key));
    }
    buffers.words.sort_unstable();
    buffers.words.dedup();
    if !token.abjad {
        // Most are ruled out by their letters, without being read.
        buffers.words.retain(|word| {
            let (profile, len, abjad) = view.profile(half, *word);
            abjad || token.profile.least_distance(&profile) <= canon_limit(most, len.max(token.text.len()))
        });
    }
    for other in variants::others(token.text) {
        let key = keys::of_text(other);
        buffers.words.extend(table.get(key).filter(|w| view.word(half, *w).text == other));
    }
    buffers.words.sort_unstable();
    buffers.words.dedup();
    let kind = if token.kind == TokenKind::Number { TokenKind::Number } else { TokenKind::Name };
    for &word in &buffers.words {
        let listed = TokenRef { kind, ..view.word(half, word) };
        if let Some(agreement) = agree_within(token, listed, most) {
            out.push(Expansion { word, loss: agreement.loss, near: 0 });
        }
    }
    out.sort_unstable_by_key(|e| (e.loss, e.word));
    let mut near = 0u32;
    for e in out {
        near = near.saturating_add(view.frequency(half, e.word));
        e.near = near;
    }
}

/// The loss of the dictionary's word that agrees best with a word joined from pieces; `None` if none agrees well enough.
pub fn least_loss(view: View<'_>, half: usize, word: &Token, buffers: &mut Buffers) -> Option<i32> {
    let mut expansions = Vec::new();
    expand(view, half, word.into(), MOST_JOIN_LOSS, buffers, &mut expansions);
    expansions.first().map(|best| best.loss)
}

/// Neighbouring tokens of the query read as one word that a list has as one.
pub fn joins(view: View<'_>, half: usize, form: &NameForm, buffers: &mut Buffers) -> Vec<Lookup> {
    let mut out = Vec::new();
    for width in 2..=3 {
        for (i, run) in form.tokens.windows(width).enumerate() {
            if run.iter().all(|t| t.kind.is_silent()) {
                continue;
            }
            let len: usize = run.iter().map(|t| t.text.len()).sum();
            if !(4..=MOST_JOINED_LETTERS).contains(&len) {
                continue;
            }
            let abjad = run.iter().any(|t| t.abjad);
            let mut expansions = Vec::new();
            // "Nur al-Din" is listed as Nuraldin, or as Nuruddin.
            let article = run.len() == 3 && run[1].text == "al";
            for keeps_article in [true, false].into_iter().filter(|keeps| *keeps || article) {
                let parts = run.iter().enumerate().filter(|(at, _)| keeps_article || *at != 1);
                let text: String = parts.map(|(_, token)| token.text.as_str()).collect();
                let canon = sound::canonical(&text);
                let profile = Profile::of(canon.as_bytes());
                let kind = TokenKind::Name;
                let token = TokenRef { text: &text, canon: &canon, kind, abjad, word: NO_WORD, profile };
                expand(view, half, token, MOST_JOIN_LOSS, buffers, &mut expansions);
            }
            if !expansions.is_empty() {
                let mask = ((1 << width) - 1) << i;
                // What it stands for in the query, so that finding it never counts for less than finding its parts.
                let weight = run.iter().filter(|t| !t.kind.is_filler()).map(|t| t.kind.weight() as u32).sum();
                out.push(Lookup { mask, weight, letters: len, kind: TokenKind::Name, expansions });
            }
        }
    }
    out
}
