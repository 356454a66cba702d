//! The index `desk`: each check under its state and shard, sorted by what the state is waited on.
//!
//! | state | sorted by | read by |
//! |---|---|---|
//! | `submitted`, `processing` | when to look at it next | the sweep of stuck checks |
//! | `in_review`, `awaiting_second_review` | highest risk, then oldest | the desk |
//! | `draft`, `approved` | when it ends | the expiry |
//! | `awaiting_applicant` | age | staff |
//! | `unscreened` (rejected or cancelled checks whose snapshot is not screened yet) | when to look at it next | the sweep |
//! | `hit_open` (open hits of checks) | most urgent list, then oldest | the desk of hits |
//!
//! Other states stand in no index: nothing is done with such a check any more. The index is a little behind the table,
//! so whoever acts upon what it finds reads the check first.

use std::collections::BTreeMap;

use super::{
    Position, Store, Table,
    event::shard,
    item::{Item, Query, SHARDS, Sort, text},
};
use crate::{
    domain::{check::RiskLevel, id::UserId, time::Timestamp},
    error::Result,
};

/// Its name in the table `kyc`.
pub const INDEX: &str = "desk";

fn partition(word: &str, shard: u8) -> String {
    format!("{word}#{shard:02}")
}

/// Where something is filed under a word. The id makes the sort unique, so that a page can go on after any item.
pub(super) fn filed(word: &str, sort: &str, id: &str) -> (String, String) {
    (partition(word, shard(id)), format!("{sort}#{id}"))
}

/// How a level of risk sorts: the higher, the earlier.
pub(super) fn rank(level: RiskLevel) -> usize {
    RiskLevel::ALL.iter().filter(|other| **other > level).count()
}

/// Items of the reader's own that a page may leave out without another round of queries, per shard. Nobody has more than
/// one check in the queue, nor more hits of one check than this in one shard, so a page that leaves some out takes as
/// long as one that does not.
const HIDDEN_PER_SHARD: u32 = 8;

/// The position of a page that goes on after this sort key.
pub(super) fn position(sort: String) -> Position {
    Position(BTreeMap::from([("desk_sk".to_owned(), sort)]))
}

impl Store {
    /// Items filed under a word whose time has come.
    pub(super) async fn filed_until(&self, word: &str, now: Timestamp, limit: u32) -> Result<Vec<Item>> {
        let found = self.filed_under(&[word], "", &format!("{now}#"), limit, None).await?;
        Ok(found.into_iter().map(|(_, item)| item).collect())
    }

    /// One page of what is filed under some words, less what is the reader's own. Each shard is asked for a page, and
    /// the first of all make the page.
    pub(super) async fn filed_page(
        &self,
        words: &[&str],
        reader: &UserId,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<Item>, Option<Position>)> {
        let after = after.and_then(|position| position.0.get("desk_sk")).map_or("", String::as_str);
        // One more than wanted, since the range includes its beginning.
        let found = self.filed_under(words, after, "~", limit + 2, Some(reader)).await?;
        let mut found: Vec<_> = found.into_iter().filter(|(sort, _)| sort.as_str() > after).collect();
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|(sort, _)| position(sort.clone()));
        Ok((found.into_iter().map(|(_, item)| item).collect(), next))
    }

    /// Items filed in the index under some words, in the order of their sort, from `low` to `high`, both included; at least
    /// `limit` of each shard that has so many, without those of one person.
    async fn filed_under(
        &self,
        words: &[&str],
        low: &str,
        high: &str,
        limit: u32,
        without: Option<&UserId>,
    ) -> Result<Vec<(String, Item)>> {
        // DynamoDB takes no empty key.
        let low = if low.is_empty() { "#" } else { low };
        let pages = words
            .iter()
            .flat_map(|word| (0..SHARDS).map(|shard| partition(word, shard)))
            .map(async |partition| self.filed_in(&partition, low, high, limit, without).await);
        let pages = futures::future::try_join_all(pages).await?;
        let mut all = Vec::new();
        for item in pages.into_iter().flatten() {
            let sort = item.get("desk_sk").and_then(|sort| sort.as_s().ok()).cloned().unwrap_or_default();
            all.push((sort, item));
        }
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(all)
    }

    /// The same of one shard.
    async fn filed_in(
        &self,
        partition: &str,
        low: &str,
        high: &str,
        limit: u32,
        without: Option<&UserId>,
    ) -> Result<Vec<Item>> {
        let hidden = without.map(|user| text(user.to_string()));
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let query = Query {
                table: Table::Kyc,
                index: Some(INDEX),
                partition: ("desk_pk", partition),
                sort: Sort::Between("desk_sk", low, high),
                newest_first: false,
                limit: if hidden.is_some() { limit + HIDDEN_PER_SHARD } else { limit },
                after: after.as_ref(),
            };
            let (items, next) = self.query(query).await?;
            found.extend(items.into_iter().filter(|item| hidden.is_none() || item.get("user_id") != hidden.as_ref()));
            after = next;
            if after.is_none() || found.len() >= limit as usize {
                return Ok(found);
            }
        }
    }
}
