//! From candidates to hits: the full comparison, the evidence, the words.

use std::cmp::Reverse;

use super::candidates::Scratch;
use super::chance::{chance, weak_alias};
use super::side::Side;
use super::view::{FormView, View};
use crate::entity::Kind;
use crate::evidence::{self, Verdict};
use crate::explanation::{self, Facts};
use crate::hit::{Hit, MatchedOn, Options, Query};
use crate::matcher::score::{Deduction, NameMatch, NameRef, compare};
use crate::matcher::token::{Memo, TokenRef};
use crate::normalise::{Reading, may_be_acronym, script};

/// The highest score of two names that each have a part which the other lacks.
const MOST_OF_ANOTHER_NAME: i32 = 845;

/// The best name of an entity so far.
pub struct Best {
    pub entity: u32,
    side: usize,
    form: u32,
    pub name_score: i32,
    pub score: i32,
    chance: i32,
    weak: i32,
}

impl Best {
    /// Of names that agree equally well, the one that is listed first counts.
    fn rank(&self) -> (i32, i32, Reverse<(usize, u32)>) {
        (self.score, self.name_score, Reverse((self.side, self.form)))
    }
}

/// A listed name being read: buffers of the candidates of one query.
#[derive(Default)]
struct Listed<'a> {
    tokens: Vec<TokenRef<'a>>,
    ideographs: Vec<char>,
    initials: String,
    acronym: bool,
}

impl<'a> Listed<'a> {
    fn read(&mut self, view: View<'a>, half: usize, reading: Reading, form: FormView) {
        self.tokens.clear();
        self.tokens.extend(view.tokens(half, form));
        self.initials.clear();
        if reading == Reading::Organisation {
            self.acronym = may_be_acronym(view.name(form.name).text);
            let names = self.tokens.iter().filter(|t| !t.kind.is_filler());
            self.initials.extend(names.filter_map(|t| t.text.chars().next()));
        }
        self.ideographs.clear();
        if form.ideographic {
            self.ideographs = script::ideographs(view.name(form.name).text);
        }
    }

    fn name(&self, reading: Reading) -> NameRef<'_> {
        NameRef {
            tokens: &self.tokens,
            ideographs: &self.ideographs,
            initials: &self.initials,
            acronym: self.acronym,
            reading,
        }
    }
}

/// How the evidence beside the name stands.
struct Evidence<'a> {
    birth: Verdict,
    countries: Verdict,
    number: Verdict,
    number_kind: Option<&'a str>,
}

/// A query with what all its comparisons share.
pub struct Asked<'a> {
    view: View<'a>,
    query: &'a Query,
    identifiers: Vec<String>,
    /// Which lists are looked at.
    wanted: Vec<bool>,
    threshold: i32,
}

impl<'a> Asked<'a> {
    pub fn new(view: View<'a>, query: &'a Query, options: &Options) -> Self {
        let wanted = (0..view.list_count() as u32)
            .map(|l| options.lists.is_empty() || options.lists.iter().any(|w| w == view.list_id(l)))
            .collect();
        Self {
            view,
            query,
            identifiers: query.identifiers.iter().map(|n| super::bare_number(n)).collect(),
            wanted,
            threshold: (options.threshold * 1000.0).round().clamp(0.0, 1000.0) as i32,
        }
    }

    /// What a name must reach for the evidence at hand to lift it to the threshold.
    pub fn floor(&self) -> i32 {
        let query = self.query;
        let evidence = query.date_of_birth.is_some() || !query.countries.is_empty() || !query.identifiers.is_empty();
        if evidence { self.threshold.min(500.max(self.threshold - 350)) } else { self.threshold }
    }

    /// Compares the open candidates with the last of the sides.
    pub fn compare_open(&self, sides: &[Side<'_>], scratch: &mut Scratch, best: &mut Vec<Best>) {
        let Some((side, number)) = sides.last().zip(sides.len().checked_sub(1)) else { return };
        let mut right = Listed::default();
        let floor = self.floor();
        let open = std::mem::take(&mut scratch.open);
        for candidate in &open {
            let listed = self.view.form(side.half, candidate.form);
            let name = self.view.name(listed.name);
            let entity = self.view.entity(name.entity);
            if !self.wanted.get(entity.list as usize).copied().unwrap_or(false) || !self.kind_fits(entity.kind) {
                continue;
            }
            right.read(self.view, side.half, side.reading, listed);
            compare(side.name(), right.name(side.reading), floor, &mut scratch.memo, &mut scratch.found);
            if scratch.found.score < floor {
                continue;
            }
            let weak = weak_alias(name.strength, &right.tokens);
            let chance = chance(self.view, side, &scratch.found, &right.tokens, side.syllabic(listed));
            let score = self.score(&scratch.found, chance + weak, name.entity);
            if score < self.threshold {
                continue;
            }
            let new = Best {
                entity: name.entity,
                side: number,
                form: candidate.form,
                name_score: scratch.found.score,
                score,
                chance,
                weak,
            };
            match best.iter_mut().find(|b| b.entity == name.entity) {
                Some(known) if known.rank() < new.rank() => *known = new,
                Some(_) => {}
                None => best.push(new),
            }
        }
        scratch.open = open;
    }

    fn kind_fits(&self, listed: Kind) -> bool {
        match self.query.kind {
            None | Some(Kind::Unknown) => true,
            Some(kind) => listed == kind || listed == Kind::Unknown,
        }
    }

    fn evidence(&self, entity: u32) -> Evidence<'a> {
        let entity = self.view.entity(entity);
        let (number, number_kind) = evidence::identifiers(&self.identifiers, self.view.identifiers(entity));
        Evidence {
            birth: evidence::birth(self.query.date_of_birth, self.view.dates(entity)),
            countries: evidence::countries(&self.query.countries, self.view.countries(entity)),
            number,
            number_kind,
        }
    }

    fn score(&self, found: &NameMatch, doubt: i32, entity: u32) -> i32 {
        let evidence = self.evidence(entity);
        // Against first, so that what speaks for works on what is left.
        let mut ordered = [evidence.birth, evidence.countries, evidence.number];
        ordered.sort_by_key(|v| matches!(v, Verdict::For(_)));
        let name = (evidence::ceiling(found.score) - doubt).max(0);
        let score = ordered.iter().fold(name, |score, verdict| verdict.apply(score));
        let contradict = found.deductions.iter().any(|deduction| matches!(deduction, Deduction::Conflict(_)));
        // A birthday and a country in common do not outweigh a different name.
        if contradict && !matches!(evidence.number, Verdict::For(_)) { score.min(MOST_OF_ANOTHER_NAME) } else { score }
    }

    /// The hit in full. The names are compared once more, so that only what is shown is put into words.
    pub fn hit(&self, sides: &[Side<'_>], best: &Best, scratch: &mut Scratch) -> Hit {
        let entity = self.view.entity(best.entity);
        let half = sides.get(best.side).map_or(0, |s| s.half);
        let form = self.view.form(half, best.form);
        let name = self.view.name(form.name);
        let lines = sides.get(best.side).map_or_else(String::new, |side| {
            let mut right = Listed::default();
            right.read(self.view, half, side.reading, form);
            compare(side.name(), right.name(side.reading), 0, &mut Memo::default(), &mut scratch.found);
            explanation::name_lines(&side.tokens, &right.tokens, &scratch.found)
        });
        let evidence = self.evidence(best.entity);
        let facts = Facts {
            lines,
            chance: best.chance,
            weak: best.weak,
            birth: evidence.birth,
            countries: evidence.countries,
            number: evidence.number,
            number_kind: evidence.number_kind.map(str::to_owned),
        };
        let primary = self.view.primary_name(entity);
        let mut matched_on = vec![if name.text == primary { MatchedOn::Name } else { MatchedOn::Alias }];
        for (verdict, what) in [
            (facts.birth, MatchedOn::DateOfBirth),
            (facts.countries, MatchedOn::Country),
            (facts.number, MatchedOn::Identifier),
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
            facts: &facts,
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
