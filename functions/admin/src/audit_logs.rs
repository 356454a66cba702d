//! GET /v1/admin/audit-logs: the event log by person, by subject, by actor or by time, newest first; then by type and
//! correlation id.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        event::{Actor, AuditEvent, EventData, EventType, LogShown, Origin, SignInRisk},
        field::{FieldFault, Fields},
        id::UserId,
        role::AuditRead,
        secret::Masked,
        time::Timestamp,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Can, Endpoint, Page, Query, Route,
        list::List,
        reads::{PersonalDataRead, commit_reads},
    },
    store::Table,
    store::{
        Position, Store,
        event::{EventRecord, Log},
        person_key::PersonKey,
    },
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditLogs {
    limit: Option<u32>,
    cursor: Option<String>,
    /// Events that concern this user. One of `person`, `subject`, `actor` or a range of time is required.
    #[param(value_type = Option<UserId>)]
    person: Option<String>,
    /// Events of this resource, by its id.
    subject: Option<String>,
    /// Events that this user or client caused.
    actor: Option<String>,
    /// Events at or after this time (RFC 3339).
    #[param(value_type = Option<Timestamp>)]
    from: Option<String>,
    /// Events before this time (RFC 3339), at most 31 days later.
    #[param(value_type = Option<Timestamp>)]
    to: Option<String>,
    /// Events of this type.
    #[param(value_type = Option<EventType>)]
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
    /// Events of the call with this correlation id, and of the work that it caused.
    correlation_id: Option<String>,
}

/// The longest range of time.
const LONGEST: Duration = Duration::from_hours(31 * 24);

pub fn endpoint() -> Endpoint {
    Route::get("admin-audit-logs", "/v1/admin/audit-logs")
        .summary("Read the event log")
        .description(
            "Events by person, subject, actor or time, newest first. Exactly one of them is required. Reading addresses of other people is an event.",
        )
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .query(Table::Events)
                .query_index(Table::Events, "person")
                .query_index(Table::Events, "actor")
                .query_index(Table::Events, "day"),
        )
        .handled_by(audit_logs)
}

async fn audit_logs(call: Call<Can<AuditRead>>, Query(query): Query<AuditLogs>) -> Result<Page<AuditEvent>> {
    let filters =
        [&query.person, &query.subject, &query.actor, &query.from, &query.to, &query.kind, &query.correlation_id];
    let filters = filters.map(|filter| filter.as_deref());
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &filters).await?;
    let log_query = query.check(call.caller.user())?;
    let store = call.app.store().await;
    let (found, next) = read(store, &log_query, list.limit as usize, list.after.clone()).await?;
    let owners = found.iter().filter_map(|record| Some(record.origin.as_ref()?.key.as_str()));
    let keys = store.origin_keys(owners, call.now()).await?;
    let reader = call.caller.user();
    let shown: Vec<_> = found.into_iter().filter_map(|record| view(record, reader, &keys)).collect();
    commit_reads(&call, log_query.reads_of_others(&shown).as_slice()).await?;
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

#[derive(Debug)]
struct LogQuery {
    /// The reader, unless it is a machine client.
    reader: Option<UserId>,
    log: Log,
    kind: Option<EventType>,
    correlation_id: Option<String>,
}

impl LogQuery {
    fn filters(&self) -> bool {
        self.kind.is_some() || self.correlation_id.is_some()
    }

    fn admits(&self, record: &EventRecord) -> bool {
        self.kind.is_none_or(|kind| record.r#type == kind)
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

impl AuditLogs {
    fn check(self, reader: Option<UserId>) -> Result<LogQuery> {
        const NOT_AN_ID: FieldFault = FieldFault::new("invalid_id", "Must be an id.");
        const NOT_A_TIME: FieldFault = FieldFault::new("invalid_time", "Must be an RFC 3339 time.");
        const ONE: FieldFault = FieldFault::new("required", "Give one of person, subject, actor, or from and to.");
        const ONLY_ONE: FieldFault =
            FieldFault::new("not_allowed", "Give only one of person, subject, actor, or from and to.");
        const RANGE: FieldFault = FieldFault::new("out_of_range", "Must be after from, by 31 days at most.");
        const MISSING: FieldFault = FieldFault::new("required", "The fields from and to are required together.");

        let mut fields = Fields::default();
        let f = &mut fields;
        let id = |text: String| if is_id(&text) { Ok(text) } else { Err(NOT_AN_ID) };
        let time = |text: String| text.parse::<Timestamp>().map_err(|_| NOT_A_TIME);
        let by_time = self.from.is_some() || self.to.is_some();
        let named = [self.person.is_some(), self.subject.is_some(), self.actor.is_some(), by_time];
        match named.into_iter().filter(|named| *named).count() {
            0 => f.refuse("person", ONE),
            1 => {}
            _ => f.refuse("person", ONLY_ONE),
        }
        if by_time && (self.from.is_none() || self.to.is_none()) {
            f.refuse(if self.from.is_none() { "from" } else { "to" }, MISSING);
        }
        let person = f.check_optional("person", self.person, |text| text.parse().map_err(|_| NOT_AN_ID));
        let subject = f.check_optional("subject", self.subject, id);
        let actor = f.check_optional("actor", self.actor, id);
        let from = f.check_optional("from", self.from, time);
        let to = f.check_optional("to", self.to, time);
        if let (Some(from), Some(to)) = (from, to)
            && (from >= to || to.since(from) > LONGEST)
        {
            f.refuse("to", RANGE);
        }
        let kind = f.check_optional("type", self.kind, EventType::parse_field);
        fields.done().map_err(RequestError::Invalid)?;
        let log = match (person, subject, actor, from, to) {
            (Some(person), ..) => Log::Person(person),
            (_, Some(subject), ..) => Log::Subject(subject),
            (.., Some(actor), _, _) => Log::Actor(actor),
            (.., Some(from), Some(to)) => Log::Time { from, to },
            _ => return Err(RequestError::Malformed("The query selects nothing.").into()),
        };
        Ok(LogQuery { reader, log, kind, correlation_id: self.correlation_id })
    }
}

/// Whether a text has the form of our ids. Keys are made of nothing else.
fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'))
}

#[cfg(test)]
mod tests {
    use verinym::error::Error;

    use super::*;
    use verinym::crypto::random::RandomId;

    fn query(pairs: &[(&str, &str)]) -> Result<LogQuery, Vec<(String, String)>> {
        let form: serde_json::Map<_, _> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let query: AuditLogs = serde_json::from_value(form.into()).unwrap();
        query.check(Some(UserId::new(Timestamp::from_unix_millis(0)))).map_err(|error| match error {
            Error::Request(RequestError::Invalid(faults)) => {
                faults.into_iter().map(|fault| (fault.field, fault.code.into_owned())).collect()
            }
            other => panic!("{other}"),
        })
    }

    #[test]
    fn exactly_one_query_is_given() {
        let user = UserId::new(Timestamp::from_unix_millis(1)).to_string();
        assert!(matches!(query(&[("person", &user)]).unwrap().log, Log::Person(_)));
        assert!(matches!(query(&[("subject", "chk_1")]).unwrap().log, Log::Subject(_)));
        assert!(matches!(query(&[("actor", "cli_1")]).unwrap().log, Log::Actor(_)));
        assert_eq!(query(&[]).unwrap_err(), [("person".into(), "required".into())]);
        assert_eq!(
            query(&[("person", &user), ("actor", &user)]).unwrap_err(),
            [("person".into(), "not_allowed".into())]
        );
        assert_eq!(query(&[("person", "chk_1")]).unwrap_err(), [("person".into(), "invalid_id".into())]);
        assert_eq!(query(&[("subject", "a#b")]).unwrap_err(), [("subject".into(), "invalid_id".into())]);
    }

    #[test]
    fn a_range_has_two_ends_in_order_at_most_31_days_apart() {
        let range = |from, to| query(&[("from", from), ("to", to)]).map(|log_query| log_query.log);
        assert!(matches!(range("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z").unwrap(), Log::Time { .. }));
        for (from, to) in [
            ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00.001Z"),
            ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"),
        ] {
            assert_eq!(range(from, to).unwrap_err(), [("to".into(), "out_of_range".into())]);
        }
        assert_eq!(query(&[("from", "2026-03-01T00:00:00Z")]).unwrap_err(), [("to".into(), "required".into())]);
        assert_eq!(
            query(&[("to", "yesterday")]).unwrap_err(),
            [("from".into(), "required".into()), ("to".into(), "invalid_time".into())]
        );
    }
}
