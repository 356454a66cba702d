//! Pages of the event log for staff.

use std::collections::{BTreeSet, HashMap};

use verinym::{
    domain::{
        event::{Actor, AuditEvent, EventData, EventType, LogShown, Origin, SignInRisk},
        id::UserId,
        role::AuditRead,
        secret::Masked,
    },
    error::Result,
    function::{Capability, Needs},
    http::{
        Call, Can, Page,
        list::List,
        reads::{PersonalDataRead, commit_reads},
    },
    store::{
        Position, Store, Table,
        event::{EventRecord, Log},
        person_key::PersonKey,
    },
};

/// What [`page`] needs besides the indexes of its queries.
pub fn needs() -> Needs {
    Needs::new()
        .with(Capability::Commit)
        .with(Capability::UnwrapProfileKeys)
        .with(Capability::UseTokenKeys)
        .query_index(Table::Events, "person")
        .query_index(Table::Events, "day")
}

/// One page, newest first. Reading addresses of other people is an event.
pub async fn page(call: &Call<Can<AuditRead>>, list: &List, log_query: &LogQuery) -> Result<Page<AuditEvent>> {
    let store = call.app.store().await;
    let (found, next) = read(store, log_query, list.limit as usize, list.after.clone()).await?;
    let owners = found.iter().filter_map(|record| Some(record.origin.as_ref()?.key.as_str()));
    let keys = store.origin_keys(owners, call.now()).await?;
    let reader = call.caller.user();
    let shown: Vec<_> = found.into_iter().filter_map(|record| view(record, reader, &keys)).collect();
    commit_reads(call, log_query.reads_of_others(&shown).as_slice()).await?;
    let items = shown.into_iter().map(|(view, _)| view).collect();
    list.page(call.app, items, next.as_ref()).await
}

/// The page size of a read if a filter may leave out most events.
const CHUNK: u32 = 200;
/// Events read in addition to the page: for hidden ones, and one to know whether the list continues. One check does not make
/// this many hidden events in a row, so the number of reads does not reveal whether a page hides some.
const SLACK: u32 = 64;
/// The largest number of events that one answer examines; the cursor continues from there. Hidden events do not count, so that
/// the end of a page does not reveal them.
const MAX_EXAMINED: usize = 1000;
/// The largest number of reads of one answer. Only readers with thousands of hidden events in a row reach it.
const MAX_CHUNKS: usize = 40;

async fn read(
    store: &Store,
    log_query: &LogQuery,
    limit: usize,
    mut after: Option<Position>,
) -> Result<(Vec<EventRecord>, Option<Position>)> {
    let page = u32::try_from(limit).unwrap_or(CHUNK) + SLACK;
    let chunk = if log_query.filters() { CHUNK.max(page) } else { page };
    let mut found: Vec<EventRecord> = Vec::new();
    let (mut examined, mut last) = (0, None);
    for _ in 0..MAX_CHUNKS {
        let (records, next) = store.log(&log_query.log, chunk, after.as_ref()).await?;
        for record in records.into_iter().filter(|record| !log_query.hides(record)) {
            let admitted = log_query.admits(&record);
            if examined == MAX_EXAMINED || admitted && found.len() == limit {
                return Ok((found, last));
            }
            examined += 1;
            last = Some(log_query.log.position_after(&record));
            if admitted {
                found.push(record);
            }
        }
        after = next;
        if after.is_none() {
            return Ok((found, None));
        }
    }
    Ok((found, after))
}

/// What is asked of the log.
#[derive(Debug)]
pub struct LogQuery {
    /// The reader, unless it is a machine client.
    pub reader: Option<UserId>,
    pub log: Log,
    pub kind: Option<EventType>,
    pub correlation_id: Option<String>,
    /// Whether events of other kinds are left out.
    pub security_only: bool,
}

impl LogQuery {
    fn filters(&self) -> bool {
        self.kind.is_some() || self.correlation_id.is_some() || self.security_only
    }

    fn admits(&self, record: &EventRecord) -> bool {
        (!self.security_only || record.r#type.row().security)
            && self.kind.is_none_or(|kind| record.r#type == kind)
            && self.correlation_id.as_ref().is_none_or(|id| record.correlation_id == *id)
    }

    /// Staff are applicants too: of their own checks they see only what an applicant sees.
    fn hides(&self, record: &EventRecord) -> bool {
        if !is_of_own_check(record, self.reader) {
            return false;
        }
        // An applicant does not learn who decided, so a query by actor or correlation id must not find the decision.
        let by_whom = self.correlation_id.is_some() || matches!(self.log, Log::Actor(_));
        !record.r#type.is_public() || by_whom && !is_own_act(record, self.reader)
    }

    /// The event of a page that shows addresses or devices of other people; one per page.
    fn reads_of_others(&self, shown: &[(AuditEvent, Option<String>)]) -> Vec<PersonalDataRead> {
        let owners: BTreeSet<_> = shown.iter().filter_map(|(_, owner)| owner.as_deref()).collect();
        if owners.is_empty() {
            return vec![];
        }
        let people: Vec<UserId> = owners.iter().filter_map(|owner| owner.parse().ok()).collect();
        let person = match (people.as_slice(), &self.log) {
            ([person], _) if owners.len() == 1 => Some(*person),
            (_, Log::Person(person)) => Some(*person),
            _ => None,
        };
        let data = EventData::of(&LogShown { people, events: shown.len() });
        vec![PersonalDataRead { kind: EventType::AuditLogRead, person, data }]
    }
}

fn is_of_own_check(record: &EventRecord, reader: Option<UserId>) -> bool {
    let kind = record.r#type.as_str();
    record.person.is_some() && record.person == reader && (kind.starts_with("kyc.") || kind.starts_with("aml."))
}

fn is_own_act(record: &EventRecord, reader: Option<UserId>) -> bool {
    reader.is_some_and(|reader| record.actor == Actor::User(reader))
}

/// The view of an event with its origin, if the key still exists, and the owner of that key, if it is not the reader.
fn view(
    record: EventRecord,
    reader: Option<UserId>,
    keys: &HashMap<String, PersonKey>,
) -> Option<(AuditEvent, Option<String>)> {
    let applicant = reader.filter(|_| is_of_own_check(&record, reader));
    if let Some(applicant) = applicant.filter(|_| !is_own_act(&record, reader)) {
        // Neither actor nor origin nor internal reasons.
        return Some((record.for_person(applicant)?.with_origin(Origin::default()), None));
    }
    let key = record.origin.as_ref().and_then(|origin| keys.get(&origin.key));
    let opened = key.and_then(|key| Some((key.owner.clone(), record.open_origin(key)?)));
    let (owner, opened) = opened.unzip();
    let (ip, user_agent) = opened.map(|origin| (Masked(origin.ip), Masked(origin.user_agent))).unzip();
    let session_id = record.session;
    let risk_score = record.part::<SignInRisk>().map(|risk| risk.risk_score);
    // For the reader's own check the data is that of an applicant too, since it names the state of the check.
    let view = match applicant {
        Some(applicant) => record.for_person(applicant)?,
        None => record.for_staff(),
    };
    let origin = Origin { ip, user_agent, session_id, risk_score };
    Some((view.with_origin(origin), owner.filter(|owner| reader.is_none_or(|reader| *owner != reader.to_string()))))
}
