//! `GET /v1/admin/kyc/checks`: the checks of all people for staff. Without a person or a state this is the review queue, highest risk
//! first, then oldest. Staff find their own checks in none of these lists.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        check::{CheckForStaff, CheckKind, CheckState, PublicStatus},
        field::{FieldFault, Fields},
        id::UserId,
        role::KycRead,
        time::Timestamp,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Can, Endpoint, Page, Query, Route,
        list::{ItemsAndNext, List},
    },
    store::{Store, Table, check::StoredCheck, state_index::INDEX as STATE_INDEX},
};

/// The states of the review queue.
const IN_QUEUE: &[CheckState] = &[CheckState::InReview, CheckState::AwaitingSecondReview];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListChecksForStaff {
    limit: Option<u32>,
    cursor: Option<String>,
    /// Checks of this person, newest first.
    #[param(value_type = Option<UserId>)]
    user_id: Option<String>,
    /// Checks with this status, as the person sees it. Without `user_id` and `state` it narrows the review queue, whose checks are all
    /// `processing`: for approved checks of everybody use `state=approved`.
    #[param(value_type = Option<PublicStatus>)]
    status: Option<String>,
    /// Checks in this state. `rejected`, `cancelled` and `expired` need `user_id` too.
    #[param(value_type = Option<CheckState>)]
    state: Option<String>,
    /// Checks by this provider.
    provider: Option<String>,
    /// Checks of this kind.
    #[param(value_type = Option<CheckKind>)]
    kind: Option<String>,
    /// Checks that this reviewer has claimed.
    #[param(value_type = Option<UserId>)]
    claimed_by: Option<String>,
    /// Checks created at or after this time (RFC 3339).
    #[param(value_type = Option<Timestamp>)]
    from: Option<String>,
    /// Checks created before this time (RFC 3339).
    #[param(value_type = Option<Timestamp>)]
    to: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-list-checks", "/v1/admin/kyc/checks")
        .summary("List checks")
        .description(
            "Without `user_id` and `state`, the review queue: the highest risk first, then the oldest. Staff never find their own checks here.",
        )
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Kyc).query_index(Table::Kyc, STATE_INDEX))
        .handled_by(list_checks)
}

async fn list_checks(call: Call<Can<KycRead>>, Query(query): Query<ListChecksForStaff>) -> Result<Page<CheckForStaff>> {
    let now = call.now();
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &query.filters()).await?;
    let filter = query.check()?;
    let (store, reader) = (call.app.store().await, call.caller.user());
    let (found, next) = match (filter.user, filter.state) {
        (Some(user), _) if Some(user) == reader => (Vec::new(), None),
        (Some(user), _) => of_person(store, &user, &filter, now, &list).await?,
        (None, Some(state)) => of_everybody(store, reader.as_ref(), &[state], &filter, now, &list).await?,
        (None, None) => of_everybody(store, reader.as_ref(), IN_QUEUE, &filter, now, &list).await?,
    };
    let items = found.iter().map(|stored| stored.check.for_staff(now)).collect();
    list.page(call.app, items, next.as_ref()).await
}

async fn of_person(
    store: &Store,
    user: &UserId,
    filter: &StaffCheckFilter,
    now: Timestamp,
    list: &List,
) -> Result<ItemsAndNext<StoredCheck>> {
    list.fill(
        filter.narrows(),
        |limit, after| async move { store.checks(user, filter.from, filter.to, limit, after.as_ref()).await },
        |stored| filter.admits(stored, now),
        Store::position_after,
    )
    .await
}

async fn of_everybody(
    store: &Store,
    reader: Option<&UserId>,
    states: &[CheckState],
    filter: &StaffCheckFilter,
    now: Timestamp,
    list: &List,
) -> Result<ItemsAndNext<StoredCheck>> {
    list.fill(
        filter.narrows(),
        |limit, after| async move { store.checks_in_states(states, reader, limit, after.as_ref()).await },
        |stored| filter.admits(stored, now),
        StoredCheck::position_in_queue,
    )
    .await
}

#[derive(Debug)]
struct StaffCheckFilter {
    user: Option<UserId>,
    status: Option<PublicStatus>,
    state: Option<CheckState>,
    provider: Option<String>,
    kind: Option<CheckKind>,
    claimed_by: Option<UserId>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl StaffCheckFilter {
    /// Whether the filter leaves out checks of the query.
    fn narrows(&self) -> bool {
        self.status.is_some()
            || self.user.is_some() && self.state.is_some()
            || self.provider.is_some()
            || self.kind.is_some()
            || self.claimed_by.is_some()
            || self.from.is_some()
            || self.to.is_some()
    }

    fn admits(&self, stored: &StoredCheck, now: Timestamp) -> bool {
        let check = &stored.check;
        self.status.is_none_or(|status| check.state.public() == status)
            && self.state.is_none_or(|state| check.state == state)
            && self.provider.as_ref().is_none_or(|provider| check.policy.provider == *provider)
            && self.kind.is_none_or(|kind| check.policy.kind == kind)
            && self.claimed_by.is_none_or(|reviewer| check.claimed_by(now) == Some(reviewer))
            && self.from.is_none_or(|from| check.created_at >= from)
            && self.to.is_none_or(|to| check.created_at < to)
    }
}

impl ListChecksForStaff {
    /// The filters that a cursor is bound to.
    fn filters(&self) -> [Option<&str>; 8] {
        let filters = [
            &self.user_id,
            &self.status,
            &self.state,
            &self.provider,
            &self.kind,
            &self.claimed_by,
            &self.from,
            &self.to,
        ];
        filters.map(|filter| filter.as_deref())
    }

    fn check(self) -> Result<StaffCheckFilter> {
        const NOT_A_TIME: FieldFault = FieldFault::new("invalid_time", "Must be an RFC 3339 time.");
        const NOT_AN_ID: FieldFault = FieldFault::new("invalid_id", "Must be a user's id.");
        const NEEDS_PERSON: FieldFault = FieldFault::new("required", "This field is required for this state.");
        let mut fields = Fields::default();
        let f = &mut fields;
        let filter = StaffCheckFilter {
            user: f.check_optional("user_id", self.user_id, |text| text.parse().map_err(|_| NOT_AN_ID)),
            status: f.check_optional("status", self.status, PublicStatus::parse_field),
            state: f.check_optional("state", self.state, CheckState::parse_field),
            provider: self.provider,
            kind: f.check_optional("kind", self.kind, CheckKind::parse_field),
            claimed_by: f.check_optional("claimed_by", self.claimed_by, |text| text.parse().map_err(|_| NOT_AN_ID)),
            from: f.check_optional("from", self.from, |text| text.parse().map_err(|_| NOT_A_TIME)),
            to: f.check_optional("to", self.to, |text| text.parse().map_err(|_| NOT_A_TIME)),
        };
        let decided = [CheckState::Rejected, CheckState::Cancelled, CheckState::Expired];
        if filter.user.is_none() && filter.state.is_some_and(|state| decided.contains(&state)) {
            f.refuse("user_id", NEEDS_PERSON);
        }
        fields.done().map_err(RequestError::Invalid)?;
        Ok(filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_has_the_states_that_wait_for_a_reviewer() {
        let waiting: Vec<_> = CheckState::ALL.iter().copied().filter(|state| state.is_waiting_for_reviewer()).collect();
        assert_eq!(waiting, IN_QUEUE);
    }
}
