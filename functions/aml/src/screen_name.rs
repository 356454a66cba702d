//! POST /v1/aml/screenings: whether the lists in force name somebody. Nothing of what is asked is kept; the event names
//! engine, lists and the number of hits.

use std::time::Instant;
use verinym::crypto::random::RandomId;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    config::names::Bucket,
    domain::{
        aml::{HitDecision, ListKind},
        event::{EventType, NameScreening, PublicWord, ScreeningResult, Subject},
        field::{FieldFault, Fields},
        id::{HitId, ScreeningId, UserId},
        limit,
        person::Country,
        role::AmlScreen,
        secret::Masked,
        time::Timestamp,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{By, Call, Can, Committed, Endpoint, Json, Limited, Plain, Route, problem::types},
    run_command,
    screening::{
        self, AskedNumber, DEFAULT_THRESHOLD, ENGINE_VERSION, Kind, NameDoubt, NumberType, Options, Query, date,
    },
    store::Table,
    store::event::EventDraft,
    watchlists::{InForce, ListInForce, Watchlists},
};

/// What is looked for.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScreenedKind {
    Person,
    Organization,
    Vessel,
    Aircraft,
}

/// What an identifier is of.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierType {
    Passport,
    NationalId,
    /// A taxpayer's number.
    Tax,
    /// A company's number in a register.
    Registration,
    /// A Legal Entity Identifier (ISO 17442).
    Lei,
    /// A ship's number of the International Maritime Organization.
    Imo,
    /// A ship's or aircraft's radio call sign.
    CallSign,
    /// An aircraft's registration, Mode S code or serial number.
    Aircraft,
    /// An address of a digital currency.
    Wallet,
    Other,
}

/// A number of a document, taxpayer, company, ship, aircraft or wallet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentifierForm {
    #[serde(rename = "type")]
    kind: IdentifierType,
    /// As written on the document: it is compared by its letters and digits; 1 to 128 characters.
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "AB1234567")]
    value: Masked<String>,
    /// Of the issuer, ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2, example = "YE")]
    country: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScreenName {
    /// In any script; 1 to 300 characters.
    #[schema(value_type = String, min_length = 1, max_length = 300, example = "Karim Nabil al-Zubayri")]
    name: Masked<String>,
    /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
    #[schema(value_type = Option<String>, pattern = r"^\d{4}(-\d{2}(-\d{2})?)?$", example = "1971-03-09")]
    date_of_birth: Option<Masked<String>>,
    /// ISO 3166-1 alpha-2: nationality, residence; at most 10.
    #[serde(default)]
    #[schema(max_items = 10, example = json!(["YE"]))]
    countries: Vec<String>,
    /// At most 10. An equal rare number is a hit by itself; another number of the same type and country speaks against.
    #[serde(default)]
    #[schema(max_items = 10)]
    identifiers: Vec<IdentifierForm>,
    /// All kinds if absent. A listed entity of another kind scores less.
    kind: Option<ScreenedKind>,
    /// Hits score at least this; 0.5 to 1, 0.85 if absent.
    #[schema(minimum = 0.5, maximum = 1.0, example = 0.85)]
    threshold: Option<f64>,
    /// Ids of the lists to look at; all if empty.
    #[serde(default)]
    #[schema(max_items = 64, example = json!(["ofac_sdn"]))]
    lists: Vec<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Screened {
    /// Best first, at most 50.
    hits: Vec<ScreeningHit>,
    /// The lists that the name was compared with.
    lists: Vec<ScreenedList>,
    #[schema(example = "2")]
    engine_version: &'static str,
    /// Whether every requested list is in force and fresh. While it is `false`, no hit means nothing. It says nothing about the name.
    lists_current: bool,
    /// Why no hit means nothing for this name: `mixed_scripts` (a word mixes letters of several scripts, or letters and signs),
    /// `not_screenable` (the name, or a part of it, cannot be compared).
    #[schema(example = json!([]))]
    doubts: Vec<&'static str>,
    /// Time in the engine, milliseconds.
    took_ms: f64,
}

/// A listed entity that may be who was asked for. Nobody decides on it here, so what a decision would fill is empty.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScreeningHit {
    id: Option<HitId>,
    #[schema(example = "ofac_sdn")]
    list: String,
    kind: ListKind,
    /// The list's own key.
    #[schema(example = "ofac-7157")]
    entity_id: String,
    /// The listed name that agrees best, as published.
    #[schema(example = "Karim Nabil al-Zubayri")]
    name: String,
    /// That this is who was asked for; 0 to 1.
    score: f64,
    /// That the names agree, and no more; 0 to 1.
    name_score: f64,
    /// `name`, `alias`, `date_of_birth`, `country`, `identifier`.
    #[schema(example = json!(["name"]))]
    matched_on: Vec<&'static str>,
    /// What agrees, what does not, and what it cost.
    #[schema(value_type = String, example = "al-Zubayri = al-Zubayri")]
    explanation: Masked<String>,
    #[schema(example = json!(["1971-03-09"]))]
    dates_of_birth: Vec<String>,
    #[schema(example = json!(["YE"]))]
    countries: Vec<String>,
    #[schema(example = json!(["SDGT"]))]
    programmes: Vec<String>,
    decision: HitDecision,
    decided_by: Option<UserId>,
    #[schema(example = "name")]
    reason: Option<String>,
}

/// A list that the name was compared with.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScreenedList {
    #[schema(example = "ofac_sdn")]
    id: String,
    #[schema(example = "2026-02-27")]
    version: String,
    entries: usize,
    /// Seconds since its source last confirmed it.
    age: u64,
    /// Older than its limit.
    stale: bool,
    /// A part of the published list, for trying out. Outside of the local stack a sample is always stale.
    sample: bool,
}

pub fn endpoint() -> Endpoint {
    Route::post("aml-screen-name", "/v1/aml/screenings")
        .summary("Screen a name")
        .description(
            "Compares a name with the lists in force. The answer names the version of each list and of the engine, so that it can be repeated. `lists_current` says whether every list is fresh and complete enough to rely on: it does not say that the name is cleared.",
        )
        .limited(&[Limited { limit: &limit::SCREENING, by: By::Caller }])
        .idempotent()
        .problems(&[&types::UNAVAILABLE])
        .opens_profile_keys()
        .preloads(Watchlists::preload)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::ReadListSources)
                .query(Table::Kyc)
                .get_objects(Bucket::Lists, "artifacts"),
        )
        .handled_by(screen)
}

async fn screen(call: Call<Can<AmlScreen>>, Json(form): Json<ScreenName>) -> Result<Committed<Plain<Screened>>> {
    let now = call.now();
    let lists = Watchlists::of(call.app).await.in_force().await?;
    let (query, options) = form.check(&lists)?;
    let began = Instant::now();
    let found = lists.artifact.screen(&query, &options);
    let took_ms = (began.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let doubts = query.doubts();
    let reply = Plain(answer(found, &doubts, &lists, &options.lists, took_ms, now));

    run_command!(call.command().await?, |attempt| {
        let event = event(&reply.0, &options, &lists, now);
        Ok(attempt.commit(now).event(event).returning(reply.clone()))
    })
}

fn answer(
    found: Vec<screening::Hit>,
    doubts: &[NameDoubt],
    lists: &InForce,
    wanted: &[String],
    took_ms: f64,
    now: Timestamp,
) -> Screened {
    let seen: Vec<_> = lists.lists.iter().filter(|list| wanted.is_empty() || wanted.contains(&list.id)).collect();
    let all_there = !wanted.is_empty() || lists.missing.is_empty();
    Screened {
        hits: found.into_iter().map(|hit| ScreeningHit::new(hit, lists)).collect(),
        lists_current: all_there && seen.iter().all(|list| !list.is_stale(now)),
        doubts: doubts.iter().map(|doubt| doubt.as_str()).collect(),
        lists: seen.into_iter().map(|list| ScreenedList::new(list, now)).collect(),
        engine_version: ENGINE_VERSION,
        took_ms,
    }
}

fn event(reply: &Screened, options: &Options, lists: &InForce, now: Timestamp) -> EventDraft {
    let version = |list: &ScreenedList| (PublicWord::named(&list.id), PublicWord::named(&list.version));
    EventDraft::new(EventType::NameScreened, Subject::new("screening", ScreeningId::new(now)), 1)
        .data(&ScreeningResult {
            engine_version: ENGINE_VERSION.into(),
            lists: reply.lists.iter().map(version).collect(),
            threshold: options.threshold,
            hits: reply.hits.len(),
            clears: reply.lists_current && reply.doubts.is_empty(),
        })
        .data(&NameScreening {
            artifact: lists.version,
            doubts: reply.doubts.iter().map(|doubt| (*doubt).into()).collect(),
        })
}

impl ScreeningHit {
    fn new(hit: screening::Hit, lists: &InForce) -> Self {
        Self {
            id: None,
            kind: lists.kind_of(&hit.list),
            list: hit.list,
            entity_id: hit.entity_id,
            name: hit.name,
            score: hit.score,
            name_score: hit.name_score,
            matched_on: hit.matched_on.iter().map(|what| what.as_str()).collect(),
            explanation: Masked(hit.explanation),
            dates_of_birth: hit.dates_of_birth,
            countries: hit.countries,
            programmes: hit.programmes,
            decision: HitDecision::Open,
            decided_by: None,
            reason: None,
        }
    }
}

impl ScreenedList {
    fn new(list: &ListInForce, now: Timestamp) -> Self {
        Self {
            id: list.id.clone(),
            version: list.version.clone(),
            entries: list.entries,
            age: list.age(now).as_secs(),
            stale: list.is_stale(now),
            sample: list.sample,
        }
    }
}

const LONGEST_NAME: usize = 300;
const MOST_COUNTRIES: usize = 10;
const MOST_IDENTIFIERS: usize = 10;
const LONGEST_IDENTIFIER: usize = 128;
const MOST_HITS: usize = 50;
const LOWEST: f64 = 0.5;

impl IdentifierForm {
    /// The number to compare; faults are noted as `<path>.value` and so on.
    fn check(self, path: &str, fields: &mut Fields) -> Option<AskedNumber> {
        const VALUE: FieldFault = FieldFault::new(
            "invalid_identifier",
            "Must have 1 to 128 characters, among them a letter or digit that can be compared.",
        );
        let country = self.country.as_deref();
        let country = fields.check_optional(&format!("{path}.country"), country, Country::parse);
        let country = country.map(|code| code.as_str().to_owned());
        let number = AskedNumber { kind: self.kind.into(), value: self.value.0, country };
        if number.value.chars().count() > LONGEST_IDENTIFIER || !number.is_comparable() {
            fields.refuse(&format!("{path}.value"), VALUE);
            return None;
        }
        Some(number)
    }
}

impl From<IdentifierType> for NumberType {
    fn from(kind: IdentifierType) -> Self {
        match kind {
            IdentifierType::Passport => Self::Passport,
            IdentifierType::NationalId => Self::NationalId,
            IdentifierType::Tax => Self::Tax,
            IdentifierType::Registration => Self::Registration,
            IdentifierType::Lei => Self::Lei,
            IdentifierType::Imo => Self::Imo,
            IdentifierType::CallSign => Self::CallSign,
            IdentifierType::Aircraft => Self::Aircraft,
            IdentifierType::Wallet => Self::Wallet,
            IdentifierType::Other => Self::Other,
        }
    }
}

impl ScreenName {
    fn check(self, lists: &InForce) -> Result<(Query, Options)> {
        const NAME: FieldFault = FieldFault::new(
            "invalid_name",
            "Must have 1 to 300 characters, among them a letter or digit that can be compared.",
        );
        const DATE: FieldFault = FieldFault::new("invalid_date", "Must be a date, YYYY-MM-DD, YYYY-MM or YYYY.");
        const MANY: FieldFault = FieldFault::new("too_many", "Must hold at most 10 countries.");
        const MANY_IDENTIFIERS: FieldFault = FieldFault::new("too_many", "Must hold at most 10 identifiers.");
        const THRESHOLD: FieldFault = FieldFault::new("out_of_range", "Must be from 0.5 to 1.");
        const UNKNOWN: FieldFault = FieldFault::new("unknown_list", "Must hold ids of lists in force.");
        let mut fields = Fields::default();
        let f = &mut fields;
        let name = self.name.0;
        let kind = self.kind.map(|kind| match kind {
            ScreenedKind::Person => Kind::Person,
            ScreenedKind::Organization => Kind::Organisation,
            ScreenedKind::Vessel => Kind::Vessel,
            ScreenedKind::Aircraft => Kind::Aircraft,
        });
        if name.chars().count() > LONGEST_NAME || (Query { kind, ..Query::name(&name) }).is_empty() {
            f.refuse("name", NAME);
        }
        let date_of_birth = f.check_optional("date_of_birth", self.date_of_birth, |text| {
            let dashed = text.0.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            date::parse(&text.0).filter(|span| dashed && span.from == span.to).map(|span| span.from).ok_or(DATE)
        });
        if self.countries.len() > MOST_COUNTRIES {
            f.refuse("countries", MANY);
        }
        let countries = self.countries.iter().take(MOST_COUNTRIES).map(|text| Country::parse(text));
        let countries = f.check("countries", countries.collect::<std::result::Result<Vec<_>, _>>());
        if self.identifiers.len() > MOST_IDENTIFIERS {
            f.refuse("identifiers", MANY_IDENTIFIERS);
        }
        let identifiers: Vec<AskedNumber> = (self.identifiers.into_iter().take(MOST_IDENTIFIERS).enumerate())
            .filter_map(|(at, form)| form.check(&format!("identifiers[{at}]"), f))
            .collect();
        let threshold = self.threshold.unwrap_or(DEFAULT_THRESHOLD);
        if !(LOWEST..=1.0).contains(&threshold) {
            f.refuse("threshold", THRESHOLD);
        }
        if self.lists.iter().any(|id| lists.lists.iter().all(|list| list.id != *id)) {
            f.refuse("lists", UNKNOWN);
        }
        fields.done().map_err(RequestError::Invalid)?;
        let countries = countries.ok_or_else(|| Internal::bug("a form without faults has its countries"))?;
        let query = Query {
            name,
            kind,
            date_of_birth,
            countries: countries.iter().map(|country| country.as_str().to_owned()).collect(),
            identifiers,
        };
        Ok((query, Options { threshold, lists: self.lists, limit: MOST_HITS }))
    }
}
