//! GET /v1/admin/audit-logs: the event log by person, by subject, by actor or by time, newest first; then by type and
//! correlation id.

use std::time::Duration;

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        event::{AuditEvent, EventType},
        field::{FieldFault, Fields},
        id::UserId,
        role::AuditRead,
        time::Timestamp,
    },
    error::{RequestError, Result},
    http::{Call, Can, Endpoint, Page, Query, Route, list::List},
    store::{Table, event::Log},
};

use crate::event_log::{LogQuery, needs, page};

#[derive(Debug, Default, Deserialize, IntoParams)]
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
        .needs(needs().query(Table::Events).query_index(Table::Events, "actor"))
        .handled_by(audit_logs)
}

async fn audit_logs(call: Call<Can<AuditRead>>, Query(query): Query<AuditLogs>) -> Result<Page<AuditEvent>> {
    let filters =
        [&query.person, &query.subject, &query.actor, &query.from, &query.to, &query.kind, &query.correlation_id];
    let filters = filters.map(|filter| filter.as_deref());
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &filters).await?;
    let log_query = query.check(call.caller.user())?;
    page(&call, &list, &log_query).await
}

impl AuditLogs {
    /// The events that concern a person, or that happened in a range of time, of a type if one is given.
    pub fn of(person: Option<String>, (from, to): (Option<String>, Option<String>), kind: Option<String>) -> Self {
        Self { person, from, to, kind, ..Self::default() }
    }

    pub fn check(self, reader: Option<UserId>) -> Result<LogQuery> {
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
        Ok(LogQuery { reader, log, kind, correlation_id: self.correlation_id, security_only: false })
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
