//! Screening one name: candidates from the index, then the matcher, then evidence.

use super::candidates::{Scratch, candidates, everybody};
use super::judge::Asked;
use super::pieces::whole_words;
use super::side::Side;
use super::view::View;
use crate::entity::Kind;
use crate::hit::{Hit, Options, Query};
use crate::normalise::{Reading, forms};

/// What a name must score by the Korean or the Cantonese reading of its characters to be compared at all.
const LEAST_OF_OTHER_READINGS: i32 = 920;

pub fn screen(view: View<'_>, query: &Query, options: &Options, scratch: &mut Scratch, exhaustive: bool) -> Vec<Hit> {
    let asked = Asked::new(view, query, options);
    let readings = [(0, Reading::Person), (1, Reading::Organisation)].map(|(half, reading)| {
        let looks = match query.kind {
            None | Some(Kind::Unknown) => true,
            Some(Kind::Person) => half == 0,
            Some(_) => half == 1,
        };
        let mut forms = if looks { forms(&query.name, reading) } else { Vec::new() };
        let joined: Vec<_> =
            forms.iter().filter_map(|form| whole_words(view, half, reading, form, &mut scratch.buffers)).collect();
        forms.extend(joined);
        (half, reading, forms)
    });
    let mut sides: Vec<Side<'_>> = Vec::with_capacity(2);
    let mut best = Vec::new();
    for (half, reading, forms) in &readings {
        for form in forms {
            let floor = if form.other_reading { asked.floor().max(LEAST_OF_OTHER_READINGS) } else { asked.floor() };
            let lookups = if exhaustive {
                everybody(view, *half, form, floor, scratch)
            } else {
                candidates(view, *half, *reading, form, floor, scratch)
            };
            sides.push(Side::new(*half, *reading, form, lookups));
            asked.compare_open(&sides, scratch, &mut best);
        }
    }
    asked.add_bearers(&mut best);
    best.sort_by(|a, b| b.score.cmp(&a.score).then(b.name_score.cmp(&a.name_score)).then(a.entity.cmp(&b.entity)));
    best.truncate(options.limit);
    best.iter().map(|b| asked.hit(&sides, b, scratch)).collect()
}
