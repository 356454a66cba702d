//! The changes of a check that one commit writes: transitions with their events, and the state of its processing.

use std::time::Duration;

use verinym::{
    domain::{
        aml::HitMark,
        check::{Action, Check, CheckError, CheckState, ReasonCode, RetryPolicy, StepKind},
        event::{Actor, EventType},
        time::Timestamp,
    },
    error::{Error, Result},
    providers::{ProviderError, ProviderResult, Reference},
    store::{
        Store,
        check::{StoredCheck, check_event},
        commit::{Commit, CommitError},
        event::EventDraft,
        user::AuthItem,
    },
};

/// A check on its way; nothing is written before [`CheckUpdate::commit`].
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

    /// Starts processing. If a document failed inspection (`sound` is false), no provider is asked, and a reviewer tells the
    /// applicant what is missing.
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
        self.record(EventType::CheckProviderCalled, |event| event.data("reference", reference.as_str()));
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

    /// The provider is not asked any more; the name is screened next.
    fn provider_finished(&mut self, passed: bool, review_reasons: Vec<ReasonCode>, actor: Actor) -> Result<()> {
        self.after.work.next_run_at = None;
        self.act_with_data(Action::Screen { passed, review_reasons }, actor, |event| event.data("vouched", passed))
    }

    /// Sets the next run for a closed check; an open check gets it with its transitions.
    pub fn run_again_at(&mut self, at: Timestamp) {
        self.after.work.next_run_at = Some(at);
    }

    /// Records the screening. `review_reasons` ask for a reviewer whatever was found. Screening is the last step of
    /// processing, so an open check is concluded.
    pub fn screened(
        &mut self,
        found: Vec<HitMark>,
        lists_are_fresh: bool,
        review_reasons: Vec<ReasonCode>,
        tell: impl FnOnce(EventDraft) -> EventDraft,
    ) -> Result<()> {
        self.act_with_data(Action::Screened { hits: found, lists_are_fresh, review_reasons }, screening(), tell)?;
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
        self.record(EventType::CheckProviderFailed, |event| event.data("reason", reason));
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

    /// Whether the provider is not asked any more.
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
        tell: impl FnOnce(EventDraft) -> EventDraft,
    ) -> Result<()> {
        let (after, kind) = self.after.check.apply(action, self.now)?;
        self.events.push(tell(check_event(kind, &after, actor)));
        self.after.check = after;
        Ok(())
    }

    /// Records an event that does not change the state.
    fn record(&mut self, kind: EventType, data: impl FnOnce(EventDraft) -> EventDraft) {
        let check = &mut self.after.check;
        check.version += 1;
        check.updated_at = self.now;
        self.events.push(data(check_event(kind, check, verification())));
    }

    /// Writes everything in one transaction; fails with a conflict if the check changed since it was read.
    pub async fn commit(self, store: &Store, auth: &AuthItem, correlation_id: &str) -> Result<(), CommitError> {
        self.commit_with(store, auth, correlation_id, |commit| commit).await
    }

    /// Like [`Self::commit`], with further writes in the same transaction.
    pub async fn commit_with(
        self,
        store: &Store,
        auth: &AuthItem,
        correlation_id: &str,
        more: impl FnOnce(Commit<'_>) -> Commit<'_>,
    ) -> Result<(), CommitError> {
        let commit = store.commit(self.now, correlation_id);
        let mut commit = if self.account_is_kept {
            commit.check_changes(&self.before, &self.after)
        } else {
            commit.check_moves(&self.before, &self.after, auth, self.now)
        };
        if let Some(reference) = &self.task_taken {
            commit = commit.task_taken(&self.before.policy.provider, reference, &self.before);
        }
        for event in self.events {
            commit = commit.event(event);
        }
        more(commit).run().await
    }
}

fn verification() -> Actor {
    Actor::system("verification")
}

fn screening() -> Actor {
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
mod tests {
    use verinym::domain::{
        aml::{HitDecision, ListKind},
        check::{Policy, Trigger},
        id::{CheckId, DocumentId, HitId, UserId},
        user::KycStatus,
    };

    use super::*;
    use verinym::crypto::random::RandomId;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn submitted() -> StoredCheck {
        let (id, user) = (CheckId::new(NOW), UserId::new(NOW));
        let mut draft = Check::draft(id, user, Policy::document("sandbox", 0.85), Trigger::Applicant, NOW);
        draft.document_ids.push(DocumentId::new(NOW));
        StoredCheck::new(draft.apply(Action::Submit(KycStatus::None), NOW).unwrap().0)
    }

    fn processing() -> StoredCheck {
        let mut check_update = CheckUpdate::of(&submitted(), NOW);
        check_update.start(true).unwrap();
        check_update.after
    }

    fn nothing_found(check_update: &mut CheckUpdate) {
        check_update.screened(vec![], true, vec![], |event| event).unwrap();
    }

    fn kinds(check_update: &CheckUpdate) -> Vec<&'static str> {
        check_update.events.iter().map(|event| event.kind.as_str().trim_start_matches("kyc.check.")).collect()
    }

    #[test]
    fn each_event_of_a_commit_has_a_version_of_its_own() {
        let mut check_update = CheckUpdate::of(&processing(), NOW);
        check_update.task_created(&"req-1".parse().unwrap());
        check_update.apply_result(ProviderResult::Approve).unwrap();
        assert_eq!(kinds(&check_update), ["provider_called", "screening"]);
        let versions: Vec<_> = check_update.events.iter().map(|event| event.version).collect();
        assert_eq!(versions, [check_update.before.version + 1, check_update.before.version + 2]);
        assert_eq!(check_update.after.check.version, check_update.before.version + 2);
    }

    #[test]
    fn a_document_that_is_not_sound_is_a_matter_for_the_desk() {
        let mut check_update = CheckUpdate::of(&submitted(), NOW);
        check_update.start(false).unwrap();
        nothing_found(&mut check_update);
        assert_eq!(kinds(&check_update), ["processing", "screening", "screened", "in_review"]);
        assert_eq!(check_update.after.check.steps_done, [StepKind::Screening]);
        assert_eq!(check_update.after.check.reasons, [ReasonCode::DocumentUnreadable]);
    }

    #[test]
    fn whom_the_provider_vouches_for_and_no_list_names_is_approved() {
        let mut check_update = CheckUpdate::of(&processing(), NOW);
        check_update.apply_result(ProviderResult::Approve).unwrap();
        assert_eq!(check_update.after.check.state, CheckState::Processing);
        nothing_found(&mut check_update);
        assert_eq!(kinds(&check_update), ["screening", "screened", "approved"]);
    }

    #[test]
    fn whom_a_list_names_goes_to_the_desk_whatever_the_provider_said() {
        for outcome in [ProviderResult::Approve, ProviderResult::Review { reasons: vec![] }] {
            let mut check_update = CheckUpdate::of(&processing(), NOW);
            check_update.apply_result(outcome).unwrap();
            let hit = HitMark { id: HitId::new(NOW), kind: ListKind::Sanctions, decision: HitDecision::Open };
            check_update.screened(vec![hit], true, vec![], |event| event).unwrap();
            assert_eq!(check_update.after.check.state, CheckState::InReview);
            assert!(check_update.after.check.reasons.contains(&ReasonCode::SanctionsMatch));
        }
    }

    #[test]
    fn a_name_that_cannot_be_trusted_goes_to_the_desk_though_no_list_names_it() {
        let mut check_update = CheckUpdate::of(&processing(), NOW);
        check_update.apply_result(ProviderResult::Approve).unwrap();
        check_update.screened(vec![], true, vec![ReasonCode::NameMixedScripts], |event| event).unwrap();
        assert_eq!(kinds(&check_update), ["screening", "screened", "in_review"]);
        assert_eq!(check_update.after.check.reasons, [ReasonCode::NameMixedScripts]);
    }

    #[test]
    fn what_could_not_be_screened_in_time_is_screened_at_the_desk() {
        let mut check_update = CheckUpdate::of(&processing(), NOW);
        check_update.apply_result(ProviderResult::Approve).unwrap();
        check_update.stop_asking_provider().unwrap();
        assert_eq!(check_update.after.check.reasons, [ReasonCode::ScreeningUnavailable]);
        nothing_found(&mut check_update);
        assert_eq!(check_update.after.check.state, CheckState::InReview);
        assert!(check_update.after.check.is_passed() && check_update.after.check.reasons.is_empty());
    }

    #[test]
    fn an_approval_without_its_other_steps_goes_to_the_desk() {
        let mut stored = processing();
        stored.check.steps_done.clear();
        let mut check_update = CheckUpdate::of(&stored, NOW);
        check_update.apply_result(ProviderResult::Approve).unwrap();
        nothing_found(&mut check_update);
        assert_eq!(check_update.after.check.state, CheckState::InReview);
        assert_eq!(check_update.after.check.reasons, [ReasonCode::PolicyIncomplete]);
    }

    #[test]
    fn failed_calls_end_at_the_desk_and_never_in_a_decision() {
        let mut stored = processing();
        for left in [2, 1, 0] {
            let mut check_update = CheckUpdate::of(&stored, NOW);
            check_update.call_failed("unavailable", false, Duration::from_secs(3)).unwrap();
            assert_eq!(check_update.is_settled(), left == 0);
            stored = check_update.after;
        }
        let mut check_update = CheckUpdate::of(&stored, NOW);
        nothing_found(&mut check_update);
        let stored = check_update.after;
        assert_eq!(stored.check.state, CheckState::InReview);
        assert_eq!(stored.check.reasons, [ReasonCode::ProviderUnavailable]);
        assert_eq!((stored.check.attempts, stored.check.decision), (3, None));
    }

    #[test]
    fn a_refusal_is_not_repeated() {
        let mut check_update = CheckUpdate::of(&processing(), NOW);
        check_update.call_failed("refused", true, Duration::ZERO).unwrap();
        assert!(check_update.is_settled());
    }

    #[test]
    fn a_task_given_up_is_made_anew_under_another_name() {
        let mut check_update = CheckUpdate::of(&processing(), NOW);
        check_update.task_created(&"req-1".parse().unwrap());
        let mut check_update = CheckUpdate::of(&check_update.after, NOW);
        check_update.task_failed(Duration::from_secs(1)).unwrap();
        assert_eq!((check_update.after.work.task, check_update.after.check.provider_reference.as_deref()), (1, None));
        assert!(!check_update.is_settled());
    }
}
