//! Screening of submitted snapshots whose check was rejected or cancelled before it was screened. Every submitted snapshot
//! is screened, so that neither withdrawing a check nor failing it hides whom a person once said to be. What is found
//! stays with the closed check as open hits, and the person's next check takes them on.

use verinym::{
    app::App,
    domain::{
        check::{CheckState, ReasonCode},
        id::CheckId,
        time::Timestamp,
    },
    error::Result,
    messaging::Outcome,
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
    earlier_hits::entities,
    screen_check::{UNTIL_FRESH, doubts, find, later, told, with_hits},
};

/// A screening against the lists as they are now.
#[derive(Debug)]
pub struct Screening<'a> {
    pub app: &'a App,
    pub lists: &'a InForce,
    pub evidence: &'a PersonKey,
    /// Whether finding nothing clears: no list is stale or missing.
    pub clears: bool,
    pub now: Timestamp,
}

impl Screening<'_> {
    /// Screens the snapshots of all earlier checks of the person that nobody screened. Once this is done on lists that
    /// clear, no such snapshot is left: a person has one open check at a time, so none can be added before `check` closes.
    pub async fn earlier_than(
        &self,
        attempt: &Attempt<'_>,
        check: &StoredCheck,
        auth: &Account,
    ) -> Result<(), CommitError> {
        let store = self.app.store().await;
        for earlier in unscreened(store, check).await? {
            match self.decide(attempt, &earlier, auth).await? {
                Decided::Commit(commit, _) => commit.run().await?,
                Decided::Unchanged(_) => {}
            }
        }
        Ok(())
    }

    /// Screens one closed check.
    pub async fn of_closed<'s>(
        &self,
        attempt: &Attempt<'s>,
        stored: &StoredCheck,
        auth: &Account,
    ) -> Result<Decided<'s, Outcome>, CommitError> {
        match self.decide(attempt, stored, auth).await? {
            Decided::Unchanged(_) => Ok(Decided::Unchanged(later(self.app.store().await, stored, UNTIL_FRESH).await?)),
            screened @ Decided::Commit(..) => Ok(screened),
        }
    }

    /// The screening of one closed check and what it found. There is nothing to write where the lists clear nobody and what
    /// they say is known already.
    async fn decide<'s>(
        &self,
        attempt: &Attempt<'s>,
        stored: &StoredCheck,
        auth: &Account,
    ) -> Result<Decided<'s, Outcome>, CommitError> {
        let (store, check) = (self.app.store().await, &stored.check);
        let ids: Vec<_> = check.screening.hits.iter().map(|hit| hit.id).collect();
        let known = entities(&store.hits_of_check(&check.user_id, &check.id, &ids).await?, self.evidence)?;
        let hits = find(stored, self.lists, self.evidence, &known, self.now)?;
        let outcome = if self.clears { Outcome::Done } else { Outcome::Later(UNTIL_FRESH) };
        if !self.clears && hits.is_empty() {
            return Ok(Decided::Unchanged(outcome));
        }
        let count = hits.len();
        let mut update = CheckUpdate::of(stored, self.now);
        update.keep_account();
        let marks = hits.iter().map(|stored| stored.hit.mark()).collect();
        let threshold = check.policy.threshold;
        update.screened(marks, self.clears, vec![], |event| told(event, self.lists, threshold, count, self.clears))?;
        update.run_again_at(self.now + UNTIL_FRESH);
        Ok(with_hits(update.commit(attempt, auth), &hits).returning(outcome))
    }
}

/// The person's other checks whose snapshot is to be screened.
async fn unscreened(store: &Store, current: &StoredCheck) -> Result<Vec<StoredCheck>> {
    let others = others(store, current).await?;
    Ok(others.into_iter().filter(|stored| stored.check.needs_screening()).collect())
}

/// Why a machine must not clear the names that the person submitted since the last approval: withdrawing a check and
/// renaming oneself does not end a doubt.
pub async fn earlier_doubts(store: &Store, current: &StoredCheck, evidence: &PersonKey) -> Result<Vec<ReasonCode>> {
    let mut found = Vec::new();
    for earlier in others(store, current).await? {
        if earlier.check.state == CheckState::Approved {
            break;
        }
        if earlier.check.submitted_at.is_some() {
            found.extend(doubts(&earlier.snapshot(evidence)?));
        }
    }
    Ok(found)
}

/// The person's other checks, newest first.
async fn others(store: &Store, current: &StoredCheck) -> Result<Vec<StoredCheck>> {
    const PAGE: u32 = 100;
    let is_other = |id: CheckId| id != current.check.id;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = store.checks(&current.check.user_id, None, None, PAGE, after.as_ref()).await?;
        found.extend(page.into_iter().filter(|stored| is_other(stored.check.id)));
        after = next;
        if after.is_none() {
            return Ok(found);
        }
    }
}
