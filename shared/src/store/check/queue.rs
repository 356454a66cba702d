//! Checks in the index by state ([`state_index`](crate::store::state_index)): their keys, and the lists that read them.

use super::StoredCheck;
use crate::{
    domain::{check::CheckState, id::UserId, time::Timestamp},
    error::Result,
    store::{
        Position, Store,
        state_index::{StateKey, rank},
    },
};

/// State in the index of a closed check whose snapshot is not screened yet.
const UNSCREENED: &str = "unscreened";

/// The key of a check in the index; `None` if it is not in it.
pub(super) fn state_key(stored: &StoredCheck) -> Option<StateKey> {
    let check = &stored.check;
    let since = check.submitted_at.unwrap_or(check.created_at);
    let (state, order) = match check.state {
        CheckState::Submitted | CheckState::Processing => (check.state.as_str(), stored.next_run_at().to_string()),
        CheckState::InReview | CheckState::AwaitingSecondReview => {
            (check.state.as_str(), format!("{}#{since}", rank(check.urgency())))
        }
        CheckState::Draft | CheckState::Approved => (check.state.as_str(), check.expires_at?.to_string()),
        CheckState::AwaitingApplicant => (check.state.as_str(), since.to_string()),
        CheckState::Rejected | CheckState::Cancelled if check.needs_screening() => {
            (UNSCREENED, stored.next_run_at().to_string())
        }
        CheckState::Rejected | CheckState::Cancelled | CheckState::Expired => return None,
    };
    Some(StateKey::new(state, &order, &check.id.to_string()))
}

impl Store {
    /// One page of the checks in some states, in the order of the index (in review: highest risk first, then oldest),
    /// without the reader's own.
    pub async fn checks_in_states(
        &self,
        states: &[CheckState],
        reader: Option<&UserId>,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<StoredCheck>, Option<Position>)> {
        let states: Vec<_> = states.iter().map(|state| state.as_str()).collect();
        let (items, next) = self.page_of_states(&states, reader, limit, after).await?;
        Ok((items.into_iter().map(StoredCheck::from_item).collect::<Result<_>>()?, next))
    }

    /// Checks in a state whose next run is due, or which have expired.
    pub async fn overdue_checks(&self, state: CheckState, now: Timestamp, limit: u32) -> Result<Vec<StoredCheck>> {
        self.overdue(state.as_str(), now, limit).await
    }

    /// Closed checks whose snapshot should have been screened by now.
    pub async fn unscreened_checks(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredCheck>> {
        self.overdue(UNSCREENED, now, limit).await
    }

    async fn overdue(&self, state: &str, now: Timestamp, limit: u32) -> Result<Vec<StoredCheck>> {
        self.due_in_state(state, now, limit).await?.into_iter().map(StoredCheck::from_item).collect()
    }
}
