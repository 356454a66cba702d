//! The answer of `POST /v1/aml/screenings`.

use std::time::{Instant, SystemTime};

use serde::Serialize;
use verinym_screening::{ENGINE_VERSION, Hit, ListInfo, MatchedOn};

use super::Service;
use super::form::Form;
use super::problem::Problem;

#[derive(Debug, Serialize)]
pub struct Screened {
    hits: Vec<ScreeningHit>,
    lists: Vec<ScreenedList>,
    engine_version: &'static str,
    lists_current: bool,
    doubts: Vec<&'static str>,
    /// Time in the engine, milliseconds.
    took_ms: f64,
}

/// Nobody decides on a hit here: what a decision would fill is empty.
#[derive(Debug, Serialize)]
struct ScreeningHit {
    id: Option<&'static str>,
    list: String,
    kind: &'static str,
    entity_id: String,
    name: String,
    score: f64,
    name_score: f64,
    matched_on: Vec<MatchedOn>,
    explanation: String,
    dates_of_birth: Vec<String>,
    countries: Vec<String>,
    programmes: Vec<String>,
    decision: &'static str,
    decided_by: Option<&'static str>,
    reason: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct ScreenedList {
    id: String,
    version: String,
    entries: usize,
    /// Seconds since the artifact was built.
    age: u64,
    stale: bool,
    sample: bool,
}

/// Whether the service is up, and with what.
#[derive(Debug, Serialize)]
pub struct Health {
    status: &'static str,
    version: &'static str,
}

impl Service {
    pub fn screen(&self, form: Form) -> Result<Screened, Problem> {
        let known = self.artifact.lists();
        let (query, options) = form.check(&known)?;
        let began = Instant::now();
        let found = self.artifact.screen(&query, &options);
        let took_ms = (began.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        let age = SystemTime::now().duration_since(self.built).unwrap_or_default();
        let stale = age > self.max_age;
        let seen = known.into_iter().filter(|list| options.lists.is_empty() || options.lists.contains(&list.id));
        let list = |ListInfo { id, version, entries, .. }| {
            let age = age.as_secs();
            ScreenedList { id, version, entries, age, stale, sample: false }
        };
        Ok(Screened {
            hits: found.into_iter().map(|hit| self.hit(hit)).collect(),
            lists: seen.map(list).collect(),
            engine_version: ENGINE_VERSION,
            lists_current: !stale,
            doubts: query.doubts().iter().map(|doubt| doubt.as_str()).collect(),
            took_ms,
        })
    }

    fn hit(&self, hit: Hit) -> ScreeningHit {
        ScreeningHit {
            id: None,
            kind: self.kinds.get(&hit.list).copied().unwrap_or("sanctions"),
            list: hit.list,
            entity_id: hit.entity_id,
            name: hit.name,
            score: hit.score,
            name_score: hit.name_score,
            matched_on: hit.matched_on,
            explanation: hit.explanation,
            dates_of_birth: hit.dates_of_birth,
            countries: hit.countries,
            programmes: hit.programmes,
            decision: "open",
            decided_by: None,
            reason: None,
        }
    }

    pub const fn health() -> Health {
        Health { status: "ok", version: ENGINE_VERSION }
    }
}
