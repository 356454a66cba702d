//! GET /v1/aml/lists: the configured lists, what is in force of each, and how old it is.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        aml::{ListKind, list::ListRefusal},
        role::AmlRead,
        time::Timestamp,
    },
    error::Result,
    function::{Capability, Needs},
    http::{Call, Can, Endpoint, Page, Route},
    store::Table,
    watchlists::{ListStatus, Watchlists},
};

/// A configured list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ListView {
    #[schema(example = "ofac_sdn")]
    pub id: String,
    #[schema(example = "OFAC SDN")]
    pub name: String,
    pub kind: ListKind,
    /// The publisher's version or date, or a hash; null, as all that follows, while the list is not in force.
    #[schema(example = "2026-02-27")]
    pub version: Option<String>,
    pub entries: Option<usize>,
    /// As the list states it.
    #[schema(example = "2026-02-27")]
    pub published_at: Option<String>,
    pub loaded_at: Option<Timestamp>,
    /// When its source last confirmed it; for an upload, when it was uploaded.
    pub confirmed_at: Option<Timestamp>,
    /// Older than its limit, or not in force: nobody is cleared by it.
    pub stale: bool,
    /// A part of the published list, for trying out. Outside of the local stack a sample is always stale.
    pub sample: bool,
    /// Why what its source gives now is refused.
    pub refused: Option<RefusedView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RefusedView {
    code: ListRefusal,
    /// Since when.
    at: Timestamp,
    /// Of a list that lost too much (`shrunken`): each figure that fell.
    #[schema(example = json!(["3000 names where there were 5000: more than 20 % gone"]))]
    losses: Vec<String>,
}

impl ListView {
    pub fn new(standing: ListStatus, now: Timestamp) -> Self {
        let stale = standing.is_stale(now);
        let list = standing.in_force.as_ref();
        Self {
            version: list.map(|list| list.version.clone()),
            entries: list.map(|list| list.entries),
            published_at: list.and_then(|list| list.published_at.clone()),
            loaded_at: list.map(|list| list.loaded_at),
            confirmed_at: list.map(|list| list.confirmed_at),
            stale,
            sample: list.is_some_and(|list| list.sample),
            refused: standing.refused.map(|refused| RefusedView {
                code: refused.code,
                at: refused.at,
                losses: refused.losses,
            }),
            id: standing.id,
            name: standing.name,
            kind: standing.kind,
        }
    }
}

pub fn endpoint() -> Endpoint {
    Route::get("aml-list-lists", "/v1/aml/lists")
        .summary("List the watchlists")
        .description("The lists that names are screened against, with version and age.")
        .needs(Needs::new().with(Capability::ReadListSources).query(Table::Kyc))
        .handled_by(list)
}

async fn list(call: Call<Can<AmlRead>>, (): ()) -> Result<Page<ListView>> {
    let statuses = Watchlists::of(call.app).await.statuses().await?;
    let items = statuses.into_iter().map(|standing| ListView::new(standing, call.now())).collect();
    Ok(Page { items, next_cursor: None })
}

#[cfg(test)]
mod tests {
    use verinym::domain::aml::list::RefusedList;

    use super::*;

    #[test]
    fn a_list_that_is_not_in_force_is_stale_and_says_why() {
        let now = Timestamp::from_unix_seconds(1);
        let refused = RefusedList { code: ListRefusal::Missing, at: now, what: "missing".into(), losses: vec![] };
        let standing = ListStatus {
            id: "mha".into(),
            name: "MHA".into(),
            kind: ListKind::Sanctions,
            in_force: None,
            refused: Some(refused),
        };
        let view = serde_json::to_value(ListView::new(standing, now)).unwrap();
        assert_eq!(view["stale"], true);
        assert_eq!(view["version"], serde_json::Value::Null);
        assert_eq!(view["refused"]["code"], "missing");
    }
}
