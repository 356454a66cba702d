//! GET /v1/admin/security-events: the events about the security of accounts, by person or by time, newest first.

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
};

use crate::{
    audit_logs::AuditLogs,
    event_log::{LogQuery, needs, page},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SecurityEvents {
    limit: Option<u32>,
    cursor: Option<String>,
    /// Events that concern this user. Either `person` or a range of time is required.
    #[param(value_type = Option<UserId>)]
    person: Option<String>,
    /// Events at or after this time (RFC 3339).
    #[param(value_type = Option<Timestamp>)]
    from: Option<String>,
    /// Events before this time (RFC 3339), at most 31 days later.
    #[param(value_type = Option<Timestamp>)]
    to: Option<String>,
    /// Events of this type, which must be about security.
    #[param(value_type = Option<EventType>)]
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-security-events", "/v1/admin/security-events")
        .summary("Read the security events")
        .description(
            "Failed sign-ins and lock-outs, new devices, changes of passwords, factors and other ways in, of addresses and roles, and what staff did about accounts. By person or by time, newest first. Reading addresses of other people is an event.",
        )
        .needs(needs())
        .handled_by(security_events)
}

async fn security_events(call: Call<Can<AuditRead>>, Query(query): Query<SecurityEvents>) -> Result<Page<AuditEvent>> {
    let filters = [&query.person, &query.from, &query.to, &query.kind].map(|filter| filter.as_deref());
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &filters).await?;
    let log_query = query.check(call.caller.user())?;
    page(&call, &list, &log_query).await
}

impl SecurityEvents {
    fn check(self, reader: Option<UserId>) -> Result<LogQuery> {
        const ONE: FieldFault = FieldFault::new("required", "Give either person, or from and to.");
        const OTHER: FieldFault = FieldFault::new("not_security", "Must be a type of event about security.");
        let mut fields = Fields::default();
        if self.person.is_some() == (self.from.is_some() || self.to.is_some()) {
            fields.refuse("person", ONE);
        }
        let kind = self.kind.as_deref().and_then(|kind| kind.parse::<EventType>().ok());
        if kind.is_some_and(|kind| !kind.row().security) {
            fields.refuse("type", OTHER);
        }
        fields.done().map_err(RequestError::Invalid)?;
        let logs = AuditLogs::of(self.person, (self.from, self.to), self.kind);
        Ok(LogQuery { security_only: true, ..logs.check(reader)? })
    }
}
