//! GET /v1/aml/hits: the desk of hits, sanctions first, then the oldest; or the hits of a person or a check. Nobody sees
//! hits on themselves.

use std::collections::HashMap;

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        aml::{HitDecision, HitForStaff},
        field::{Fault, Fields},
        id::{CheckId, UserId},
        role::{AmlRead, UsersReadPii},
    },
    error::{RequestError, Result},
    http::{
        Call, Can, Endpoint, Page, Query, Route,
        cursor::{Binding, page_size},
    },
    store::{Position, Store, hit::StoredHit, person_key::PersonKey},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListHits {
    /// A page may hold fewer than asked for, with a cursor to go on.
    limit: Option<u32>,
    cursor: Option<String>,
    /// `open`, `true_match` or `false_positive`. Decided hits are filed by person: name one, or a check.
    decision: Option<String>,
    /// Hits of this person, newest first.
    user_id: Option<String>,
    /// Hits of this check.
    check_id: Option<String>,
    /// Hits of this list.
    list: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("aml-list-hits", "/v1/aml/hits")
        .summary("Hits to be decided, or of somebody")
        .problems(&[(404, "not_found")])
        .opens_evidence_keys()
        .handled_by(list)
}

async fn list(call: Call<Can<AmlRead>>, Query(query): Query<ListHits>) -> Result<Page<HitForStaff>> {
    let now = call.now();
    let limit = page_size(query.limit)?;
    let filters = [&query.decision, &query.user_id, &query.check_id, &query.list];
    // Named by place: a filter left out is not the same as another one left out.
    let filters = filters.map(|filter| filter.as_deref().unwrap_or("\0"));
    let binding = Binding::new(&call, &call.caller.user, &filters);
    let filter = query.check(call.caller.user)?;
    let store = call.app.store().await;
    let after = binding.open(call.app, query.cursor.as_deref()).await?;
    let (found, next) = filter.page(store, limit, after.as_ref()).await?;
    let found: Vec<_> = found.into_iter().filter(|stored| filter.admits(stored)).collect();
    let keys = store.evidence_keys(found.iter().map(|stored| stored.hit.user_id), now).await?;
    let plain = call.caller.can::<UsersReadPii>();
    Ok(Page { items: view(&found, &keys, plain)?, next_cursor: binding.seal(call.app, next.as_ref()).await? })
}

/// Whose key is gone, of them nothing can be shown.
fn view(found: &[StoredHit], keys: &HashMap<UserId, PersonKey>, plain: bool) -> Result<Vec<HitForStaff>> {
    found
        .iter()
        .filter_map(|stored| Some((stored, keys.get(&stored.hit.user_id)?)))
        .map(|(stored, evidence)| stored.for_staff(evidence, plain))
        .collect()
}

#[derive(Debug)]
struct Filter {
    reader: UserId,
    decision: Option<HitDecision>,
    user: Option<UserId>,
    check: Option<CheckId>,
    list: Option<String>,
}

impl Filter {
    async fn page(
        &self,
        store: &Store,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<StoredHit>, Option<Position>)> {
        match (self.check, self.user) {
            (Some(check), _) => {
                let owner = store.owner_of_check(&check).await?.ok_or(RequestError::NotFound)?;
                store.hits_of(&owner, limit, after).await
            }
            (None, Some(user)) => store.hits_of(&user, limit, after).await,
            (None, None) => store.open_hits(limit, after).await,
        }
    }

    fn admits(&self, stored: &StoredHit) -> bool {
        let hit = &stored.hit;
        hit.user_id != self.reader
            && self.decision.is_none_or(|decision| hit.decision == decision)
            && self.user.is_none_or(|user| hit.user_id == user)
            && self.check.is_none_or(|check| hit.check_id == check)
            && self.list.as_ref().is_none_or(|list| hit.list == *list)
    }
}

impl ListHits {
    fn check(&self, reader: UserId) -> Result<Filter> {
        const NOT_ALLOWED: Fault = Fault::new("not_allowed", "This value is not one of those allowed here.");
        const NOT_AN_ID: Fault = Fault::new("invalid_id", "must be an id");
        const NEEDED: Fault = Fault::new("required", "is required for decided hits, which are filed by person");
        let mut fields = Fields::default();
        let f = &mut fields;
        let filter = Filter {
            reader,
            decision: f
                .check_optional("decision", self.decision.as_deref(), |text| text.parse().map_err(|_| NOT_ALLOWED)),
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
