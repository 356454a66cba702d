//! GET /v1/aml/hits: the queue of hits, sanctions first, then the oldest; or the hits of a person or a check. Nobody sees
//! hits on themselves, nor from the form of a page that there are some.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        aml::{Hit, HitDecision, HitForStaff},
        field::{FieldFault, Fields},
        id::{CheckId, UserId},
        role::{AmlRead, UsersReadPii},
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Can, Endpoint, Page, Query, Route,
        list::{ItemsAndNext, List},
        problem::types,
        reads::{commit_reads, hits_read},
    },
    store::Table,
    store::state_index::INDEX as STATE_INDEX,
    store::{Position, Store, hit::StoredHit},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListHits {
    limit: Option<u32>,
    cursor: Option<String>,
    /// Hits with this decision. Decided hits also need `user_id` or `check_id`.
    #[param(value_type = Option<HitDecision>)]
    decision: Option<String>,
    /// Hits of this person, newest first.
    #[param(value_type = Option<UserId>)]
    user_id: Option<String>,
    /// Hits of this check.
    #[param(value_type = Option<CheckId>)]
    check_id: Option<String>,
    /// Hits of this list.
    list: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("aml-list-hits", "/v1/aml/hits")
        .summary("List hits")
        .description(
            "The queue of open hits, sanctions first, then the oldest; or the hits of a person or a check. Names are masked without `users:read_pii`.",
        )
        .problems(&[&types::NOT_FOUND])
        .opens_evidence_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UseTokenKeys)
                .with(Capability::UnwrapProfileKeys)
                .get(Table::Kyc)
                .query(Table::Kyc)
                .query_index(Table::Kyc, STATE_INDEX),
        )
        .handled_by(list)
}

async fn list(call: Call<Can<AmlRead>>, Query(query): Query<ListHits>) -> Result<Page<HitForStaff>> {
    let filter = query.check()?;
    let filters = [&query.decision, &query.user_id, &query.check_id, &query.list].map(|filter| filter.as_deref());
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &filters).await?;
    let (now, store) = (call.now(), call.app.store().await);
    let (found, next) = filter.page(store, call.caller.user(), &list).await?;
    let keys = store.evidence_keys(found.iter().map(|stored| stored.hit.user_id), now).await?;
    let plain = call.caller.can::<UsersReadPii>();
    let shown: Vec<_> = found.iter().filter_map(|stored| Some((stored, keys.get(&stored.hit.user_id)?))).collect();
    if plain {
        commit_reads(&call, &hits_read(shown.iter().map(|(stored, _)| *stored))).await?;
    }
    // Whose key is gone, of them nothing can be shown.
    let items = shown.into_iter().map(|(stored, evidence)| stored.for_staff(evidence, plain)).collect::<Result<_>>()?;
    list.page(call.app, items, next.as_ref()).await
}

#[derive(Debug)]
struct Filter {
    decision: Option<HitDecision>,
    user: Option<UserId>,
    check: Option<CheckId>,
    list: Option<String>,
}

impl Filter {
    async fn page(&self, store: &Store, reader: Option<UserId>, list: &List) -> Result<ItemsAndNext<StoredHit>> {
        let person = match (self.check, self.user) {
            (Some(check), user) => {
                let owner = store.owner_of_check(&check).await?.ok_or(RequestError::NotFound)?;
                // Of whom the check is not, of them it has no hits.
                if user.is_some_and(|user| user != owner) {
                    return Ok((Vec::new(), None));
                }
                Some(owner)
            }
            (None, user) => user,
        };
        // Whether there are hits on them or not, staff read the same of themselves, by the same reads.
        if person.is_some() && person == reader {
            return Ok((Vec::new(), None));
        }
        let admits = |stored: &StoredHit| self.admits(&stored.hit);
        if let Some(person) = &person {
            let read =
                |limit, after: Option<Position>| async move { store.hits_of(person, limit, after.as_ref()).await };
            return list.fill(self.narrows(), read, admits, StoredHit::position_of_person).await;
        }
        let read = |limit, after: Option<Position>| async move {
            store.open_hits(reader.as_ref(), limit, after.as_ref()).await
        };
        list.fill(self.narrows(), read, admits, StoredHit::position_in_queue).await
    }

    fn narrows(&self) -> bool {
        self.decision.is_some() || self.check.is_some() || self.list.is_some()
    }

    fn admits(&self, hit: &Hit) -> bool {
        self.decision.is_none_or(|decision| hit.decision == decision)
            && self.check.is_none_or(|check| hit.check_id == check)
            && self.list.as_ref().is_none_or(|list| hit.list == *list)
    }
}

impl ListHits {
    fn check(&self) -> Result<Filter> {
        const NOT_AN_ID: FieldFault = FieldFault::new("invalid_id", "Must be an id.");
        const NEEDED: FieldFault = FieldFault::new("required", "This field or check_id is required for decided hits.");
        let mut fields = Fields::default();
        let f = &mut fields;
        let filter = Filter {
            decision: f.check_optional("decision", self.decision.as_deref(), HitDecision::parse_field),
            user: f.check_optional("user_id", self.user_id.as_deref(), |text| text.parse().map_err(|_| NOT_AN_ID)),
            check: f.check_optional("check_id", self.check_id.as_deref(), |text| text.parse().map_err(|_| NOT_AN_ID)),
            list: self.list.clone(),
        };
        let decided = filter.decision.is_some_and(|decision| decision != HitDecision::Open);
        if decided && filter.user.is_none() && filter.check.is_none() {
            f.refuse("user_id", NEEDED);
        }
        fields.done().map_err(RequestError::Invalid)?;
        Ok(filter)
    }
}
