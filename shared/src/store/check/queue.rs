//! Checks in the index of queues ([`super::super::desk`]): where a check is filed, and the pages of its queues.

use super::StoredCheck;
use crate::{
    domain::{check::CheckState, id::UserId, time::Timestamp},
    error::Result,
    store::{
        Position, Store,
        desk::{filed, rank},
    },
};

/// The word that closed checks are filed under until their snapshot is screened.
const UNSCREENED: &str = "unscreened";

/// Where a check is filed.
pub(super) fn place(stored: &StoredCheck) -> Option<(String, String)> {
    let check = &stored.check;
    let since = check.submitted_at.unwrap_or(check.created_at);
    let waited_on = match check.state {
        CheckState::Submitted | CheckState::Processing => stored.next_run_at().to_string(),
        CheckState::InReview | CheckState::AwaitingSecondReview => {
            format!("{}#{since}", rank(check.urgency()))
        }
        CheckState::Draft | CheckState::Approved => check.expires_at?.to_string(),
        CheckState::AwaitingApplicant => since.to_string(),
        CheckState::Rejected | CheckState::Cancelled if check.needs_screening() => {
            return Some(filed(UNSCREENED, &stored.next_run_at().to_string(), &check.id.to_string()));
        }
        CheckState::Rejected | CheckState::Cancelled | CheckState::Expired => return None,
    };
    Some(filed(check.state.as_str(), &waited_on, &check.id.to_string()))
}

impl Store {
    /// One page of the checks in some states, in the order of their queue: in review the highest risk first, then the
    /// oldest. Those of the `reader` are left out as if there were none.
    pub async fn desk_page(
        &self,
        states: &[CheckState],
        reader: &UserId,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<StoredCheck>, Option<Position>)> {
        let words: Vec<_> = states.iter().map(|state| state.as_str()).collect();
        let (items, next) = self.filed_page(&words, reader, limit, after).await?;
        Ok((items.into_iter().map(StoredCheck::from_item).collect::<Result<_>>()?, next))
    }

    /// Checks in a state whose time has come: to be looked at, or over.
    pub async fn overdue_checks(&self, state: CheckState, now: Timestamp, limit: u32) -> Result<Vec<StoredCheck>> {
        self.overdue(state.as_str(), now, limit).await
    }

    /// Closed checks whose snapshot should have been screened by now.
    pub async fn unscreened_checks(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredCheck>> {
        self.overdue(UNSCREENED, now, limit).await
    }

    async fn overdue(&self, word: &str, now: Timestamp, limit: u32) -> Result<Vec<StoredCheck>> {
        self.filed_until(word, now, limit).await?.into_iter().map(StoredCheck::from_item).collect()
    }
}
