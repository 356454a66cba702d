//! GET /v1/kyc/checks: the caller's checks, newest first; for staff those of a person or in a state.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        check::{CheckForPerson, CheckForStaff, CheckKind, CheckState, PublicStatus},
        field::{Fault, Fields},
        id::UserId,
        role::{KycRead, Needs as _},
        time::Timestamp,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Either, Endpoint, Page, Query, Route, Signed,
        list::{Batch, List},
    },
    store::Table,
    store::desk::INDEX as DESK,
    store::{Store, check::StoredCheck},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListChecks {
    limit: Option<u32>,
    cursor: Option<String>,
    /// As the person sees it.
    status: Option<String>,
    /// Begun at or after this time (RFC 3339).
    from: Option<String>,
    /// Begun before this time (RFC 3339).
    to: Option<String>,
    /// Staff: checks of this person. Without a person or a state the list is the caller's own.
    user_id: Option<String>,
    /// Staff: checks in this state, of everybody in the order of its queue unless a person is named.
    state: Option<String>,
    /// Staff, together with a person or a state.
    provider: Option<String>,
    /// Staff, together with a person or a state.
    kind: Option<String>,
}

type Answer = Either<Page<CheckForPerson>, Page<CheckForStaff>>;

pub fn endpoint() -> Endpoint {
    Route::get("kyc-list-checks", "/v1/kyc/checks")
        .summary("Checks")
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Kyc).query_index(Table::Kyc, DESK))
        .handled_by(list)
}

async fn list(call: Call<Signed>, Query(query): Query<ListChecks>) -> Result<Answer> {
    let now = call.now();
    let staff = query.wants_staff();
    if staff && !call.caller.can::<KycRead>() {
        return Err(RequestError::Forbidden(KycRead::PERMISSION).into());
    }
    let filters = [&query.status, &query.from, &query.to, &query.user_id, &query.state, &query.provider, &query.kind];
    let filters = filters.map(|filter| filter.as_deref());
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &filters).await?;
    let filter = query.check(staff)?;
    let (store, reader) = (call.app.store().await, call.caller.user);
    let (found, next) = match (filter.user, filter.state) {
        // In staff's lists nobody finds their own checks: even that one is in a state would tell.
        (Some(user), _) if staff && user == reader => (Vec::new(), None),
        (None, Some(state)) if staff => of_everybody(store, &reader, state, &filter, &list).await?,
        (user, _) => of_person(store, &user.unwrap_or(reader), &filter, &list).await?,
    };
    Ok(if staff {
        let items = found.iter().map(|stored| stored.check.for_staff(now)).collect();
        Either::Other(list.page(call.app, items, next.as_ref()).await?)
    } else {
        let items = found.iter().map(|stored| stored.check.for_person()).collect();
        Either::One(list.page(call.app, items, next.as_ref()).await?)
    })
}

async fn of_person(store: &Store, user: &UserId, filter: &Filter, list: &List) -> Result<Batch<StoredCheck>> {
    list.fill(
        filter.narrows_person(),
        |limit, after| async move { store.checks(user, filter.from, filter.to, limit, after.as_ref()).await },
        |stored| filter.admits(stored),
        Store::position_after,
    )
    .await
}

async fn of_everybody(
    store: &Store,
    reader: &UserId,
    state: CheckState,
    filter: &Filter,
    list: &List,
) -> Result<Batch<StoredCheck>> {
    list.fill(
        true,
        |limit, after| async move { store.desk_page(&[state], reader, limit, after.as_ref()).await },
        |stored| filter.admits(stored),
        StoredCheck::position_in_queue,
    )
    .await
}

#[derive(Debug)]
struct Filter {
    status: Option<PublicStatus>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    user: Option<UserId>,
    state: Option<CheckState>,
    provider: Option<String>,
    kind: Option<CheckKind>,
}

impl Filter {
    /// Whether it leaves out checks that the query of a person's checks gives.
    fn narrows_person(&self) -> bool {
        self.status.is_some()
            || self.state.is_some()
            || self.kind.is_some()
            || self.provider.is_some()
            || self.from.is_some()
            || self.to.is_some()
    }

    fn admits(&self, stored: &StoredCheck) -> bool {
        let check = &stored.check;
        self.status.is_none_or(|status| check.state.public() == status)
            && self.state.is_none_or(|state| check.state == state)
            && self.kind.is_none_or(|kind| check.policy.kind == kind)
            && self.provider.as_ref().is_none_or(|provider| check.policy.provider == *provider)
            && self.from.is_none_or(|from| check.created_at >= from)
            && self.to.is_none_or(|to| check.created_at < to)
    }
}

impl ListChecks {
    fn wants_staff(&self) -> bool {
        [&self.user_id, &self.state, &self.provider, &self.kind].into_iter().any(Option::is_some)
    }

    /// `staff` is whether it is one of staff's lists.
    fn check(self, staff: bool) -> Result<Filter> {
        const NOT_ALLOWED: Fault = Fault::new("not_allowed", "This value is not one of those allowed here.");
        const NOT_A_TIME: Fault = Fault::new("invalid_time", "must be an RFC 3339 time");
        const NOT_AN_ID: Fault = Fault::new("invalid_id", "must be a user's id");
        const NOT_FILED: Fault = Fault::new("required", "is required for decided checks, which are filed by person");
        const NEEDED: Fault = Fault::new("required", "name a person or a state");
        let mut fields = Fields::default();
        let f = &mut fields;
        let filter = Filter {
            status: f.check_optional("status", self.status, |text| text.parse().map_err(|_| NOT_ALLOWED)),
            from: f.check_optional("from", self.from, |text| text.parse().map_err(|_| NOT_A_TIME)),
            to: f.check_optional("to", self.to, |text| text.parse().map_err(|_| NOT_A_TIME)),
            user: f.check_optional("user_id", self.user_id, |text| text.parse().map_err(|_| NOT_AN_ID)),
            state: f.check_optional("state", self.state, |text| text.parse().map_err(|_| NOT_ALLOWED)),
            provider: self.provider,
            kind: f.check_optional("kind", self.kind, |text| text.parse().map_err(|_| NOT_ALLOWED)),
        };
        match (filter.user, filter.state) {
            (None, None) if staff => f.refuse("state", NEEDED),
            (None, Some(CheckState::Rejected | CheckState::Cancelled | CheckState::Expired)) => {
                f.refuse("user_id", NOT_FILED);
            }
            _ => {}
        }
        fields.done().map_err(RequestError::Invalid)?;
        Ok(filter)
    }
}
