//! Collects the state changes and events of one commit of a check.

use std::time::Duration;

use verinym::{
    domain::{
        aml::HitMark,
        check::{Action, Check, CheckError, CheckState, ReasonCode, RetryPolicy, StepKind},
        event::{Actor, Cause, EventType, ExternalId, ProviderTask, ProviderVerdict},
        time::Timestamp,
    },
    error::{Error, Result},
    providers::{ProviderError, ProviderResult, Reference},
    store::{
        check::{StoredCheck, check_event},
        command::Attempt,
        commit::Commit,
        event::EventDraft,
        user::Account,
    },
};

/// Collects the state changes and events of one commit; nothing is written before [`CheckUpdate::commit`].
#[derive(Debug)]
pub struct CheckUpdate {
    before: Check,
    after: StoredCheck,
    events: Vec<EventDraft>,
    task_taken: Option<Reference>,
    /// Whether the person's account is not changed with the check.
    account_is_kept: bool,
    now: Timestamp,
}

impl CheckUpdate {
    pub fn of(stored: &StoredCheck, now: Timestamp) -> Self {
        Self {
            before: stored.check.clone(),
            after: stored.clone(),
            events: Vec::new(),
            task_taken: None,
            account_is_kept: false,
            now,
        }
    }

    /// Starts processing. If a document failed inspection (`sound` is false), no provider is called, and a reviewer asks the
    /// applicant for what is missing.
    pub fn start(&mut self, sound: bool) -> Result<()> {
        if sound {
            self.after.check.pass(StepKind::Documents);
        }
        self.start_processing()?;
        if !sound {
            self.provider_finished(false, vec![ReasonCode::DocumentUnreadable], verification())?;
        }
        Ok(())
    }

    /// Marks the check as being processed by workers.
    pub fn start_processing(&mut self) -> Result<()> {
        self.act(Action::Start, verification())?;
        self.after.work.next_run_at = None;
        Ok(())
    }

    /// Leaves the account unchanged, because another check decides the person's status.
    pub fn keep_account(&mut self) {
        self.account_is_kept = true;
    }

    /// For a check without a provider: a reviewer decides after the screening.
    pub fn manual(&mut self) -> Result<()> {
        self.provider_finished(false, vec![ReasonCode::ManualReview], verification())
    }

    /// The provider accepted the task.
    pub fn task_created(&mut self, reference: &Reference) {
        let (check, work) = (&mut self.after.check, &mut self.after.work);
        check.provider_reference = Some(reference.to_string());
        check.attempts += 1;
        work.called_at = Some(self.now);
        work.next_run_at = Some(self.now + RetryPolicy::of_provider(&check.policy.provider).first_poll);
        self.task_taken = Some(reference.clone());
        self.record(EventType::CheckProviderCalled, |event| {
            event.data(&ProviderTask { reference: ExternalId::new(reference.as_str()) })
        });
    }

    /// The provider's result was fetched.
    pub fn result_fetched(&mut self) {
        self.record(EventType::CheckProviderAnswered, |event| event);
    }

    /// Applies the provider's result: a rejection ends the check; any other result leads to screening.
    pub fn apply_result(&mut self, outcome: ProviderResult) -> Result<()> {
        let codes = |reasons: Vec<String>| reasons.iter().map(|word| ReasonCode::of_provider(word)).collect();
        let provider = Actor::Provider(self.after.check.policy.provider.clone());
        match outcome {
            ProviderResult::Approve => self.provider_finished(true, vec![], provider),
            ProviderResult::Reject { reasons } => self.act(Action::ProviderRejected(codes(reasons)), provider),
            ProviderResult::Review { reasons } if reasons.is_empty() => {
                self.provider_finished(false, vec![ReasonCode::ProviderUnsure], provider)
            }
            ProviderResult::Review { reasons } => self.provider_finished(false, codes(reasons), provider),
        }
    }

    /// The provider's part is over; the name is screened next.
    fn provider_finished(&mut self, passed: bool, review_reasons: Vec<ReasonCode>, actor: Actor) -> Result<()> {
        self.after.work.next_run_at = None;
        self.act_with_data(Action::Screen { passed, review_reasons }, actor, |event| {
            event.data(&ProviderVerdict { passed })
        })
    }

    /// Sets the next run for a closed check; an open check gets it with its transitions.
    pub fn run_again_at(&mut self, at: Timestamp) {
        self.after.work.next_run_at = Some(at);
    }

    /// Records the screening. With `review_reasons` a reviewer decides, whatever the hits are. Screening is the last step of
    /// processing, so an open check is concluded.
    pub fn screened(
        &mut self,
        hits: Vec<HitMark>,
        lists_are_fresh: bool,
        review_reasons: Vec<ReasonCode>,
        add_data: impl FnOnce(EventDraft) -> EventDraft,
    ) -> Result<()> {
        self.act_with_data(Action::Screened { hits, lists_are_fresh, review_reasons }, screening(), add_data)?;
        if self.after.check.state == CheckState::Processing { self.conclude() } else { Ok(()) }
    }

    /// Approves if every step passed, else sends the check to review.
    fn conclude(&mut self) -> Result<()> {
        match self.act(Action::Pass, screening()) {
            Err(Error::Check(CheckError::StepsMissing)) if self.after.check.reasons.is_empty() => {
                self.act(Action::SendToReview(vec![ReasonCode::PolicyIncomplete]), screening())
            }
            Err(Error::Check(CheckError::StepsMissing)) => self.act(Action::SendToReview(vec![]), screening()),
            done => done,
        }
    }

    /// The provider ended a task without a result: a new task follows, or a reviewer decides.
    pub fn task_failed(&mut self, wait: Duration) -> Result<()> {
        self.after.work.task += 1;
        self.after.work.called_at = None;
        self.after.check.provider_reference = None;
        self.call_failed("no_result", false, wait)
    }

    /// A call failed: it is retried after `wait`, or a reviewer decides.
    pub fn call_failed(&mut self, reason: &'static str, is_final: bool, wait: Duration) -> Result<()> {
        let submitted_at = self.before.submitted_at.unwrap_or(self.now);
        let policy = RetryPolicy::of_provider(&self.before.policy.provider);
        self.after.check.attempts += 1;
        self.after.work.failures += 1;
        self.after.work.next_run_at = Some(self.now + wait);
        self.record(EventType::CheckProviderFailed, |event| event.data(&Cause { reason: reason.into() }));
        if is_final
            || policy.attempts_are_used_up(self.after.work.failures)
            || policy.time_is_up(submitted_at, self.now)
        {
            self.stop_asking_provider()?;
        }
        Ok(())
    }

    /// Stops asking the provider. A technical failure never decides: the name is screened and a reviewer decides.
    pub fn stop_asking_provider(&mut self) -> Result<()> {
        if self.after.check.screening.since.is_some() {
            return self.act(Action::SendToReview(vec![ReasonCode::ScreeningUnavailable]), screening());
        }
        self.provider_finished(false, vec![ReasonCode::ProviderUnavailable], verification())
    }

    /// Whether the provider's part is over.
    pub fn is_settled(&self) -> bool {
        self.after.check.state != CheckState::Processing || self.after.check.screening.since.is_some()
    }

    pub fn state(&self) -> CheckState {
        self.after.check.state
    }

    pub fn next_run_at(&self) -> Timestamp {
        self.after.next_run_at()
    }

    pub fn act(&mut self, action: Action, actor: Actor) -> Result<()> {
        self.act_with_data(action, actor, |event| event)
    }

    fn act_with_data(
        &mut self,
        action: Action,
        actor: Actor,
        add_data: impl FnOnce(EventDraft) -> EventDraft,
    ) -> Result<()> {
        let (after, kind) = self.after.check.apply(action, self.now)?;
        self.events.push(add_data(check_event(kind, &after).by(actor)));
        self.after.check = after;
        Ok(())
    }

    /// Records an event that does not change the state.
    fn record(&mut self, kind: EventType, add_data: impl FnOnce(EventDraft) -> EventDraft) {
        let check = &mut self.after.check;
        check.version += 1;
        check.updated_at = self.now;
        self.events.push(add_data(check_event(kind, check).by(verification())));
    }

    /// One commit of all changes. It conflicts if another process changed the check or the account.
    pub fn commit<'s>(self, attempt: &Attempt<'s>, auth: &Account) -> Commit<'s> {
        let commit = attempt.commit(self.now);
        let mut commit = if self.account_is_kept {
            commit.check_changes(&self.before, &self.after)
        } else {
            commit.check_moves(&self.before, &self.after, auth, self.now)
        };
        if let Some(reference) = &self.task_taken {
            commit = commit.task_taken(&self.before.policy.provider, reference, &self.before);
        }
        self.events.into_iter().fold(commit, Commit::event)
    }
}

pub fn verification() -> Actor {
    Actor::system("verification")
}

pub fn screening() -> Actor {
    Actor::system("screening")
}

/// The code of a failed call, for the event.
pub fn failure(error: &ProviderError) -> &'static str {
    match error {
        ProviderError::Unavailable { .. } => "unavailable",
        ProviderError::RateLimited { .. } => "rate_limited",
        ProviderError::Timeout => "timeout",
        ProviderError::Refused(_) => "refused",
        ProviderError::Malformed(_) => "malformed",
        ProviderError::UnknownReference => "unknown_reference",
    }
}

#[cfg(test)]
mod tests;
