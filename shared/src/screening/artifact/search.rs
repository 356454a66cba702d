//! Screening one name: candidates from the index, then the matcher, then evidence.
//!
//! 1. Each word of the query is looked up under its keys; what agrees with it by the matcher's own rule becomes an
//!    *expansion*: a dictionary word with its loss.
//! 2. The names that hold expansions collect weight. All but the commonest of a query's names open candidates; the
//!    commonest only adds to those that are open (a name that agrees in that one alone cannot reach any useful score).
//! 3. Names that collected enough are compared in full; the best name of each entity is judged with the evidence.

use super::keys;
use super::view::{FormView, View};
use crate::screening::entity::{Kind, Strength};
use crate::screening::evidence::{self, Verdict};
use crate::screening::explanation::{self, Facts};
use crate::screening::hit::{Hit, MatchedOn, Options, Query};
use crate::screening::matcher::score::{Deduction, NameMatch, NameRef, compare};
use crate::screening::matcher::token::{Memo, NO_WORD, Relation, TokenRef, agree};
use crate::screening::normalise::{NameForm, Reading, TokenKind, forms, script, sound, variants};

/// At most so many candidates are compared in full.
const MAX_COMPARED: usize = 300;
/// A word that no more listed names hold, near spellings included, opens them whatever else was found.
const RARE: u64 = 40;
/// Weight that may be missing on both sides: an initial, a number. Where more is missing on both, the names contradict.
const SLACK: u32 = 40;

/// Working memory.
#[derive(Default)]
pub struct Scratch {
    /// For each form: the round it was last opened in, and its place in `open`.
    slots: Vec<(u32, u32)>,
    round: u32,
    open: Vec<Open>,
    keys: Vec<u32>,
    words: Vec<u32>,
    found: NameMatch,
    memo: Memo,
}

/// A form that holds something of the query.
#[derive(Clone, Copy)]
struct Open {
    form: u32,
    /// Bit `i`: token `i` of the query was found.
    mask: u32,
    weight: u32,
    /// Loss of what was found, to compare the better ones first.
    loss: u32,
    /// Opened by a word that few names hold: reason enough to look.
    rare: bool,
}

/// A word of the dictionary that agrees with tokens of the query.
struct Expansion {
    word: u32,
    loss: i32,
}

/// One token, or several read as one, with all they may be.
struct Lookup {
    mask: u32,
    weight: u32,
    kind: TokenKind,
    expansions: Vec<Expansion>,
    postings: u64,
}

/// The best name of an entity so far.
struct Best {
    entity: u32,
    name: u32,
    name_score: i32,
    score: i32,
    facts: Facts,
}

pub fn screen(view: View<'_>, query: &Query, options: &Options, scratch: &mut Scratch, exhaustive: bool) -> Vec<Hit> {
    let threshold = (options.threshold * 1000.0).round().clamp(0.0, 1000.0) as i32;
    let wanted: Vec<bool> = (0..view.list_count() as u32)
        .map(|l| options.lists.is_empty() || options.lists.iter().any(|w| w == view.list_id(l)))
        .collect();
    // What a name must reach for the evidence at hand to lift it to the threshold.
    let evidence = query.date_of_birth.is_some() || !query.countries.is_empty() || !query.identifiers.is_empty();
    let floor = if evidence { threshold.min(500.max(threshold - 350)) } else { threshold };
    let asked = Asked {
        view,
        floor,
        query,
        identifiers: query.identifiers.iter().map(|n| super::bare_number(n)).collect(),
        wanted: &wanted,
        threshold,
    };
    let mut best: Vec<Best> = Vec::new();
    for (half, reading) in [(0, Reading::Person), (1, Reading::Organisation)] {
        let looks = match query.kind {
            None | Some(Kind::Unknown) => true,
            Some(Kind::Person) => half == 0,
            Some(_) => half == 1,
        };
        if !looks {
            continue;
        }
        for form in forms(&query.name, reading) {
            if exhaustive {
                scratch.open = (0..view.form_count(half) as u32)
                    .map(|form| Open { form, mask: 1, weight: u32::MAX, loss: 0, rare: true })
                    .collect();
                let lookups = lookups(view, half, &form, scratch);
                asked.compare_open(half, reading, &form, &lookups, scratch, &mut best);
            } else {
                let lookups = candidates(view, half, &form, floor, scratch);
                asked.compare_open(half, reading, &form, &lookups, scratch, &mut best);
            }
        }
    }
    best.sort_by(|a, b| b.score.cmp(&a.score).then(b.name_score.cmp(&a.name_score)).then(a.entity.cmp(&b.entity)));
    best.truncate(options.limit);
    best.iter().map(|b| asked.hit(b)).collect()
}

/// Looks every token of the query up.
fn lookups(view: View<'_>, half: usize, form: &NameForm, scratch: &mut Scratch) -> Vec<Lookup> {
    let mut out = Vec::with_capacity(form.tokens.len() * 2);
    for (i, token) in form.tokens.iter().enumerate() {
        if token.kind.is_filler() {
            continue;
        }
        let mut expansions = Vec::new();
        if token.kind != TokenKind::Initial {
            expand(view, half, token.into(), scratch, &mut expansions);
        }
        let postings = expansions.iter().map(|e| u64::from(view.frequency(half, e.word))).sum();
        out.push(Lookup { mask: 1 << i, weight: token.kind.weight() as u32, kind: token.kind, expansions, postings });
    }
    out
}

/// Dictionary words that agree with a token.
fn expand(view: View<'_>, half: usize, token: TokenRef<'_>, scratch: &mut Scratch, out: &mut Vec<Expansion>) {
    scratch.words.clear();
    keys::of_token(token.text, token.canon, token.abjad, &mut scratch.keys);
    let table = view.keys(half);
    scratch.keys.extend(keys::of_two_consonants(token.canon, token.abjad));
    for key in &scratch.keys {
        scratch.words.extend(table.get(*key));
    }
    for other in variants::others(token.text) {
        let key = keys::of_text(other);
        scratch.words.extend(table.get(key).filter(|w| view.word(half, *w).text == other));
    }
    scratch.words.sort_unstable();
    scratch.words.dedup();
    for &word in &scratch.words {
        let listed = TokenRef {
            kind: if token.kind == TokenKind::Number { TokenKind::Number } else { TokenKind::Name },
            ..view.word(half, word)
        };
        if let Some(agreement) = agree(token, listed) {
            out.push(Expansion { word, loss: agreement.loss });
        }
    }
    out.sort_unstable_by_key(|e| (e.loss, e.word));
}

/// Opens the names that may match and answers the look-ups.
fn candidates(view: View<'_>, half: usize, form: &NameForm, floor: i32, scratch: &mut Scratch) -> Vec<Lookup> {
    let lookups = lookups(view, half, form, scratch);
    scratch.begin(view.form_count(half));
    let mut order: Vec<usize> = (0..lookups.len()).collect();
    // What tells most first: distinctive kinds before generic ones, rare before common.
    order.sort_by_key(|i| (!lookups[*i].kind.is_distinctive(), lookups[*i].postings));
    let telling = order.iter().filter(|i| lookups[**i].kind.is_distinctive()).count();
    let openers = match (telling, lookups.len()) {
        (0, n) => n.min(3),
        (1, _) => 1,
        (n, _) => n - 1,
    };
    let joined = joins(view, half, form, scratch);
    for lookup in &joined {
        scratch.collect(view, half, lookup, true);
    }
    scratch.collect_split(view, half, form);
    for (rank, i) in order.iter().enumerate() {
        scratch.collect(view, half, &lookups[*i], rank < openers);
    }
    let total: u32 = form.tokens.iter().filter(|t| !t.kind.is_filler()).map(|t| t.kind.weight() as u32).sum();
    // The least that losses are multiplied by is in `score::spread`.
    let affordable = ((1000 - floor).max(0) as u32) * 100 / 72;
    scratch
        .open
        .retain(|o| o.loss <= affordable && (o.rare || o.weight + SLACK >= total.min(view.form(half, o.form).weight)));
    if scratch.open.len() > MAX_COMPARED {
        scratch.open.select_nth_unstable_by_key(MAX_COMPARED, |o| {
            (std::cmp::Reverse(i64::from(o.weight) * 2 - i64::from(o.loss)), o.form)
        });
        scratch.open.truncate(MAX_COMPARED);
    }
    lookups
}

/// Neighbouring tokens of the query read as one word that a list has as one.
fn joins(view: View<'_>, half: usize, form: &NameForm, scratch: &mut Scratch) -> Vec<Lookup> {
    let mut out = Vec::new();
    for width in 2..=3 {
        for (i, run) in form.tokens.windows(width).enumerate() {
            if run.iter().any(|t| t.kind.is_silent() || t.kind == TokenKind::Number) {
                continue;
            }
            let text: String = run.iter().map(|t| t.text.as_str()).collect();
            if text.len() < 4 || text.len() > 24 {
                continue;
            }
            let canon = sound::canonical(&text);
            let token = TokenRef {
                text: &text,
                canon: &canon,
                kind: TokenKind::Name,
                abjad: run.iter().any(|t| t.abjad),
                word: NO_WORD,
            };
            let mut expansions = Vec::new();
            expand(view, half, token, scratch, &mut expansions);
            expansions.retain(|e| e.loss <= 90);
            if !expansions.is_empty() {
                let mask = ((1 << width) - 1) << i;
                // What it stands for in the query, so that finding it never counts for less than finding its parts.
                let weight = run.iter().map(|t| t.kind.weight() as u32).sum();
                out.push(Lookup { mask, weight, kind: TokenKind::Name, expansions, postings: u64::MAX });
            }
        }
    }
    out
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

    fn add(&mut self, form: u32, mask: u32, weight: u32, loss: u32, opens: bool, rare: bool) {
        let Some(slot) = self.slots.get_mut(form as usize) else { return };
        if slot.0 == self.round {
            if let Some(open) = self.open.get_mut(slot.1 as usize)
                && open.mask & mask == 0
            {
                open.mask |= mask;
                open.weight += weight;
                open.loss += loss;
                open.rare |= rare;
            }
        } else if opens {
            *slot = (self.round, self.open.len() as u32);
            self.open.push(Open { form, mask, weight, loss, rare });
        }
    }

    fn collect(&mut self, view: View<'_>, half: usize, lookup: &Lookup, opens: bool) {
        let rare = lookup.postings <= RARE && lookup.kind.is_distinctive();
        for e in &lookup.expansions {
            for form in view.postings(half, e.word) {
                self.add(form, lookup.mask, lookup.weight, e.loss as u32, opens, rare);
            }
        }
    }

    /// Tokens that a list has as several words, and acronyms either way.
    fn collect_split(&mut self, view: View<'_>, half: usize, form: &NameForm) {
        let table = view.joins(half);
        for (i, token) in form.tokens.iter().enumerate() {
            if token.text.len() >= 5
                && !token.kind.is_silent()
                && let Some(key) = keys::of_join(&[&token.canon])
            {
                for listed in table.get(key) {
                    // Kept whatever its weight, but behind what agrees letter by letter.
                    self.add(listed, 1 << i, token.kind.weight() as u32, 20, true, true);
                }
            }
        }
        let names = form.tokens.iter().filter(|t| !t.kind.is_filler());
        if names.clone().count() == 1 {
            for token in names.filter(|t| (3..=6).contains(&t.text.len())) {
                for listed in table.get(keys::of_acronym(&token.text)) {
                    self.add(listed, 1 << 31, 10_000, 0, true, false);
                }
            }
        } else if (3..=6).contains(&form.initials.len()) {
            let keys = view.keys(half).get(keys::of_text(&form.initials));
            for word in keys.filter(|w| view.word(half, *w).text == form.initials) {
                for listed in view.postings(half, word) {
                    self.add(listed, 1 << 31, 10_000, 0, true, false);
                }
            }
        }
    }
}

/// A query with what all its comparisons share.
struct Asked<'a> {
    view: View<'a>,
    query: &'a Query,
    identifiers: Vec<String>,
    wanted: &'a [bool],
    threshold: i32,
    floor: i32,
}

impl Asked<'_> {
    fn compare_open(
        &self,
        half: usize,
        reading: Reading,
        form: &NameForm,
        lookups: &[Lookup],
        scratch: &mut Scratch,
        best: &mut Vec<Best>,
    ) {
        let left: Vec<TokenRef<'_>> = form.tokens.iter().map(Into::into).collect();
        let asked = NameRef { tokens: &left, ideographs: &form.ideographs, initials: &form.initials, reading };
        let mut right = Vec::with_capacity(24);
        let mut initials = String::new();
        let open = std::mem::take(&mut scratch.open);
        scratch.memo.begin();
        for candidate in &open {
            let listed = self.view.form(half, candidate.form);
            let name = self.view.name(listed.name);
            let entity = self.view.entity(name.entity);
            if !self.wanted.get(entity.list as usize).copied().unwrap_or(false) || !self.kind_fits(entity.kind) {
                continue;
            }
            right.clear();
            right.extend(self.view.tokens(half, listed).map(|(_, t)| t));
            initials.clear();
            if reading == Reading::Organisation {
                initials.extend(right.iter().filter(|t| !t.kind.is_filler()).filter_map(|t| t.text.chars().next()));
            }
            let ideographs = if listed.ideographic { script::ideographs(name.text) } else { Vec::new() };
            let other = NameRef { tokens: &right, ideographs: &ideographs, initials: &initials, reading };
            compare(asked, other, &mut scratch.memo, &mut scratch.found);
            if scratch.found.score < self.floor {
                continue;
            }
            // One side in characters, the other romanised: their sound is compared.
            let syllabic = form.ideographs.is_empty() == listed.ideographic;
            self.judge(half, listed, name.strength, lookups, &scratch.found, &left, &right, syllabic, best);
        }
        scratch.open = open;
    }

    fn kind_fits(&self, listed: Kind) -> bool {
        match self.query.kind {
            None | Some(Kind::Unknown) => true,
            Some(kind) => listed == kind || listed == Kind::Unknown,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn judge(
        &self,
        half: usize,
        listed: FormView,
        strength: Strength,
        lookups: &[Lookup],
        found: &NameMatch,
        left: &[TokenRef<'_>],
        right: &[TokenRef<'_>],
        syllabic: bool,
        best: &mut Vec<Best>,
    ) {
        let entity_number = self.view.name(listed.name).entity;
        let entity = self.view.entity(entity_number);
        let mut score = evidence::ceiling(found.score);
        let chance = chance(self.view, half, lookups, found, left, right, syllabic);
        let weak = weak_alias(strength, right);
        score = (score - chance - weak).max(0);
        let birth = evidence::birth(self.query.date_of_birth, self.view.dates(entity));
        let countries = evidence::countries(&self.query.countries, self.view.countries(entity));
        let (number, number_kind) = evidence::identifiers(&self.identifiers, self.view.identifiers(entity));
        // Against first, so that what speaks for works on what is left.
        let mut ordered = [birth, countries, number];
        ordered.sort_by_key(|v| matches!(v, Verdict::For(_)));
        for verdict in ordered {
            score = verdict.apply(score);
        }
        if score < self.threshold {
            return;
        }
        let known = best.iter_mut().find(|b| b.entity == entity_number);
        if known.as_ref().is_some_and(|b| (b.score, b.name_score) >= (score, found.score)) {
            return;
        }
        let facts = Facts {
            lines: explanation::name_lines(left, right, found),
            chance,
            weak,
            birth,
            countries,
            number,
            number_kind: number_kind.map(str::to_owned),
        };
        let new = Best { entity: entity_number, name: listed.name, name_score: found.score, score, facts };
        match known {
            Some(b) => *b = new,
            None => best.push(new),
        }
    }

    fn hit(&self, best: &Best) -> Hit {
        let entity = self.view.entity(best.entity);
        let name = self.view.name(best.name);
        let primary = self.view.primary_name(entity);
        let mut matched_on = vec![if name.text == primary { MatchedOn::Name } else { MatchedOn::Alias }];
        for (verdict, what) in [
            (best.facts.birth, MatchedOn::DateOfBirth),
            (best.facts.countries, MatchedOn::Country),
            (best.facts.number, MatchedOn::Identifier),
        ] {
            if matches!(verdict, Verdict::For(_)) {
                matched_on.push(what);
            }
        }
        let dates_of_birth: Vec<String> = self.view.dates(entity).map(|d| d.to_string()).collect();
        let countries: Vec<String> = self.view.countries(entity).map(str::to_owned).collect();
        let explanation = explanation::sentence(&explanation::Case {
            asked: self.query,
            listed: name.text,
            primary,
            name_type: name.name_type,
            strength: name.strength,
            list: self.view.list_id(entity.list),
            id: self.view.entity_id(entity),
            reference: self.view.reference(entity),
            kind: entity.kind,
            dates: &dates_of_birth,
            countries: &countries,
            name_score: best.name_score,
            score: best.score,
            facts: &best.facts,
        });
        Hit {
            list: self.view.list_id(entity.list).to_owned(),
            entity_id: self.view.entity_id(entity).to_owned(),
            name: name.text.to_owned(),
            score: f64::from(best.score) / 1000.0,
            name_score: f64::from(best.name_score) / 1000.0,
            matched_on,
            explanation,
            dates_of_birth,
            countries,
            programmes: self.view.programmes(entity).map(str::to_owned).collect(),
        }
    }
}

/// A weak alias is no reason to stop anyone by itself, the less so when it is a single word.
fn weak_alias(strength: Strength, tokens: &[TokenRef<'_>]) -> i32 {
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
fn chance(
    view: View<'_>,
    half: usize,
    lookups: &[Lookup],
    found: &NameMatch,
    left: &[TokenRef<'_>],
    right: &[TokenRef<'_>],
    syllabic: bool,
) -> i32 {
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
    /// A syllable without its tone: there are some four hundred, few of them rare.
    const SYLLABLE_BITS: f32 = 5.0;
    /// What the vowels would have told.
    const VOWEL_BITS: f32 = 3.0;
    if (found.score >= 990 && !syllabic) || left.is_empty() || right.is_empty() {
        return 0;
    }
    let names = (view.form_count(half) as f32).max(LEAST_NAMES);
    let mut bits = 0.0;
    for pair in &found.alignment.pairs {
        if pair.agreement.relation == Relation::Acronym {
            return 0;
        }
        let mut seen = 0.0f32;
        let mut known = false;
        for lookup in lookups.iter().filter(|l| l.mask & pair.left != 0) {
            let near: u32 = lookup
                .expansions
                .iter()
                .filter(|e| e.loss <= pair.agreement.loss)
                .map(|e| view.frequency(half, e.word))
                .sum();
            let mut information = (names / (near.max(1) as f32)).log2().max(0.0);
            if pair.agreement.relation == Relation::Initial {
                information = information.min(4.0);
            }
            if lookup.kind == TokenKind::CommonName {
                information = information.min(COMMON_BITS);
            }
            if syllabic {
                information = information.min(SYLLABLE_BITS);
            }
            if pair.agreement.relation == Relation::Consonants {
                information = (information - VOWEL_BITS).max(0.0);
            }
            seen = seen.max(information);
            known = true;
        }
        if known {
            bits += seen;
        }
    }
    let part = found.deductions.iter().any(|d| matches!(d, Deduction::Extra(_) | Deduction::SingleName(_)));
    let spare = if part || syllabic { SPARE_BITS_PART } else { SPARE_BITS_SPELLING };
    let lacking = names.log2() + spare - bits;
    (lacking * PER_BIT).clamp(0.0, MOST) as i32
}
