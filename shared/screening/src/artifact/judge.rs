//! From candidates to hits: the full comparison, the evidence, the words.

use std::cmp::Reverse;

use super::candidates::Scratch;
use super::chance::{chance, weak_alias};
use super::side::Side;
use super::view::{FormView, View};
use crate::entity::Kind;
use crate::evidence::{self, Bearing, ListedNumber, Verdict};
use crate::explanation;
use crate::hit::{Hit, MatchedOn, Options, Query};
use crate::matcher::score::{Deduction, NameRef, compare};
use crate::matcher::token::{Memo, TokenRef};
use crate::normalise::{Reading, may_be_acronym, script};
use crate::number::{self, AskedNumber};

/// What it costs that the list calls another kind of thing by the name: lists file ships as enterprises.
const OTHER_KIND: i32 = 50;
/// A number that more entities have identifies none of them.
const MOST_BEARERS: usize = 5;

/// The best name of an entity so far.
pub struct Best {
    pub entity: u32,
    /// The side and the form; nothing where a number agrees alone.
    place: Option<(usize, u32)>,
    pub name_score: i32,
    pub score: i32,
    chance: i32,
    weak: i32,
    contradict: bool,
}

impl Best {
    /// Of names that agree equally well, the one that is listed first counts.
    fn rank(&self) -> (i32, i32, Reverse<Option<(usize, u32)>>) {
        (self.score, self.name_score, Reverse(self.place))
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
    listed_number: Option<ListedNumber<'a>>,
}

/// A query with what all its comparisons share.
pub struct Asked<'a> {
    view: View<'a>,
    query: &'a Query,
    numbers: Vec<AskedNumber>,
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
            numbers: numbers_of(query),
            wanted,
            threshold: (options.threshold * 1000.0).round().clamp(0.0, 1000.0) as i32,
        }
    }

    /// What a name must reach for the evidence at hand to lift it to the threshold.
    pub fn floor(&self) -> i32 {
        let query = self.query;
        let evidence = query.date_of_birth.is_some() || !query.countries.is_empty() || !self.numbers.is_empty();
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
            if !self.is_wanted(name.entity) {
                continue;
            }
            right.read(self.view, side.half, side.reading, listed);
            compare(side.name(), right.name(side.reading), floor, &mut scratch.memo, &mut scratch.found);
            if scratch.found.score < floor {
                continue;
            }
            let weak = weak_alias(name.strength, &right.tokens);
            let chance = chance(self.view, side, &scratch.found, &right.tokens, side.syllabic(listed));
            let contradict = scratch.found.deductions.iter().any(|d| matches!(d, Deduction::Conflict(_)));
            let bearing = self.bearing(name.entity, chance, weak, contradict);
            let score = bearing.weigh(scratch.found.score, |_, _| ());
            if score < self.threshold {
                continue;
            }
            let new = Best {
                entity: name.entity,
                place: Some((number, candidate.form)),
                name_score: scratch.found.score,
                score,
                chance,
                weak,
                contradict,
            };
            match best.iter_mut().find(|b| b.entity == name.entity) {
                Some(known) if known.rank() < new.rank() => *known = new,
                Some(_) => {}
                None => best.push(new),
            }
        }
        scratch.open = open;
    }

    /// Adds the entities that have a rare number in common with the query, whatever their names.
    pub fn add_bearers(&self, best: &mut Vec<Best>) {
        for asked in self.numbers.iter().filter(|asked| number::is_rare(&asked.value)) {
            let has = |entity: &u32| {
                let mut listed = self.view.identifiers(self.view.entity(*entity));
                listed.any(|one| one.number == asked.value)
            };
            let mut bearers: Vec<u32> = self.view.bearers(&asked.value).filter(has).collect();
            bearers.dedup();
            if bearers.len() > MOST_BEARERS {
                continue;
            }
            for entity in bearers {
                if self.is_wanted(entity) && best.iter().all(|known| known.entity != entity) {
                    let score = self.bearing(entity, 0, 0, true).weigh(0, |_, _| ());
                    let place = None;
                    best.push(Best { entity, place, name_score: 0, score, chance: 0, weak: 0, contradict: true });
                }
            }
        }
        best.retain(|best| best.score >= self.threshold);
    }

    fn is_wanted(&self, entity: u32) -> bool {
        let list = self.view.entity(entity).list as usize;
        self.wanted.get(list).copied().unwrap_or(false)
    }

    /// What it costs that the list calls the name another kind of thing than the query.
    fn other_kind(&self, listed: Kind) -> i32 {
        match self.query.kind {
            None | Some(Kind::Unknown) => 0,
            Some(kind) if listed == kind || listed == Kind::Unknown => 0,
            Some(_) => OTHER_KIND,
        }
    }

    fn bearing(&self, entity: u32, chance: i32, weak: i32, contradict: bool) -> Bearing {
        let kind = self.other_kind(self.view.entity(entity).kind);
        let Evidence { birth, countries, number, .. } = self.evidence(entity);
        Bearing { chance, weak, kind, birth, countries, number, contradict }
    }

    fn evidence(&self, entity: u32) -> Evidence<'a> {
        let entity = self.view.entity(entity);
        let (number, listed_number) = evidence::identifiers(&self.numbers, self.view.identifiers(entity));
        Evidence {
            birth: evidence::birth(self.query.date_of_birth, self.view.dates(entity)),
            countries: evidence::countries(&self.query.countries, self.view.countries(entity)),
            number,
            listed_number,
        }
    }

    /// The hit in full. The names are compared once more, so that only what is shown is put into words.
    pub fn hit(&self, sides: &[Side<'_>], best: &Best, scratch: &mut Scratch) -> Hit {
        let entity = self.view.entity(best.entity);
        let primary = self.view.primary_name(entity);
        let found = best.place.and_then(|(side, form)| sides.get(side).map(|side| (side, form)));
        let (name, mut steps) = match found {
            Some((side, form)) => {
                let form = self.view.form(side.half, form);
                let mut right = Listed::default();
                right.read(self.view, side.half, side.reading, form);
                compare(side.name(), right.name(side.reading), 0, &mut Memo::default(), &mut scratch.found);
                let steps = explanation::name_steps(&side.tokens, &right.tokens, &scratch.found);
                (self.view.name(form.name), steps)
            }
            None => (self.view.first_name(entity), explanation::other_names()),
        };
        let evidence = self.evidence(best.entity);
        let bearing = self.bearing(best.entity, best.chance, best.weak, best.contradict);
        let mut matched_on = Vec::new();
        if best.place.is_some() {
            matched_on.push(if name.text == primary { MatchedOn::Name } else { MatchedOn::Alias });
        }
        for (verdict, what) in [
            (evidence.birth, MatchedOn::DateOfBirth),
            (evidence.countries, MatchedOn::Country),
            (evidence.number, MatchedOn::Identifier),
        ] {
            if matches!(verdict, Verdict::For(_)) {
                matched_on.push(what);
            }
        }
        let dates_of_birth: Vec<String> = self.view.dates(entity).map(|d| d.to_string()).collect();
        let countries: Vec<String> = self.view.countries(entity).map(str::to_owned).collect();
        let case = explanation::Case {
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
            number: evidence.listed_number,
        };
        bearing.weigh(best.name_score, |cause, points| steps.extend(case.step(cause, points)));
        let explanation = case.text(&steps);
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

/// The numbers asked for, in normal form.
fn numbers_of(query: &Query) -> Vec<AskedNumber> {
    let normal = |asked: AskedNumber| AskedNumber { value: number::normal(&asked.value), ..asked };
    query.numbers().into_iter().map(normal).filter(|asked| !asked.value.is_empty()).collect()
}
