//! The index `by_state` of the table `kyc`: checks and open hits by state and shard, in the order in which they are due.
//!
//! | state | sorted by | read by |
//! |---|---|---|
//! | `submitted`, `processing` | time of the next run | the sweep of checks |
//! | `in_review`, `awaiting_second_review` | highest risk, then oldest | staff, the review queue |
//! | `draft`, `approved` | expiry | the expiry worker |
//! | `awaiting_applicant` | age | staff |
//! | `unscreened` (rejected or cancelled checks whose snapshot is not screened yet) | time of the next run | the sweep of checks |
//! | `hit_open` (hits without a decision) | most urgent list, then oldest | staff, the list of hits |
//!
//! Checks in any other state are not in the index. The index is eventually consistent, so a command reads the check from the
//! table before it decides.

use std::collections::BTreeMap;

use super::{
    Position, Store, Table,
    item::{Item, ItemQuery, Sort, every_shard, shard, text},
};
use crate::{
    domain::{check::RiskLevel, id::UserId, time::Timestamp},
    error::Result,
};

pub const INDEX: &str = "by_state";
const PARTITION: &str = "state_pk";
const SORT: &str = "state_sk";

fn partition(state: &str, shard: u8) -> String {
    format!("{state}#{shard:02}")
}

/// The key of an item in the index.
#[derive(Debug)]
pub(super) struct StateKey {
    partition: String,
    sort: String,
}

impl StateKey {
    /// Items of a state are sorted by `order`. The id makes the sort key unique, so that a page can start after any item.
    pub(super) fn new(state: &str, order: &str, id: &str) -> Self {
        Self { partition: partition(state, shard(id)), sort: format!("{order}#{id}") }
    }

    pub(super) fn add_to(self, item: &mut Item) {
        item.insert(PARTITION.into(), text(self.partition));
        item.insert(SORT.into(), text(self.sort));
    }

    /// The position of the page that starts after this item.
    pub(super) fn position(self) -> Position {
        position(self.sort)
    }
}

/// The position after all items of the index.
pub(super) fn end() -> Position {
    position("~".to_owned())
}

fn position(sort: String) -> Position {
    Position(BTreeMap::from([(SORT.to_owned(), sort)]))
}

/// The rank of a risk level in a sort key: the higher the risk, the lower the rank.
pub(super) fn rank(level: RiskLevel) -> usize {
    RiskLevel::ALL.iter().filter(|other| **other > level).count()
}

/// How many of the reader's own items a page can leave out, per shard, without a further query. A person has at most one
/// check in review and fewer hits per check and shard than this, so a page takes the same time whether it leaves out any or
/// not.
const HIDDEN_PER_SHARD: u32 = 8;

impl Store {
    /// Items of a state whose order is a time not after `now`.
    pub(super) async fn due_in_state(&self, state: &str, now: Timestamp, limit: u32) -> Result<Vec<Item>> {
        let due = self.items_in_states(&[state], "", &format!("{now}#"), limit, None).await?;
        Ok(due.into_iter().map(|(_, item)| item).collect())
    }

    /// One page of the items in some states, without those of `reader`. Reads a page of each shard and merges them.
    pub(super) async fn page_of_states(
        &self,
        states: &[&str],
        reader: Option<&UserId>,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<Item>, Option<Position>)> {
        let after = after.and_then(|position| position.0.get(SORT)).map_or("", String::as_str);
        // One more than the page, to know whether another page follows, and one since the range includes `after` itself.
        let items = self.items_in_states(states, after, "~", limit + 2, reader).await?;
        let mut items: Vec<_> = items.into_iter().filter(|(sort, _)| sort.as_str() > after).collect();
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|(sort, _)| position(sort.clone()));
        Ok((items.into_iter().map(|(_, item)| item).collect(), next))
    }

    /// Items in some states with a sort key from `low` to `high` (both included), in this order, without those of one
    /// person. At least `limit` of each shard, if it has so many.
    async fn items_in_states(
        &self,
        states: &[&str],
        low: &str,
        high: &str,
        limit: u32,
        without: Option<&UserId>,
    ) -> Result<Vec<(String, Item)>> {
        // DynamoDB takes no empty key.
        let low = if low.is_empty() { "#" } else { low };
        let pages = every_shard(|shard| {
            futures::future::try_join_all(states.iter().map(move |state| async move {
                self.items_in_shard(&partition(state, shard), low, high, limit, without).await
            }))
        })
        .await?;
        let mut all = Vec::new();
        for item in pages.into_iter().flatten().flatten() {
            let sort = item.get(SORT).and_then(|sort| sort.as_s().ok()).cloned().unwrap_or_default();
            all.push((sort, item));
        }
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(all)
    }

    async fn items_in_shard(
        &self,
        partition: &str,
        low: &str,
        high: &str,
        limit: u32,
        without: Option<&UserId>,
    ) -> Result<Vec<Item>> {
        let hidden = without.map(|user| text(user.to_string()));
        let (mut items, mut after) = (Vec::new(), None);
        loop {
            let query = ItemQuery {
                table: Table::Kyc,
                index: Some(INDEX),
                partition: (PARTITION, partition),
                sort: Sort::Between(SORT, low, high),
                newest_first: false,
                limit: if hidden.is_some() { limit + HIDDEN_PER_SHARD } else { limit },
                after: after.as_ref(),
            };
            let (page, next) = self.query(query).await?;
            items.extend(page.into_iter().filter(|item| hidden.is_none() || item.get("user_id") != hidden.as_ref()));
            after = next;
            if after.is_none() || items.len() >= limit as usize {
                return Ok(items);
            }
        }
    }
}
