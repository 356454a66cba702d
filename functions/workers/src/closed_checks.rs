//! Screening of checks that were rejected or cancelled before they were screened. Every submitted snapshot is screened, so
//! that neither withdrawing a check nor failing it hides a listed name. The hits stay open on the closed check, and the
//! person's next check carries them over.

use verinym::{
    app::App,
    domain::{
        check::{CheckState, ReasonCode},
        time::Timestamp,
    },
    error::Result,
    messaging::TaskOutcome,
    store::{
        Store,
        check::StoredCheck,
        command::{Attempt, Decided},
        commit::CommitError,
        person_key::PersonKey,
        user::Account,
    },
    watchlists::InForce,
};

use crate::{
    check_update::CheckUpdate,
    earlier_hits::listed_entities,
    screening::{UNTIL_FRESH, find_hits, name_doubts, run_later, with_hits, with_result},
};

/// Screens closed checks of one person against the lists in force.
#[derive(Debug)]
pub struct ClosedCheckScreening<'a> {
    pub app: &'a App,
    pub lists: &'a InForce,
    pub evidence: &'a PersonKey,
    /// Whether a screening without a hit clears the name: no list is stale or missing.
    pub clears: bool,
    pub now: Timestamp,
}

impl ClosedCheckScreening<'_> {
    /// Screens all earlier snapshots of the person that are not screened yet. A person has one open check at a time, so none
    /// can be added before `check` is closed.
    pub async fn screen_earlier(
        &self,
        attempt: &Attempt<'_>,
        check: &StoredCheck,
        auth: &Account,
    ) -> Result<(), CommitError> {
        let earlier = other_checks(self.app.store().await, check).await?;
        for unscreened in earlier.iter().filter(|stored| stored.check.needs_screening()) {
            match self.decide(attempt, unscreened, auth).await? {
                Decided::Commit(commit, _) => commit.run().await?,
                Decided::Unchanged(_) => {}
            }
        }
        Ok(())
    }

    /// Screens one closed check.
    pub async fn screen<'s>(
        &self,
        attempt: &Attempt<'s>,
        stored: &StoredCheck,
        auth: &Account,
    ) -> Result<Decided<'s, TaskOutcome>, CommitError> {
        match self.decide(attempt, stored, auth).await? {
            Decided::Unchanged(_) => {
                Ok(Decided::Unchanged(run_later(self.app.store().await, stored, UNTIL_FRESH).await?))
            }
            screened @ Decided::Commit(..) => Ok(screened),
        }
    }

    /// Screens one closed check. If stale lists clear nobody and there is no new hit, there is nothing to write.
    async fn decide<'s>(
        &self,
        attempt: &Attempt<'s>,
        stored: &StoredCheck,
        auth: &Account,
    ) -> Result<Decided<'s, TaskOutcome>, CommitError> {
        let (store, check) = (self.app.store().await, &stored.check);
        let ids: Vec<_> = check.screening.hits.iter().map(|hit| hit.id).collect();
        let known = listed_entities(&store.hits_of_check(&check.user_id, &check.id, &ids).await?, self.evidence)?;
        let hits = find_hits(stored, self.lists, self.evidence, &known, self.now)?;
        let outcome = if self.clears { TaskOutcome::Done } else { TaskOutcome::Later(UNTIL_FRESH) };
        if !self.clears && hits.is_empty() {
            return Ok(Decided::Unchanged(outcome));
        }
        let mut update = CheckUpdate::of(stored, self.now);
        update.keep_account();
        let marks = hits.iter().map(|stored| stored.hit.mark()).collect();
        let threshold = check.policy.threshold;
        update.screened(marks, self.clears, vec![], |event| {
            with_result(event, self.lists, threshold, hits.len(), self.clears)
        })?;
        update.run_again_at(self.now + UNTIL_FRESH);
        Ok(with_hits(update.commit(attempt, auth), &hits).returning(outcome))
    }
}

/// Doubts about the names that the person submitted since their last approval. Neither withdrawing a check nor a new name
/// ends them.
pub async fn earlier_doubts(store: &Store, current: &StoredCheck, evidence: &PersonKey) -> Result<Vec<ReasonCode>> {
    let mut doubts = Vec::new();
    for earlier in other_checks(store, current).await? {
        if earlier.check.state == CheckState::Approved {
            break;
        }
        if earlier.check.submitted_at.is_some() {
            doubts.extend(name_doubts(&earlier.snapshot(evidence)?));
        }
    }
    Ok(doubts)
}

/// The person's other checks, newest first.
async fn other_checks(store: &Store, current: &StoredCheck) -> Result<Vec<StoredCheck>> {
    const PAGE: u32 = 100;
    let (mut others, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = store.checks(&current.check.user_id, None, None, PAGE, after.as_ref()).await?;
        others.extend(page.into_iter().filter(|stored| stored.check.id != current.check.id));
        after = next;
        if after.is_none() {
            return Ok(others);
        }
    }
}
