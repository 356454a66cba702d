//! GET /v1/aml/hits: the queue of hits, sanctions first, then the oldest; or the hits of a person or a check. Nobody sees
//! hits on themselves, nor from the form of a page that there are some.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        aml::{Hit, HitDecision, HitForStaff},
        field::{Fault, Fields},
        id::{CheckId, UserId},
        role::{AmlRead, UsersReadPii},
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Can, Endpoint, Page, Query, Route,
        cursor::{Binding, page_size},
        reads::{commit_reads, hits_read},
    },
    store::Table,
    store::desk::INDEX as DESK,
    store::{Position, Store, hit::StoredHit},
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
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UseTokenKeys)
                .with(Capability::UnwrapProfileKeys)
                .get(Table::Kyc)
                .query(Table::Kyc)
                .query_index(Table::Kyc, DESK),
        )
        .handled_by(list)
}

async fn list(call: Call<Can<AmlRead>>, Query(query): Query<ListHits>) -> Result<Page<HitForStaff>> {
    let now = call.now();
    let limit = page_size(query.limit)?;
    let filters = [&query.decision, &query.user_id, &query.check_id, &query.list];
    // Named by place: a filter left out is not the same as another one left out.
    let filters = filters.map(|filter| filter.as_deref().unwrap_or("\0"));
    let binding = Binding::new(&call, &call.caller.user, &filters);
    let filter = query.check()?;
    let store = call.app.store().await;
    let after = binding.open(call.app, query.cursor.as_deref()).await?;
    let (found, next) = filter.page(store, call.caller.user, limit, after).await?;
    let keys = store.evidence_keys(found.iter().map(|stored| stored.hit.user_id), now).await?;
    let plain = call.caller.can::<UsersReadPii>();
    let shown: Vec<_> = found.iter().filter_map(|stored| Some((stored, keys.get(&stored.hit.user_id)?))).collect();
    if plain {
        commit_reads(&call, &hits_read(shown.iter().map(|(stored, _)| *stored))).await?;
    }
    // Whose key is gone, of them nothing can be shown.
    let items = shown.into_iter().map(|(stored, evidence)| stored.for_staff(evidence, plain)).collect::<Result<_>>()?;
    Ok(Page { items, next_cursor: binding.seal(call.app, next.as_ref()).await? })
}

#[derive(Debug)]
struct Filter {
    decision: Option<HitDecision>,
    user: Option<UserId>,
    check: Option<CheckId>,
    list: Option<String>,
}

type Found = (Vec<StoredHit>, Option<Position>);

/// A filter may leave little of a page: at most so many are read for one answer, and the cursor goes on from there.
const MOST_PAGES: usize = 8;

impl Filter {
    async fn page(&self, store: &Store, reader: UserId, limit: u32, after: Option<Position>) -> Result<Found> {
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
        if person == Some(reader) {
            return Ok((Vec::new(), None));
        }
        let (mut found, mut after) = (Vec::new(), after);
        for _ in 0..MOST_PAGES {
            let wanted = limit - u32::try_from(found.len()).unwrap_or(limit);
            let (page, next) = match person {
                Some(person) => store.hits_of(&person, wanted, after.as_ref()).await?,
                None => store.open_hits(&reader, wanted, after.as_ref()).await?,
            };
            found.extend(page.into_iter().filter(|stored| self.admits(&stored.hit)));
            after = next;
            if after.is_none() || found.len() >= limit as usize {
                break;
            }
        }
        Ok((found, after))
    }

    fn admits(&self, hit: &Hit) -> bool {
        self.decision.is_none_or(|decision| hit.decision == decision)
            && self.check.is_none_or(|check| hit.check_id == check)
            && self.list.as_ref().is_none_or(|list| hit.list == *list)
    }
}

impl ListHits {
    fn check(&self) -> Result<Filter> {
        const NOT_ALLOWED: Fault = Fault::new("not_allowed", "This value is not one of those allowed here.");
        const NOT_AN_ID: Fault = Fault::new("invalid_id", "must be an id");
        const NEEDED: Fault = Fault::new("required", "is required for decided hits, which are filed by person");
        let mut fields = Fields::default();
        let f = &mut fields;
        let filter = Filter {
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
