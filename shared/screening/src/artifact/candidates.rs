//! Which listed names may match a query.
//!
//! Each word of the query is looked up under its keys; what agrees with it by the matcher's own rule is an *expansion*: a
//! dictionary word with its loss. The names that hold expansions collect weight. Then each is judged by what is cheap to
//! know: the weight found, and the weight of either whole name. A name that cannot reach the threshold is dropped; the
//! rest are compared in full, the most promising first.

use std::cmp::Reverse;

use super::keys;
use super::lookup::{Buffers, Lookup, affordable_loss, joins, least_spread, lookups};
use super::view::{FormView, View};
use crate::matcher::align::splits;
use crate::matcher::score::NameMatch;
use crate::matcher::token::{Memo, TokenRef, canon_limit};
use crate::normalise::{NameForm, Reading};

/// At most so many candidates are compared in full.
const MAX_COMPARED: usize = 300;
/// Of those that agree in all but one name, at most so many have that name compared.
const MAX_DOUBTFUL: usize = 150;
/// A word that no more listed names hold, near spellings included, opens them whatever else was found.
const RARE: u32 = 40;
/// All words but the commonest open the names that hold them; the commonest, too, as long as no more names than this
/// are opened.
const MAX_OPENED: u32 = 1200;
/// Weight that may be missing on both sides: an initial, a number. Where more is missing on both, the names contradict,
/// or a spelling was too far off to be found.
const SLACK: u32 = 40;
/// Weight of one name, and slack.
const ONE_NAME: u32 = 100 + SLACK;
/// What a name's weight may differ by where the other side's spelling makes another kind of it.
const KINDS: u32 = 60;

/// Working memory.
#[derive(Default)]
pub struct Scratch {
    /// For each form: the round it was last opened in, and its place in `open`.
    slots: Vec<(u32, u32)>,
    round: u32,
    pub open: Vec<Open>,
    doubtful: Vec<Open>,
    pub buffers: Buffers,
    pub found: NameMatch,
    pub memo: Memo,
}

/// A form that holds something of the query.
#[derive(Clone, Copy)]
pub struct Open {
    pub form: u32,
    /// Bit `i`: token `i` of the query was found.
    mask: u32,
    /// What was found, by its weight in the query and in the listed name: not the same where words are joined.
    weight: u32,
    listed_weight: u32,
    /// The least that letters will lose; once it has been judged, the least that the whole name will lose.
    loss: u32,
    /// Opened by a word that few names hold: reason enough to look.
    rare: bool,
    /// Words of one side may be one word of the other, which may cost less than the words on their own.
    joined: bool,
}

/// Opens every form, for the comparison with everybody.
pub fn everybody(view: View<'_>, half: usize, form: &NameForm, floor: i32, scratch: &mut Scratch) -> Vec<Lookup> {
    scratch.memo.begin();
    scratch.open = (0..view.form_count(half) as u32)
        .map(|form| Open { form, mask: 1, weight: 0, listed_weight: 0, loss: 0, rare: true, joined: true })
        .collect();
    lookups(view, half, form, affordable(floor), &mut scratch.buffers)
}

/// What a name may lose.
fn affordable(floor: i32) -> u32 {
    (1000 - floor).max(0) as u32
}

/// Opens the names that may match and answers the look-ups.
pub fn candidates(
    view: View<'_>,
    half: usize,
    reading: Reading,
    form: &NameForm,
    floor: i32,
    scratch: &mut Scratch,
) -> Vec<Lookup> {
    let affordable = affordable(floor);
    let lookups = lookups(view, half, form, affordable, &mut scratch.buffers);
    scratch.begin(view.form_count(half));
    let mut order: Vec<&Lookup> = lookups.iter().filter(|l| l.postings() > 0).collect();
    // What tells most first: distinctive kinds before generic ones, rare before common.
    order.sort_by_key(|l| (!l.kind.is_distinctive(), l.postings()));
    let telling = order.iter().filter(|l| l.kind.is_distinctive()).count();
    let openers = match (telling, order.len()) {
        (0, n) => n.min(3),
        (1, _) => 1,
        (n, _) => n - 1,
    };
    let joins = joins(view, half, form, &mut scratch.buffers);
    let mut opened = 0u32;
    let opens: Vec<bool> = (order.iter().enumerate())
        .map(|(rank, lookup)| {
            opened = opened.saturating_add(lookup.postings());
            rank < openers || opened <= MAX_OPENED
        })
        .collect();
    for (lookup, _) in order.iter().zip(&opens).filter(|(_, opens)| **opens) {
        scratch.collect(view, half, lookup, true);
    }
    for lookup in &joins {
        scratch.collect_joined(view, half, form, lookup);
    }
    scratch.collect_split(view, half, form);
    for (lookup, _) in order.iter().zip(&opens).filter(|(_, opens)| !**opens) {
        scratch.collect(view, half, lookup, false);
    }
    let total = weight(form, u32::MAX);
    scratch.memo.begin();
    scratch.choose(view, half, form, Bounds { total, affordable, spread: least_spread(form) as u32, reading });
    lookups
}

/// What the query's name and the threshold allow.
#[derive(Clone, Copy)]
struct Bounds {
    /// Weight of the query's name.
    total: u32,
    /// Loss at which the threshold is missed.
    affordable: u32,
    /// The least that losses of letters are multiplied by, percent.
    spread: u32,
    reading: Reading,
}

/// What is known of a candidate before it is compared.
enum Promise {
    /// The least it will lose.
    Loss(u32),
    /// As [`Promise::Loss`], if a name that was not found on either side turns out to be one.
    Doubtful(u32),
    None,
}

impl Bounds {
    fn promise(self, open: &Open, form: FormView) -> Promise {
        let FormView { weight: listed, count: words, .. } = form;
        let missing = (self.total.saturating_sub(open.weight), listed.saturating_sub(open.listed_weight));
        // Where more was found than the listed name has, two words of the query were found in one of the list.
        let letters = if open.joined || open.listed_weight > listed { 0 } else { open.loss * self.spread / 100 };
        // What only one side has costs its share: see `Deduction::Extra`.
        let share = |extra: u32| 260 * extra / self.total.max(listed).max(1);
        let extra = match self.reading {
            Reading::Organisation => 0,
            // More words were found than the listed name has: some share one, and the names differ by what they weigh.
            Reading::Person if !open.joined && open.mask.count_ones() > words => self.total.abs_diff(listed),
            Reading::Person => missing.0.abs_diff(missing.1),
        };
        // A common name may be a plain one to the other side, hence the slack.
        if letters + share(extra.saturating_sub(KINDS)) > self.affordable {
            return Promise::None;
        }
        let least = letters + share(extra);
        match missing.0.min(missing.1) {
            both if both <= SLACK => Promise::Loss(least),
            both if open.rare => Promise::Loss(least + both),
            both if both <= ONE_NAME => Promise::Doubtful(least),
            _ => Promise::None,
        }
    }
}

impl Scratch {
    fn begin(&mut self, forms: usize) {
        self.open.clear();
        if self.slots.len() < forms {
            self.slots.resize(forms, (0, 0));
        }
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.slots.fill((0, 0));
            self.round = 1;
        }
    }

    fn add(&mut self, new: Open, opens: bool) {
        let Some(slot) = self.slots.get_mut(new.form as usize) else { return };
        if slot.0 == self.round {
            let Some(open) = self.open.get_mut(slot.1 as usize) else { return };
            open.joined |= new.joined;
            if open.mask & new.mask == 0 {
                open.mask |= new.mask;
                open.weight += new.weight;
                open.listed_weight += new.listed_weight;
                open.loss += new.loss;
                open.rare |= new.rare;
            } else if new.joined {
                open.listed_weight = open.listed_weight.max(new.listed_weight);
            }
        } else if opens {
            *slot = (self.round, self.open.len() as u32);
            self.open.push(new);
        }
    }

    fn collect(&mut self, view: View<'_>, half: usize, lookup: &Lookup, opens: bool) {
        let Lookup { mask, weight, letters, kind, .. } = *lookup;
        let rare = lookup.postings() <= RARE && kind.is_distinctive();
        for e in &lookup.expansions {
            // A short word may turn out to be a particle, whose letters count for a quarter.
            let loss = if letters <= 4 { e.loss / 4 } else { e.loss } as u32;
            for form in view.postings(half, e.word) {
                self.add(Open { form, mask, weight, listed_weight: weight, loss, rare, joined: false }, opens);
            }
        }
    }

    /// Words of the query that a list has as one.
    fn collect_joined(&mut self, view: View<'_>, half: usize, form: &NameForm, lookup: &Lookup) {
        let Lookup { mask, weight: whole, .. } = *lookup;
        for e in &lookup.expansions {
            for listed in view.postings(half, e.word) {
                let loss = e.loss as u32;
                let known = self.slots.get(listed as usize).filter(|s| s.0 == self.round).map(|s| s.1);
                if let Some(open) = known.and_then(|at| self.open.get_mut(at as usize))
                    && open.mask & mask != 0
                {
                    // Some of the words were found on their own.
                    open.weight += weight(form, mask & !open.mask);
                    open.mask |= mask;
                    open.joined = true;
                } else {
                    let new =
                        Open { form: listed, mask, weight: whole, listed_weight: 100, loss, rare: false, joined: true };
                    self.add(new, true);
                }
            }
        }
    }

    /// Tokens that a list has as several words, and acronyms either way.
    fn collect_split(&mut self, view: View<'_>, half: usize, form: &NameForm) {
        let table = view.joins(half);
        let (mut wanted, mut listed_tokens) = (Vec::new(), Vec::new());
        for (i, token) in form.tokens.iter().enumerate() {
            if token.text.len() >= 4 && !token.kind.is_silent() {
                keys::of_whole(&token.text, &mut wanted);
                for listed in wanted.iter().flat_map(|key| table.get(*key)) {
                    listed_tokens.clear();
                    listed_tokens.extend(view.tokens(half, view.form(half, listed)));
                    if !may_split(token.into(), &listed_tokens) {
                        continue;
                    }
                    // Kept whatever its weight, but behind what agrees letter by letter.
                    let weight = token.kind.weight() as u32;
                    let new = Open {
                        form: listed,
                        mask: 1 << i,
                        weight,
                        listed_weight: 200,
                        loss: 0,
                        rare: true,
                        joined: true,
                    };
                    self.add(new, true);
                }
            }
        }
        let acronym = |form| Open {
            form,
            mask: 1 << 31,
            weight: 10_000,
            listed_weight: 10_000,
            loss: 0,
            rare: false,
            joined: true,
        };
        let names = form.tokens.iter().filter(|t| !t.kind.is_silent());
        if names.clone().count() == 1 {
            for token in names.filter(|t| (3..=6).contains(&t.text.len())) {
                for listed in table.get(keys::of_acronym(&token.text)) {
                    self.add(acronym(listed), true);
                }
            }
        } else {
            for short in form.acronyms().iter().filter(|a| (3..=6).contains(&a.len())) {
                let keys = view.keys(half).get(keys::of_text(short));
                for word in keys.filter(|w| view.word(half, *w).text == *short) {
                    for listed in view.postings(half, word) {
                        self.add(acronym(listed), true);
                    }
                }
            }
        }
    }

    /// Keeps the candidates that can reach the threshold, or the most promising of them.
    fn choose(&mut self, view: View<'_>, half: usize, form: &NameForm, bounds: Bounds) {
        let Self { open, doubtful, memo, .. } = self;
        doubtful.clear();
        open.retain_mut(|open| match bounds.promise(open, view.form(half, open.form)) {
            Promise::Loss(loss) => {
                open.loss = loss;
                true
            }
            Promise::Doubtful(loss) => {
                doubtful.push(Open { loss, ..*open });
                false
            }
            Promise::None => false,
        });
        best(doubtful, MAX_DOUBTFUL);
        let tokens: Vec<TokenRef<'_>> = form.tokens.iter().map(Into::into).collect();
        let most: Vec<i32> = form.tokens.iter().map(|t| affordable_loss(t, form, bounds.affordable)).collect();
        doubtful.retain(|open| {
            let listed = view.form(half, open.form);
            view.words(half, listed).any(|(word, kind)| {
                // Most are ruled out by their letters, without being read.
                let (profile, len, abjad) = view.profile(half, word);
                (0..tokens.len()).filter(|i| open.mask >> i & 1 == 0).any(|i| {
                    let limit = canon_limit(most[i], len.max(tokens[i].text.len()));
                    (abjad || tokens[i].abjad || tokens[i].profile.least_distance(&profile) <= limit)
                        && memo
                            .agree(i, tokens[i], TokenRef { kind, ..view.word(half, word) })
                            .is_some_and(|a| a.loss > 0)
                })
            })
        });
        open.append(doubtful);
        best(open, MAX_COMPARED);
    }
}

/// Whether words of a listed name may together be the word: its key says no more than that they share consonants.
fn may_split(whole: TokenRef<'_>, listed: &[TokenRef<'_>]) -> bool {
    let mut may = false;
    splits(whole, listed, (1 << listed.len()) - 1, |_, _| may = true);
    may
}

/// Weight of the query's tokens in a set.
fn weight(form: &NameForm, mask: u32) -> u32 {
    let tokens = form.tokens.iter().enumerate().filter(|(i, t)| mask >> i & 1 == 1 && !t.kind.is_filler());
    tokens.map(|(_, t)| t.kind.weight() as u32).sum()
}

/// The `most` candidates of the least loss.
fn best(open: &mut Vec<Open>, most: usize) {
    if open.len() > most {
        open.select_nth_unstable_by_key(most, |o| (o.loss, Reverse(o.weight), o.form));
        open.truncate(most);
    }
}
