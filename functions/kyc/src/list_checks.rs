//! `GET /v1/kyc/checks`: the caller's checks, newest first.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        check::{CheckForPerson, PublicStatus},
        field::{FieldFault, Fields},
        time::Timestamp,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Endpoint, Page, Query, Route, Signed, list::List},
    store::{Store, Table, check::StoredCheck},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListChecks {
    limit: Option<u32>,
    cursor: Option<String>,
    /// Checks with this status.
    #[param(value_type = Option<PublicStatus>)]
    status: Option<String>,
    /// Checks created at or after this time (RFC 3339).
    #[param(value_type = Option<Timestamp>)]
    from: Option<String>,
    /// Checks created before this time (RFC 3339).
    #[param(value_type = Option<Timestamp>)]
    to: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("kyc-list-checks", "/v1/kyc/checks")
        .summary("List my checks")
        .description("The checks of the signed-in person, newest first.")
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Kyc))
        .handled_by(list_checks)
}

async fn list_checks(call: Call<Signed>, Query(query): Query<ListChecks>) -> Result<Page<CheckForPerson>> {
    let filters = [&query.status, &query.from, &query.to].map(|filter| filter.as_deref());
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &filters).await?;
    let filter = query.check()?;
    let (store, user) = (call.app.store().await, &call.caller.user);
    let (found, next) = list
        .fill(
            filter.narrows(),
            |limit, after| async move { store.checks(user, filter.from, filter.to, limit, after.as_ref()).await },
            |stored| filter.admits(stored),
            Store::position_after,
        )
        .await?;
    let items = found.iter().map(|stored| stored.check.for_person()).collect();
    list.page(call.app, items, next.as_ref()).await
}

#[derive(Debug, Clone, Copy)]
struct CheckFilter {
    status: Option<PublicStatus>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl CheckFilter {
    /// Whether the filter leaves out checks of the query.
    fn narrows(&self) -> bool {
        self.status.is_some() || self.from.is_some() || self.to.is_some()
    }

    fn admits(&self, stored: &StoredCheck) -> bool {
        let check = &stored.check;
        self.status.is_none_or(|status| check.state.public() == status)
            && self.from.is_none_or(|from| check.created_at >= from)
            && self.to.is_none_or(|to| check.created_at < to)
    }
}

impl ListChecks {
    fn check(self) -> Result<CheckFilter> {
        const NOT_A_TIME: FieldFault = FieldFault::new("invalid_time", "Must be an RFC 3339 time.");
        let mut fields = Fields::default();
        let f = &mut fields;
        let filter = CheckFilter {
            status: f.check_optional("status", self.status, PublicStatus::parse_field),
            from: f.check_optional("from", self.from, |text| text.parse().map_err(|_| NOT_A_TIME)),
            to: f.check_optional("to", self.to, |text| text.parse().map_err(|_| NOT_A_TIME)),
        };
        fields.done().map_err(RequestError::Invalid)?;
        Ok(filter)
    }
}
